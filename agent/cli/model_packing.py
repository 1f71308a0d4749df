"""`enalysis-edge models pack`: the file and the signed manifest by which a platform delivers a model."""

import base64
import hashlib
import json
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from agent.adapters.host.signing_keys import KEY_ID
from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_file import read_files
from agent.adapters.mqtt.history import iso_time
from agent.adapters.mqtt.incoming_messages import LARGEST_PAYLOAD, parse_incoming
from agent.cli.ending import FAILED, GOOD
from agent.cli.folded import say
from agent.domain.canonical_json import canonical
from agent.forecasting.forecaster import ModelUnusable
from agent.ports import PayloadRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class NotPacked(Exception):
    """There is no file and no manifest. ``str()`` says why in one sentence."""


def add_pack_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="folder of the model, of its name")
    parser.add_argument("--version", type=int, required=True, help="whole number, above that of the delivery before")
    parser.add_argument("--url", required=True, help="where the file will lie")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="Ed25519 private key, PEM")
    parser.add_argument("--key-id", required=True, help="its name in the keys files of the sites")
    parser.add_argument("--site", metavar="ID", help="the one site that it is for; all when left out")
    parser.add_argument("--min-agent", default=version("enalysis-edge"), help="oldest agent that may take it; this one")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where both are written; here")


def run_pack(asked: Namespace) -> int:
    """Check, sign and write. 0, or 1 where it was not done."""
    try:
        say(pack(asked))
    except (NotPacked, ModelUnusable, PayloadRefused) as error:
        say(str(error), sys.stderr)
        return FAILED
    return GOOD


def pack(asked: Namespace) -> str:
    """What was written, and the key that a site needs, a line each. Raises NotPacked, ModelUnusable, PayloadRefused."""
    if not KEY_ID.fullmatch(asked.key_id):
        raise NotPacked(f"--key-id is {asked.key_id!r}: it has 1 to 40 of a-z, 0-9, '.', '_' and '-'")
    folder: Path = asked.folder.resolve()
    key = _private_key(asked.key)
    card = check_model(folder)
    files = read_files(folder)
    content = files.card + files.model
    members = {
        "schema": "model/1.0",
        "ts": iso_time(datetime.now(UTC)),
        "name": card.name,
        "version": asked.version,
        "url": asked.url,
        "size": len(content),
        "card_size": len(files.card),
        "sha256": hashlib.sha256(content).hexdigest(),
        "min_agent": asked.min_agent,
        "model_schema": card.format,
        "key": asked.key_id,
        **({} if asked.site is None else {"id": asked.site}),
    }
    members["signature"] = base64.b64encode(key.sign(canonical(members))).decode()
    text = json.dumps(members, indent=1)
    parse_incoming("down/model", text.encode(), LARGEST_PAYLOAD, "")
    named = f"{card.name}-{asked.version}"
    try:
        (asked.out / f"{named}.model").write_bytes(content)
        (asked.out / f"{named}.json").write_text(text + "\n", "utf-8")
    except OSError as error:
        raise NotPacked(f"{asked.out} cannot be written: {error.strerror}") from error
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return (
        f"{asked.out / named}.model is to lie at {asked.url}\n"
        f"{asked.out / named}.json is to be retained under down/model\n"
        f"line of the sites' keys file: model {asked.key_id} {public}"
    )


def _private_key(path: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise NotPacked(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotPacked(f"{path} is no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NotPacked(f"{path} is no Ed25519 key: openssl genpkey -algorithm ed25519 makes one")
    return key
