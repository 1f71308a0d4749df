"""Charging at one price takes the steady power, as long as that costs the same."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.grid_prices import DOUBT
from agent.dispatch.steady_power import NOISE, aim, nearest_within, pace_w
from agent.domain.battery import Battery, soc_after
from agent.domain.plan import Plan, ValueTable
from agent.domain.site import Connection
from tests.dispatch.test_economic_dispatch import START, moment, plan_with

BATTERY = Battery(10_000, 5000, 4000, 1.0, 1.0, soc_min_pct=10, soc_max_pct=90)


@pytest.mark.parametrize(
    ("wanted_pct", "until_h", "expected_w"),
    [
        (90.0, 4.0, -1000.0),  # 4 kWh in 4 h
        (90.0, 0.5, -5000.0),  # more than the rating can
        (52.0, 4.0, -500.0),  # never below a tenth of the rating
        (51.0, 4.0, -400.0),  # but no more than is wanted within the look of a quarter
        (50.0, 4.0, 0.0),
        (30.0, 4.0, 0.0),
    ],
)
def test_the_pace(wanted_pct: float, until_h: float, expected_w: float) -> None:
    assert pace_w(BATTERY, 50.0, wanted_pct, 0.25, until_h) == pytest.approx(expected_w)


@pytest.mark.parametrize(
    ("wanted_pct", "best_w", "load_w", "expected_w"),
    [
        (90.0, -5000.0, 700.0, -1000.0),  # a burst becomes a pace
        (90.0, 0.0, 700.0, -1000.0),  # and so does a rest
        (40.0, -5000.0, 700.0, 0.0),  # nothing is wanted at the end of the price
        (40.0, 0.0, 700.0, 700.0),  # what is kept for a later hour covers the load
        (90.0, 300.0, 700.0, 700.0),
        (90.0, -5000.0, -700.0, -1000.0),  # the grid adds to a surplus what the pace asks for
        (90.0, -5000.0, -1700.0, -1700.0),  # which is stored whole
        (40.0, 900.0, 700.0, 900.0),  # into the grid is no less than the load
    ],
)
def test_what_is_aimed_at(wanted_pct: float, best_w: float, load_w: float, expected_w: float) -> None:
    assert aim(BATTERY, 50.0, wanted_pct, best_w, load_w, 0.25, 4.0) == pytest.approx(expected_w)


@pytest.mark.parametrize(
    ("dearer", "expected_w"),
    [(0.0, -1000.0), (0.5 * NOISE, -1000.0), (2.0 * NOISE, -5000.0)],
)
def test_only_what_costs_the_same_gives_way(dearer: float, expected_w: float) -> None:
    """Every kWh that is charged later costs ``dearer`` of the price more."""

    def cost(watts: float) -> float:
        return dearer * 0.3 * 0.25 * (watts + 5000.0) / 1000.0

    assert nearest_within(cost, -5000.0, -1000.0, 0.3 * 0.25) == pytest.approx(expected_w)


def test_it_goes_as_far_as_the_noise_allows() -> None:
    """Down to 3 kW nothing is lost, below that ten times the price."""

    def cost(watts: float) -> float:
        return max(0.0, watts + 3000.0) * 10.0 * 0.3 * 0.25 / 1000.0

    assert -3100.0 < nearest_within(cost, -5000.0, -1000.0, 0.3 * 0.25) < -2900.0


def night(noise: float, quarter: int) -> Plan:
    """24 quarters at one price, worth filling up to 80 % at it; each plan sees that a little otherwise."""
    plan = plan_with(0.0, steps=24)
    below, above = 0.30 * (1.0 + noise), 0.15
    soc = (0.0, 80.0, 100.0)
    value = (0.0, 8.0 * below, 8.0 * below + 2.0 * above)
    start = START + timedelta(minutes=15 * quarter)
    table = ValueTable(soc, (value,) * 24, price_until=(23 - quarter,) * (24 - quarter) + (23,) * quarter)
    return replace(plan, horizon=replace(plan.horizon, start=start), values=table)


def test_a_night_at_one_price_is_one_steady_charge() -> None:
    random, soc_pct, powers = np.random.default_rng(5), 20.0, []
    for quarter in range(24):
        plan = night(DOUBT + random.uniform(0.001, 0.009), quarter)
        now = moment(300.0, 0.30, soc=soc_pct, at=plan.horizon.start)
        decision = economic_dispatch(plan, now, BATTERY, Connection())
        assert decision is not None
        soc_pct = soc_after(BATTERY, soc_pct, decision.battery_w, 0.25)
        powers.append(decision.battery_w)
    assert soc_pct == pytest.approx(80.0, abs=1.0)
    assert min(powers) > -1200.0  # 6 kWh in 6 h
    assert max(powers) < -800.0


def test_without_a_price_that_lasts_it_charges_at_once() -> None:
    plan = night(DOUBT + 0.01, 0)
    plan = replace(plan, values=replace(plan.values, price_until=()))
    decision = economic_dispatch(plan, moment(300.0, 0.30, soc=20.0), BATTERY, Connection())
    assert decision is not None
    assert decision.battery_w == pytest.approx(-5000.0)


def test_what_is_worth_hardly_more_than_its_price_is_not_bought_to_be_stored() -> None:
    """But a surplus that earns less than it is worth is stored, and so is all that is worth more than the doubt."""
    plan = night(DOUBT * 0.9, 0)
    for net_load_w, expected_w in ((300.0, 0.0), (-700.0, -700.0)):
        decision = economic_dispatch(plan, moment(net_load_w, 0.30, soc=20.0), BATTERY, Connection())
        assert decision is not None
        assert decision.battery_w == pytest.approx(expected_w)
