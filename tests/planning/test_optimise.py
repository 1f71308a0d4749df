"""The linear programme of the battery: physical, never without an answer, and with duals that mean what they say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from agent.domain.battery import Battery
from agent.domain.site import Connection
from agent.planning.battery_lp import build
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.highs import SolverFailure
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from agent.planning.schedule import Schedule
from tests.planning.days import BATTERY, problem


def physical(site: Problem, schedule: Schedule) -> None:
    """Energy is kept, limits hold, no flow meets its opposite."""
    battery, dt = site.terms.battery, site.terms.step_h
    assert site.load_w == pytest.approx(
        site.pv_w
        - schedule.curtail_w
        + schedule.discharge_w
        - schedule.charge_w
        + schedule.import_w
        - schedule.export_w,
        abs=0.01,
    )
    change = (schedule.charge_w * battery.charge_efficiency - schedule.discharge_w / battery.discharge_efficiency) * dt
    assert schedule.soc_wh == pytest.approx(site.soc_wh + np.cumsum(change), abs=0.1)
    assert (schedule.charge_w <= battery.charge_w + 0.01).all()
    assert (schedule.discharge_w <= battery.discharge_w + 0.01).all()
    assert (schedule.curtail_w <= site.pv_w + 0.01).all()
    assert np.minimum(schedule.charge_w, schedule.discharge_w).max() == 0.0
    assert np.minimum(schedule.import_w, schedule.export_w).max() == 0.0
    for flow in (schedule.charge_w, schedule.discharge_w, schedule.import_w, schedule.export_w, schedule.curtail_w):
        assert flow.min() >= 0.0


def in_window(site: Problem, schedule: Schedule) -> bool:
    terms = site.terms
    return bool(
        (schedule.soc_wh >= 1000 * terms.floor_kwh.max() - 0.01).all()
        and (schedule.soc_wh <= 1000 * terms.ceiling_kwh + 0.01).all()
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("connection", [Connection(), Connection(1500.0, 1200.0)])
def test_same_optimum_as_another_formulation(seed: int, connection: Connection) -> None:
    """Against scipy on a dense model with cumulative sums in place of stored-energy columns."""
    site = problem(seed, connection=connection, export_price=0.0)
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    assert in_window(site, schedule)
    terms, n, battery = site.terms, site.terms.steps, site.terms.battery
    one, lower = np.eye(n), np.tril(np.ones((n, n)))
    energy = np.hstack([battery.charge_efficiency * lower, -lower / battery.discharge_efficiency, np.zeros((n, 3 * n))])
    end = terms.terminal_per_kwh * energy[-1]
    cost = np.concatenate(
        [np.zeros(n), np.full(n, battery.wear_per_kwh), terms.import_price, -terms.export_price, np.zeros(n)]
    )
    start = site.soc_wh / 1000.0
    room = np.concatenate([np.full(n, terms.ceiling_kwh - start), np.full(n, start - terms.floor_kwh)])
    most_import, most_export = terms.import_limit_kw[0], terms.export_limit_kw[0]
    bounds = [(0, 5.0)] * n + [(0, 4.0)] * n + [(0, most_import)] * n + [(0, most_export)] * n
    bounds += [(0, sun) for sun in site.pv_w / 1000.0]
    dense = linprog(
        cost - end,
        A_ub=np.vstack([energy, -energy]),
        b_ub=room,
        A_eq=np.hstack([-one, one, one, -one, -one]),
        b_eq=(site.load_w - site.pv_w) / 1000.0,
        bounds=bounds,
    )
    assert dense.status == 0
    expected = dense.fun - terms.terminal_per_kwh * start
    assert schedule.objective == pytest.approx(expected, abs=2e-4 * abs(expected) + 1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_dual_is_the_worth_of_one_more_stored_kwh(seed: int) -> None:
    site = problem(seed, soc_pct=37.3)
    schedule = solve_schedule(site, 10.0)
    nudge_kwh = 0.001
    more, less = (solve_schedule(replace(site, soc_wh=site.soc_wh + 1000 * sign * nudge_kwh), 10.0) for sign in (1, -1))
    saved_by_more = (schedule.objective - more.objective) / nudge_kwh
    lost_by_less = (less.objective - schedule.objective) / nudge_kwh
    assert saved_by_more - 1e-6 <= schedule.energy_value_per_kwh[0] <= lost_by_less + 1e-6
    assert 0.0 < lost_by_less < 0.5


def test_built_programme_has_the_size_of_its_noun() -> None:
    free, limited = build(problem(0)), build(problem(0, connection=Connection(1500.0, 1200.0)))
    assert (len(free.cost), len(free.row_lower)) == (6 * 48, 2 * 48)
    assert (len(limited.cost), len(limited.row_lower)) == (8 * 48, 2 * 48)
    assert free.integer is None


@pytest.mark.parametrize("soc_pct", [0.0, 3.0, 97.0, 100.0])
def test_start_outside_the_window_is_answered_and_said(soc_pct: float) -> None:
    site = problem(3, soc_pct=soc_pct)
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    assert any("outside" in note for note in schedule.notes)
    assert in_window(site, replace(schedule, soc_wh=schedule.soc_wh[-24:]))


def test_reserve_is_the_floor_and_is_refilled_first() -> None:
    battery = replace(BATTERY, reserve_pct=60.0)
    schedule = solve_schedule(problem(3, soc_pct=40.0, battery=battery), 10.0)
    assert schedule.soc_wh.min() >= 6000.0 - 0.01


def test_limits_that_the_load_breaks_are_broken_as_little_as_possible() -> None:
    site = problem(5, connection=Connection(300.0, None))
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    assert any(note.startswith("The import limit cannot be kept") for note in schedule.notes)
    over = schedule.import_w > 301.0
    assert over.any()
    assert (schedule.charge_w[over] == 0.0).all()


def test_export_limit_is_kept_by_curtailing() -> None:
    battery = replace(BATTERY, charge_w=0.0, discharge_w=0.0)
    site = problem(5, connection=Connection(None, 0.0), battery=battery)
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    assert schedule.export_w.max() < 0.01
    assert schedule.curtail_w.max() > 1000.0
    assert schedule.notes == ()


def test_export_limit_without_curtailment_is_soft() -> None:
    site = problem(5, connection=Connection(None, 0.0), battery=replace(BATTERY, charge_w=0.0))
    schedule = solve_schedule(replace(site, terms=replace(site.terms, curtailable=False)), 10.0)
    assert schedule.curtail_w.max() == 0.0
    assert any(note.startswith("The export limit cannot be kept") for note in schedule.notes)


CLASHES = [(-0.5, 0.0), (-0.5, 0.05), (-0.05, 0.05), (0.2, 0.35), (-0.5, 0.35), (0.0, 0.0)]


@pytest.mark.parametrize(("import_price", "export_price"), CLASHES)
@pytest.mark.parametrize("connection", [Connection(), Connection(4000.0, 3000.0)])
def test_opposite_flows_that_would_pay(import_price: float, export_price: float, connection: Connection) -> None:
    site = problem(2, 16, import_price=import_price, export_price=export_price, connection=connection)
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    assert in_window(site, schedule)


@pytest.mark.parametrize(("import_price", "export_price"), CLASHES[:2] + CLASHES[3:5])
def test_little_time_costs_little_money(import_price: float, export_price: float) -> None:
    """When the programme with binaries has no time, the dynamic programme's directions stand in."""
    site = problem(2, steps=12, import_price=import_price, export_price=export_price)
    best = solve_schedule(site, 60.0)
    hasty = solve_schedule(site, 60.0, integer_most_s=1e-4)
    physical(site, hasty)
    assert hasty.objective >= best.objective - 1e-3 * abs(best.objective)
    assert hasty.objective <= best.objective + 0.02 * abs(best.objective)


