"""The battery that follows us in thought: what the site would see of it, and what it would have cost."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.dispatch.shadow_battery import Costs, ShadowBattery
from agent.domain.battery import Battery
from agent.domain.site import MISSING, Measured, SiteState

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BATTERY = Battery(10_000.0, 4000.0, 4000.0, 1.0, 1.0, soc_min_pct=10.0)
PRICES = (0.30, 0.10)


def real(grid_w: float, battery_w: float = 0.0, soc_pct: float | None = 50.0) -> SiteState:
    soc = MISSING if soc_pct is None else Measured(soc_pct)
    return SiteState(NOON, Measured(grid_w), Measured(0.0), Measured(battery_w), Measured(grid_w + battery_w), soc)


def test_it_begins_where_the_real_one_is_and_changes_what_the_meter_would_show() -> None:
    shadow = ShadowBattery(BATTERY)
    assert shadow.site(real(2000.0)).soc_pct.value == 50.0
    shadow.follow(2000.0, real(2000.0), 1.0, PRICES)
    seen = shadow.site(real(3000.0, soc_pct=50.0))
    assert (seen.battery_w.value, seen.grid_w.value, seen.soc_pct.value) == (2000.0, 1000.0, pytest.approx(30.0))
    assert shadow.costs == Costs(pytest.approx(0.60), 0.0, pytest.approx(-2000.0), 1.0, 0.30)


def test_what_the_real_battery_does_meanwhile_is_taken_out_of_the_meter() -> None:
    shadow = ShadowBattery(BATTERY)
    shadow.site(real(0.0, battery_w=1000.0))
    shadow.follow(-1000.0, real(0.0, battery_w=1000.0), 0.5, PRICES)
    assert shadow.site(real(0.0, battery_w=1000.0)).grid_w.value == 2000.0
    assert shadow.costs.real == 0.0
    assert shadow.costs.steered == pytest.approx(2.0 * 0.5 * 0.30)


def test_what_is_sold_is_paid_at_the_export_price_and_a_release_follows_the_real_one() -> None:
    shadow = ShadowBattery(BATTERY)
    shadow.site(real(-1000.0))
    shadow.follow(None, real(-1000.0, battery_w=500.0), 1.0, PRICES)
    assert shadow.costs.real == shadow.costs.steered == pytest.approx(-0.10)


def test_what_is_left_is_worth_the_mean_price_of_the_stretch_through_the_losses() -> None:
    """Not the price of its last second: a day that ends with a cheap hour has not saved what it still owes."""
    shadow = ShadowBattery(replace(BATTERY, discharge_efficiency=0.9))
    assert shadow.value_per_kwh == 0.0
    shadow.site(real(1000.0))
    shadow.follow(1000.0, real(1000.0), 3.0, (0.40, 0.0))
    shadow.follow(0.0, real(1000.0), 1.0, (0.08, 0.0))
    assert shadow.value_per_kwh == pytest.approx(0.9 * 0.32)
    shadow.begin()
    assert shadow.value_per_kwh == 0.0


@pytest.mark.parametrize(("wanted_w", "done_w"), [(9000.0, 4000.0), (-9000.0, -4000.0)])
def test_it_does_no_more_than_the_battery_could(wanted_w: float, done_w: float) -> None:
    shadow = ShadowBattery(BATTERY)
    shadow.site(real(0.0))
    shadow.follow(wanted_w, real(0.0), 0.25, PRICES)
    assert shadow.site(real(0.0)).battery_w.value == done_w


def test_an_empty_one_gives_nothing() -> None:
    shadow = ShadowBattery(BATTERY)
    shadow.site(real(2000.0, soc_pct=10.0))
    shadow.follow(2000.0, real(2000.0, soc_pct=10.0), 1.0, PRICES)
    assert shadow.site(real(2000.0)).battery_w.value == pytest.approx(0.0)


def test_what_is_missing_is_neither_seen_nor_counted() -> None:
    shadow = ShadowBattery(BATTERY)
    without = real(2000.0, soc_pct=None)
    assert shadow.site(without) is without
    shadow.follow(2000.0, without, 1.0, PRICES)
    assert shadow.costs == Costs()


def test_begun_anew_it_is_where_the_real_one_is() -> None:
    shadow = ShadowBattery(BATTERY)
    shadow.site(real(2000.0))
    shadow.follow(2000.0, real(2000.0), 1.0, PRICES)
    shadow.begin()
    assert shadow.site(real(2000.0, soc_pct=70.0)).soc_pct.value == 70.0
    assert shadow.costs == Costs()
