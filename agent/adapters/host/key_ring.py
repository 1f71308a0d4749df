"""The file of keys as it is now: read again when it has changed, what is wrong with it, and what was revoked before."""

import asyncio
import json
from collections.abc import Collection
from pathlib import Path

from agent.adapters.host.signing_keys import KeysRefused, NotSigned, Purpose, SigningKeys, read_signing_keys
from agent.delivery_ports import KeysUnusable
from agent.domain.model_delivery import ModelManifest
from agent.domain.sentence import sentence_of
from agent.domain.sentences import keys as say
from agent.domain.sentences.files import file_unreadable

NOT_READ = say.keys_not_read_yet()

Seen = tuple[int, int, int]


class KeyRing:
    """Implements ``agent.delivery_ports.ModelKeys``, and is asked by all else that the platform signs.

    ``keys`` are those of the file at the last ``look``, None while it cannot be used; ``trouble`` says why. An id that
    a file has revoked stays revoked, whichever file comes later. The library that verifies is loaded with the first
    signature.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Seen | None = None
        self._revoked: frozenset[str] = frozenset()
        self.keys: SigningKeys | None = None
        self.trouble: str | None = NOT_READ

    async def look(self) -> str | None:
        """Read the file where it has changed. Returns the trouble with it, in one sentence, or None."""
        try:
            read = await asyncio.to_thread(_read_changed, self._path, self._seen)
        except KeysRefused as error:
            self._refuse(sentence_of(error))
        except OSError as error:
            self._refuse(file_unreadable(path=str(self._path), cause=error.strerror or str(error)))
        else:
            if read is not None:
                self._seen, found = read
                self._revoked |= found.revoked
                self.keys, self.trouble = found.without(self._revoked), None
        return self.trouble

    def recall(self, revoked: Collection[str]) -> None:
        self._revoked |= frozenset(revoked)
        if self.keys is not None:
            self.keys = self.keys.without(self._revoked)

    async def revoked(self) -> frozenset[str]:
        return (await self._usable()).revoked

    async def refusal(self, manifest: ModelManifest) -> str | None:
        keys = await self._usable()
        return await asyncio.to_thread(_refusal, keys, manifest)

    async def _usable(self) -> SigningKeys:
        trouble = await self.look()
        if self.keys is None:
            raise KeysUnusable(trouble or NOT_READ)
        return self.keys

    def _refuse(self, trouble: str) -> None:
        self.keys, self.trouble, self._seen = None, trouble, None


def _read_changed(path: Path, seen: Seen | None) -> tuple[Seen, SigningKeys] | None:
    """What tells this file from an earlier one, and its keys; None where it is the one that was ``seen``."""
    found = path.stat()
    now = (found.st_mtime_ns, found.st_size, found.st_ino)
    return None if now == seen else (now, read_signing_keys(path))


def _refusal(keys: SigningKeys, manifest: ModelManifest) -> str | None:
    try:
        keys.verify(Purpose.MODEL, json.loads(manifest.signed))
    except NotSigned as error:
        return sentence_of(error)
    return None