@pytest.mark.parametrize("seed", [11, 12, 14])
def test_a_paid_export_that_cannot_be_curtailed_is_answered(seed: int) -> None:
    """Sun that costs money would be burnt by charging while discharging: there was no answer where that was barred."""
    site = problem(seed, export_price=-0.1, terminal=0.25)
    site = replace(site, terms=replace(site.terms, curtailable=False))
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    assert in_window(site, schedule)
    assert schedule.curtail_w.max() == 0.0
    assert schedule.objective <= forward_pass_alone(site, "").objective + 0.01


def test_exact_condition_of_opposite_flows() -> None:
    """Just above the break-even price the plain programme stays one-way, just below it needs the choice."""
    battery = Battery(10_000, 5_000, 5_000, 0.9, 0.9, soc_min_pct=0, wear_per_kwh=0.02)
    break_even = -0.02 * 0.81 / (1 - 0.81)
    for shift, pays in ((0.001, False), (-0.001, True)):
        site = problem(4, steps=12, battery=battery)
        terms = replace(site.terms, import_price=np.full(12, break_even + shift))
        assert terms.both_ways_pays().all() == pays
        physical(site, solve_schedule(replace(site, terms=terms), 10.0))


def test_no_time_at_all_is_a_failure() -> None:
    with pytest.raises(SolverFailure):
        solve_schedule(problem(0), -1.0)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    soc_pct=st.floats(0, 100),
    price=st.floats(-0.3, 0.6),
    export=st.floats(-0.2, 0.4),
    limit=st.one_of(st.none(), st.floats(0, 8000)),
    export_limit=st.one_of(st.none(), st.floats(0, 8000)),
    efficiency=st.floats(0.8, 1.0),
)
def test_always_answers_physically(
    seed: int,
    soc_pct: float,
    price: float,
    export: float,
    limit: float | None,
    export_limit: float | None,
    efficiency: float,
) -> None:
    battery = replace(BATTERY, charge_efficiency=efficiency, discharge_efficiency=efficiency, wear_per_kwh=0.0)
    site = problem(
        seed,
        steps=8,
        soc_pct=soc_pct,
        battery=battery,
        connection=Connection(limit, export_limit),
        import_price=price,
        export_price=export,
    )
    physical(site, solve_schedule(site, 5.0))


@pytest.mark.parametrize(
    ("name", "value"),
    [("load_w", np.full(48, np.nan)), ("pv_w", np.full(47, 1.0)), ("load_w", np.full(48, -1.0)), ("soc_wh", np.inf)],
)
def test_unusable_problem_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"load_w|pv_w|stored energy"):
        replace(problem(0), **{name: value})


@pytest.mark.parametrize(
    "battery",
    [
        replace(BATTERY, usable_wh=0.0),
        replace(BATTERY, charge_efficiency=0.0),
        replace(BATTERY, discharge_w=-1.0),
        replace(BATTERY, reserve_pct=99.0),
        replace(BATTERY, wear_per_kwh=float("nan")),
    ],
)
def test_unusable_battery_is_refused(battery: Battery) -> None:
    with pytest.raises(ValueError, match=r"battery|efficienc|SoC window|wear"):
        problem(0, battery=battery)
