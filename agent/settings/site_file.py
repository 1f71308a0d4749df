"""The site file of a running agent: an edit is read once it has settled.

An editor that writes in place shows an empty file for half a second, and an empty or cut-off TOML file may be valid.
"""

import os
from pathlib import Path

from agent.domain.permit import Permission
from agent.settings.load import load
from agent.settings.permit import permission_of
from agent.settings.problems import SettingsError
from agent.settings.schema import Settings

LAST_GOOD = "site.last-good.toml"
LARGEST_COPY = 1024 * 1024

_State = tuple[int, ...] | None  # None: there is no file
_NEVER: _State = ()


class SiteFile:
    """Ask ``look`` every few seconds; it waits for the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._judged = _NEVER

    def look(self, at_once: bool = False) -> Settings | SettingsError | None:
        """What an edit says, or what is wrong with it; None where there is none, or it has not settled.

        It has settled when two looks see the same; ``at_once`` takes the first. The first that settles is an edit too.
        """
        found, before = _state(self.path), self._seen
        self._seen = found
        if not at_once and (found != before or found == self._judged):
            return None
        try:
            said: Settings | SettingsError = load(self.path)
        except SettingsError as error:
            said = error
        if _state(self.path) != found:  # it was written meanwhile
            self._seen = _NEVER
            return None
        self._judged = found
        return said

    def permission(self, settings: Settings) -> Permission:
        """What the permit beside the file allows with ``settings``."""
        return permission_of(self.path, settings)

    def keep_copy(self, folder: Path) -> None:
        """The file as it is now becomes the last good one in ``folder``. Raises OSError."""
        with self.path.open("rb") as file:
            content = file.read(LARGEST_COPY)
        hidden = folder / f".{LAST_GOOD}"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as copy:
            copy.write(content)
            copy.flush()
            os.fsync(copy.fileno())
        hidden.rename(folder / LAST_GOOD)


def _state(path: Path) -> _State:
    """What tells a file from its former self."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
