"""A battery whose device discharges for the load alone is never planned, steered or granted into the grid."""

from dataclasses import replace

import numpy as np
import pytest

from agent.dispatch.guard import Limits, guard
from agent.domain.battery import Battery
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import Connection, Measured, SiteState
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.make_plan import make_plan
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from agent.planning.schedule import Schedule
from tests.planning.days import BATTERY, NOW, errors, forecasts, problem, request

FOLLOWS = replace(BATTERY, feeds_grid=False)
SMALL_W = 1.0


def dear_export(battery: Battery, seed: int) -> Problem:
    """A site where feeding in is worth more than anything else, and the battery is full."""
    return problem(seed, 24, battery=battery, export_price=0.9, soc_pct=90.0)


def fed_from_battery_w(site: Problem, schedule: Schedule) -> float:
    """The most that flows from the battery into the grid, W."""
    beyond = schedule.discharge_w - np.maximum(0.0, site.load_w - site.pv_w)
    return float(beyond.max())


@pytest.mark.parametrize("seed", range(4))
def test_the_programme_and_the_table_leave_the_grid_alone(seed: int) -> None:
    for solve in (lambda site: solve_schedule(site, 10.0), lambda site: forward_pass_alone(site, "table")):
        free, bound = dear_export(BATTERY, seed), dear_export(FOLLOWS, seed)
        assert fed_from_battery_w(free, solve(free)) > 1000.0, "else the case shows nothing"
        assert fed_from_battery_w(bound, solve(bound)) <= SMALL_W


def test_a_plan_of_it_passes_the_check_and_one_that_feeds_in_does_not() -> None:
    asked = request(steps=24, battery=FOLLOWS, soc_pct=90.0, export_price=(0.9,) * 24)
    free = replace(asked, battery=BATTERY)
    load, pv = forecasts(asked)
    spread = errors(24)
    assert check_plan(make_plan(asked, SiteForecast(load, pv, spread, spread), 10.0), asked) == []
    wrong = check_plan(make_plan(free, SiteForecast(load, pv, spread, spread), 10.0), asked)
    assert any("feeds the grid" in sentence for sentence in wrong)


@pytest.mark.parametrize(("grid_w", "granted_w"), [(2000.0, 2000.0), (0.0, 0.0), (-1500.0, 0.0), (9000.0, 5000.0)])
def test_the_guard_cuts_at_the_load(grid_w: float, granted_w: float) -> None:
    state = SiteState(NOW, Measured(grid_w), Measured(0.0), Measured(0.0), Measured(grid_w), Measured(80.0))
    battery = Battery(10_000.0, 5000.0, 5000.0, feeds_grid=False)
    wanted = Setpoint(NOW, 5000.0, 60.0, Rung.PLAN, "a reason")
    granted = guard(wanted, state, Limits(battery, Connection()), 1.0, None)
    assert granted.battery_w == pytest.approx(granted_w)
    assert ("a battery that serves the load alone binds" in granted.reason) is (granted_w < 5000.0)
