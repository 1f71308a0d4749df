"""What a platform that wants another configuration sends: signed by a key of this file."""

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.domain.canonical_json import canonical
from tests.site_files import CLOUD, HOME_ID

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()


def keys_file(folder: Path, purpose: str = "config") -> Path:
    path = folder / "keys"
    path.write_text(f"{purpose} a {PUBLIC}\n")
    return path


def cloud_with_keys(folder: Path, port: int = 1) -> str:
    return CLOUD.format(port=port) + f"keys_file = {json.dumps(str(keys_file(folder)))}\n"


def desired(version: object, config: object, site: str = HOME_ID, **more: Any) -> bytes:
    """The payload of ``down/desired``."""
    message = {"schema": "desired/1.0", "id": site, "version": version, "config": config, "key": "a", **more}
    signature = base64.b64encode(PRIVATE.sign(canonical(message))).decode()
    return json.dumps({**message, "signature": signature}).encode()
