"""What one more unit of a limit is worth: the plan's own linear programme solved again with that limit moved.

The duals of a plan say the same, but for a degenerate optimum they are only one of several answers. Here the limit is
moved by one watt or one watt-hour and the saving is quoted per kW or kWh: it is what a little more is worth.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.domain.plan import PeakPrice
from agent.explanation.limits import Basis, Binding, Limit, reached, worth_a_word
from agent.planning import highs
from agent.planning.battery_lp import CURTAIL_TIE, Directions, build, soft_floor
from agent.planning.battery_wear import further_wear
from agent.planning.columns import Mask
from agent.planning.highs import LinearProgram
from agent.planning.peak import Peak
from agent.planning.planning_terms import PlanningTerms, Problem

Steps = NDArray[np.int64]

UNIT = 1e-3  # kW or kWh: one watt, one watt-hour
SAME_SHARE = 1e-3  # a plan whose cost differs by more was not made by this programme
SOLVE_S = 2.0
FLOW_KW = 1e-6


@dataclass(frozen=True, slots=True)
class Resolved:
    """A plan's programme solved again. ``objective`` is in money."""

    problem: Problem
    way: Directions
    objective: float

    def in_step(self, limit: Limit, index: int) -> float:
        """Money that one more kW or kWh of ``limit`` saves, moved in step ``index`` alone. Raises SolverFailure.

        The peak of a demand charge is moved in the whole interval that the step is in.
        """
        return self._saved(limit, np.array([index]))

    def over_plan(self, limit: Limit) -> float:
        """Money that one more kW or kWh of ``limit`` saves, moved in every step. Raises SolverFailure."""
        return self._saved(limit, np.arange(self.problem.terms.steps))

    def _saved(self, limit: Limit, steps: Steps) -> float:
        problem = _with_threshold(self.problem, steps) if limit is Limit.PEAK else self.problem
        moved = highs.solve(_moved(problem, build(problem, self.way), limit, steps), SOLVE_S)
        return (self.objective - moved.objective) / UNIT


def resolved(basis: Basis) -> Resolved | None:
    """None when the programme does not give the plan's own cost: forward pass, other terms, broken limit.

    Raises SolverFailure when it cannot be solved in time.
    """
    problem = problem_of(basis)
    terms = problem.terms
    way = _directions(basis, terms)
    objective = highs.solve(build(problem, way), SOLVE_S).objective
    published = _objective(basis, terms)
    turnover = float(np.abs(terms.import_price) @ problem.load_w) * terms.step_h / 1000.0
    size = max(abs(published), turnover, terms.top_price)
    return Resolved(problem, way, objective) if abs(objective - published) <= SAME_SHARE * size else None


def problem_of(basis: Basis) -> Problem:
    """The question that a plan answers, from its own steps."""
    steps = basis.plan.steps
    bought = np.array([basis.bought(i) for i in range(len(steps))])
    sold = np.array([step.export_price for step in steps])
    terms = PlanningTerms(
        basis.dt_h,
        basis.battery,
        basis.connection,
        bought,
        sold,
        basis.end_value,
        reserve_pct=basis.reserve_pct,
        import_limits_w=tuple(one.import_limit_w for one in basis.connections),
        export_limits_w=tuple(one.export_limit_w for one in basis.connections),
    ).with_peaks(_peaks(basis))
    start_wh = max(0.0, basis.battery.stored_wh(basis.start_soc_pct()))
    return Problem(terms, start_wh, np.array([s.load_w for s in steps]), np.array([s.pv_w for s in steps]))


def binding_in_step(basis: Basis, again: Resolved, index: int) -> tuple[Binding, ...]:
    """The limits that bind at step ``index`` with what they are worth there, the worthiest first.

    A limit whose move saves nothing is left out. Raises SolverFailure.
    """
    moved = [Binding(limit, again.in_step(limit, index)) for limit in reached(basis, index)]
    return tuple(sorted((one for one in moved if worth_a_word(basis, one)), key=lambda one: -one.worth))


def _peaks(basis: Basis) -> tuple[Peak, ...]:
    """The demand charges of the plan, the one that asks most first."""
    values = basis.plan.values
    return tuple(_peak(basis, price) for price in (values.peak, *values.other_peaks) if price is not None)


def _peak(basis: Basis, price: PeakPrice) -> Peak:
    horizon = basis.plan.horizon
    first = int(horizon.start.timestamp())
    interval = (first + horizon.step_s * np.arange(horizon.steps)) // price.interval_s
    return Peak(
        threshold_kw=np.array(price.threshold_w) / 1000.0,
        per_kw=np.array(price.per_kw),
        interval_h=price.interval_s / 3600.0,
        interval=interval - interval[0],
        month=np.array(price.month, dtype=np.int64),
        begun_h=first % price.interval_s / 3600.0,
        begun_kwh=price.begun_wh / 1000.0,
    )


