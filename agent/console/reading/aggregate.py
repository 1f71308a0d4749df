"""Any columns of the store's roll-ups over any steps: computed and kept nowhere."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.store.newest_rollups import minutes, rolled_until, spans
from agent.adapters.store.rollup_sums import Group, group_sums
from agent.console.reading.breakdowns import WEEKDAYS
from agent.console.reading.buckets import MOST_POINTS, raster
from agent.console.reading.ranges import BadRange, Range
from agent.console.reading.series import COLUMNS, Column
from agent.console.reading.shapes import Document, head, local, rounded
from agent.domain.sentence import listed
from agent.domain.sentences import readings as say
from agent.recording.rollups import Rollup
from agent.settings.schema import Settings

# How long a range may be by what it is made of: a hundred thousand rows are what is read in time.
LONGEST = {
    "minute": timedelta(days=40), "quarter": timedelta(days=800), "hour": timedelta(days=3700),
    "day": timedelta(days=36_600), "month": timedelta(days=36_600),
}  # fmt: skip
# By the name of a function: how its parts are made, in the store and here; a mean is a sum by a count.
FUNCTIONS: dict[str, tuple[str, Callable[[Sequence[float]], float]]] = {
    "sum": ("sum", sum), "mean": ("sum", sum), "min": ("min", min), "max": ("max", max),
}  # fmt: skip
RASTERS = ("quarter", "hour", "day", "month")
CLOCKS = ("hour_of_day", "weekday", "all")
# The coarsest rows that a step can be made of: a day's sum says nothing about its hours.
COARSEST = {**{step: step for step in RASTERS}, "hour_of_day": "hour", "weekday": "day", "all": "month"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """``fn`` of every one of ``columns`` of the ``source`` rows in each ``step``."""

    source: str
    columns: tuple[str, ...]
    fn: str
    step: str
    asked: Range


@dataclass(slots=True)
class Part:
    """What a function made of the ``count`` values of some rows."""

    value: float | None = None
    count: int = 0


def aggregate(settings: Settings, store: Path, wanted: Wanted) -> Document:
    """Raises StoreFailure and BadRange."""
    asked = wanted.asked
    if asked.end - asked.start > LONGEST[wanted.source]:
        raise BadRange(
            "start", f"of a {wanted.source} each, at most {LONGEST[wanted.source].days} days can be computed"
        )
    finest_first, coarsest = list(LONGEST), COARSEST[wanted.step]
    if finest_first.index(wanted.source) > finest_first.index(coarsest):
        raise BadRange("step", f"{wanted.step} cannot be computed of rows of a {wanted.source} each")
    names, groups = _groups(wanted)
    columns = [COLUMNS[name] for name in wanted.columns]
    found = _parts(store, wanted, columns, groups)
    key = "at" if wanted.step in RASTERS else "key"
    series = {
        column.name: [_value(found.get((place, column.name)), wanted.fn, column.digits) for place in range(len(names))]
        for column in columns
    }
    return {
        **head(settings),
        "source": wanted.source,
        "fn": wanted.fn,
        "step": wanted.step,
        "start": local(asked.start, asked.zone),
        "end": local(asked.end, asked.zone),
        "series": {key: names, **series},
        **listed("notes", [] if found else [say.nothing_in_range()]),
    }


def _groups(wanted: Wanted) -> tuple[list[str | None], list[Group]]:
    """The name of each entry of the answer, and the times whose rows belong to it."""
    asked, step = wanted.asked, wanted.step
    if step in RASTERS:
        buckets = raster(asked, step)
        if len(buckets) > MOST_POINTS:
            raise BadRange("step", f"in steps of a {step} there are more than {MOST_POINTS} points")
        names = [local(start, asked.zone) for start, _ in buckets]
        return names, [(start, end, place) for place, (start, end) in enumerate(buckets)]
    if step == "all":
        return ["all"], [(asked.start, asked.end, 0)]
    if step == "weekday":
        days = raster(asked, "day")
        return [*WEEKDAYS], [(start, end, start.astimezone(asked.zone).weekday()) for start, end in days]
    hours = raster(asked, "hour")
    return [f"{hour:02d}" for hour in range(24)], [
        (start, end, start.astimezone(asked.zone).hour) for start, end in hours
    ]


def _parts(
    store: Path, wanted: Wanted, columns: Sequence[Column], groups: Sequence[Group]
) -> dict[tuple[int, str], Part]:
    """By the place of the entry and the name of the column. Where minutes wait for the roll-ups, rows are read."""
    asked, found = wanted.asked, dict[tuple[int, str], Part]()
    if wanted.source == "minute":
        rows = minutes(store, asked.start, asked.end, asked.zone)
    else:
        until = min(rolled_until(store, wanted.source, asked.zone) or asked.end, asked.end)
        found = _of_the_store(store, wanted, columns, groups, until)
        rows = spans(store, wanted.source, max(until, asked.start), asked.end, asked.zone) if until < asked.end else []
    starts, together = [start for start, _, _ in groups], FUNCTIONS[wanted.fn][1]
    by_place: dict[int, list[Rollup]] = {}
    for row in rows:
        by_place.setdefault(groups[bisect_right(starts, row.at) - 1][2], []).append(row)
    for place, part in by_place.items():
        for column in columns:
            before = found.setdefault((place, column.name), Part())
            values = [value for row in part if (value := column.value(row)) is not None]
            if values:
                both = values if before.value is None else [before.value, *values]
                before.value, before.count = together(both), before.count + len(values)
    return found


def _of_the_store(
    store: Path, wanted: Wanted, columns: Sequence[Column], groups: Sequence[Group], until: datetime
) -> dict[tuple[int, str], Part]:
    word = FUNCTIONS[wanted.fn][0]
    asked = [text for one in columns for text in (f"{word}({one.expression})", f"count({one.expression})")]
    found: dict[tuple[int, str], Part] = {}
    for place, row in group_sums(store, wanted.source, groups, asked, until).items():
        for column, value, count in zip(columns, row[::2], row[1::2], strict=True):
            found[place, column.name] = Part(value, int(count or 0))
    return found


def _value(part: Part | None, fn: str, digits: int) -> float | None:
    if part is None or part.value is None:
        return None
    return rounded(part.value / part.count if fn == "mean" else part.value, digits)
