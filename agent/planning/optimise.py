"""The cheapest schedule of the battery for known load, sun and prices: the linear programme, solved and made physical.

The plain programme is exact unless opposite flows at once pay (a negative price, or an export price above the import
price). Then a binary per such step chooses; where that runs out of time, a dynamic programme's directions compete. The
directions are then fixed and the plain programme solved again, so that the duals are those of the answer.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from agent.domain.sentences import plans as say
from agent.planning import highs
from agent.planning.battery_arrays import stored_changes
from agent.planning.battery_lp import Directions, build
from agent.planning.battery_wear import depth_taken
from agent.planning.columns import Mask
from agent.planning.flows import FLOW_TOLERANCE_KW, Flows, flows_of_schedule, flows_of_solution, schedule_of
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.highs import SolverFailure
from agent.planning.planning_terms import PlanningTerms, Problem
from agent.planning.schedule import Schedule
from agent.planning.spread import spread

INTEGER_SHARE = 0.6  # of the time limit, for the programme with binaries
INTEGER_MOST_S = 1.0  # the dynamic programme's directions are as good and far cheaper, so proof is not worth more
INTEGER_GAP = 1e-3
DEPTH_POINTS = 121  # of the dynamic programme that says which steps end deep; the programme then is exact
NETTING_ROUNDS = 6
LAW_TOLERANCE = 1e-3  # of the usable energy


class _Runs:
    """Solves one problem several times within one budget of time."""

    def __init__(self, problem: Problem, time_limit_s: float) -> None:
        self.problem = problem
        self.left_s = time_limit_s
        self.spent_s = 0.0

    def solve(self, way: Directions, most_s: float | None = None) -> tuple[Flows, bool]:
        """Flows, and whether they are proven best. A failure counts as having used all of its time."""
        limit_s = self.left_s if most_s is None else most_s
        try:
            solution = highs.solve(build(self.problem, way), limit_s, INTEGER_GAP)
        except SolverFailure:
            self.left_s -= limit_s
            raise
        self.spent_s += solution.run_s
        self.left_s -= solution.run_s
        return flows_of_solution(self.problem.terms, solution), solution.proven


def solve_schedule(problem: Problem, time_limit_s: float, integer_most_s: float = INTEGER_MOST_S) -> Schedule:
    """Raises SolverFailure when the plain programme was not solved in time, ValueError for unusable input.

    ``integer_most_s`` bounds the programme with binaries within ``time_limit_s``.
    """
    if problem.starts_above:
        return _from_above(problem, time_limit_s, integer_most_s)
    return _solve(problem, time_limit_s, integer_most_s)


def _from_above(problem: Problem, time_limit_s: float, integer_most_s: float) -> Schedule:
    """From above the window nothing is charged before the battery has come into it.

    When it does is found in rounds: at first nothing is charged at all; then charging begins where the round before
    has come into the window, which its own schedule keeps to, so that each round costs no more than the one before.
    """
    above, best, spent_s = problem.terms.steps, None, 0.0
    while True:
        try:
            found = _solve(replace(problem, above_steps=above), time_limit_s - spent_s, integer_most_s)
        except SolverFailure:
            if best is None:
                raise
            return best
        spent_s += found.run_s
        best = replace(found, run_s=spent_s)
        still = found.soc_wh / 1000.0 > problem.terms.ceiling_kwh + FLOW_TOLERANCE_KW
        comes = above if still.all() else int(np.argmin(still))
        if comes >= above:
            return best
        above = comes


def _solve(problem: Problem, time_limit_s: float, integer_most_s: float) -> Schedule:
    runs = _Runs(problem, time_limit_s)
    notes: list[str] = []
    way, flows, proven = _netted(runs, Directions.free(problem.terms.steps), notes, integer_most_s)
    if problem.terms.battery.deep_wear_per_kwh:
        flows, exact = _with_depth(runs, way, flows)
        proven = proven and exact
    schedule = replace(schedule_of(problem, flows, runs.spent_s, notes), proven=proven)
    if _is_lawful(problem, schedule):
        return spread(problem, schedule)
    return forward_pass_alone(problem, say.follows_value_table_for_losses())


def _netted(runs: _Runs, way: Directions, notes: list[str], integer_most_s: float) -> tuple[Directions, Flows, bool]:
    """Directions within ``way``, their flows without opposites, and whether these are proven best."""
    problem, begun = runs.problem, len(notes)
    flows, _ = runs.solve(way)
    proven = True
    if _opposites_pay(problem.terms, flows):
        way, flows = _choose(runs, notes, integer_most_s)
        proven = len(notes) == begun
    for left in reversed(range(NETTING_ROUNDS)):
        if not flows.clashes:
            break
        # A clash that is forbidden in one step may turn up in another: in the end every step has one direction.
        way = _net(problem.terms, flows, way) if left else _one_way(problem.terms, flows, way)
        flows, _ = runs.solve(way)
    if flows.clashes:
        raise SolverFailure(say.opposites_remained())
    return way, flows, proven


def _with_depth(runs: _Runs, way: Directions, flows: Flows) -> tuple[Flows, bool]:
    """Flows whose wear by depth is exact, and whether they are proven best but for ``INTEGER_GAP``.

    The steps that end below the SoC of depth are those of the programme's own answer, or those of the dynamic
    programme, whichever costs less: what the first programme counts too little bounds how much better any other is.
    """
    problem, terms = runs.problem, runs.problem.terms
    bound, near = flows.objective, INTEGER_GAP * max(abs(flows.objective), terms.top_price)
    best = _exact(problem, flows)
    for candidate in _by_depth(problem, way, flows):
        if best.objective - bound <= near:
            return best, True
        with suppress(SolverFailure):  # no time
            found = _exact(problem, runs.solve(candidate)[0])
            best = best if found.clashes else min(best, found, key=lambda one: one.objective)
    return best, best.objective - bound <= near


def _by_depth(problem: Problem, way: Directions, flows: Flows) -> Iterator[Directions]:
    """``way`` with the steps that end below the SoC of depth in ``flows``; all directions of the dynamic programme."""
    terms = problem.terms
    deep_kwh = terms.battery.stored_wh(terms.battery.deep_below_pct) / 1000.0
    deep = flows.stored < deep_kwh
    yield replace(way, deep=deep, shallow=~deep)
    passed = flows_of_schedule(forward_pass_alone(problem, "", DEPTH_POINTS))
    deep, free = passed.stored < deep_kwh, Directions.free(terms.steps)
    free = replace(free, deep=deep, shallow=~deep)
    yield _fix(terms, passed, free, terms.both_ways_pays(), terms.import_export_at_once_pays())


def _exact(problem: Problem, flows: Flows) -> Flows:
    """The same flows with all of the wear by depth in their objective."""
    path = np.concatenate([[problem.soc_wh / 1000.0], flows.stored])
    taken = depth_taken(problem.terms.battery, path)
    return replace(flows, objective=flows.objective - flows.depth_counted + taken, depth_counted=taken)


def _is_lawful(problem: Problem, schedule: Schedule) -> bool:
    """Where stored energy is a burden, the programme may lose more of it above half power than the battery does."""
    terms = problem.terms
    if terms.battery.loss_above_half == 0.0:
        return True
    changes = stored_changes(terms.battery, schedule.discharge_w - schedule.charge_w, terms.step_h)
    off_wh = np.abs(problem.soc_wh + np.cumsum(changes) - schedule.soc_wh).max()
    return bool(off_wh <= LAW_TOLERANCE * terms.battery.usable_wh)


def _opposites_pay(terms: PlanningTerms, flows: Flows) -> bool:
    return bool(
        (flows.battery_clash & terms.both_ways_pays()).any()
        or (flows.grid_clash & terms.import_export_at_once_pays()).any()
    )


def _choose(runs: _Runs, notes: list[str], integer_most_s: float) -> tuple[Directions, Flows]:
    """Directions by the programme with binaries, and by the dynamic programme unless those are proven best."""
    terms = runs.problem.terms
    free = Directions.free(terms.steps)
    way = replace(free, choose_battery=terms.both_ways_pays(), choose_grid=terms.import_export_at_once_pays())
    candidates = []
    try:
        flows, proven = runs.solve(way, min(INTEGER_SHARE * runs.left_s, integer_most_s))
        candidates.append(_fix(terms, flows, free, way.choose_battery, way.choose_grid))
    except SolverFailure:
        proven = False
    if not proven:
        notes.append(say.directions_unproven())
        passed = flows_of_schedule(forward_pass_alone(runs.problem, ""))
        candidates.append(_fix(terms, passed, free, way.choose_battery, way.choose_grid))
    answers = []
    for candidate in candidates:
        with suppress(SolverFailure):  # directions that leave no way to a rising floor, or no time
            answers.append((candidate, runs.solve(candidate)[0]))
    if not answers:
        raise SolverFailure(say.opposites_unsolved())
    return min(answers, key=lambda answer: answer[1].objective)


def _net(terms: PlanningTerms, flows: Flows, way: Directions) -> Directions:
    """Allow only the larger of two opposite flows; the battery first, since that changes what the grid must do."""
    none = np.zeros(terms.steps, dtype=bool)
    if flows.battery_clash.any():
        return _fix(terms, flows, way, flows.battery_clash, none)
    return _fix(terms, flows, way, none, flows.grid_clash)


def _one_way(terms: PlanningTerms, flows: Flows, way: Directions) -> Directions:
    """Allow only the larger of two opposite flows in every step."""
    every = np.ones(terms.steps, dtype=bool)
    return _fix(terms, flows, way, every, every)


def _fix(terms: PlanningTerms, flows: Flows, way: Directions, battery: Mask, grid: Mask) -> Directions:
    battery_terms = terms.battery
    stores = flows.charge * battery_terms.charge_efficiency >= flows.discharge / battery_terms.discharge_efficiency
    imports = flows.imported >= flows.exported
    return replace(
        way,
        no_charge=way.no_charge | (battery & ~stores),
        no_discharge=way.no_discharge | (battery & stores),
        no_import=way.no_import | (grid & ~imports),
        no_export=way.no_export | (grid & imports),
    )
