"""When a setpoint is written again, and when a battery counts as out of control."""

from datetime import UTC, datetime

import pytest

from agent.dispatch.lease import Lease
from agent.dispatch.tracking import Tracking, Verdict
from agent.domain.setpoint import Rung, Setpoint

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def granted(battery_w: float | None, pv_limit_w: float | None = None) -> Setpoint:
    return Setpoint(NOW, battery_w, 60.0, Rung.PLAN, "asked", pv_limit_w)


@pytest.mark.parametrize(
    ("in_force", "asked", "after_s", "expected"),
    [
        (1000.0, granted(1000.0), 10.0, False),
        (1000.0, granted(1030.0), 10.0, False),
        (1000.0, granted(1060.0), 10.0, True),
        (1000.0, granted(1000.0), 30.0, True),
        (20.0, granted(0.0), 10.0, True),
        (0.0, granted(0.0), 10.0, False),
        (1000.0, granted(None), 1.0, True),
        (None, granted(None), 1000.0, False),
        (None, granted(0.0), 1.0, True),
        (1000.0, granted(1000.0, 3000.0), 10.0, True),
    ],
)
def test_when_to_write(in_force: float | None, asked: Setpoint, after_s: float, expected: bool) -> None:
    lease = Lease(in_force, None, 100.0, 60.0)
    assert lease.must_be_replaced(asked, 100.0 + after_s, 50.0) is expected


def test_a_followed_setpoint_is_verified() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 2000.0)
    assert tracking.seen(1.0, 300.0, 50.0) is Verdict.WAITING
    assert tracking.seen(5.0, 1900.0, 50.0) is Verdict.VERIFIED


def test_three_misses_and_the_battery_is_left_alone_for_a_while() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 2000.0)
    verdicts = [tracking.seen(float(second), 0.0, 50.0) for second in range(0, 121, 10)]
    assert verdicts.count(Verdict.MISSED) == 2
    assert verdicts[-1] is Verdict.NO_CONTROL
    assert tracking.out_of_control(500.0)
    assert not tracking.out_of_control(800.0)
    assert tracking.seen(800.0, 0.0, 50.0) is Verdict.NOTHING_ASKED


def test_refreshing_the_same_power_does_not_restart_the_patience() -> None:
    tracking = Tracking(5000.0)
    for second in range(0, 31, 5):
        tracking.asked(float(second), 2000.0)
    assert tracking.seen(31.0, 0.0, 50.0) is Verdict.MISSED


@pytest.mark.parametrize(
    ("asked", "measured", "soc", "expected"),
    [
        (-5000.0, -700.0, 97.0, Verdict.LIMITED),
        (4000.0, 500.0, 8.0, Verdict.LIMITED),
        (-5000.0, -700.0, 50.0, Verdict.MISSED),
        (-5000.0, 700.0, 97.0, Verdict.MISSED),
        (-5000.0, None, 50.0, Verdict.WAITING),
    ],
)
def test_a_full_battery_is_not_disobedient(asked: float, measured: float | None, soc: float, expected: Verdict) -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, asked)
    assert tracking.seen(60.0, measured, soc) is expected
