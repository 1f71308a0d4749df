"""At the deadline the plan is never worse, on its own forecast, than the rule that needs no plan."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.demand_charge import DemandCharge
from agent.domain.plan import Plan
from agent.domain.request import Demand, Objective, PlanRequest
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.fallback import cost_of, rule_schedule, without_solver
from agent.planning.make_plan import make_plan, terms_of
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import PlanningTerms, Problem
from agent.planning.rules import self_consumption_w
from agent.planning.value_table import soc_grid_kwh
from tests.planning.days import BATTERY, errors, forecasts, peak_of, problem, request
from tests.planning.test_optimise import physical

RULE_NOTE = "The schedule is that of the self-consumption rule"


def cost_by_rule(asked: PlanRequest, plan: Plan) -> float:
    """What the rule would pay for the steps of ``plan``, played here by itself; it sells all surplus."""
    battery, hours = asked.battery, asked.horizon.step_h
    soc_pct, money = asked.soc_pct, 0.0
    for step in plan.steps:
        power_w = self_consumption_w(step.load_w - step.pv_w, soc_pct, battery, hours)
        stored_w = -power_w / battery.discharge_efficiency if power_w > 0 else -power_w * battery.charge_efficiency
        soc_pct += 100.0 * stored_w * hours / battery.usable_wh
        grid_w = step.load_w - step.pv_w - power_w
        price = step.import_price if grid_w > 0 else step.export_price
        money += (price * grid_w + battery.wear_per_kwh * max(0.0, power_w)) * hours / 1000.0
    return money - terms_of(asked).terminal_per_kwh * battery.stored_wh(soc_pct - asked.soc_pct) / 1000.0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    soc_pct=st.floats(10.0, 95.0),
    price=st.floats(0.0, 0.6),
    export=st.floats(0.0, 0.3),
    bias_w=st.sampled_from([-4000.0, 0.0, 4000.0]),
)
def test_with_no_time_at_all_it_costs_no_more_than_the_rule(
    seed: int, soc_pct: float, price: float, export: float, bias_w: float
) -> None:
    """Errors of the past far from this forecast make a table that misleads: then the rule's schedule is taken."""
    steps = 24
    site = problem(seed, steps, import_price=price)
    prices = tuple(np.maximum(site.terms.import_price, 0.0).tolist())
    asked = request(seed, steps, soc_pct=soc_pct, import_price=prices, export_price=(export,) * steps,
                    connection=Connection(), objective=Objective(1.0, 0.0))  # fmt: skip
    load, sun = forecasts(asked, seed)
    bent = errors(steps, 5, seed=seed) + bias_w
    plan = make_plan(asked, SiteForecast(load, sun, bent, -bent), 1e-9)
    assert check_plan(plan, asked) == []
    assert plan.cost <= cost_by_rule(asked, plan) + 1e-3


def test_a_table_that_misleads_is_left_for_the_rule_and_that_is_said() -> None:
    site = problem(3, 24)
    grid = soc_grid_kwh(site.terms)
    hoard = np.tile(5.0 * grid, (25, 1))  # as if a stored kWh were worth 5 at all times, which nobody pays
    found = without_solver(site, grid, hoard, "there was no time")
    physical(site, found)
    assert found.notes[0] == "The schedule follows the value table, because there was no time."
    assert found.notes[1].startswith(RULE_NOTE)
    assert cost_of(site, found) == pytest.approx(cost_of(site, rule_schedule(site, grid, hoard)))


@pytest.mark.parametrize("connection", [Connection(), Connection(2500.0, 1200.0)])
@pytest.mark.parametrize("seed", range(3))
def test_costs_are_counted_as_the_programme_counts_them(seed: int, connection: Connection) -> None:
    site = problem(seed, 24, connection=connection, soc_pct=30.0)
    best = solve_schedule(site, 10.0)
    assert cost_of(site, best) == pytest.approx(best.objective, abs=1e-3)
    rule = rule_schedule(site, soc_grid_kwh(site.terms), np.zeros((25, 61)))
    physical(site, rule)
    assert cost_of(site, rule) >= best.objective - 1e-3


