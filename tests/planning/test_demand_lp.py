"""The demand charge in the linear programme: what is paid, beside another solver; and what the plan says of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.forecast import Forecast
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.request import Demand, PlanRequest
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.demand import past_net_w
from agent.planning.make_plan import make_plan
from agent.planning.optimise import solve_schedule
from agent.planning.peak import Peak
from agent.planning.planning_terms import Problem
from tests.planning.days import peak_of, problem, request
from tests.planning.test_optimise import physical

LOSSLESS = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0, soc_max_pct=100)
EVENING = datetime(2026, 6, 30, 18, 30, tzinfo=UTC)  # July begins at 23:00 in London


def charged(seed: int, interval_s: int, interval_wh: float, months: tuple[int, ...] = (6, 7)) -> tuple[Problem, Peak]:
    """Twelve hours over the turn of a month."""
    site = problem(seed, 48, 0.25, connection=Connection(4000.0), import_price=0.2)
    asked = request(seed, 48, 900, demand=Demand(DemandCharge(9.0, interval_s, months), 1500.0, interval_wh))
    asked = replace(asked, horizon=Horizon(EVENING, 900, 48))
    peak = peak_of(asked, np.full(200, 300.0), site.load_w - site.pv_w)
    return replace(site, terms=replace(site.terms, peak=peak)), peak


def independent_cost(site: Problem, per_kw: float, thresholds_kw: dict[str, float], rows: list[tuple]) -> float:
    """By scipy on a dense model. ``rows`` are (steps, hours of the interval, imported kWh before, month)."""
    terms, n, dt = site.terms, site.terms.steps, site.terms.step_h
    battery, months = terms.battery, list(thresholds_kw)
    one, lower, none = np.eye(n), np.tril(np.ones((n, n))), np.zeros((n, len(months)))
    stored = np.hstack([battery.charge_efficiency * lower, -lower / battery.discharge_efficiency]) * dt
    stored = np.hstack([stored, np.zeros((n, 3 * n + len(months)))])
    held, most = [], []
    for steps, hours, before_kwh, month in rows:
        row = np.zeros(5 * n + len(months))
        row[2 * n + np.array(steps)] = dt / hours
        row[5 * n + months.index(month)] = -1.0
        held.append(row)
        most.append(thresholds_kw[month] - before_kwh / hours)
    flat = np.full(n, 1e-4 * terms.top_price)
    cost = np.concatenate([0 * flat, 0 * flat + battery.wear_per_kwh, terms.import_price, -terms.export_price, flat])
    upper = (terms.charge_kw, terms.discharge_kw, float(terms.import_limit_kw[0]), None)
    bounds = [(0.0, top) for top in upper for _ in range(n)] + [(0.0, sun) for sun in site.pv_w / 1000.0]
    start = site.soc_wh / 1000.0
    found = linprog(
        np.concatenate([cost * dt, np.full(len(months), per_kw)]) - terms.terminal_per_kwh * stored[-1],
        A_ub=np.vstack([stored, -stored, *held]),
        b_ub=np.concatenate([np.full(n, terms.ceiling_kwh - start), np.full(n, start - terms.floor_kwh), most]),
        A_eq=np.hstack([-one, one, one, -one, -one, none]),
        b_eq=(site.load_w - site.pv_w) / 1000.0,
        bounds=bounds + [(0.0, None)] * len(months),
    )
    assert found.status == 0
    return float(found.fun) - terms.terminal_per_kwh * start


# Which quarters of the evening are billed together: 18:30 is in mid-hour, and July begins with quarter 18.
INTERVALS = {
    900: [([i], 0.25, 0.0) for i in range(48)],
    1800: [([i, i + 1], 0.5, 0.0) for i in range(0, 48, 2)],
    3600: [([0, 1], 1.0, 1.1)] + [([*range(i, i + 4)], 1.0, 0.0) for i in range(2, 46, 4)] + [([46, 47], 0.5, 0.0)],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("interval_s", [900, 1800, 3600])
def test_the_programme_costs_what_another_solver_says(seed: int, interval_s: int) -> None:
    site, peak = charged(seed, interval_s, 1100.0)
    thresholds = {"june": float(peak.threshold_kw[0]), "july": float(peak.threshold_kw[18])}
    rows = [(*row, "june" if row[0][0] < 18 else "july") for row in INTERVALS[interval_s]]
    schedule = solve_schedule(site, 10.0)
    assert schedule.objective == pytest.approx(independent_cost(site, 9.0, thresholds, rows), abs=1e-5)
    assert peak.cost(schedule.import_w / 1000.0, 0.25) >= 0.0


def test_a_month_that_is_not_charged_is_not_held() -> None:
    site, peak = charged(1, 3600, 0.0, months=(7,))
    rows = [(*row, "july") for row in INTERVALS[3600] if row[0][0] >= 18]
    cost = independent_cost(site, 9.0, {"july": float(peak.threshold_kw[18])}, rows)
    assert solve_schedule(site, 10.0).objective == pytest.approx(cost, abs=1e-5)


@settings(max_examples=10, deadline=None)
@example(seed=0, price=-0.05989315206459614, export=-0.125, limited=False, interval_s=900)  # clashes that move on
@given(
    seed=st.integers(0, 500),
    price=st.floats(-0.3, 0.4),
    export=st.floats(-0.2, 0.5),
    limited=st.booleans(),
    interval_s=st.sampled_from([900, 1800, 3600]),
)
def test_the_schedule_is_physical_whatever_the_prices(
    seed: int, price: float, export: float, limited: bool, interval_s: int
) -> None:
    """Also where a binary chooses between opposite flows, whose columns stand behind those of the peaks."""
    connection = Connection(2500.0, 2000.0) if limited else Connection()
    plain = problem(seed, 48, 0.25, connection=connection, import_price=price, export_price=export)
    _, peak = charged(seed, interval_s, 400.0)
    site = replace(plain, terms=replace(plain.terms, peak=peak))
    schedule = solve_schedule(site, 10.0, 0.2)
    physical(site, schedule)
    unaware = solve_schedule(plain, 10.0, 0.2)
    most = unaware.objective + peak.cost(unaware.import_w / 1000.0, 0.25)
    proven = not any("not proven" in note for note in schedule.notes)
    assert not proven or schedule.objective <= most + 2e-3 * max(1.0, abs(most))


# --- what a plan says -------------------------------------------------------------------------------------------------


def plan_of(
    charge: DemandCharge | None,
    load_w: np.ndarray,
    soc_pct: float,
    interval_wh: float = 0.0,
    minute: int = 0,
    peak_w: float = 0.0,
) -> tuple[Plan, PlanRequest]:
    """A known load without sun at one price, lossless: nothing but the demand charge makes the battery move."""
    steps, start = len(load_w), datetime(2026, 6, 10, 6, minute, tzinfo=UTC)
    asked = replace(
        request(steps=steps, step_s=900),
        now=start + timedelta(seconds=20),
        horizon=Horizon(start, 900, steps),
        battery=LOSSLESS,
        connection=Connection(),
        soc_pct=soc_pct,
        import_price=(0.2,) * steps,
        export_price=(0.0,) * steps,
        carbon_kg_per_kwh=(0.0,) * steps,
        demand=None if charge is None else Demand(charge, peak_w, interval_wh),
    )
    load = Forecast("load_w", asked.horizon, (0.5,), (tuple(load_w.tolist()),), "known", start)
    sun = Forecast("pv_w", asked.horizon, (0.5,), ((0.0,) * steps,), "known", start)
    plan = make_plan(asked, SiteForecast(load, sun), 10.0)
    assert check_plan(plan, asked) == []
    return plan, asked


def imports_w(plan: Plan) -> np.ndarray:
    return np.array([step.import_w for step in plan.steps])


@pytest.mark.parametrize(("interval_s", "many"), [(900, 1), (1800, 2), (3600, 4)])
def test_a_full_battery_holds_the_lowest_peak_and_nothing_is_said(interval_s: int, many: int) -> None:
    load = np.full(96, 2000.0)
    load[40:44] = load[80:84] = 7000.0
    plan, _ = plan_of(DemandCharge(15.0, interval_s), load, 100.0)
    assert plan.values.peak is not None
    assert imports_w(plan).reshape(-1, many).mean(axis=1).max() <= plan.values.peak.threshold_w[0] + 1.0
    assert plan.values.peak.threshold_w[0] < 2100.0
    assert not any("peak" in note for note in plan.notes)


def test_a_peak_that_cannot_be_held_is_paid_once_told_and_in_the_cost() -> None:
    """The battery is empty in the first hour's load of 7 kW, so that the month has its peak; the last hour is free."""
    load = np.full(96, 2000.0)
    load[:4] = load[-4:] = 7000.0
    plan, _ = plan_of(DemandCharge(15.0, 3600), load, 0.0)
    free, _ = plan_of(None, load, 0.0)
    assert plan.values.peak is not None
    held_w = plan.values.peak.threshold_w[0]
    assert imports_w(plan)[:4].mean() == pytest.approx(7000.0, abs=1.0)
    assert imports_w(plan).reshape(-1, 4).mean(axis=1).max() == pytest.approx(7000.0, abs=1.0)
    extra = 15.0 * (7.0 - held_w / 1000.0)
    assert plan.cost - free.cost == pytest.approx(extra, abs=0.01)
    told = [note for note in plan.notes if "peak" in note]
    assert told == [
        (
            f"The demand peak of {held_w / 1000:.2f} kW cannot be held: it is expected to rise to 7.00 kW, "
            f"which costs {extra:.2f}."
        )
    ]


