"""The roll-ups of a range from the store, in the buckets of the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.store.console_reader import first_at
from agent.adapters.store.newest_rollups import minutes, spans
from agent.console.reading.buckets import Bucket, chosen_granularity, filled, source_span
from agent.console.reading.ranges import Range, earlier
from agent.domain.sentences import readings as say
from agent.recording.rollups import Rollup

HOURS_OF = timedelta(days=3 * 366)
QUARTERS_OF = timedelta(days=93)
EXACT_FOR = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Measured:
    """``buckets`` oldest first; ``notes`` are sentences on what was asked for and is not there."""

    asked: Range
    granularity: str
    buckets: tuple[Bucket, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Rollup, ...]:
        return tuple(row for bucket in self.buckets for row in bucket.rows)


def measured(store: Path, asked: Range, wanted: str | None) -> Measured:
    """What was measured in ``asked``, in steps as ``wanted`` or coarser. Raises StoreFailure."""
    granularity, note = chosen_granularity(asked, wanted)
    span = source_span(asked, granularity)
    rows = _rows(store, span, asked)
    notes = [note] if note else []
    notes += _cut(store, span, asked)
    return Measured(asked, granularity, filled(asked, granularity, rows), tuple(notes))


def before(store: Path, asked: Range, shift: str, granularity: str, now: datetime) -> Measured:
    """What ``asked`` is compared with, in steps of the same kind. Raises StoreFailure.

    It ends where now is, to a quarter of an hour in short ranges and to an hour in long ones.
    """
    shifted = earlier(asked, shift, now)
    step_s = 900 if shifted.end - shifted.start <= EXACT_FOR else 3600
    end = shifted.end - timedelta(seconds=shifted.end.timestamp() % step_s)
    whole = Range(shifted.start, max(end, shifted.start + timedelta(seconds=step_s)), asked.zone)
    rows = _rows(store, source_span(whole, granularity), whole)
    return Measured(whole, granularity, filled(whole, granularity, rows))


def hours(store: Path, found: Measured) -> tuple[Sequence[Rollup], tuple[str, ...]]:
    """The range in hours, or finer where it was asked for finer, and a sentence where a part of it is left out."""
    if found.granularity in ("minute", "quarter", "hour"):
        return found.rows, ()
    asked = found.asked
    notes: tuple[str, ...] = ()
    if asked.end - asked.start > HOURS_OF:
        asked = Range(asked.end - HOURS_OF, asked.end, asked.zone)
        notes = (say.breakdown_of_three_years(),)
    return spans(store, "hour", asked.start, asked.end, asked.zone), notes


def priced(store: Path, found: Measured) -> tuple[Sequence[Rollup], tuple[str, ...]]:
    """As ``hours``, in quarters where those are kept and not too many: within an hour the price may change."""
    asked, oldest, first = found.asked, first_at(store, "hour"), first_at(store, "quarter")
    is_short = asked.end - asked.start <= QUARTERS_OF
    if found.granularity in ("minute", "quarter") or not is_short or oldest is None or first is None:
        return hours(store, found)
    if first >= max(asked.start, oldest) + timedelta(hours=1):
        return hours(store, found)
    return spans(store, "quarter", asked.start, asked.end, asked.zone), ()


def _rows(store: Path, span: str, asked: Range) -> list[Rollup]:
    if span == "minute":
        return minutes(store, asked.start, asked.end, asked.zone)
    return spans(store, span, asked.start, asked.end, asked.zone)


def _cut(store: Path, span: str, asked: Range) -> list[str]:
    """Where the range begins before what is kept, or before anything was measured."""
    oldest = first_at(store, "hour")
    if oldest is None:
        return [say.nothing_measured()]
    if asked.end <= oldest:
        return [say.nothing_measured_before(first_at=oldest.astimezone(asked.zone))]
    first = first_at(store, span) if span in say.KEPT else None
    if first is not None and asked.start < first and oldest < first - timedelta(hours=1):
        return [say.kept_since(kept_span=span, first_at=first.astimezone(asked.zone))]
    return []
