"""The month's peak as a second state: beside the linear programme, beside brute force, and in the fast loop."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.domain.battery import Battery, soc_after
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.request import Demand
from agent.domain.site import Connection
from agent.domain.tariff import TimeOfUse, Window
from agent.domain.wire import from_json, to_json
from agent.forecasting.site_forecast import SiteForecast
from agent.planning import peak_table
from agent.planning.check import check_plan
from agent.planning.demand import peaks_of
from agent.planning.held_peaks import lowest_peak_w
from agent.planning.make_plan import make_plan, terms_of
from agent.planning.optimise import solve_schedule
from agent.planning.peak import Peak
from agent.planning.peak_levels import Ladder, ladder_of
from agent.planning.peak_table import NetPaths, backward_by_level
from agent.planning.planning_terms import PlanningTerms, Problem
from agent.planning.scenarios import Paths
from agent.planning.stored_value import stored_value
from tests.planning.days import BATTERY, NOW, errors, forecasts, peak_of, problem, request

LOSSLESS = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0, soc_max_pct=100)


def a_peak(steps: int, threshold_kw: float, per_kw: float, step_h: float = 1.0) -> Peak:
    none = np.zeros(steps, dtype=np.int64)
    return Peak(np.full(steps, threshold_kw), np.full(steps, per_kw), step_h, np.arange(steps), none)


def through(ladder: Ladder, peak: Peak, level_kw: float) -> Ladder:
    """The same ladder with one level more, since what lies between two of them is paid as the higher one."""
    levels = np.sort(np.append(ladder.levels_kw[0], level_kw))
    steps = len(ladder.per_kw)
    end_cost = {steps - 1: float(peak.per_kw.max()) * (levels - levels[0])}
    return replace(ladder, levels_kw=np.tile(levels, (steps, 1)), end_cost=end_cost)


@pytest.mark.parametrize("seed", range(3))
def test_with_one_path_it_is_the_linear_programme(seed: int) -> None:
    """On a fine grid; the optimum runs along the edge of what a level allows, where a coarse one loses most."""
    site, peak = problem(seed, 12), a_peak(12, 0.3, 5.0)
    site = replace(site, terms=replace(site.terms, peak=peak))
    best = solve_schedule(site, 10.0)
    net_w, pv_w = (site.load_w - site.pv_w)[None], site.pv_w[None]
    ladder = through(ladder_of(peak, net_w, 1.0, 120), peak, float(best.import_w.max()) / 1000.0)
    found = backward_by_level(site.terms, ladder, NetPaths.of(site.terms, net_w, pv_w), 1, 961)
    value = float(np.interp(site.soc_wh / 1000.0, found.soc_kwh, found.rows[0]))
    assert -value == pytest.approx(best.objective, rel=2e-3)
    assert -value > best.objective - 1e-6  # nothing is cheaper than the best


def test_with_several_paths_it_is_what_trying_everything_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hours, two equally likely paths that are changed with every step, full grid steps and two levels."""
    monkeypatch.setattr(
        peak_table, "filled_dents", lambda value: value
    )  # what is tried here pays the higher level in full
    terms = PlanningTerms(1.0, LOSSLESS, Connection(), np.array([0.1, 0.3, 0.2]), np.zeros(3), 0.0, False)
    net_kw = np.array([[1.0, 3.0], [2.0, 6.0], [4.0, 5.0]])
    peak = a_peak(3, 2.0, 1.0)
    ladder = ladder_of(peak, 1000.0 * net_kw.T, 1.0, 2)  # 2 and 6 kW
    mixed = NetPaths(net_kw, np.zeros_like(net_kw), np.full((3, 2, 2), 0.5))
    found = backward_by_level(terms, ladder, mixed, 1, 11)

    def cost(step: int, stored: int, level_kw: float) -> float:
        if step == 3:
            return level_kw - 2.0
        mean = 0.0
        for net in net_kw[step]:
            tried = []
            for after in range(max(0, stored - 5), min(10, stored + 5) + 1):
                grid = net + after - stored
                reached = max(level_kw, 2.0 if grid <= 2.0 else 6.0)
                over = max(0.0, grid - 6.0)
                money = float(terms.import_price[step]) * max(grid, 0.0) + over
                tried.append(money + cost(step + 1, after, reached))
            mean += min(tried) / 2.0
        return mean

    for stored in range(11):
        assert -found.rows[0, stored] == pytest.approx(cost(0, stored, 2.0), abs=1e-9)


