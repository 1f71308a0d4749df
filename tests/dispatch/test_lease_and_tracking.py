"""When a setpoint is written again, and when a battery counts as out of control."""

from datetime import UTC, datetime

import pytest

from agent.dispatch.lease import Lease
from agent.domain.battery import Battery
from agent.domain.setpoint import Rung, Setpoint
from agent.monitoring.battery_response import Tracking, Verdict

BATTERY = Battery(10_000.0, 5000.0, 5000.0)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def granted(battery_w: float | None, pv_limit_w: float | None = None) -> Setpoint:
    return Setpoint(NOW, battery_w, 60.0, Rung.PLAN, "asked", pv_limit_w)


@pytest.mark.parametrize(
    ("in_force", "asked", "after_s", "expected"),
    [
        (1000.0, granted(1000.0), 10.0, False),
        (1000.0, granted(1030.0), 10.0, False),
        (1000.0, granted(1060.0), 10.0, True),
        (1000.0, granted(940.0), 10.0, True),
        (1000.0, granted(1000.0), 29.0, False),
        (1000.0, granted(1000.0), 30.0, True),
        (20.0, granted(0.0), 10.0, True),
        (0.0, granted(0.0), 10.0, False),
        (1000.0, granted(None), 1.0, True),
        (None, granted(None), 1000.0, False),
        (None, granted(0.0), 1.0, True),
        (None, granted(500.0), 1.0, True),
        (1000.0, granted(1000.0, 3000.0), 10.0, True),
    ],
)
def test_when_to_write(in_force: float | None, asked: Setpoint, after_s: float, expected: bool) -> None:
    lease = Lease(in_force, None, 100.0, 60.0)
    assert lease.must_be_replaced(asked, 100.0 + after_s, 50.0) is expected


@pytest.mark.parametrize(
    ("in_force_w", "cap_w", "expected"),
    [
        (3000.0, 3000.0, False),
        (3000.0, 3040.0, False),
        (3000.0, 3060.0, True),
        (3000.0, 2940.0, True),
        (3000.0, None, True),
        (None, None, False),
        (0.0, None, True),
    ],
)
def test_a_cap_of_the_sun_is_written_when_it_differs(
    in_force_w: float | None, cap_w: float | None, expected: bool
) -> None:
    lease = Lease(1000.0, in_force_w, 100.0, 60.0)
    assert lease.must_be_replaced(granted(1000.0, cap_w), 110.0, 50.0) is expected


def test_a_followed_setpoint_is_verified() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 2000.0)
    assert tracking.seen(1.0, 300.0, 50.0) is Verdict.WAITING
    assert tracking.seen(5.0, 1900.0, 50.0) is Verdict.VERIFIED


def test_a_battery_that_is_known_to_be_off_is_followed_all_the_same() -> None:
    for known_off_w, verdict in ((0.0, Verdict.WAITING), (400.0, Verdict.VERIFIED)):
        tracking = Tracking(5000.0, known_off_w=known_off_w)
        tracking.asked(0.0, 2000.0)
        assert tracking.seen(5.0, 1650.0, 50.0) is verdict


def verdicts(tracking: Tracking, battery_w: float, first: int, last: int) -> list[Verdict]:
    return [tracking.seen(float(second), battery_w, 50.0) for second in range(first, last, 10)]


def test_a_battery_that_does_the_opposite_is_held_at_0_first_and_left_alone_when_it_ignores_that() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 2000.0)
    found = verdicts(tracking, -3000.0, 0, 91)
    assert found.count(Verdict.MISSED) == 2
    assert found[-1] is Verdict.HELD
    assert tracking.weak == "the battery was asked for 2000 W and delivers -3000 W; it is held at 0 W"
    there = tracking.delivered(BATTERY, 91.0)
    assert (there.charge_w, there.discharge_w) == (0.0, 0.0)
    tracking.asked(91.0, 0.0)
    found = verdicts(tracking, -3000.0, 91, 122)
    assert found == [Verdict.WAITING] * 3 + [Verdict.NO_CONTROL]
    assert tracking.out_of_control(500.0)
    assert not tracking.out_of_control(800.0)
    assert tracking.seen(800.0, 0.0, 50.0) is Verdict.NOTHING_ASKED