@pytest.mark.parametrize("step_h", [0.25, 1.0])
def test_a_battery_below_its_floor_costs_what_the_programme_counts(step_h: float) -> None:
    site = problem(1, 24, step_h, 3.0, replace(BATTERY, charge_w=100.0))
    best = solve_schedule(site, 10.0)
    assert best.soc_wh[0] < 1000.0 * site.terms.floor_kwh[0]
    assert cost_of(site, best) == pytest.approx(best.objective, abs=1e-6)


@pytest.mark.parametrize(("load_w", "sun_w", "over_kw"), [(2500.0, 0.0, 1.5), (500.0, 3000.0, 0.0)])
def test_what_is_imported_above_the_limit_costs_more_than_any_price(
    load_w: float, sun_w: float, over_kw: float
) -> None:
    """By hand, half an hour without a battery; sun above the limit is curtailed and costs nothing."""
    battery = replace(BATTERY, charge_w=0.0, discharge_w=0.0)
    terms = PlanningTerms(0.5, battery, Connection(1000.0, 1000.0), np.full(1, 0.2), np.full(1, 0.05), 0.0)
    site = Problem(terms, 5000.0, np.array([load_w]), np.array([sun_w]))
    rule = rule_schedule(site, soc_grid_kwh(terms), np.zeros((2, 61)))
    energy = 0.5 * (0.2 * 2.5 if over_kw else -0.05 * 1.0)
    assert cost_of(site, rule) == pytest.approx(energy + 0.5 * 100.0 * terms.top_price * over_kw)


def test_a_peak_is_counted_once_a_month() -> None:
    """By hand: 3 kW over a threshold of 1 kW for two intervals of the same month cost 2 kW x 15."""
    charge = DemandCharge(15.0, 3600)
    asked = request(1, 4, demand=Demand(charge, 1000.0), battery=replace(BATTERY, charge_w=0.0, discharge_w=0.0))
    terms = terms_of(asked)
    peak = peak_of(asked, np.empty(0), np.full(4, 1000.0))
    terms = replace(terms, peak=replace(peak, threshold_kw=np.ones(4)), import_price=np.zeros(4), terminal_per_kwh=0.0)
    site = Problem(terms, 5000.0, np.array([500.0, 3000.0, 3000.0, 1000.0]), np.zeros(4))
    rule = rule_schedule(site, soc_grid_kwh(terms), np.zeros((5, 61)))
    assert cost_of(site, rule) == pytest.approx(30.0)


@pytest.mark.parametrize("price", [-0.5, 2.8])
@pytest.mark.parametrize("deadline_s", [10.0, 1e-9])
def test_prices_far_from_the_usual_make_sound_plans(price: float, deadline_s: float) -> None:
    """Ten times the usual, and minus a half: charge and curtail where it pays, and never both ways at once."""
    steps = 24
    prices = tuple(price if 2 <= step < 6 or 12 <= step < 14 else 0.28 for step in range(steps))
    asked = request(2, steps, import_price=prices, export_price=(0.05,) * steps, soc_pct=50.0,
                    objective=Objective(1.0, 0.0))  # fmt: skip
    load, sun = forecasts(asked, 2)
    plan = make_plan(asked, SiteForecast(load, sun), deadline_s)
    assert check_plan(plan, asked) == []
    odd = [step for step, paid in zip(plan.steps, prices, strict=True) if paid == price]
    for step in plan.steps:
        assert min(step.import_w, step.export_w) < 1.0
        assert min(step.charge_w, step.discharge_w) < 1.0
    if price < 0.0:
        assert sum(step.charge_w for step in odd) > 3000.0
        assert plan.steps[5].soc_pct > 90.0, "full when the gift ends"
        assert sum(step.curtail_w for step in odd) > 0.9 * sum(step.pv_w for step in odd) > 1000.0
    else:
        assert max(step.charge_w for step in odd[:4]) < 1.0
        assert sum(step.import_w for step in odd) < 0.2 * sum(step.load_w for step in odd)
