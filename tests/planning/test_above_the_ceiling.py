"""A battery above its window, as after an edit that lowers the ceiling: it goes on to be used, and is not sold off."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.dispatch.economic_dispatch import Decision, economic_dispatch
from agent.dispatch.moment import Moment
from agent.domain.demand_charge import DemandCharge
from agent.domain.plan import Plan
from agent.domain.request import Demand, Objective, PlanRequest
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.fallback import cost_of, rule_schedule
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.make_plan import make_plan
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from agent.planning.schedule import Schedule
from tests.planning.days import BATTERY, errors, forecasts, problem, request, value_table
from tests.planning.test_optimise import physical

SOC_PCT, CEILING_PCT = 95.0, 80.0
LOWERED = replace(BATTERY, soc_max_pct=CEILING_PCT)
EXPORT_PRICE, IMPORT_PRICE, LOAD_W = 0.05, 0.30, 1500.0
DEMAND = Demand(DemandCharge(4.0, 900))
STEPS = 48


def night(**changes: object) -> PlanRequest:
    """A day of one price that begins without sun, asked with the battery above its ceiling."""
    flat = {"import_price": (IMPORT_PRICE,) * STEPS, "export_price": (EXPORT_PRICE,) * STEPS}
    above = {"battery": LOWERED, "soc_pct": SOC_PCT, "objective": Objective(1.0, 0.0)}
    return request(**(above | flat | changes))


def planned(asked: PlanRequest, deadline_s: float = 10.0) -> Plan:
    load, sun = forecasts(asked)
    return make_plan(asked, SiteForecast(load, sun, errors(STEPS, seed=1), errors(STEPS, seed=2)), deadline_s)


def decided(asked: PlanRequest, plan: Plan, net_load_w: float, export_price: float = EXPORT_PRICE) -> Decision:
    moment = Moment(asked.now, net_load_w, SOC_PCT, IMPORT_PRICE, export_price)
    decision = economic_dispatch(plan, moment, asked.battery, asked.connection)
    assert decision is not None
    return decision


@pytest.mark.parametrize("demand", [None, DEMAND], ids=["energy alone", "demand charge"])
@pytest.mark.parametrize("deadline_s", [10.0, 1e-9], ids=["solver", "no solver"])
def test_it_serves_the_load_and_sells_nothing_below_what_it_is_worth(demand: Demand | None, deadline_s: float) -> None:
    asked = night(demand=demand)
    plan = planned(asked, deadline_s)
    assert check_plan(plan, asked) == []
    dark = [step for step in plan.steps[:6] if step.pv_w == 0.0]
    assert len(dark) >= 3
    assert max(step.export_w for step in dark) < 1.0
    assert sum(step.discharge_w for step in dark) > 0.0
    served_w = decided(asked, plan, LOAD_W).battery_w
    assert served_w == pytest.approx(LOAD_W, abs=1.0) if demand is None else 500.0 < served_w <= LOAD_W
    assert decided(asked, plan, 0.0).battery_w == pytest.approx(0.0, abs=1.0)


def test_it_charges_from_neither_sun_nor_grid_and_sells_where_that_pays() -> None:
    asked = night()
    plan = planned(asked)
    assert decided(asked, plan, -3000.0).battery_w == pytest.approx(0.0, abs=1.0)
    assert decided(asked, plan, 0.0, export_price=1.5).battery_w == pytest.approx(BATTERY.discharge_w, abs=1.0)


def test_more_energy_is_worth_above_the_ceiling_what_it_is_worth_at_it() -> None:
    site = problem(1, battery=LOWERED)
    table = value_table(site.terms, (site.load_w - site.pv_w)[None, :], site.pv_w[None, :])
    assert table.soc_pct[-2:] == pytest.approx((CEILING_PCT, 100.0))
    slopes = np.diff(np.array(table.value), axis=1) / np.diff(np.array(table.soc_pct))
    assert slopes[:, -1] == pytest.approx(slopes[:, -2])
    assert slopes[:, -1].min() > 0.0


def nothing_is_charged_above(site: Problem, schedule: Schedule) -> bool:
    """Neither at once nor after the battery has come down."""
    stored_wh = np.concatenate([[site.soc_wh], schedule.soc_wh])
    ceiling_wh = 1000.0 * site.terms.ceiling_kwh
    charges = schedule.charge_w > 0.01
    return (
        bool((stored_wh[1:] <= np.maximum(stored_wh[:-1], ceiling_wh) + 0.1).all())
        and not (charges & (stored_wh[:-1] > ceiling_wh + 0.1)).any()
    )


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    soc_pct=st.floats(80.1, 100.0),
    price=st.floats(-0.1, 0.5),
    export=st.floats(-0.1, 0.4),
    feeds_grid=st.booleans(),
)
def test_any_start_above_is_brought_down_by_use_alone(
    seed: int, soc_pct: float, price: float, export: float, feeds_grid: bool
) -> None:
    battery = replace(LOWERED, feeds_grid=feeds_grid)
    site = problem(seed, 24, soc_pct=soc_pct, battery=battery, import_price=price, export_price=export)
    solved, passed = solve_schedule(site, 10.0), forward_pass_alone(site, "")
    for schedule in (solved, passed):
        physical(site, schedule)
        assert nothing_is_charged_above(site, schedule)
    by_rule = rule_schedule(site, np.array([0.0, 1.0]), np.zeros((25, 2)))
    assert cost_of(site, solved) <= cost_of(site, by_rule) + 0.005


@pytest.mark.parametrize("seed", range(4))
def test_the_table_earns_nearly_what_the_solver_does_from_above(seed: int) -> None:
    site = problem(seed, soc_pct=SOC_PCT, battery=LOWERED, import_price=0.3)
    solved, passed = solve_schedule(site, 10.0), forward_pass_alone(site, "")
    best = cost_of(site, solved)
    assert best - 1e-3 <= cost_of(site, passed) <= best + 0.03 * abs(best)


def test_a_plan_that_charges_above_the_ceiling_is_refused() -> None:
    """Not even back to where the battery stood."""
    asked = night(soc_pct=100.0)
    plan = planned(asked)
    step, before_pct = plan.steps[1], plan.steps[0].soc_pct
    assert CEILING_PCT < before_pct < 100.0
    charge_w = 300.0
    soc_pct = before_pct + 100.0 * charge_w * BATTERY.charge_efficiency / BATTERY.usable_wh
    import_w = step.load_w - step.pv_w + charge_w
    charging = replace(step, charge_w=charge_w, discharge_w=0.0, import_w=import_w, soc_pct=soc_pct)
    wrong = check_plan(replace(plan, steps=(plan.steps[0], charging, *plan.steps[2:])), asked)
    assert any(f"outside {BATTERY.floor_pct:.1f}..{before_pct:.1f} %" in said for said in wrong)
