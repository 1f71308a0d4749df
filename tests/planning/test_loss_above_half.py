"""A battery that loses more at high power: in the programme, in the table, in the plan and in the fast loop."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.domain.battery import soc_after
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.battery_arrays import stored_changes
from agent.planning.check import check_plan
from agent.planning.make_plan import make_plan
from agent.planning.optimise import solve_schedule
from agent.planning.value_table import backward_by_path
from tests.dispatch.test_economic_dispatch import doubted
from tests.planning.days import BATTERY, forecasts, problem, request


@pytest.mark.parametrize("seed", range(6))
def test_a_battery_that_loses_more_at_full_power(seed: int) -> None:
    """The programme keeps the law, comes to the table's optimum, and uses high powers less."""
    plain = problem(seed)
    lossy = replace(plain.terms.battery, loss_above_half=0.15)
    asked = replace(plain, terms=replace(plain.terms, battery=lossy))
    found, before = solve_schedule(asked, 10.0), solve_schedule(plain, 10.0)
    powers = found.discharge_w - found.charge_w
    changes = stored_changes(lossy, powers, asked.terms.step_h)
    assert asked.soc_wh + np.cumsum(changes) == pytest.approx(found.soc_wh, abs=1.0)
    assert found.objective >= before.objective - 1e-6
    half_w = lossy.charge_w / 2.0
    assert (found.charge_w > half_w + 1.0).sum() <= (before.charge_w > half_w + 1.0).sum()
    net, sun = (asked.load_w - asked.pv_w)[None, :], asked.pv_w[None, :]
    grid, value = backward_by_path(asked.terms, net, sun, 481)
    best = -float(np.interp(asked.soc_wh / 1000.0, grid, value[0, 0]))
    assert found.objective == pytest.approx(best, abs=0.005 * abs(best) + 0.005)


def test_where_energy_is_a_burden_the_schedule_follows_the_table() -> None:
    """At negative prices the programme would waste energy above half power that no battery wastes."""
    plain = problem(2, import_price=-0.05)
    lossy = replace(plain.terms.battery, loss_above_half=0.2)
    asked = replace(plain, terms=replace(plain.terms, battery=lossy, terminal_per_kwh=0.0))
    found = solve_schedule(asked, 10.0)
    assert any("more energy than the battery can" in note for note in found.notes)
    changes = stored_changes(lossy, found.discharge_w - found.charge_w, asked.terms.step_h)
    assert asked.soc_wh + np.cumsum(changes) == pytest.approx(found.soc_wh, abs=1.0)


@given(net=st.floats(-6000, 8000), soc=st.floats(20, 80), other=st.floats(-5000, 5000), minute=st.integers(0, 600))
def test_a_plan_holds_and_no_other_power_is_cheaper(net: float, soc: float, other: float, minute: int) -> None:
    lossy = replace(BATTERY, loss_above_half=0.1)
    plan = PLAN
    now = plan.horizon.start + timedelta(minutes=minute)
    index = plan.horizon.index_of(now)
    assert index is not None
    values = replace(plan.values, by_net_load=(), price_until=())
    price, sold = plan.steps[index].import_price, plan.steps[index].export_price
    moment = Moment(now, net, soc, price, min(sold, price))
    decision = economic_dispatch(replace(plan, values=values), moment, lossy, Connection())
    assert decision is not None
    look_h = 1.0 - minute % 60 / 60.0

    def money(watts: float) -> float:
        grid_w = net - watts
        paid = grid_w * (price if grid_w > 0 else moment.export_price) * look_h / 1000.0
        paid += doubted(moment, watts, look_h)
        worn = max(watts, 0.0) * lossy.wear_per_kwh * look_h / 1000.0
        return paid + worn - float(np.interp(soc_after(lossy, soc, watts, look_h), values.soc_pct, values.value[index]))

    reached = soc_after(lossy, soc, other, look_h)
    if lossy.floor_pct <= reached <= lossy.soc_max_pct and -lossy.charge_w <= other <= lossy.discharge_w:
        assert money(decision.battery_w) <= money(other) + 2e-6


ASKED = request(battery=replace(BATTERY, loss_above_half=0.1))
PLAN = make_plan(ASKED, SiteForecast(*forecasts(ASKED)), 10.0)


def test_its_plan_is_good() -> None:
    assert check_plan(PLAN, ASKED) == []
