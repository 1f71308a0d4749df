"""What waits for the commit waits in order, once, and not for ever."""

from datetime import UTC, datetime, timedelta

from agent.domain.records import DecisionRow
from agent.domain.setpoint import Rung
from agent.recording.pending_writes import MOST_ROWS, Journal

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def decision(second: int) -> DecisionRow:
    return DecisionRow(NOW + timedelta(seconds=second), 100.0, 60.0, Rung.PLAN, "because", "applied", "")


def test_what_is_taken_is_gone_and_what_is_given_back_comes_first() -> None:
    journal = Journal()
    journal.decision(decision(1))
    journal.keep("state", "old")
    journal.acknowledge("minute", 7)
    batch = journal.take(NOW)
    assert journal.take(NOW).decisions == ()
    journal.decision(decision(2))
    journal.keep("state", "new")
    journal.acknowledge("minute", 5)
    journal.give_back(batch)
    again = journal.take(NOW)
    assert [row.at.second for row in again.decisions] == [1, 2]
    assert dict(again.kept) == {"state": "new"}
    assert dict(again.acknowledged) == {"minute": 7}


def test_a_full_journal_drops_the_oldest_and_says_so() -> None:
    journal = Journal()
    for second in range(MOST_ROWS + 3):
        journal.decision(decision(second))
    batch = journal.take(NOW)
    assert len(batch.decisions) == MOST_ROWS
    assert batch.decisions[0].at == NOW + timedelta(seconds=3)
    assert [event.text for event in batch.events] == ["3 rows were lost while the store could not be written"]


def test_an_alarm_is_raised_once_and_cleared_once() -> None:
    journal = Journal()
    raised = journal.alarm(NOW, "device_lost/meter", "no answer")
    assert raised is not None
    assert raised.severity == "alarm"
    assert journal.alarm(NOW, "device_lost/meter", "still no answer") is None
    assert journal.alarms == ("still no answer",)
    cleared = journal.alarm(NOW, "device_lost/meter", None)
    assert cleared is not None
    assert cleared.text == "over: no answer", "as it was told"
    assert journal.alarm(NOW, "device_lost/meter", None) is None
    assert journal.alarms == ()
