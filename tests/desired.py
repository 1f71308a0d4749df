"""What a platform that wants another configuration sends: signed by a key of this file."""

import json
from pathlib import Path
from typing import Any

from simulator.signer import Signer
from tests.site_files import CLOUD, HOME_ID

SIGNER = Signer("a", bytes(range(32)))


def keys_file(folder: Path, purpose: str = "config") -> Path:
    path = folder / "keys"
    path.write_text(f"{SIGNER.key_line(purpose)}\n")
    return path


def cloud_with_keys(folder: Path, port: int = 1) -> str:
    return CLOUD.format(port=port) + f"keys_file = {json.dumps(str(keys_file(folder)))}\n"


def desired(version: object, config: object, site: str = HOME_ID, **more: Any) -> bytes:
    """The payload of ``down/desired``."""
    message = {"schema": "desired/1.0", "id": site, "version": version, "config": config, "key": SIGNER.key_id, **more}
    return json.dumps(SIGNER.signed(message)).encode()
