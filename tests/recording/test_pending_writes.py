"""What waits for the commit waits in order, once, and not for ever."""

from datetime import UTC, datetime, timedelta

from agent.domain.records import DecisionRow
from agent.domain.setpoint import Rung
from agent.recording.pending_writes import MOST_ROWS, PendingWrites

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def decision(second: int) -> DecisionRow:
    return DecisionRow(NOW + timedelta(seconds=second), 100.0, 60.0, Rung.PLAN, "because", "applied", "")


def test_what_is_taken_is_gone_and_what_is_given_back_comes_first() -> None:
    pending = PendingWrites()
    pending.decision(decision(1))
    pending.keep("state", "old")
    pending.acknowledge("minute", 7)
    batch = pending.take(NOW)
    assert pending.take(NOW).decisions == ()
    pending.decision(decision(2))
    pending.keep("state", "new")
    pending.acknowledge("minute", 5)
    pending.give_back(batch)
    again = pending.take(NOW)
    assert [row.at.second for row in again.decisions] == [1, 2]
    assert dict(again.kept) == {"state": "new"}
    assert dict(again.acknowledged) == {"minute": 7}


def test_a_full_journal_drops_the_oldest_and_says_so() -> None:
    pending = PendingWrites()
    for second in range(MOST_ROWS + 3):
        pending.decision(decision(second))
    batch = pending.take(NOW)
    assert len(batch.decisions) == MOST_ROWS
    assert batch.decisions[0].at == NOW + timedelta(seconds=3)
    assert [event.text for event in batch.events] == ["3 rows were lost while the store could not be written"]