def test_a_load_that_never_rests_hides_no_battery_that_does_as_it_likes() -> None:
    """Another power is asked for every ten seconds, so that patience with each of them would never end."""
    tracking = Tracking(5000.0)
    found = []
    for at in range(100):
        if at % 10 == 0:
            tracking.asked(float(at), 1000.0 + 500.0 * (at // 10 % 2))
        found.append(tracking.seen(float(at), -3000.0, 50.0))
    assert [at for at, verdict in enumerate(found) if verdict is not Verdict.WAITING] == [30, 61, 92]
    assert found[92] is Verdict.HELD


def test_a_battery_that_comes_late_to_orders_that_follow_one_another_is_not_taken_for_one() -> None:
    """What it does is what was asked of it ten seconds before."""
    tracking = Tracking(5000.0)
    found = set()
    for at in range(300):
        if at % 5 == 0:
            tracking.asked(float(at), 3000.0 * (at // 5 % 3 - 1))
        found.add(tracking.seen(float(at), 3000.0 * (max(0, at - 10) // 5 % 3 - 1), 50.0))
    assert found <= {Verdict.WAITING, Verdict.VERIFIED}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("slope_w", "late_s"), [(200.0, 3), (50.0, 8)])
def test_a_battery_that_follows_a_slowly_rising_order_a_little_late_is_not_limited(
    sign: float, slope_w: float, late_s: int
) -> None:
    """No order differs much from the one before it, and all of them together do."""
    tracking = Tracking(5000.0)

    def order_w(at: int) -> float:
        return sign * min(max(1000.0, 1000.0 + slope_w * (at - 60)), 4000.0)

    found = set()
    for at in range(200):
        found.add(tracking.seen(float(at), order_w(max(0, at - late_s)), 50.0))
        tracking.asked(float(at), order_w(at))
    assert found == {Verdict.NOTHING_ASKED, Verdict.VERIFIED, Verdict.WAITING}


def test_one_that_gives_less_for_a_moment_is_not_limited() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 3000.0)
    assert tracking.seen(60.0, 2900.0, 50.0) is Verdict.VERIFIED
    assert tracking.seen(61.0, 1500.0, 50.0) is Verdict.WAITING
    assert tracking.seen(62.0, 2900.0, 50.0) is Verdict.VERIFIED
    assert verdicts(tracking, 1500.0, 70, 101) == [Verdict.WAITING] * 3 + [Verdict.LIMITED]


def test_a_battery_that_rests_when_it_is_held_stays_in_control_and_is_tried_again() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 2000.0)
    verdicts(tracking, -3000.0, 0, 91)
    tracking.asked(91.0, 0.0)
    assert tracking.seen(95.0, 0.0, 50.0) is Verdict.VERIFIED
    assert tracking.delivered(BATTERY, 689.0).discharge_w == 0.0
    assert tracking.delivered(BATTERY, 690.0) == BATTERY


def test_nothing_is_no_disobedience_it_holds_one_direction_ever_longer() -> None:
    tracking, at, pauses = Tracking(5000.0), 0.0, []
    for _ in range(5):
        tracking.asked(at, -2000.0)
        found = verdicts(tracking, -40.0, int(at), int(at) + 91)  # 40 W is what the inverter needs for itself
        assert found[-1] is Verdict.HELD
        assert tracking.gave_nothing(True)
        assert not tracking.gave_nothing(False)
        assert tracking.delivered(BATTERY, at + 91.0).discharge_w == 5000.0
        tracking.asked(at + 91.0, 0.0)
        again = next(s for s in range(int(at) + 91, 10**6) if tracking.delivered(BATTERY, float(s)).charge_w > 0.0)
        pauses.append(again - at - 90.0)
        at = float(again)
    assert pauses == [600.0, 1200.0, 2400.0, 3600.0, 3600.0]


@pytest.mark.parametrize("does_w", [0.0, -3000.0])
def test_what_is_tried_again_in_vain_is_told_without_a_break(does_w: float) -> None:
    """The hold has run out; three misses of the new try come before the next one."""
    tracking = Tracking(5000.0)
    tracking.asked(0.0, 2000.0)
    verdicts(tracking, does_w, 0, 91)
    told = tracking.weak
    tracking.asked(91.0, 0.0)
    for second in range(91, 700):
        tracking.seen(float(second), 0.0, 50.0)
    tracking.asked(700.0, 2000.0)
    for second in range(700, 792):
        tracking.seen(float(second), does_w, 50.0)
        assert tracking.weak == told
    assert tracking.delivered(BATTERY, 792.0).discharge_w == 0.0


@pytest.mark.parametrize("gave_w", [-60.0, -500.0, -2900.0 / 2])
def test_whatever_comes_in_the_right_direction_is_a_limit_and_no_disobedience(gave_w: float) -> None:
    tracking = Tracking(3000.0)
    tracking.asked(0.0, -3000.0)
    assert set(verdicts(tracking, gave_w, 30, 300)) == {Verdict.LIMITED}
    assert tracking.delivered(BATTERY, 300.0).charge_w == -gave_w
    assert not tracking.out_of_control(300.0)


@pytest.mark.parametrize(
    ("feeds_grid", "asked_w", "gives_w", "expected"),
    [
        (False, 1700.0, 3100.0, Verdict.VERIFIED),
        (True, 1700.0, 3100.0, Verdict.MISSED),
        (False, 1700.0, -500.0, Verdict.MISSED),
        (False, 1700.0, 0.0, Verdict.MISSED),
        (False, 0.0, 3100.0, Verdict.MISSED),
        (False, -1700.0, -3100.0, Verdict.MISSED),
    ],
)
def test_a_battery_that_covers_the_load_by_its_own_rule_may_give_more(
    feeds_grid: bool, asked_w: float, gives_w: float, expected: Verdict
) -> None:
    tracking = Tracking(5000.0, feeds_grid=feeds_grid)
    tracking.asked(0.0, asked_w)
    assert tracking.seen(60.0, gives_w, 50.0) is expected


@pytest.mark.parametrize(
    ("gives_w", "grid_w", "expected"),
    [
        (1100.0, 0.0, Verdict.VERIFIED),
        (0.0, -400.0, Verdict.VERIFIED),
        (1100.0, 600.0, Verdict.LIMITED),
        (1100.0, None, Verdict.LIMITED),
        (0.0, 600.0, Verdict.MISSED),
        (-500.0, 0.0, Verdict.MISSED),
    ],
)
def test_one_that_may_give_more_than_the_load_takes_is_not_limited(
    gives_w: float, grid_w: float | None, expected: Verdict
) -> None:
    tracking = Tracking(5000.0, feeds_grid=False)
    tracking.asked(0.0, 2000.0)
    assert tracking.seen(60.0, gives_w, 50.0, grid_w) is expected
    least_w = gives_w if expected is Verdict.LIMITED else 5000.0
    assert tracking.delivered(BATTERY, 60.0).discharge_w == least_w


def test_it_has_its_patience_again_when_the_load_takes_more() -> None:
    tracking = Tracking(5000.0, feeds_grid=False)
    tracking.asked(0.0, 2000.0)
    assert tracking.seen(60.0, 1100.0, 50.0, 0.0) is Verdict.VERIFIED
    assert tracking.seen(61.0, 1100.0, 50.0, 900.0) is Verdict.WAITING
    assert tracking.seen(90.0, 1100.0, 50.0, 900.0) is Verdict.LIMITED


def test_a_limit_does_not_outlive_its_ten_minutes_where_nothing_more_is_asked_for() -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, -5000.0)
    assert tracking.seen(30.0, -2000.0, 50.0) is Verdict.LIMITED
    tracking.asked(31.0, 1000.0)
    for second in range(40, 690, 10):
        assert tracking.seen(float(second), 1000.0, 50.0) is Verdict.VERIFIED
        assert tracking.weak == "the battery delivers 2000 W of the 5000 W asked for"
    assert tracking.delivered(BATTERY, 631.0).charge_w == 5000.0
    tracking.seen(690.0, 1000.0, 50.0)  # a new try has had time to show that it still holds
    assert tracking.weak is None


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
        (-5000.0, -700.0, 50.0, Verdict.LIMITED),  # a seventh is a limit too
        (-5000.0, -20.0, 50.0, Verdict.MISSED),
        (-5000.0, 700.0, 97.0, Verdict.MISSED),
        (-5000.0, None, 50.0, Verdict.WAITING),
    ],
)
def test_a_full_battery_is_not_disobedient(asked: float, measured: float | None, soc: float, expected: Verdict) -> None:
    tracking = Tracking(5000.0)
    tracking.asked(0.0, asked)
    assert tracking.seen(60.0, measured, soc) is expected
