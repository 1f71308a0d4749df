"""The keys by which the platform signs: a file that the installer puts beside the site file.

A line is ``purpose key-id key``: what the key may sign (``command``, ``config`` or ``model``), its name, and the 32
bytes of an Ed25519 public key (RFC 8032) in base64. A line ``revoked key-id`` ends all keys of that name, wherever else
they stand. Empty lines and those that begin with ``#`` are left out.

The library is loaded with the first signature: a site that is sent none does not pay its memory (3 MB).
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from agent.domain.canonical_json import NotCanonical, canonical
from agent.domain.sentences import keys as say

KEY_BYTES, SIGNATURE_BYTES = 32, 64
LARGEST_FILE = 64 * 1024
REVOKED = "revoked"
KEY_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class Purpose(Enum):
    """What a key may sign."""

    COMMAND = "command"
    CONFIG = "config"
    MODEL = "model"


class KeysRefused(ValueError):
    """The file of keys cannot be used. ``str()`` says where and why."""


class NotSigned(ValueError):
    """What was sent is not signed by a key that may sign it. ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The public keys, by purpose and key id; a key whose id is ``revoked`` signs nothing."""

    keys: Mapping[tuple[Purpose, str], bytes]
    revoked: frozenset[str] = frozenset()

    def without(self, revoked: Collection[str]) -> "SigningKeys":
        """The same with more ids revoked: those that an earlier file of keys did revoke."""
        return replace(self, revoked=self.revoked | frozenset(revoked))

    def verify(self, purpose: Purpose, message: Mapping[str, Any]) -> str:
        """The id of the key that has signed ``message``.

        The signature is the member ``signature`` (base64) over the canonical JSON of all other members, among them
        ``key``, the id of the key. Raises NotSigned.
        """
        key_id, signature = message.get("key"), message.get("signature")
        if not isinstance(key_id, str) or not isinstance(signature, str):
            raise NotSigned(say.not_signed())
        signed = {name: value for name, value in message.items() if name != "signature"}
        try:
            self.verify_bytes(purpose, key_id, canonical(signed), signature)
        except NotCanonical as error:
            raise NotSigned(say.signed_not_canonical(cause=str(error))) from error
        return key_id

    def verify_bytes(self, purpose: Purpose, key_id: str, signed: bytes, signature: str) -> None:
        """Raises NotSigned unless ``signature`` (base64) is that of ``key_id`` over the bytes ``signed``."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if key_id in self.revoked:
            raise NotSigned(say.key_was_revoked())
        key = self.keys.get((purpose, key_id))
        if key is None:
            raise NotSigned(say.no_key_may_sign(purpose=purpose.value))
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(_bytes(signature, SIGNATURE_BYTES), signed)
        except (InvalidSignature, ValueError) as error:
            raise NotSigned(say.signature_of_another()) from error


def read_signing_keys(path: Path) -> SigningKeys:
    """Raises OSError, and KeysRefused with the line and the reason."""
    if path.stat().st_size > LARGEST_FILE:
        raise KeysRefused(say.keys_file_too_large(path=str(path), most=LARGEST_FILE))
    keys: dict[tuple[Purpose, str], bytes] = {}
    revoked = set()
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        words, at = line.split(), _Line(str(path), number)
        if not words or words[0].startswith("#"):
            continue
        if words[0] == REVOKED:
            revoked.add(_read_revoked(at, words))
            continue
        named, key = _read_line(at, words)
        if named in keys:
            raise at.refused(say.key_named_before(key=named[1], purpose=named[0].value))
        keys[named] = key
    if not keys:
        raise KeysRefused(say.keys_file_empty(path=str(path)))
    return SigningKeys(keys, frozenset(revoked))


@dataclass(frozen=True, slots=True)
class _Line:
    path: str
    number: int

    def refused(self, cause: str) -> KeysRefused:
        return KeysRefused(say.keys_line_wrong(path=self.path, line=self.number, cause=cause))


def _read_revoked(at: _Line, words: list[str]) -> str:
    if len(words) != 2 or not KEY_ID.fullmatch(words[1]):
        raise at.refused(say.revoked_line())
    return words[1]


def _read_line(at: _Line, words: list[str]) -> tuple[tuple[Purpose, str], bytes]:
    if len(words) != 3:
        raise at.refused(say.key_line())
    purpose, key_id, key = words
    if purpose not in {one.value for one in Purpose}:
        raise at.refused(say.key_purposes())
    if not KEY_ID.fullmatch(key_id):
        raise at.refused(say.key_id_letters())
    try:
        return (Purpose(purpose), key_id), _bytes(key, KEY_BYTES)
    except ValueError as error:
        raise at.refused(say.key_no_base64(most=KEY_BYTES)) from error


def _bytes(text: str, length: int) -> bytes:
    """Of the one way to write them. Raises ValueError."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64.b64encode(found).decode() != text:  # bits behind the last byte, which decoding passes over
        raise ValueError("not the one way to write it")
    if len(found) != length:
        raise ValueError(f"{len(found)} bytes and not {length}")
    return found
