"""``down/desired``: signed by the platform, for this site. Loaded with the first of them."""

import json

from agent.adapters.host.key_ring import KeyRing
from agent.adapters.host.signing_keys import NotSigned, Purpose
from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD, object_text
from agent.domain.desired import Desired
from agent.domain.sentence import sentence_of
from agent.domain.sentences import messages as say
from agent.ports import PayloadRefused
from agent.settings.overlay import OverlayRefused, read_overlay


def read_desired(payload: bytes, site_id: str, ring: KeyRing | None) -> Desired:
    """Raises PayloadRefused with one sentence for anything that is not a signed message for ``site_id``."""
    if ring is None:
        raise PayloadRefused(say.config_without_keys())
    message = json.loads(object_text("desired", payload, LARGEST_PAYLOAD))
    if ring.keys is None:
        raise PayloadRefused(say.no_config_taken(cause=ring.trouble or ""))
    try:
        ring.keys.verify(Purpose.CONFIG, message)
    except NotSigned as error:
        raise PayloadRefused(sentence_of(error)) from error
    if message.get("id") != site_id:
        raise PayloadRefused(say.for_another_site())
    version, config = message.get("version"), message.get("config")
    if type(version) is not int or not isinstance(config, dict):
        raise PayloadRefused(say.config_malformed())
    try:
        desired = Desired(version, ())
    except ValueError as error:
        raise PayloadRefused(sentence_of(error)) from error
    try:
        return Desired(desired.version, read_overlay(config))
    except (OverlayRefused, RecursionError) as error:
        return Desired(desired.version, (), sentence_of(error))
