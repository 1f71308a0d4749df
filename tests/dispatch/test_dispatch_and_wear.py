"""Wear by power and by depth in the fast loop: no power of a fine grid is cheaper, and the table can be followed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.dispatch.steady_power import NOISE
from agent.domain.battery import Battery, soc_after
from agent.domain.battery_wear import deep_between, wear
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan, ValueTable
from agent.domain.site import Connection
from agent.planning.optimise import solve_schedule
from tests.dispatch.test_economic_dispatch import START, doubted, moment, plan_with
from tests.planning.days import problem, value_table

PLAIN = Battery(10_000, 5000, 4000, 0.95, 0.9, soc_min_pct=10, soc_max_pct=90, wear_per_kwh=0.01)
BY_POWER = replace(PLAIN, wear_above_half_per_kwh=0.07)
DEEP = replace(PLAIN, deep_wear_per_kwh=0.09, deep_below_pct=43.0)
BOTH = replace(BY_POWER, deep_wear_per_kwh=0.09, deep_below_pct=43.0)
EVERY = st.sampled_from([BY_POWER, DEEP, BOTH, replace(BOTH, loss_above_half=0.1)])
GRID = tuple(5.0 * k for k in range(21))
LOOK_H = 0.25


def bent(slopes: list[float]) -> ValueTable:
    worth = [0.0]
    for slope in sorted(slopes, reverse=True):
        worth.append(worth[-1] + slope * 0.5)  # 5 % of 10 kWh
    return ValueTable(GRID, (tuple(worth),) * 4)


def costs(battery: Battery, now: Moment, table: ValueTable, powers_w: np.ndarray) -> np.ndarray:
    """What each power costs until the step ends, by the law: all wear and doubt, less what stored energy is worth then.

    The table counts depth when energy is put back: it lacks what is missing below the SoC.
    """

    def cost(watts: float) -> float:
        grid_w = now.net_load_w - watts
        paid = grid_w * (now.import_price if grid_w > 0 else now.export_price) * LOOK_H / 1000.0
        paid += doubted(now, watts, LOOK_H)
        after = soc_after(battery, now.soc_pct, watts, LOOK_H)
        left = float(np.interp(after, table.soc_pct, table.value[0])) + deep_between(battery, after, 100.0)
        return paid + wear(battery, watts, now.soc_pct, LOOK_H) - left

    return np.array([cost(watts) for watts in powers_w.tolist()])


def possible(battery: Battery, soc_pct: float, many: int = 181) -> np.ndarray:
    powers = np.linspace(-battery.charge_w, battery.discharge_w, many)
    after = np.array([soc_after(battery, soc_pct, watts, LOOK_H) for watts in powers.tolist()])
    return powers[(after >= battery.soc_min_pct) & (after <= battery.soc_max_pct)]


@given(
    battery=EVERY,
    slopes=st.lists(st.floats(-0.05, 0.6), min_size=20, max_size=20),
    net=st.floats(-9000, 9000),
    price=st.floats(-0.1, 0.6),
    sell=st.floats(-0.1, 0.5),
    soc=st.floats(10, 90),
)
@example(DEEP, [0.4] * 8 + [0.3] * 12, 500.0, 0.28, 0.0, 38.0)
@example(BY_POWER, [0.2] * 20, 4000.0, 0.28, 0.0, 60.0)
def test_no_power_is_cheaper(
    battery: Battery, slopes: list[float], net: float, price: float, sell: float, soc: float
) -> None:
    plan, now = replace(plan_with(0.0), values=bent(slopes)), moment(net, price, min(sell, price), soc)
    decision = economic_dispatch(plan, now, battery, Connection())
    assert decision is not None
    least = costs(battery, now, plan.values, possible(battery, soc)).min()
    assert costs(battery, now, plan.values, np.array([decision.battery_w]))[0] <= least + 2e-6


@given(
    battery=EVERY,
    slopes=st.lists(st.floats(0.0, 0.6), min_size=20, max_size=20),
    net=st.floats(0, 5000),
    price=st.floats(0.05, 0.5),
    soc=st.floats(10, 90),
)
def test_the_steady_power_costs_no_more_than_the_noise(
    battery: Battery, slopes: list[float], net: float, price: float, soc: float
) -> None:
    plan, now = replace(plan_with(0.0), values=bent(slopes)), moment(net, price, 0.0, soc)
    best = economic_dispatch(plan, now, battery, Connection())
    steady = economic_dispatch(
        replace(plan, values=replace(plan.values, price_until=(3, 3, 3, 3))), now, battery, Connection()
    )
    assert best is not None
    assert steady is not None
    cheapest, taken = costs(battery, now, plan.values, np.array([best.battery_w, steady.battery_w]))
    noise = NOISE * price * LOOK_H * abs(best.battery_w - steady.battery_w) / 1000.0
    assert taken <= cheapest + noise + 2e-6


def test_a_bend_at_half_power_is_found() -> None:
    """A load of 4 kW at .28: the half at .19 + .01 by the kWh pays, the other half at .07 more does not."""
    now = moment(4000.0, 0.28, soc=60.0)
    for battery, expected in ((PLAIN, 4000.0), (BY_POWER, 2000.0)):
        decision = economic_dispatch(plan_with(0.2), now, battery, Connection())
        assert decision is not None
        assert decision.battery_w == pytest.approx(expected, abs=1.0)


def followed(plan: Plan, site_battery: Battery, seed: int, battery: Battery) -> float:
    """What a day of an hour's steps costs by the law of ``site_battery``, steered with ``battery``."""
    site = problem(seed, battery=site_battery, import_price=0.3, terminal=0.15)
    soc, money = 40.0, 0.0
    for step in range(site.terms.steps):
        net_w = float(site.load_w[step] - site.pv_w[step])
        price, sold = float(site.terms.import_price[step]), float(site.terms.export_price[step])
        at = plan.horizon.start + timedelta(hours=step)
        decision = economic_dispatch(plan, Moment(at, net_w, soc, price, sold), battery, Connection())
        assert decision is not None
        grid_kwh = (net_w - decision.battery_w) / 1000.0
        money += grid_kwh * (price if grid_kwh > 0 else sold) + wear(site_battery, decision.battery_w, soc, 1.0)
        soc = soc_after(site_battery, soc, decision.battery_w, 1.0)
    return money - 0.15 * site_battery.stored_wh(soc) / 1000.0


@pytest.mark.parametrize("seed", range(3))
def test_who_follows_the_table_pays_what_the_programme_says(seed: int) -> None:
    """Dents of the value are filled in the table; of the saving of two known days that costs less than .6 %."""
    site = problem(seed, battery=BOTH, import_price=0.3, terminal=0.15)
    net_w = site.load_w - site.pv_w
    table = value_table(site.terms, net_w[None, :], site.pv_w[None, :])
    plan = replace(plan_with(0.0), horizon=Horizon(START, 3600, site.terms.steps), values=table)
    bought, sold = np.maximum(net_w, 0.0), np.maximum(-net_w, 0.0)
    idle = float(bought @ site.terms.import_price - sold @ site.terms.export_price - 0.15 * site.soc_wh) / 1000.0
    best = solve_schedule(site, 10.0).objective
    assert (idle - followed(plan, BOTH, seed, BOTH)) / (idle - best) > 0.994
