"""``down/desired``: signed by the platform, for this site. Loaded with the first of them."""

import json
from pathlib import Path
from typing import Any

from agent.adapters.host.signing_keys import KeysRefused, NotSigned, Purpose, read_signing_keys
from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD
from agent.domain.desired import Desired
from agent.ports import PayloadRefused
from agent.settings.overlay import OverlayRefused, read_overlay

SCHEMA = "desired/1."


def read_desired(payload: bytes, site_id: str, keys_file: Path | None) -> Desired:
    """Raises PayloadRefused with one sentence for anything that is not a signed message for ``site_id``."""
    if keys_file is None:
        raise PayloadRefused("a configuration is refused: there is no keys_file in [cloud]")
    message = _object(payload)
    try:
        read_signing_keys(keys_file).verify(Purpose.CONFIG, message)
    except (KeysRefused, NotSigned) as error:
        raise PayloadRefused(str(error)) from error
    except OSError as error:
        raise PayloadRefused(f"the keys_file of [cloud] cannot be read: {error.strerror}") from error
    if message.get("id") != site_id:
        raise PayloadRefused("it is for another site")
    version, config = message.get("version"), message.get("config")
    if type(version) is not int or not isinstance(config, dict):
        raise PayloadRefused("version is a whole number, config an object")
    try:
        desired = Desired(version, ())
    except ValueError as error:
        raise PayloadRefused(str(error)) from error
    try:
        return Desired(desired.version, read_overlay(config))
    except (OverlayRefused, RecursionError) as error:
        return Desired(desired.version, (), str(error))


def _object(payload: bytes) -> dict[str, Any]:
    """The message, of the schema that is known here."""
    if len(payload) > LARGEST_PAYLOAD:
        raise PayloadRefused(f"{len(payload)} bytes are more than the {LARGEST_PAYLOAD} that are allowed")
    try:
        found = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise PayloadRefused("it is not JSON in UTF-8") from error
    if not isinstance(found, dict) or not str(found.get("schema")).startswith(SCHEMA):
        raise PayloadRefused(f"the schema is not {SCHEMA}x")
    return found
