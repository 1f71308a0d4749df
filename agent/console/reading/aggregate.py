"""Any columns of the store's roll-ups over any steps: computed and kept nowhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.store.newest_rollups import minutes, spans
from agent.console.reading.breakdowns import WEEKDAYS
from agent.console.reading.buckets import MOST_POINTS, filled, raster
from agent.console.reading.ranges import BadRange, Range
from agent.console.reading.series import COLUMNS, Column
from agent.console.reading.shapes import Document, head, local, rounded
from agent.recording.rollups import Rollup
from agent.settings.schema import Settings

# How long a range may be by what it is made of: a hundred thousand rows are what is read in time.
LONGEST = {
    "minute": timedelta(days=40), "quarter": timedelta(days=800), "hour": timedelta(days=3700),
    "day": timedelta(days=36_600), "month": timedelta(days=36_600),
}  # fmt: skip
FUNCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}
RASTERS = ("quarter", "hour", "day", "month")
CLOCKS = ("hour_of_day", "weekday", "all")


@dataclass(frozen=True, slots=True)
class Wanted:
    """``fn`` of every one of ``columns`` of the ``source`` rows in each ``step``."""

    source: str
    columns: tuple[str, ...]
    fn: str
    step: str
    asked: Range


def aggregate(settings: Settings, store: Path, wanted: Wanted) -> Document:
    """Raises StoreFailure and BadRange."""
    asked = wanted.asked
    if asked.end - asked.start > LONGEST[wanted.source]:
        raise BadRange(
            "start", f"of a {wanted.source} each, at most {LONGEST[wanted.source].days} days can be computed"
        )
    read = minutes(store, asked.start, asked.end, asked.zone) if wanted.source == "minute" else None
    rows = spans(store, wanted.source, asked.start, asked.end, asked.zone) if read is None else read
    names, groups = _groups(wanted, rows)
    columns = [COLUMNS[name] for name in wanted.columns]
    key = "at" if wanted.step in RASTERS else "key"
    return {
        **head(settings),
        "source": wanted.source,
        "fn": wanted.fn,
        "step": wanted.step,
        "start": local(asked.start, asked.zone),
        "end": local(asked.end, asked.zone),
        "series": {key: names, **{one.name: [_value(one, wanted.fn, part) for part in groups] for one in columns}},
        "notes": [] if rows else ["nothing was measured in this range, or it is not kept any more"],
    }


def _groups(wanted: Wanted, rows: Sequence[Rollup]) -> tuple[list[str | None], list[Sequence[Rollup]]]:
    asked = wanted.asked
    if wanted.step in RASTERS:
        if len(raster(asked, wanted.step)) > MOST_POINTS:
            raise BadRange("step", f"in steps of a {wanted.step} there are more than {MOST_POINTS} points")
        buckets = filled(asked, wanted.step, rows)
        return [local(bucket.start, asked.zone) for bucket in buckets], [bucket.rows for bucket in buckets]
    if wanted.step == "all":
        return ["all"], [rows]
    count = 24 if wanted.step == "hour_of_day" else len(WEEKDAYS)
    groups: list[list[Rollup]] = [[] for _ in range(count)]
    for row in rows:
        groups[_place(wanted.step, row.at.astimezone(asked.zone))].append(row)
    names = [f"{hour:02d}" for hour in range(24)] if count == 24 else list(WEEKDAYS)
    return [*names], [*groups]


def _place(step: str, at: datetime) -> int:
    return at.hour if step == "hour_of_day" else at.weekday()


def _value(column: Column, fn: str, rows: Sequence[Rollup]) -> float | None:
    values = [value for row in rows if (value := column.value(row)) is not None]
    return rounded(FUNCTIONS[fn](values), column.digits) if values else None