def _with_threshold(problem: Problem, steps: Steps) -> Problem:
    """``problem`` with a watt more of the threshold of the demand charge in the intervals of ``steps``."""
    peak = problem.terms.peak
    if peak is None:
        raise ValueError("there is no demand charge whose threshold could be moved")
    threshold = peak.threshold_kw.copy()
    threshold[np.isin(peak.interval, peak.interval[steps])] += UNIT
    return replace(problem, terms=replace(problem.terms, peak=replace(peak, threshold_kw=threshold)))


def _objective(basis: Basis, terms: PlanningTerms) -> float:
    """What the published steps cost as the programme counts it, limits kept."""
    steps, battery = basis.plan.steps, basis.battery
    money = sum(
        basis.bought(i) * s.import_w - s.export_price * s.export_w + battery.wear_per_kwh * s.discharge_w
        for i, s in enumerate(steps)
    )
    discharge_kw, stored_kwh = np.array([(s.discharge_w, battery.stored_wh(s.soc_pct)) for s in steps]).T / 1000.0
    start_kwh = battery.stored_wh(basis.start_soc_pct()) / 1000.0
    more = further_wear(battery, discharge_kw, start_kwh, stored_kwh, terms.step_h)
    money += CURTAIL_TIE * terms.top_price * sum(s.curtail_w for s in steps)
    left = basis.end_value * battery.stored_wh(steps[-1].soc_pct) / 1000.0
    return _demand(basis) + more + money * terms.step_h / 1000.0 - left


def _demand(basis: Basis) -> float:
    """What the published steps cost above the thresholds of the demand charge: once a billing month, at its worst."""
    import_kw = np.array([step.import_w for step in basis.plan.steps]) / 1000.0
    return sum(peak.cost(import_kw, basis.dt_h) for peak in _peaks(basis))


def _directions(basis: Basis, terms: PlanningTerms) -> Directions:
    """Where opposite flows would pay, the plan's own directions hold."""
    steps, free = basis.plan.steps, Directions.free(terms.steps)
    both, import_export_at_once = terms.both_ways_pays(), terms.import_export_at_once_pays()
    stores = np.array([s.charge_w > FLOW_KW for s in steps])
    imports = np.array([s.import_w > FLOW_KW for s in steps])
    return replace(
        free,
        no_charge=both & ~stores,
        no_discharge=both & stores,
        no_import=import_export_at_once & ~imports,
        no_export=import_export_at_once & imports,
        **_depths(basis),
    )


def _depths(basis: Basis) -> dict[str, Mask]:
    """Where wear by depth counts, the plan's own steps below its SoC and above it hold."""
    if basis.battery.deep_wear_per_kwh == 0.0:
        return {}
    deep = np.array([step.soc_pct < basis.battery.deep_below_pct for step in basis.plan.steps])
    return {"deep": deep, "shallow": ~deep}


def _moved(problem: Problem, program: LinearProgram, limit: Limit, steps: Steps) -> LinearProgram:
    """``program`` with one watt or watt-hour more of ``limit`` at ``steps``."""
    terms, n = problem.terms, problem.terms.steps
    charge, discharge, imported, exported, _, stored = (steps + block * n for block in range(6))
    lower, upper = program.lower.copy(), program.upper.copy()
    row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
    match limit:
        case Limit.CHARGE_RATING:
            upper[charge] += UNIT
            upper[imported] = np.minimum(upper[imported] + UNIT, terms.import_limit_kw[steps])
        case Limit.DISCHARGE_RATING:
            upper[discharge] += UNIT
            upper[exported] = np.minimum(upper[exported] + UNIT, terms.export_limit_kw[steps])
        case Limit.CEILING if problem.soc_wh / 1000.0 > terms.ceiling_kwh:
            row_upper[2 * n + steps] += UNIT  # a start outside the window makes its edge a soft row
        case Limit.CEILING:
            upper[stored] += UNIT
        case Limit.FLOOR | Limit.RESERVE:
            soft = soft_floor(problem)  # where the floor is out of reach it is a row, in the order of the steps
            row_lower[2 * n + (np.cumsum(soft) - 1)[steps[soft[steps]]]] -= UNIT
            lower[stored[~soft[steps]]] -= UNIT
        case Limit.IMPORT:
            upper[imported] += UNIT
        case Limit.EXPORT:
            upper[exported] += UNIT
        case Limit.PEAK:
            pass  # it is moved in the problem, before the programme is built
    return replace(program, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)
