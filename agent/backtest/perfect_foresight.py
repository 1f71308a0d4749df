"""The ceiling: the cheapest that a battery could have done knowing load, sun and prices of the whole period.

With a demand charge the linear programme gets a column per month, its highest mean import over an interval, and a row
per interval that holds its mean import below that.
"""

from dataclasses import replace

import numpy as np

from agent.backtest.case import Case, Floats
from agent.backtest.demand import Intervals
from agent.planning import highs
from agent.planning.battery_lp import Directions, build
from agent.planning.flows import FLOW_TOLERANCE_KW
from agent.planning.highs import LinearProgram, SolverFailure
from agent.planning.optimise import NETTING_ROUNDS, solve_schedule
from agent.planning.planning_terms import PlanningTerms, Problem

LIMIT_S = 600.0
# Where opposite flows would pay, the dynamic programme's directions were better than binaries within their gap, and far
# sooner there; so binaries get no time worth the name.
INTEGER_MOST_S = 1e-3


def foreseen_terms(case: Case, first: int, last: int) -> PlanningTerms:
    """Steps ``first`` to before ``last`` as they really were; the solar power is taken as it came.

    Money on the bill alone counts, neither carbon nor wear: this is the ceiling of what can be saved there.
    """
    part, battery = slice(first, last), case.battery.without_wear()
    prices = case.import_price[part], case.export_price[part]
    return PlanningTerms(case.horizon.step_h, battery, case.connection, *prices, curtailable=False)


def foreseen_problem(case: Case, first: int, terms: PlanningTerms, soc_pct: float) -> Problem:
    part = slice(first, first + terms.steps)
    return Problem(terms, case.battery.stored_wh(soc_pct), case.load_w[part], case.pv_w[part])


def perfect_w(case: Case, demand_charge: float) -> Floats:
    """Battery power over all that is played, W, > 0 discharges, shape (steps,). Raises SolverFailure.

    What is left at the end is worth what accounts make of it: discharge efficiency times the mean import price.
    """
    terms = foreseen_terms(case, case.first, case.last)
    left = case.battery.discharge_efficiency * float(case.period().import_price.mean())
    terms = replace(terms, terminal_per_kwh=max(0.0, left))
    problem = foreseen_problem(case, case.first, terms, case.start_pct)
    if demand_charge > 0:
        return _with_peaks(problem, Intervals.of(case), demand_charge)
    schedule = solve_schedule(problem, LIMIT_S, INTEGER_MOST_S)
    return schedule.discharge_w - schedule.charge_w


def _with_peaks(problem: Problem, intervals: Intervals, price_per_kw: float) -> Floats:
    """Where opposite flows at once would pay, the larger one is kept and the programme solved again.

    That is feasible, and the best for most of such steps.
    """
    n = problem.terms.steps
    way = Directions.free(n)
    for _ in range(NETTING_ROUNDS):
        values = highs.solve(_peak_program(problem, way, intervals, price_per_kw), LIMIT_S).values
        charge, discharge, imported, exported = values[: 4 * n].reshape(4, n)
        both_battery = np.minimum(charge, discharge) > FLOW_TOLERANCE_KW
        both_grid = np.minimum(imported, exported) > FLOW_TOLERANCE_KW
        if not both_battery.any() and not both_grid.any():
            return np.asarray(1000.0 * (discharge - charge))
        stores = charge >= discharge
        imports = imported >= exported
        way = replace(
            way,
            no_charge=way.no_charge | (both_battery & ~stores),
            no_discharge=way.no_discharge | (both_battery & stores),
            no_import=way.no_import | (both_grid & ~imports),
            no_export=way.no_export | (both_grid & imports),
        )
    raise SolverFailure("opposite flows remained in the schedule with the demand charge")


def _peak_program(problem: Problem, way: Directions, intervals: Intervals, price_per_kw: float) -> LinearProgram:
    """``build`` with a column a month and a row an interval: its mean import - peak of its month <= 0, kW."""
    program = build(problem, way)
    n, columns, rows = problem.terms.steps, len(program.cost), len(program.row_lower)
    imported = [np.arange(n) + 2 * n]
    if problem.terms.limits_import:
        imported.append(np.arange(n) + 6 * n)  # what is imported above the limit
    interval, share = intervals.interval, 1.0 / intervals.steps_in[intervals.interval]
    entries = [(rows + interval, block, share) for block in imported]
    entries.append((rows + interval, np.arange(n) + 3 * n, -share))
    months, count = intervals.months, len(intervals.steps_in)
    entries.append((rows + np.arange(count), columns + intervals.month, np.full(count, -1.0)))
    own = np.repeat(np.arange(columns), np.diff(program.starts))
    entries.append((program.indices.astype(np.int64), own, program.coefficients))
    at_row, at_column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    order = np.argsort(at_column, kind="stable")
    starts = np.zeros(columns + months + 1, dtype=np.int32)
    np.cumsum(np.bincount(at_column, minlength=columns + months), out=starts[1:])
    return LinearProgram(
        np.concatenate([program.cost, np.full(months, price_per_kw)]),
        np.concatenate([program.lower, np.zeros(months)]),
        np.concatenate([program.upper, np.full(months, np.inf)]),
        np.concatenate([program.row_lower, np.full(count, -np.inf)]),
        np.concatenate([program.row_upper, np.zeros(count)]),
        starts,
        at_row[order].astype(np.int32),
        value[order],
    )
