"""Wear by power and by depth: its law, the programme, the table and the forward pass."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.battery import Battery, soc_after
from agent.domain.battery_wear import wear, wear_per_kwh
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.battery_wear import further_wear
from agent.planning.check import check_plan
from agent.planning.fallback import cost_of
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.make_plan import make_plan
from agent.planning.optimise import solve_schedule
from agent.planning.peak_levels import ladder_of
from agent.planning.peak_table import NetPaths, backward_by_level
from agent.planning.planning_terms import Problem
from agent.planning.schedule import Schedule
from agent.planning.value_table import backward_by_path
from tests.planning.days import BATTERY, errors, forecasts, problem, request, value_table
from tests.planning.test_optimise import physical
from tests.planning.test_peak_table import a_peak, through

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
@pytest.mark.parametrize("export_price", [0.05, 0.2])
def test_one_known_path_is_worth_what_the_programme_says(battery: Battery, seed: int, export_price: float) -> None:
    """Of a battery with a window, in which depth is not convex, and at export prices above import prices.

    The neighbours' tolerance: .1 % on a grid of 481 points; what the battery saves is most of it.
    """
    site = problem(seed, battery=battery, import_price=0.3, export_price=export_price, terminal=0.0)
    schedule = solve_schedule(site, 20.0)
    if battery.loss_above_half == 0.0:
        physical(site, schedule)
    assert cost_of(site, schedule) == pytest.approx(schedule.objective, abs=1e-4)
    net, sun = (site.load_w - site.pv_w)[None, :], site.pv_w[None, :]
    grid, value = backward_by_path(site.terms, net, sun, 481)
    assert -np.interp(site.soc_wh / 1000.0, grid, value[0, 0]) == pytest.approx(schedule.objective, rel=1e-3)


def test_a_cycle_below_the_border_is_paid_each_time() -> None:
    """Charged for .05 and used for .30 twice below 40 %: a programme that holds the energy above it would pay once."""
    site = problem(0, 4, battery=replace(DEEP, charge_w=1_000, discharge_w=1_000), soc_pct=30.0, terminal=0.0)
    terms = replace(site.terms, import_price=np.array([0.3, 0.01, 0.3, 0.3]), export_price=np.full(4, 0.0))
    site = Problem(terms, site.soc_wh, np.full(4, 1_000.0), np.zeros(4))
    schedule = solve_schedule(site, 5.0)
    stored_kwh = schedule.soc_wh / 1000.0
    discharge_kw = schedule.discharge_w / 1000.0
    assert discharge_kw.tolist() == pytest.approx([1.0, 0.0, 1.0, 0.775], abs=0.2)
    paid = float(terms.import_price @ schedule.import_w) / 1000.0 + 0.01 * discharge_kw.sum()
    deep_kwh = discharge_kw.sum() / BATTERY.discharge_efficiency
    assert schedule.objective == pytest.approx(paid + 0.08 * deep_kwh, abs=1e-6)
    assert further_wear(DEEP, discharge_kw, 3.0, stored_kwh, 1.0) == pytest.approx(0.08 * deep_kwh, abs=1e-6)


def test_the_table_of_the_months_peak_knows_power() -> None:
    """Within the tolerance of its own test."""
    peak = a_peak(12, 0.3, 5.0)
    plain = problem(1, 12, battery=replace(BATTERY, discharge_w=800.0))
    worths = []
    for by_power in (0.0, 0.2):
        battery = replace(plain.terms.battery, wear_above_half_per_kwh=by_power)
        site = replace(plain, terms=replace(plain.terms, battery=battery, peak=peak))
        best = solve_schedule(site, 10.0)
        net_w, pv_w = (site.load_w - site.pv_w)[None], site.pv_w[None]
        ladder = through(ladder_of(peak, net_w, 1.0, 120), peak, float(best.import_w.max()) / 1000.0)
        found = backward_by_level(site.terms, ladder, NetPaths.of(site.terms, net_w, pv_w), 1, 961)
        worths.append(float(np.interp(site.soc_wh / 1000.0, found.soc_kwh, found.rows[0])))
        assert -worths[-1] == pytest.approx(best.objective, rel=2e-3)
    assert worths[1] < worths[0] - 0.01


def deep_kwh(schedule: Schedule, start_kwh: float) -> float:
    path = np.minimum(np.concatenate([[start_kwh], schedule.soc_wh / 1000.0]), 4.0)
    return float(np.maximum(-np.diff(path), 0.0).sum())


def test_what_wears_more_is_used_less() -> None:
    dear = replace(DEEP, deep_wear_per_kwh=0.2)
    plain, worn, deep = (
        [solve_schedule(problem(seed, battery=one), 10.0) for seed in range(4)] for one in (BATTERY, BY_POWER, dear)
    )
    above_w = [sum(np.maximum(one.discharge_w - 2_000.0, 0.0).sum() for one in every) for every in (plain, worn)]
    assert above_w[1] < 0.8 * above_w[0]
    assert sum(deep_kwh(one, 4.0) for one in deep) < 0.8 * sum(deep_kwh(one, 4.0) for one in plain)


@EVERY
@pytest.mark.parametrize("seed", range(2))
def test_walk_is_near_the_best(battery: Battery, seed: int) -> None:
    site = problem(seed, 24, battery=battery)
    passed, best = forward_pass_alone(site, ""), solve_schedule(site, 10.0).objective
    assert passed.objective == pytest.approx(cost_of(site, passed), abs=1e-6)
    assert best - 1e-3 <= passed.objective <= best + 0.01 * abs(best) + 0.002


@EVERY
def test_its_plan_is_good(battery: Battery) -> None:
    asked = request(battery=battery)
    plan = make_plan(asked, SiteForecast(*forecasts(asked), errors(48), errors(48, seed=3)), 10.0)
    assert check_plan(plan, asked) == []


def test_energy_below_the_border_is_worth_what_putting_it_back_costs() -> None:
    """A flat price and no sun: the table falls by the wear of depth at its border, and not before it."""
    site = problem(0, 12, battery=DEEP, terminal=0.25)
    site = Problem(replace(site.terms, import_price=np.full(12, 0.3)), site.soc_wh, np.full(12, 100.0), np.zeros(12))
    table = value_table(site.terms, site.load_w[None, :], site.pv_w[None, :])
    slopes = np.diff(table.value[-1]) / np.diff(table.soc_pct) * 10.0
    middle = (np.array(table.soc_pct[1:]) + np.array(table.soc_pct[:-1])) / 2.0
    assert slopes[(middle > 12) & (middle < 38)] == pytest.approx(0.25 + 0.08)
    assert slopes[(middle > 42) & (middle < 93)] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"wear_above_half_per_kwh": -0.1}, "by power and by depth must not be negative"),
        ({"deep_wear_per_kwh": -0.1}, "by power and by depth must not be negative"),
        ({"deep_below_pct": 140.0}, "begins at 140.0 %"),
        ({"deep_wear_per_kwh": float("nan")}, "not a number"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        problem(0, battery=replace(BATTERY, **changes))