@pytest.mark.parametrize(("before_wh", "left_wh"), [(0.0, 1200.0), (900.0, 300.0), (1500.0, 0.0)])
def test_what_the_running_interval_has_imported_counts(before_wh: float, left_wh: float) -> None:
    """1.5 kWh are wanted in the half hour that is left; the month's peak so far allows 1.2 in a whole one."""
    load = np.full(96, 1000.0)
    load[:2] = 3000.0
    plan, _ = plan_of(DemandCharge(15.0, 3600), load, 100.0, before_wh, minute=30, peak_w=1200.0)
    assert plan.values.peak is not None
    assert plan.values.peak.threshold_w[0] == 1200.0
    assert plan.values.peak.begun_wh == before_wh
    assert imports_w(plan)[:2].sum() * 0.25 <= left_wh + 1.0
    assert any("expected to rise to 1.50 kW" in note for note in plan.notes) == (before_wh == 1500.0)


def test_the_past_of_a_plan_has_its_gaps_and_nothing_before_it_was_measured() -> None:
    horizon = Horizon(datetime(2026, 6, 1, tzinfo=UTC), 900, 8)
    load: tuple[float | None, ...] = (1.0, 2.0, None, 4.0, 5.0, 6.0, 7.0, 8.0)
    history = History(horizon, load, (0.0,) * 3 + (None,) + (1.0,) * 4, (False,) * 8)

    def ahead(start: datetime, step_s: int = 900) -> Horizon:
        return Horizon(start, step_s, 4)

    late = horizon.end + timedelta(minutes=30)
    assert past_net_w(history, ahead(horizon.end)) == pytest.approx([1, 2, np.nan, np.nan, 4, 5, 6, 7], nan_ok=True)
    assert past_net_w(history, ahead(late))[-3:] == pytest.approx([7, np.nan, np.nan], nan_ok=True)
    assert past_net_w(history, ahead(horizon.end, 1800)) == pytest.approx([1.5, np.nan, 4.5, 6.5], nan_ok=True)
    assert past_net_w(history, ahead(horizon.end, 300))[-4:] == pytest.approx([6, 7, 7, 7])
    assert past_net_w(history, ahead(horizon.start)).size == 0
    long = History(Horizon(horizon.start, 3600, 2000), (5.0,) * 2000, (1.0,) * 2000, (False,) * 2000)
    assert past_net_w(long, ahead(long.end, 3600)).size == 31 * 24


def test_intervals_of_the_past_are_those_of_the_clock() -> None:
    """An hour of 8 kW from 12:00 is one hour and no two of half as much, wherever the horizon begins."""
    past = np.zeros(31 * 96)
    begin = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
    past[-98:-94] = 8000.0
    asked = replace(request(steps=8, step_s=900), horizon=Horizon(begin, 900, 8), battery=LOSSLESS)
    peak = peak_of(replace(asked, demand=Demand(DemandCharge(15.0, 3600))), past, np.zeros(8))
    assert peak.threshold_kw[0] == pytest.approx(3.0, abs=0.1)  # the rating leaves 3 of 8 kW