def test_value_falls_with_the_level_by_no_more_than_its_price_and_energy_is_worth_less_above() -> None:
    site = problem(3, 48)
    terms = replace(site.terms, peak=a_peak(48, 0.5, 15.0))
    random = np.random.default_rng(1)
    net_w = (site.load_w - site.pv_w) + random.normal(0.0, 400.0, (20, 48))
    assert terms.peak is not None
    ladder = ladder_of(terms.peak, net_w, 1.0)
    found = backward_by_level(terms, ladder, NetPaths.of(terms, net_w, np.tile(site.pv_w, (20, 1))), 2)
    mean = found.by_level[0].mean(axis=2)  # points, levels
    falls = -np.diff(mean, axis=1)
    assert (falls >= -1e-9).all()
    assert (falls <= 15.0 * np.diff(ladder.levels_kw[0]) + 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(
    net_w=st.floats(-8_000.0, 12_000.0),
    soc_pct=st.floats(0.0, 100.0),
    interval_wh=st.floats(0.0, 3_000.0),
    peak_w=st.floats(0.0, 6_000.0),
    late_s=st.floats(0.0, 3_590.0),
    limit_w=st.sampled_from([None, 3_000.0]),
)
def test_the_fast_loop_never_asks_beyond_the_battery(
    net_w: float, soc_pct: float, interval_wh: float, peak_w: float, late_s: float, limit_w: float | None
) -> None:
    plan = PLAN
    assert plan.values.peak is not None
    assert plan.values.peak.levels_w
    at = NOW + timedelta(seconds=late_s)
    moment = Moment(at, net_w, soc_pct, 0.2, 0.05, interval_wh=interval_wh, peak_w=peak_w)
    decision = economic_dispatch(plan, moment, BATTERY, Connection(limit_w))
    assert decision is not None
    assert -BATTERY.charge_w - 1e-6 <= decision.battery_w <= BATTERY.discharge_w + 1e-6
    left_h = max(60.0, 900.0 - late_s % 900.0) / 3600.0
    after = soc_after(BATTERY, soc_pct, decision.battery_w, left_h)
    assert min(soc_pct, BATTERY.floor_pct) - 1e-6 <= after <= max(soc_pct, BATTERY.soc_max_pct) + 1e-6


def charged_plan(per_kw: float = 15.0) -> Plan:
    demand = Demand(DemandCharge(per_kw, 3600), 500.0, 0.0)
    asked = request(1, 96, 900, demand=demand, soc_pct=50.0)
    load, sun = forecasts(asked)
    past_w = np.full(31 * 96, 300.0)
    plan = make_plan(asked, SiteForecast(load, sun, errors(96), errors(96, seed=8)), 10.0, past_w)
    assert check_plan(plan, asked) == []
    return plan


PLAN = charged_plan()


@pytest.mark.parametrize("late_s", [0.0, 1200.0, 2400.0])
def test_the_more_the_month_has_paid_for_the_more_is_imported(late_s: float) -> None:
    assert PLAN.values.peak is not None
    grid = []
    for peak_w in (0.0, *PLAN.values.peak.levels_w[0][2::3]):
        at, imported_wh = NOW + timedelta(seconds=late_s), late_s / 3.6
        moment = Moment(at, 3_000.0, 40.0, 0.2, 0.05, interval_wh=imported_wh, peak_w=peak_w)
        decision = economic_dispatch(PLAN, moment, BATTERY, Connection())
        assert decision is not None
        grid.append(3_000.0 - decision.battery_w)
    assert grid == sorted(grid)
    assert grid[0] < grid[-1]


def test_a_plan_with_levels_crosses_the_pipe() -> None:
    assert from_json(Plan, to_json(PLAN)) == PLAN


# --- hours that count, ratchets, several charges ----------------------------------------------------------------------

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
AFTERNOON = TimeOfUse(0.0, (Window(1.0, time(16), time(21), frozenset(range(5))),), "Europe/London")


@pytest.mark.parametrize(
    ("nets_w", "counted", "expected_w"),
    [
        ([9_000.0, 4_000.0], [False, True], 0.0),  # full when it begins to count
        ([4_000.0] * 5, [True, True, True, True, False], 1_500.0),  # 16 kWh less 10 over four hours
        ([6_000.0, 6_000.0, 9_000.0, 9_000.0], [True, True, False, False], 1_000.0),
        ([9_000.0], [False], 0.0),
    ],
)
def test_the_lowest_peak_of_the_hours_that_count(nets_w: list[float], counted: list[bool], expected_w: float) -> None:
    assert lowest_peak_w(np.array(nets_w), 1.0, LOSSLESS, np.array(counted)) == pytest.approx(expected_w, abs=15.0)


@pytest.mark.parametrize("step_s", [900, 3600])
def test_outside_the_hours_of_a_charge_import_is_free(step_s: int) -> None:
    steps = 48 * 3600 // step_s
    asked = replace(
        request(steps=steps, step_s=step_s, demand=Demand(DemandCharge(15.0, 3600, hours=AFTERNOON))),
        horizon=Horizon(MONDAY, step_s, steps),
        battery=LOSSLESS,
    )
    peak = peak_of(asked, np.full(31 * 86_400 // step_s, 4_000.0), np.full(steps, 4_000.0))
    hours = [(MONDAY + timedelta(seconds=step_s * i)).hour for i in range(steps)]
    assert (peak.per_kw > 0.0).tolist() == [15 <= hour < 20 for hour in hours]  # London is an hour ahead
    assert peak.threshold_kw[0] == pytest.approx(2.0, abs=0.01)  # 20 kWh less 10 in five hours, filled by the next day


def test_a_ratchet_is_paid_anyway_and_lasts() -> None:
    charge = DemandCharge(10.0, 3600, ratchet_share=0.5)
    asked = replace(request(demand=Demand(charge, 1_000.0, 0.0, 9_000.0)), horizon=Horizon(MONDAY, 3600, 48))
    for past_w in (np.zeros(0), np.full(240, 3_000.0)):
        (peak,) = peaks_of(asked, terms_of(asked), past_w, np.zeros(48))
        assert peak.threshold_kw[0] == pytest.approx(4.5)
        assert (peak.lasting_kw, peak.lasting_per_kw) == pytest.approx((9.0, 55.0))
        ladder = ladder_of(peak, np.full((1, 48), 20_000.0), 1.0)
        levels, cost = ladder.levels_kw[0], ladder.end_cost[47]
        month = peak.months[0].cost(levels, 2.0, 10.0) if len(past_w) else 10.0 * (levels - 4.5)
        assert cost == pytest.approx(month + 55.0 * np.maximum(levels - 9.0, 0.0))


def test_of_several_charges_the_dearest_is_the_state_and_the_others_are_priced() -> None:
    every, dear = DemandCharge(5.0, 3600), DemandCharge(20.0, 3600, hours=AFTERNOON, name="on-peak")
    demand = Demand(every, 1_000.0, 0.0, others=(Demand(dear, 2_000.0),))
    asked = replace(request(demand=demand), horizon=Horizon(MONDAY, 3600, 48), now=MONDAY)
    first, second = peaks_of(asked, terms_of(asked), np.zeros(0), np.zeros(48))
    assert (first.per_kw.max(), second.per_kw.max()) == (20.0, 5.0)
    load, sun = forecasts(asked)
    plan = make_plan(asked, SiteForecast(load, sun), 10.0, np.zeros(0))
    assert check_plan(plan, asked) == []
    assert plan.values.peak is not None
    assert [one.per_kw[0] for one in plan.values.other_peaks] == [5.0]
    assert plan.values.peak.threshold_w[0] == pytest.approx(2_000.0)


def test_the_linear_programme_pays_for_every_charge() -> None:
    site = problem(2, 24)
    low, high = a_peak(24, 0.5, 4.0), a_peak(24, 0.2, 3.0)
    both = replace(site, terms=site.terms.with_peaks((low, high)))
    schedule = solve_schedule(both, 10.0)
    alone = solve_schedule(replace(site, terms=site.terms.with_peaks((low,))), 10.0)
    assert schedule.objective > alone.objective
    most_kw = float(schedule.import_w.max()) / 1000.0
    energy = _energy(site, schedule.import_w, schedule.export_w, schedule.discharge_w, schedule.soc_wh[-1])
    expected = energy + 4.0 * max(0.0, most_kw - 0.5) + 3.0 * max(0.0, most_kw - 0.2)
    assert schedule.objective == pytest.approx(expected, abs=1e-3)


def _energy(site: Problem, *flows_w: np.ndarray) -> float:
    imported, exported, discharged, left_wh = flows_w
    terms = site.terms
    money = terms.import_price @ imported - terms.export_price @ exported
    money += terms.battery.wear_per_kwh * discharged.sum()
    return float(money) * terms.step_h / 1000.0 - terms.terminal_per_kwh * float(left_wh) / 1000.0


def test_without_a_charge_within_the_horizon_nothing_changes() -> None:
    site = problem(4, 48)
    net_w = (site.load_w - site.pv_w) + np.random.default_rng(2).normal(0.0, 300.0, (8, 48))
    paths = Paths(net_w, np.tile(site.pv_w, (8, 1)), np.zeros(48))
    plain = stored_value(site.terms, paths).table
    unasked = stored_value(replace(site.terms, peak=a_peak(48, 0.5, 0.0)), paths).table
    assert (unasked.value, unasked.by_net_load) == (plain.value, plain.by_net_load)
