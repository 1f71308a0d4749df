"""The raster of an answer, and roll-ups put into it. Pure.

Hours, days and months are those of the site's clock. A bucket is there whether anything was measured in it or not: a
gap stays a gap.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from agent.console.reading.ranges import Range, midnight
from agent.domain.sentences import readings as say
from agent.recording.rollups import Rollup, span_start

GRANULARITIES = ("minute", "quarter", "hour", "day", "month")
MOST_POINTS = 2000
MOST_MINUTES = 2 * 25 * 60
STEP_S = {"minute": 60, "quarter": 900, "hour": 3600}
SHORT, LONG = timedelta(days=3), timedelta(days=93)


class Dated(Protocol):
    @property
    def at(self) -> datetime: ...


Row = TypeVar("Row", bound=Dated)


@dataclass(frozen=True, slots=True)
class Bucket:
    """From ``start`` to before ``end`` (UTC). ``rows`` are the roll-ups within it, none where nothing was measured."""

    start: datetime
    end: datetime
    rows: tuple[Rollup, ...] = ()


def chosen_granularity(asked: Range, wanted: str | None) -> tuple[str, str | None]:
    """What the answer is in, and a sentence where that is coarser than ``wanted``."""
    if wanted is None:
        length = asked.end - asked.start
        wanted = "hour" if length <= SHORT else "day" if length <= LONG else "month"
    for place in range(GRANULARITIES.index(wanted), len(GRANULARITIES)):
        granularity = GRANULARITIES[place]
        if _fits(asked, granularity):
            is_as_wanted = granularity == wanted
            return granularity, None if is_as_wanted else say.steps_coarser(span=granularity, wanted_span=wanted)
    return GRANULARITIES[-1], None


def source_span(asked: Range, granularity: str) -> str:
    """The coarsest roll-up whose borders are those of the buckets: minute, quarter, hour or day."""
    if granularity in ("minute", "quarter"):
        return granularity
    if granularity in ("day", "month") and asked.is_days:
        return "day"
    return "hour" if _on_hours(asked) else "quarter"


def raster(asked: Range, granularity: str) -> tuple[tuple[datetime, datetime], ...]:
    """The start and end (UTC) of every bucket, oldest first; none where the range has no length."""
    if asked.end <= asked.start:
        return ()
    edges = _edges(asked, granularity)
    return tuple(zip(edges, [*edges[1:], asked.end], strict=True))


def filled(asked: Range, granularity: str, rows: Sequence[Rollup]) -> tuple[Bucket, ...]:
    """``rows``, oldest first, in the buckets that they begin in; what lies outside of the range is left out."""
    return _filled(raster(asked, granularity), rows)


def in_steps(start: datetime, end: datetime, step_s: int, rows: Sequence[Rollup]) -> tuple[Bucket, ...]:
    """As ``filled``, in even steps from ``start`` (UTC); the last one holds ``end``, which does not belong to it."""
    edges = _even(start, end, step_s)
    return _filled([(edge, edge + timedelta(seconds=step_s)) for edge in edges], rows)


def _filled(spans: Sequence[tuple[datetime, datetime]], rows: Sequence[Rollup]) -> tuple[Bucket, ...]:
    starts = [start for start, _ in spans]
    groups: list[list[Rollup]] = [[] for _ in spans]
    for row in rows:
        if spans and spans[0][0] <= row.at < spans[-1][1]:
            groups[bisect_right(starts, row.at) - 1].append(row)
    return tuple(Bucket(start, end, tuple(group)) for (start, end), group in zip(spans, groups, strict=True))


def between(rows: Sequence[Row], start: datetime, end: datetime) -> Sequence[Row]:
    """Of ``rows``, oldest first, those from ``start`` to before ``end``."""
    first, last = (bisect_left(rows, at, key=lambda row: row.at) for at in (start, end))
    return rows[first:last]


def _fits(asked: Range, granularity: str) -> bool:
    length_s = (asked.end - asked.start).total_seconds()
    if granularity == "minute":
        return length_s <= 60 * MOST_MINUTES
    return length_s <= MOST_POINTS * STEP_S.get(granularity, 86_400) or granularity == "month"


def _on_hours(asked: Range) -> bool:
    """Whether the site's hours are those of UTC, and the range is whole ones."""
    return all(at.timestamp() % 3600 == 0 and at.astimezone(asked.zone).minute == 0 for at in (asked.start, asked.end))


def _edges(asked: Range, granularity: str) -> list[datetime]:
    if granularity in ("minute", "quarter") or (granularity == "hour" and _on_hours(asked)):
        return _even(asked.start, asked.end, STEP_S[granularity])
    if granularity == "hour":
        edges: list[datetime] = []
        for start, end in raster(asked, "day"):
            first = max(span_start(start, "day", asked.zone), start)
            edges += _even(first, end, STEP_S["hour"])
        return edges
    edges, at = [asked.start], span_start(asked.start, granularity, asked.zone)
    while (at := _next(at, granularity, asked)) < asked.end:
        edges.append(at)
    return edges


def _even(start: datetime, end: datetime, step_s: int) -> list[datetime]:
    count = -int(-(end - start).total_seconds() // step_s)
    first = int(start.timestamp())
    return [datetime.fromtimestamp(first + step_s * place, UTC) for place in range(count)]


def _next(at: datetime, granularity: str, asked: Range) -> datetime:
    """The start of the day or month after the one that begins ``at``."""
    day = at.astimezone(asked.zone).date() + timedelta(days=1 if granularity == "day" else 32)
    return midnight(day if granularity == "day" else day.replace(day=1), asked.zone)
