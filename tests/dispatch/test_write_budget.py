"""Registers that wear: counted by the day, coarser as the budget is used up, then held."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from agent.dispatch.lease import Lease
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Rung, Setpoint

DAY = date(2026, 3, 17)


def test_the_register_that_is_written_most_counts_and_a_new_day_begins_at_none() -> None:
    budget = WriteBudget(100, 5000.0)
    budget.spend({"WSet": 3, "WSetEna": 1}, DAY)
    budget.spend({"WSet": 2}, DAY)
    assert budget.used_today(DAY) == 5
    assert (budget.today(DAY).used, budget.today(DAY).budget, budget.today(DAY).day) == (5, 100, "2026-03-17")
    assert budget.used_today(DAY + timedelta(days=1)) == 0


def test_a_clock_that_is_set_back_gives_no_new_budget() -> None:
    budget = WriteBudget(100)
    budget.spend({"WSet": 90}, DAY)
    assert not budget.may_steer(date(1970, 1, 1))
    assert not budget.may_steer(DAY)


def test_a_clock_that_was_years_ahead_for_a_while_does_not_end_all_steering() -> None:
    budget = WriteBudget(100)
    budget.spend({"WSet": 90}, date(2099, 1, 1))
    assert not budget.may_steer(date(1970, 1, 1))
    assert not budget.may_steer(DAY)
    assert budget.may_steer(DAY + timedelta(days=1))


@pytest.mark.parametrize(("per_day", "setpoints"), [(100, 90), (10, 9), (1000, 900)])
def test_a_tenth_is_left_for_releases(per_day: int, setpoints: int) -> None:
    budget = WriteBudget(per_day)
    budget.spend({"WSet": setpoints - 1}, DAY)
    assert budget.may_steer(DAY)
    budget.spend({"WSet": 1}, DAY)
    assert not budget.may_steer(DAY)


@pytest.mark.parametrize(("hour", "allowed"), [(0, 18), (12, 54), (23, 87)])
def test_the_dead_band_grows_until_no_change_passes_it(hour: int, allowed: int) -> None:
    """A fifth of what is for setpoints may be used at once, the rest as the day goes on."""
    budget, at = WriteBudget(100, 5000.0), datetime(2026, 3, 17, hour, tzinfo=UTC)
    seen = []
    for _ in range(allowed + 1):
        seen.append(budget.deadband_w(at))
        budget.spend({"WSet": 1}, DAY)
    assert seen[0] == 100.0
    assert seen == sorted(seen)
    assert seen[allowed // 2] < 5000.0
    assert seen[allowed] == pytest.approx(10000.0, rel=0.03), "from full charge to full discharge"
    assert budget.deadband_w(at, less=True) == 1250.0


def test_the_dead_band_is_by_the_utc_day_whatever_the_zone() -> None:
    budget = WriteBudget(100, 5000.0)
    budget.spend({"WSet": 18}, DAY)
    eastern = datetime(2026, 3, 17, 2, tzinfo=timezone(timedelta(hours=2)))
    assert budget.deadband_w(eastern) == 10000.0


def test_renewals_alone_take_at_most_half_of_the_budget() -> None:
    budget = WriteBudget(100)
    assert 86400.0 / (budget.hold_s / 2.0) <= 50.0


@pytest.mark.parametrize(
    ("in_force_w", "asked_w", "after_s", "worth"),
    [
        (2000.0, 4000.0, 100.0, False),  # a change to more waits, whichever way
        (-2000.0, -4000.0, 100.0, False),
        (
            2000.0,
            500.0,
            100.0,
            True,
        ),  # one to less than that by a quarter of the rating does not: a limit may ask for it
        (-2000.0, -500.0, 100.0, True),
        (2000.0, 1000.0, 100.0, False),
        (2000.0, 0.0, 100.0, True),
        (2000.0, -500.0, 100.0, False),  # to the other side is not less
        (2000.0, 2000.0, 1800.0, True),  # half of its life is over
        (2000.0, None, 100.0, True),
        (None, 2000.0, 100.0, True),
    ],
)
def test_with_the_hours_share_used_up_only_less_power_is_worth_a_write(
    in_force_w: float | None, asked_w: float | None, after_s: float, worth: bool
) -> None:
    budget, now = WriteBudget(100, 5000.0), datetime(2026, 3, 17, tzinfo=UTC)
    budget.spend({"WSet": 18}, DAY)
    asked = Setpoint(now, asked_w, 60.0, Rung.PLAN, "asked")
    assert budget.allows(asked, Lease(in_force_w, None, 0.0, 3600.0), after_s, now) is worth


@pytest.mark.parametrize(("cap_w", "worth"), [(3000.0, False), (3050.0, False), (3200.0, True), (None, True)])
def test_a_cap_of_the_sun_that_differs_is_worth_a_write(cap_w: float | None, worth: bool) -> None:
    now = datetime(2026, 3, 17, 12, tzinfo=UTC)
    asked = Setpoint(now, 1000.0, 60.0, Rung.PLAN, "asked", cap_w)
    assert WriteBudget(100, 5000.0).allows(asked, Lease(1000.0, 3000.0, 0.0, 3600.0), 100.0, now) is worth
