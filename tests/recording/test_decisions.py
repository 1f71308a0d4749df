"""A change of rung or outcome is always written down, a change of power once a minute."""

from datetime import UTC, datetime, timedelta

from agent.domain.setpoint import Applied, Held, Outcome, Refused, Rung, Setpoint
from agent.recording.decisions import Decisions

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def noted(decisions: Decisions, second: int, battery_w: float | None, rung: Rung, outcome: Outcome) -> bool:
    return (
        decisions.note(Setpoint(NOW + timedelta(seconds=second), battery_w, 60.0, rung, "because"), outcome) is not None
    )


def test_powers_that_wander_are_noted_once_a_minute() -> None:
    decisions = Decisions()
    rows = [noted(decisions, second, 100.0 + second, Rung.PLAN, Applied(0.0)) for second in range(0, 181, 10)]
    assert rows.count(True) == 4


def test_a_power_that_stays_is_noted_once() -> None:
    decisions = Decisions()
    assert [noted(decisions, 600 * i, 100.0, Rung.PLAN, Applied(100.0)) for i in range(3)] == [True, False, False]


def test_a_change_of_rung_is_noted_at_once_even_when_nothing_is_written() -> None:
    decisions = Decisions()
    assert noted(decisions, 0, 100.0, Rung.RULES, Applied(100.0))
    assert noted(decisions, 1, 100.0, Rung.PLAN, Held())
    assert decisions.last is not None
    assert decisions.last.outcome == "applied"


def test_a_refusal_is_noted_at_once() -> None:
    decisions = Decisions()
    assert noted(decisions, 0, 100.0, Rung.PLAN, Applied(100.0))
    assert noted(decisions, 1, 100.0, Rung.PLAN, Refused("no"))
