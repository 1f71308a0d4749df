"""Registers that wear: counted by the day, coarser as the budget is used up, then held."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from agent.dispatch.write_budget import WriteBudget

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
