"""What stored energy is worth at every step, SoC and peak of the month so far, over many net-load paths.

The highest mean import of a billing month is a second state beside the SoC. At each step a path's net load is seen and
the power chosen whose import stays below one of a few levels; the month then stands at that level, and the level that
it stands at in the end is paid for. Otherwise the programme is that of ``value_table`` (a running maximum as an
augmented state; Bertsekas, Dynamic Programming and Optimal Control, vol. 1, section 1.4).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from agent.planning.level_moves import LevelMoves
from agent.planning.path_changes import path_changes, with_surprises
from agent.planning.peak_levels import Ladder
from agent.planning.planning_terms import FLOOR_MULTIPLE, Floats, PlanningTerms, require_finite
from agent.planning.surprises import Surprises
from agent.planning.value_table import OUT_OF_REACH, soc_grid_kwh

PEAK_GRID_POINTS = 37
ALLOWED_OVER_KW = 1e-9
CHORD_SHRINKS = 1.6  # from chord to shorter chord; a finer choice changed nothing


@dataclass(frozen=True, slots=True)
class NetPaths:
    """Net load and solar power of equally likely paths, kW, shape (steps, paths).

    ``changes`` (steps, paths, paths) is the chance [i, k, m] that who was on path k in step i is on path m in step
    i + 1.
    """

    net_kw: Floats
    pv_kw: Floats
    changes: Floats

    @classmethod
    def of(cls, terms: PlanningTerms, net_w: Floats, pv_w: Floats, surprises: Surprises | None = None) -> "NetPaths":
        """Paths of shape (paths, steps), W, that are left for those near by (``path_changes``), and ``surprises``."""
        require_finite("net_w", net_w, (len(net_w), terms.steps))
        require_finite("pv_w", pv_w, net_w.shape)
        changes = path_changes(net_w, pv_w, terms.step_h)
        if surprises is not None:
            changes = with_surprises(changes, len(surprises.net_w), min(1.0, terms.step_h / surprises.lasts_h))
            net_w, pv_w = np.vstack([net_w, surprises.net_w]), np.vstack([pv_w, surprises.pv_w])
        return cls(net_w.T / 1000.0, pv_w.T / 1000.0, changes)

    @property
    def many(self) -> int:
        return int(self.net_kw.shape[1])

    def expected(self, step: int, value: Floats) -> Floats:
        """What is expected after ``step`` by those on each path, from ``value`` (..., paths) of the step after it."""
        return np.asarray(value @ self.changes[step].T)


@dataclass(frozen=True, slots=True)
class LevelTable:
    """Money by SoC; ``soc_kwh`` (points,) is the grid.

    ``by_level`` (first steps, points, levels, paths) is the value at the END of the first steps at each level of the
    peak. ``rows`` (steps + 1, points) is the mean over the paths at the lowest level, row i at the START of step i.
    """

    soc_kwh: Floats
    by_level: Floats
    rows: Floats


def backward_by_level(
    terms: PlanningTerms,
    ladder: Ladder,
    paths: NetPaths,
    first_steps: int,
    points: int = PEAK_GRID_POINTS,
    left: Floats | None = None,
) -> LevelTable:
    """The value of stored energy where ``ladder`` charges for the peak of ``terms``.

    What other charges ask is on every import above their thresholds. ``left`` (paths, points) is the value at the end
    of the last step, less what the peak costs; None takes the terminal value of ``terms``.
    """
    terms = terms.with_peaks(terms.other_peaks)
    grid = soc_grid_kwh(terms, points)
    moves = LevelMoves.of(terms, ladder.allowed_kw, paths.net_kw, paths.pv_kw, grid, partial(_held, ladder))
    by_level = np.empty((first_steps, points, ladder.levels, paths.many))
    rows = np.empty((terms.steps + 1, points))
    last = np.tile(terms.left_value(grid), (paths.many, 1)) if left is None else left
    value = np.broadcast_to(last.T[:, None, :], by_level.shape[1:])
    rows[-1] = value[:, 0].mean(axis=-1)
    below_kwh = np.maximum(terms.floor_kwh[:, None] - grid, 0.0)
    for step in range(terms.steps - 1, -1, -1):
        if step in ladder.end_cost:
            value = value[:, :1] - ladder.end_cost[step][:, None]
        if step < first_steps:
            by_level[step] = value
        after = paths.expected(step, value) - FLOOR_MULTIPLE * terms.top_price * below_kwh[step][:, None, None]
        value = moves.best(step, after)
        if ladder.charged[step]:  # to a higher level one may always go
            value = filled_dents(np.maximum.accumulate(value[:, ::-1], axis=1)[:, ::-1])
        rows[step] = value[:, 0].mean(axis=-1)
    return LevelTable(grid, by_level, rows)


def filled_dents(value: Floats) -> Floats:
    """``value`` (points, ...) raised where a chord between two points as far on both sides lies above it.

    In truth the value is concave in the stored energy. Between two levels it falls off as if the higher one had to be
    paid in full, and such a dent would be met again at every step.
    """
    filled, reach = value.copy(), (len(value) - 1) // 2
    while reach >= 1:
        middle = filled[reach:-reach]
        np.maximum(middle, 0.5 * (filled[: -2 * reach] + filled[2 * reach :]), out=middle)
        reach = int(reach / CHORD_SHRINKS)
    return filled


def _held(ladder: Ladder, cost: Floats, import_kw: Floats) -> Floats:
    """``cost`` by level: out of reach where ``import_kw`` passes it, of shape (steps, moves, levels, paths).

    The highest level gives way, for what the charge asks.
    """
    mean_kw = ladder.begun_kw[:, None, None, None] + ladder.share[:, None, None, None] * import_kw
    over = np.maximum(mean_kw - ladder.levels_kw[:, None, :, None], 0.0) * ladder.charged[:, None, None, None]
    held = np.where(over > ALLOWED_OVER_KW, -OUT_OF_REACH, cost)
    held[:, :, -1] = cost[:, :, -1] + ladder.per_kw[:, None, None] * over[:, :, -1]
    return held
