"""When the machines run that the agent switches: chosen in the same linear programme as the battery, then made whole.

The programme lets each take any power up to its own in the steps of its window, so that sun, prices, the connection and
the battery are weighed together. A relay knows on and off only, so one machine after the other, the strongest first, is
made whole and the programme asked again with it. One that may be interrupted gets the steps of which the programme used
most. One that may not is tried at a few starts: those where the programme used most, those that cost least by the duals
of the power balance, which are what one more kilowatt costs (Boyd and Vandenberghe, Convex Optimization, 5.6), and
those that cost least at the connection with the battery as it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.load_run import LoadRun, LoadTask
from agent.planning import highs
from agent.planning.battery_lp import Flexible, build
from agent.planning.planning_terms import Floats, Problem

USED = 1e-6  # of a share or of money: less is a tie, which the earlier step wins
TRIED = 2  # starts of each kind


def choose_runs(
    problem: Problem, horizon: Horizon, tasks: Sequence[LoadTask], time_limit_s: float
) -> tuple[LoadRun, ...]:
    """The runs of every task on the horizon's raster. Raises SolverFailure.

    A task that no longer fits into its window runs from its beginning to its end.
    """
    runs: list[LoadRun] = []
    left = sorted(tasks, key=lambda one: -one.power_w)
    solve_s = time_limit_s / max(1, len(tasks) * (1 + 3 * TRIED))
    while left:
        wish = _wish(problem, horizon, left, solve_s)
        task = left.pop(0)
        pieces = task.interruptible
        mine = _pieces(problem, horizon, task, wish) if pieces else [_whole(problem, horizon, task, wish, solve_s)]
        problem = _with(problem, horizon, mine)
        runs += mine
    return tuple(runs)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the programme would give the first task, by step, shape (steps,) each.

    ``share`` is what of the step lies in its window, ``price`` what one more kW costs in it, ``net_kw`` what the
    connection carries without the task, > 0 imports.
    """

    share: Floats
    taken_kw: Floats
    price: Floats
    net_kw: Floats


def _wish(problem: Problem, horizon: Horizon, tasks: Sequence[LoadTask], solve_s: float) -> _Wish:
    shares = [window_share(horizon, task.first, task.end) for task in tasks]
    wanted = []
    for task, share in zip(tasks, shares, strict=True):
        hours = min(task.left_s / 3600.0, share.sum() * horizon.step_h)
        wanted.append(Flexible(task.power_w / 1000.0 * share, task.power_w / 1000.0 * hours))
    solution = highs.solve(build(problem, flexible=wanted), solve_s, 0.0)
    n = horizon.steps
    taken_kw = solution.values[len(solution.values) - len(tasks) * n :].reshape(len(tasks), n)
    battery_kw = solution.values[n : 2 * n] - solution.values[:n]
    net_kw = (problem.load_w - problem.pv_w) / 1000.0 - battery_kw + taken_kw[1:].sum(axis=0)
    return _Wish(shares[0], taken_kw[0], solution.row_duals[:n], net_kw)


def _with(problem: Problem, horizon: Horizon, runs: Sequence[LoadRun]) -> Problem:
    more_w = sum(one.power_w * window_share(horizon, one.start, one.end) for one in runs)
    return replace(problem, load_w=problem.load_w + more_w)


def runs_from_the_beginning(tasks: Sequence[LoadTask]) -> tuple[LoadRun, ...]:
    """Each from the beginning of its window, where no programme could be solved."""
    return tuple(LoadRun(one.name, one.first, _end(one, one.first), one.power_w) for one in tasks)


def window_share(horizon: Horizon, start: datetime, end: datetime) -> Floats:
    """Which part of each step lies within ``start``..``end``, shape (steps,), 0..1."""
    begins, ends = ((at - horizon.start).total_seconds() / horizon.step_s for at in (start, end))
    return np.asarray(np.diff(np.clip(np.arange(horizon.steps + 1, dtype=float), begins, max(begins, ends))))


