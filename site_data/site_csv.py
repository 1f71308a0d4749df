"""The CSV file of one measured site, plain or gzip (by its name), read strictly.

The format: a header with ``timestamp`` and at least one of ``load_kw`` and ``pv_kw``; columns that nobody asked for
are left alone. A row stands for the interval that starts at its ISO 8601 stamp. A stamp without a UTC offset is UTC
where ``sites.json`` describes the file, as its format says, and is refused elsewhere: a logger's is mostly local
time, and a wrong guess moves a whole site. An empty cell, or ``nan``, is a missing value; any other cell is a finite
number. Powers are kW, as written; ``watts`` makes W of them.
"""

import csv
import gzip
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from site_data.unreadable import SitesUnreadable
from site_data.wall_clock import true_utc

TIMESTAMP = "timestamp"
CADENCES_WITHOUT_DESCRIPTION_MIN = (15, 60)
_POWERS = ("load_kw", "pv_kw")
_LONGEST = timedelta(days=40 * 366)
_ENOUGH_ROWS = 24  # fewer may be what is left between gaps
_LARGEST = 1e9  # nothing on a site is larger, and no solver takes it

Column = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of a file: the columns, those of them that it must have, and those that are never below zero."""

    columns: tuple[str, ...]
    required: Collection[str] = ()
    never_negative: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class SiteRows:
    """A regular grid: interval ``i`` starts ``i * step_s`` after ``start`` (UTC). File units; None where missing.

    ``columns`` has every column that was asked for, one entry an interval; ``found`` names those that the file has.
    """

    start: datetime
    step_s: int
    columns: Mapping[str, Column]
    found: frozenset[str]


@dataclass(slots=True)
class _Rows:
    file: Path
    found: frozenset[str] = frozenset()
    values: dict[datetime, Column] = field(default_factory=dict)
    lines: dict[datetime, int] = field(default_factory=dict)


def read_site_csv(file: Path, wanted: Wanted, cadence_s: int | None = None, wall_clock: bool = False) -> SiteRows:
    """The columns of ``file``. Raises SitesUnreadable with the file, the line and the reason.

    With ``cadence_s`` rows may stand in any order; one that is left out is missing, one that comes twice must say the
    same twice. Where nobody gives it (None), the first two rows do, 15 or 60 minutes apart, and the others follow
    without a hole. ``wall_clock`` is for stamps as in ``site_data.wall_clock``.
    """
    rows = _Rows(file)
    try:
        with _text(file) as text:
            _read(rows, text, wanted, cadence_s is None)
    except OSError as error:
        raise SitesUnreadable(f"{file}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SitesUnreadable(f"{file}: cannot be read: it is no text in UTF-8") from error
    except (EOFError, csv.Error) as error:
        raise SitesUnreadable(f"{file}: cannot be read: {error}") from error
    return _on_grid(_in_true_utc(rows) if wall_clock else rows, wanted, cadence_s)


def watts(kilowatts: Column) -> Column:
    """kW as W."""
    return tuple(None if value is None else 1000.0 * value for value in kilowatts)


def _text(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", newline="", encoding="utf-8-sig")
    return file.open(newline="", encoding="utf-8-sig")


def _read(rows: _Rows, text: TextIO, wanted: Wanted, following: bool) -> None:
    lines = csv.reader(text)
    names = next((cells for cells in lines if cells), None)
    if names is None:
        raise SitesUnreadable(f"{rows.file}: the file is empty")
    _check_header(f"{rows.file}:{lines.line_num}", names, wanted.required)
    rows.found = frozenset(names) & frozenset(wanted.columns)
    places = [names.index(name) if name in names else None for name in wanted.columns]
    clock = names.index(TIMESTAMP)
    stamps: list[datetime] = []
    for cells in lines:
        if not cells:
            continue
        place = f"{rows.file}:{lines.line_num}"
        if len(cells) != len(names):
            raise SitesUnreadable(f"{place}: {len(cells)} cells where the header has {len(names)}")
        stamps.append(at := _stamp(place, cells[clock], described=not following))
        if following:
            _check_follows(place, cells[clock], stamps)
        found = tuple(
            None if index is None else _number(place, name, cells[index], wanted.never_negative)
            for name, index in zip(wanted.columns, places, strict=True)
        )
        if rows.values.setdefault(at, found) != found:
            raise SitesUnreadable(f"{place}: {cells[clock]} comes twice with other values")
        rows.lines.setdefault(at, lines.line_num)


def _check_header(place: str, names: Sequence[str], required: Collection[str]) -> None:
    for name in (TIMESTAMP, *required):
        if name not in names:
            raise SitesUnreadable(f"{place}: the header has no column {name}")
    if not set(_POWERS) & set(names):
        raise SitesUnreadable(f"{place}: the header has neither load_kw nor pv_kw")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SitesUnreadable(f"{place}: the column {twice} stands in the header twice")


def _stamp(place: str, text: str, described: bool) -> datetime:
    try:
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is not None:
            return stamp.astimezone(UTC)
        if described:
            return stamp.replace(tzinfo=UTC)
    except ValueError:
        raise SitesUnreadable(f"{place}: {text!r} is not an ISO 8601 time stamp") from None
    except OverflowError:
        raise SitesUnreadable(f"{place}: the time stamp {text} is out of range") from None
    raise SitesUnreadable(f"{place}: the time stamp {text} has no UTC offset; write {text}Z if it is UTC")


def _check_follows(place: str, text: str, stamps: Sequence[datetime]) -> None:
    if len(stamps) < 2:
        return
    step = stamps[-1] - stamps[-2]
    if len(stamps) == 2 and step not in [timedelta(minutes=minutes) for minutes in CADENCES_WITHOUT_DESCRIPTION_MIN]:
        raise SitesUnreadable(f"{place}: {text} is {step} after the row before; rows must be 15 or 60 minutes apart")
    if step != stamps[1] - stamps[0]:
        expected = stamps[-2] + (stamps[1] - stamps[0])
        raise SitesUnreadable(f"{place}: expected the row of {expected.isoformat()}, found {text}")


def _number(place: str, name: str, text: str, never_negative: Collection[str]) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        raise SitesUnreadable(f"{place}: {name} is {text!r}, not a number") from None
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise SitesUnreadable(f"{place}: {name} is {text}, not a finite number")
    if abs(number) > _LARGEST:
        raise SitesUnreadable(f"{place}: {name} is {text}, which nothing on a site can be")
    if number < 0.0 and name in never_negative:
        raise SitesUnreadable(f"{place}: {name} is {text}, and it can never be negative")
    return number


def _in_true_utc(rows: _Rows) -> _Rows:
    """Of two stamps that fall on one time, in the hour that a spring day does not have, the later row counts."""
    values = {true_utc(at): row for at, row in rows.values.items()}
    return _Rows(rows.file, rows.found, values, {true_utc(at): line for at, line in rows.lines.items()})


def _on_grid(rows: _Rows, wanted: Wanted, cadence_s: int | None) -> SiteRows:
    if cadence_s is None and len(rows.values) < 2:
        raise SitesUnreadable(f"{rows.file}: fewer than two rows, so there is no cadence")
    if not rows.values:
        raise SitesUnreadable(f"{rows.file} has no rows")
    start, end = min(rows.values), max(rows.values)
    step_s = _first_step_s(rows.values) if cadence_s is None else cadence_s
    stray = next(_strays(rows.values, start, step_s), None)
    if stray is not None:
        place = f"{rows.file}:{rows.lines[stray]}"
        raise SitesUnreadable(f"{place}: {stray:%Y-%m-%dT%H:%M:%SZ} is not on the raster of {step_s} s")
    if end - start > _LONGEST:
        raise SitesUnreadable(f"{rows.file} reaches from {start:%Y-%m-%d} to {end:%Y-%m-%d}, more than 40 years")
    closest = _closest(rows.values)
    if len(rows.values) >= _ENOUGH_ROWS and closest is not None and closest > timedelta(seconds=step_s):
        raise SitesUnreadable(
            f"{rows.file}: its rows are at least {closest} apart, so that it has none every {step_s} s as described"
        )
    step = timedelta(seconds=step_s)
    nothing: Column = (None,) * len(wanted.columns)
    grid: Iterator[Column] = (rows.values.get(start + step * i, nothing) for i in range((end - start) // step + 1))
    columns = dict(zip(wanted.columns, zip(*grid, strict=True), strict=True))
    return SiteRows(start, step_s, columns, rows.found)


def _first_step_s(stamps: Collection[datetime]) -> int:
    first, second = list(stamps)[:2]
    return round((second - first).total_seconds())


def _closest(stamps: Collection[datetime]) -> timedelta | None:
    """How close two neighbouring stamps are; None of less than two."""
    ordered = sorted(stamps)
    return min((after - before for before, after in pairwise(ordered)), default=None)


def _strays(stamps: Collection[datetime], start: datetime, step_s: int) -> Iterator[datetime]:
    """Stamps that are not a whole number of steps after the start, and a start that is not on the hour's own raster."""
    step = timedelta(seconds=step_s)
    for at in stamps:
        if (at - start) % step:
            yield at
    if start.timestamp() % step_s:
        yield start
