"""Price files that are written anew every day, as by a download of the day-ahead auction, are read again.

One that is being written may end in the middle of its last number, which is then another price. So a file without a
line end at its end is read once nobody has changed it for a while; many programs never write that line end.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.domain.sentences.prices import price_file_unusable
from agent.domain.tariff import Tariff
from agent.settings.price_file import PriceFileError
from agent.settings.schema import Settings
from agent.settings.sections import DynamicTariff, ListTariff
from agent.settings.sections import Tariff as Section

RESTS_S = 10.0

Seen = tuple[int, int]  # time of the last change, ns, and size
NOT_YET: Seen = -1, -1


@dataclass(slots=True)
class PriceFile:
    """The file of one tariff. ``trouble`` says why what is there now cannot be used; None: it can."""

    path: Path
    read: Callable[[], Tariff]
    seen: Seen | None = NOT_YET  # what was read at the start may have changed since
    trouble: str | None = None
    newest: Tariff | None = None

    def look(self) -> None:
        """Read a file that has changed since the last look; ``newest`` is what was usable, None before any change."""
        found = seen(self.path)
        if found == self.seen or (found is not None and _may_be_half_way(self.path, found)):
            return
        self.seen = found
        try:
            self.newest = self.read()
        except PriceFileError as error:
            self.trouble = price_file_unusable(cause=error.why)
        else:
            self.trouble = None


def seen(path: Path) -> Seen | None:
    """What tells a file from its former self; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _may_be_half_way(path: Path, found: Seen) -> bool:
    """Whether it was changed just now and has no line end yet. The disk's times are those of the machine's clock."""
    if not 0.0 <= time.time() - found[0] / 1e9 < RESTS_S:
        return False
    try:
        with path.open("rb") as file:
            file.seek(-min(1, found[1]), os.SEEK_END)
            return file.read(1) not in (b"\n", b"\r")
    except OSError:
        return False  # reading it tells why


@dataclass(slots=True)
class PriceFiles:
    """Those of import and export, where the site file names them."""

    settings: Settings
    bought: PriceFile | None = field(init=False)
    sold: PriceFile | None = field(init=False)

    def __post_init__(self) -> None:
        self.bought = _file(self.settings.tariff.bought, self.settings.import_tariff)
        self.sold = _file(self.settings.tariff.sold, self.settings.export_tariff)

    def look(self) -> None:
        """Waits for the disk."""
        for one in (self.bought, self.sold):
            if one is not None:
                one.look()

    def troubles(self) -> tuple[str, ...]:
        """One sentence for each file that cannot be used any more."""
        return tuple(one.trouble for one in (self.bought, self.sold) if one is not None and one.trouble is not None)


def _file(section: Section, read: Callable[[], Tariff]) -> PriceFile | None:
    if not isinstance(section, ListTariff | DynamicTariff) or section.file is None:
        return None
    return PriceFile(Path(section.file), read)
