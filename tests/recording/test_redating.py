"""Rows of a wrong clock move to where they belong, and no others do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.domain.records import EventRow, MinuteRow, Redate
from agent.domain.setpoint import Rung
from agent.recording.pending_writes import PendingWrites

LOST = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
BY_S = 1_780_000_020.0  # not a multiple of a minute
ORDER = Redate((("minute", 0), ("event", 0)), LOST, LOST + timedelta(minutes=10), BY_S, False)
TRUST = Redate(ORDER.after, LOST + timedelta(seconds=ORDER.minutes_s), datetime(2030, 1, 1, tzinfo=UTC), 0.0, True)


def minute(at: datetime, trusted: bool = False) -> MinuteRow:
    nothing = (None,) * 5
    return MinuteRow(at, 60, 0.0, *nothing, 0.0, 0.0, 0.0, 0.0, None, None, False, Rung.RULES, trusted, ())


def test_what_waits_moves_with_the_clock_minutes_by_whole_minutes() -> None:
    pending = PendingWrites()
    right = minute(LOST, trusted=True)
    for row in (minute(LOST), right, minute(LOST - timedelta(minutes=1))):
        pending.minute(row)
    pending.event(LOST + timedelta(seconds=7), "started", "info", "")
    pending.event(LOST + timedelta(hours=1), "started", "info", "")
    pending.redate(ORDER)
    pending.redate(TRUST)
    batch = pending.take(LOST)
    moved = LOST + timedelta(seconds=ORDER.minutes_s)
    assert [(row.at, row.time_trusted) for row in batch.minutes] == [
        (moved, True), (LOST, True), (LOST - timedelta(minutes=1), False),
    ]  # fmt: skip
    assert moved.timestamp() % 60 == 0
    assert abs((moved - LOST).total_seconds() - BY_S) <= 30
    assert [row.at for row in batch.events] == [
        LOST + timedelta(seconds=7 + BY_S), LOST + timedelta(hours=1),
    ]  # fmt: skip
    assert batch.redates == (ORDER, TRUST)


def test_a_batch_that_comes_back_is_dated_by_what_was_ordered_meanwhile() -> None:
    pending = PendingWrites()
    pending.minute(minute(LOST))
    batch = pending.take(LOST)
    assert isinstance(batch.minutes[0], MinuteRow)
    pending.redate(ORDER)
    pending.give_back(batch)
    again = pending.take(LOST)
    assert again.minutes == (replace(batch.minutes[0], at=LOST + timedelta(seconds=ORDER.minutes_s)),)
    assert again.redates == (ORDER,)
    assert EventRow not in {type(row) for row in again.events}
