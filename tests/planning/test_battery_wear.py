"""Wear by power and by depth: its law, the programme, the table and the forward pass."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from agent.domain.battery import Battery, soc_after
from agent.domain.battery_wear import wear, wear_per_kwh
from agent.planning.battery_wear import further_wear
from agent.planning.check import check_plan
from agent.planning.fallback import cost_of
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.make_plan import make_plan
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from agent.planning.schedule import Schedule
from agent.planning.value_table import backward_by_path
from tests.planning.days import BATTERY, errors, forecasts, problem, request
from tests.planning.test_optimise import physical

BY_POWER = replace(BATTERY, wear_above_half_per_kwh=0.06)
DEEP = replace(BATTERY, deep_wear_per_kwh=0.08, deep_below_pct=40.0)
BOTH = replace(DEEP, wear_above_half_per_kwh=0.06, loss_above_half=0.1)
EVERY = pytest.mark.parametrize("battery", [BY_POWER, DEEP, BOTH], ids=["power", "depth", "both"])


def test_by_hand() -> None:
    battery = Battery(
        10_000, 5_000, 4_000, 0.9, 0.8, wear_per_kwh=0.01, wear_above_half_per_kwh=0.1, deep_wear_per_kwh=0.2,
        deep_below_pct=30.0,
    )  # fmt: skip
    assert wear(battery, -5_000, 10.0, 1.0) == 0.0
    assert wear(battery, 2_000, 80.0, 1.0) == pytest.approx(0.02)
    assert wear(battery, 3_000, 80.0, 1.0) == pytest.approx(0.03 + 0.1)
    assert wear(battery, 1_600, 40.0, 1.0) == pytest.approx(0.016 + 0.2), "2 kWh are taken, one of them below 30 %"
    assert wear(battery, 1_600, 25.0, 1.0) == pytest.approx(0.016 + 0.4)
    assert (wear_per_kwh(battery, 2_000), wear_per_kwh(battery, 2_001)) == (0.01, pytest.approx(0.11))


@given(st.lists(st.floats(-5_000, 4_000), min_size=1, max_size=12), st.floats(30, 60))
def test_the_twin_for_arrays_says_the_same(powers_w: list[float], start_pct: float) -> None:
    socs, money = [start_pct], 0.0
    for power_w in powers_w:
        money += wear(BOTH, power_w, socs[-1], 0.25)
        socs.append(soc_after(BOTH, socs[-1], power_w, 0.25))
    kwh = np.array([BOTH.stored_wh(soc) for soc in socs]) / 1000.0
    discharge_kw = np.maximum(np.array(powers_w), 0.0) / 1000.0
    plain = BOTH.wear_per_kwh * discharge_kw.sum() * 0.25
    assert plain + further_wear(BOTH, discharge_kw, kwh[0], kwh[1:], 0.25) == pytest.approx(money, abs=1e-9)


@EVERY
@pytest.mark.parametrize("seed", range(4))
def test_one_known_path_is_worth_what_the_programme_says(battery: Battery, seed: int) -> None:
    """The neighbours' tolerance: .1 % on a grid of 481 points."""
    site = problem(seed, battery=battery, import_price=0.3, export_price=0.05, terminal=0.0)
    schedule = solve_schedule(site, 20.0)
    physical(site, replace(schedule, soc_wh=schedule.soc_wh)) if not battery.loss_above_half else None
    assert cost_of(site, schedule) == pytest.approx(schedule.objective, abs=1e-4)
    net, sun = (site.load_w - site.pv_w)[None, :], site.pv_w[None, :]
    grid, value = backward_by_path(site.terms, net, sun, 481)
    assert -np.interp(site.soc_wh / 1000.0, grid, value[0, 0]) == pytest.approx(schedule.objective, rel=1e-3)
