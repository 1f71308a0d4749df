"""A small file in the service's runtime folder that shows what is known and done now, to those who read along.

The store is committed once a minute; this is of the last second. The folder is in memory and goes with the service.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from agent.recording.picture import picture
from agent.site_view import Outlet, SiteView

log = structlog.get_logger("live")

NAME = "live.json"
RUNTIME = Path("/run/enalysis-edge")  # RuntimeDirectory of the unit
EVERY_S = 1.0
LARGEST = 1_000_000


def runtime_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder that systemd made for the service; None where it did not start us."""
    named = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(named) if named else None


class LiveFile:
    """``site`` tells the file from that of another site on the same gateway.

    The file carries the time of ``now`` where that is another clock than the system's.
    """

    def __init__(self, folder: Path, site: str, outlet: Outlet, now: Callable[[], datetime] | None = None) -> None:
        self._path, self._site, self._outlet, self._now = folder / NAME, site, outlet, now
        self._told = False

    async def follow(self) -> None:
        """Write what changes, at most once a second, for ever. A folder that cannot be written is told once."""
        version = -1
        while True:
            view = await self._outlet.changed(version)
            version = view.version
            self._write(view)
            await asyncio.sleep(EVERY_S)

    def remove(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, view: SiteView) -> None:
        text = json.dumps({"site": self._site, "version": view.version, "documents": picture(view)})
        new = self._path.with_suffix(".new")
        try:
            new.write_text(text, "utf-8")  # memory, not a disk: it is not waited for
            if self._now is not None:
                at = self._now().timestamp()
                os.utime(new, (at, at))
            new.rename(self._path)
        except OSError as error:
            if not self._told:
                log.warning("not_shown", path=str(self._path), error=error.strerror)
            self._told = True


@dataclass(frozen=True, slots=True)
class Shown:
    """What the file said, and when it was written (UTC). ``documents`` are JSON texts by name."""

    at: datetime
    documents: Mapping[str, str]


def read_live(site: str, folder: Path | None = None) -> Shown | None:
    """What the running agent of ``site`` shows; None without one, or where the file is not whole."""
    path = (folder or runtime_folder() or RUNTIME) / NAME
    try:
        at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        with path.open("rb") as file:
            found = json.loads(file.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    documents = found.get("documents") if isinstance(found, dict) and found.get("site") == site else None
    if not isinstance(documents, dict) or not all(isinstance(text, str) for text in documents.values()):
        return None
    return Shown(at, documents)