def with_runs(load: Forecast, runs: Sequence[LoadRun]) -> Forecast:
    """The forecast of a load that does not hold the runs yet, with them."""
    more_w = sum(one.power_w * window_share(load.horizon, one.start, one.end) for one in runs)
    values = np.asarray(load.values) + more_w
    return replace(load, values=tuple(tuple(row) for row in values.tolist()))


def _pieces(problem: Problem, horizon: Horizon, task: LoadTask, wish: _Wish) -> list[LoadRun]:
    """The steps of which the programme took most, until there is time enough; neighbours are one run.

    Those in which the connection has no room for its whole power come last.
    """
    share = wish.share
    there = np.flatnonzero(share > 0.0).tolist()
    no_room = (problem.load_w - problem.pv_w + task.power_w) / 1000.0 > problem.terms.import_limit_kw

    def rank(i: int) -> tuple[bool, int, int, int]:
        return bool(no_room[i]), -_whole_number(wish.taken_kw[i] / share[i]), _whole_number(wish.price[i]), i

    order = sorted(there, key=rank)
    left_s, chosen = task.left_s, []
    for step in order:
        if left_s <= 0.0:
            break
        chosen.append(step)
        left_s -= share[step] * horizon.step_s
    runs: list[LoadRun] = []
    length = timedelta(seconds=horizon.step_s)
    for step in sorted(chosen):
        begins = horizon.start + step * length
        start, end = max(begins, task.first), min(begins + length, task.end)
        if runs and runs[-1].end == start:
            runs[-1] = replace(runs[-1], end=end)
        else:
            runs.append(LoadRun(task.name, start, end, task.power_w))
    return runs


def _whole(problem: Problem, horizon: Horizon, task: LoadTask, wish: _Wish, solve_s: float) -> LoadRun:
    """The cheapest start of those tried; the earliest of those that cost the same."""
    latest = task.end - timedelta(seconds=task.left_s)
    later = [] if task.running else [at for at in horizon.times() if task.first < at <= latest]
    runs = [LoadRun(task.name, at, _end(task, at), task.power_w) for at in (task.first, *later)]
    if len(runs) == 1:
        return runs[0]
    shares = {run: window_share(horizon, run.start, run.end) for run in runs}
    by_use = sorted(runs, key=lambda run: (-_whole_number(float(wish.taken_kw @ shares[run])), run.start))
    by_price = sorted(runs, key=lambda run: (_whole_number(float(wish.price @ shares[run])), run.start))
    by_grid = sorted(
        runs, key=lambda run: (_whole_number(_at_the_connection(problem, wish, task, shares[run])), run.start)
    )

    def cost(run: LoadRun) -> float:
        with_it = build(_with(problem, horizon, [run]))
        return highs.solve(with_it, solve_s, 0.0).objective

    tried = dict.fromkeys((*by_use[:TRIED], *by_price[:TRIED], *by_grid[:TRIED]))
    return min(tried, key=lambda run: (_whole_number(cost(run)), run.start))


def _at_the_connection(problem: Problem, wish: _Wish, task: LoadTask, share: Floats) -> float:
    """What the task costs in these steps while the battery does not answer it, money."""
    terms, more_kw = problem.terms, task.power_w / 1000.0 * share

    def cost(net_kw: Floats) -> Floats:
        bought, sold = np.maximum(net_kw, 0.0), np.maximum(-net_kw, 0.0)
        return np.asarray(terms.import_price * bought - terms.export_price * sold)

    return float((cost(wish.net_kw + more_kw) - cost(wish.net_kw)).sum() * terms.step_h)


def _whole_number(value: float) -> int:
    return math.floor(value / USED + 0.5)


def _end(task: LoadTask, start: datetime) -> datetime:
    return min(task.end, start + timedelta(seconds=task.left_s))
