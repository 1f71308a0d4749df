"""Signs what the simulated platform sends: Ed25519 over the canonical JSON of a message (RFC 8785, RFC 8032)."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

USUALLY_VALID = timedelta(minutes=5)


class Signer:
    """One key of the platform, and its counter, which grows with every command that it signs.

    ``seed`` are the 32 bytes of the private key.
    """

    def __init__(self, key_id: str, seed: bytes, counter: int = 0) -> None:
        self.key_id, self.counter = key_id, counter
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._private.public_key().public_bytes_raw()

    def key_line(self, purpose: str = "command") -> str:
        """The line of a site's file of keys that lets this key sign what ``purpose`` says."""
        return f"{purpose} {self.key_id} {base64.b64encode(self.public).decode()}"

    def command(
        self, site_id: str, name: str, params: Mapping[str, object], at: datetime, **changes: object
    ) -> dict[str, Any]:
        """The command ``name`` for a site, good from ``at`` (UTC) on; ``changes`` are other fields than the usual."""
        self.counter += 1
        body: dict[str, object] = {
            "schema": f"{name}/1.0",
            "id": str(uuid4()),
            "audience": site_id,
            "counter": self.counter,
            "not_before": utc(at),
            "expires_at": utc(at + USUALLY_VALID),
            "params": dict(params),
            "key": self.key_id,
        }
        return self.signed({**body, **changes})

    def signed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """``body`` with the signature over all of it."""
        return {**body, "signature": base64.b64encode(self._private.sign(canonical(body))).decode()}


def canonical(body: Mapping[str, Any]) -> bytes:
    """As RFC 8785 has it, for what this platform signs: names in ASCII, numbers that need no exponent."""
    return json.dumps(_plain(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    """ECMAScript writes 1500.0 as 1500."""
    if isinstance(value, Mapping):
        return {name: _plain(found) for name, found in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(found) for found in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
