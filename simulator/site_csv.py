"""A CSV of real measurements as columns, or one sentence that says what is wrong with it and where.

The format: a header with ``timestamp`` and ``load_kw``, and where known ``pv_kw``, ``import_price_per_kwh`` and
``carbon_kg_per_kwh``; other columns are left alone. A row stands for the interval that starts at its ISO 8601 stamp;
rows follow each other every 15 or 60 minutes without a hole. An empty cell is a missing value.
"""

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

CADENCES_MIN = (15, 60)
FILLED_AT_MOST_H = 3.0
_NOT_NEGATIVE = ("load_kw", "pv_kw")
COLUMNS = ("load_kw", "pv_kw", "import_price_per_kwh", "carbon_kg_per_kwh")

Cells = Sequence[float | None]


class SiteFileError(ValueError):
    """The file cannot be played. ``str()`` names the file, the line and the reason."""


@dataclass(frozen=True, slots=True)
class SiteRows:
    """The measured columns of a site: ``start`` with its offset, the cadence in seconds, cells in the file's units."""

    start: datetime
    step_s: int
    columns: Mapping[str, Cells]


def read_site_csv(path: Path) -> SiteRows:
    """Read ``path``, plain or gzip (by its name). Raises SiteFileError."""
    lines = _lines(path)
    header = next(lines, None)
    if header is None:
        raise SiteFileError(f"{path.name}: the file is empty")
    names = _header(path, header[1])
    places = {name: names.index(name) for name in COLUMNS if name in names}
    stamps: list[datetime] = []
    columns: dict[str, list[float | None]] = {name: [] for name in places}
    clock = names.index("timestamp")
    for line, cells in lines:
        if len(cells) != len(names):
            raise SiteFileError(f"{path.name} line {line}: {len(cells)} cells where the header has {len(names)}")
        stamps.append(_stamp(path, line, cells[clock], stamps))
        for name, place in places.items():
            columns[name].append(_number(path, line, name, cells[place]))
    if len(stamps) < 2:
        raise SiteFileError(f"{path.name}: fewer than two rows, so there is no cadence")
    return SiteRows(stamps[0], int((stamps[1] - stamps[0]).total_seconds()), columns)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not blank."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise SiteFileError(f"{path}: cannot be read: {error}") from error
    reader = csv.reader(io.StringIO(text))
    for cells in reader:
        if cells:
            yield reader.line_num, cells


def _header(path: Path, names: list[str]) -> list[str]:
    for wanted in ("timestamp", "load_kw"):
        if wanted not in names:
            raise SiteFileError(f"{path.name} line 1: the header has no column {wanted}")
    for name in names:
        if names.count(name) > 1:
            raise SiteFileError(f"{path.name} line 1: the column {name} stands in the header twice")
    return names


def _stamp(path: Path, line: int, text: str, before: Sequence[datetime]) -> datetime:
    place = f"{path.name} line {line}"
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise SiteFileError(f"{place}: {text!r} is not an ISO 8601 time stamp") from None
    if stamp.utcoffset() is None:
        raise SiteFileError(f"{place}: the time stamp {text} has no UTC offset")
    if not before:
        return stamp
    if stamp.utcoffset() != before[0].utcoffset():
        raise SiteFileError(f"{place}: the time stamp {text} has another UTC offset than the first row")
    step = stamp - before[-1]
    if len(before) == 1:
        if step not in [timedelta(minutes=minutes) for minutes in CADENCES_MIN]:
            raise SiteFileError(f"{place}: {text} is {step} after the row before; rows must be 15 or 60 minutes apart")
    elif step != before[1] - before[0]:
        expected = (before[-1] + (before[1] - before[0])).isoformat()
        raise SiteFileError(f"{place}: expected the row of {expected}, found {text}")
    return stamp


def _number(path: Path, line: int, name: str, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        raise SiteFileError(f"{path.name} line {line}: {name} is {text!r}, not a number") from None
    if not math.isfinite(number):
        raise SiteFileError(f"{path.name} line {line}: {name} is {text}, not a finite number")
    if number < 0.0 and name in _NOT_NEGATIVE:
        raise SiteFileError(f"{path.name} line {line}: {name} is {text}, and it can never be negative")
    return number


@dataclass(frozen=True, slots=True)
class Filled:
    """A column whose short holes are closed: how many cells were, and the intervals [first, last] still missing."""

    cells: Cells
    filled: int
    gaps: tuple[tuple[int, int], ...]


def fill_short_holes(cells: Cells, step_s: int, hold: bool) -> Filled:
    """Close runs of missing cells of at most three hours: held from before, or on a straight line between neighbours.

    A run at either end of the column takes its only neighbour. Longer runs stay missing.
    """
    longest = int(FILLED_AT_MOST_H * 3600.0 / step_s)
    closed = list(cells)
    count, gaps = 0, []
    for first, last in _holes(cells):
        before = cells[first - 1] if first > 0 else None
        after = cells[last + 1] if last + 1 < len(cells) else None
        if last - first + 1 > longest or (before is None and after is None):
            gaps.append((first, last))
            continue
        count += last - first + 1
        for index in range(first, last + 1):
            closed[index] = _between(before, after, (index - first + 1) / (last - first + 2), hold)
    return Filled(closed, count, tuple(gaps))


def _holes(cells: Cells) -> Iterator[tuple[int, int]]:
    first: int | None = None
    for index, cell in enumerate(cells):
        if cell is None and first is None:
            first = index
        elif cell is not None and first is not None:
            yield first, index - 1
            first = None
    if first is not None:
        yield first, len(cells) - 1


def _between(before: float | None, after: float | None, part: float, hold: bool) -> float | None:
    if before is None or after is None:
        return after if before is None else before
    return before if hold else before + (after - before) * part
