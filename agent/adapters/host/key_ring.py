"""The file of keys as it is now: read again when it has changed, and what is wrong with it."""

import asyncio
from pathlib import Path

from agent.adapters.host.signing_keys import KeysRefused, SigningKeys, read_signing_keys

NOT_READ = "the keys have not been read yet"


class KeyRing:
    """``keys`` are those of the file at the last ``look``, None while it cannot be used; ``trouble`` says why."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self.keys: SigningKeys | None = None
        self.trouble: str | None = NOT_READ

    async def look(self) -> str | None:
        """Read the file where it has changed. Returns the trouble with it, in one sentence, or None."""
        await asyncio.to_thread(self._look)
        return self.trouble

    def _look(self) -> None:
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen != self._seen:
                self.keys, self.trouble = read_signing_keys(self._path), None
                self._seen = seen
        except KeysRefused as error:
            self._refuse(str(error))
        except OSError as error:
            self._refuse(f"{self._path} cannot be read: {error.strerror}")

    def _refuse(self, trouble: str) -> None:
        self.keys, self.trouble, self._seen = None, trouble, None
