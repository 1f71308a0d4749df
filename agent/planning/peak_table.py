"""What stored energy is worth at every step, SoC and peak of the month so far, over many net-load paths.

The highest mean import of a billing month is a second state beside the SoC. At each step a path's net load is seen and
the power chosen whose import stays below one of a few levels; the month then stands at that level, and the level that
it stands at in the end is paid for. Otherwise the programme is that of ``value_table``: the value of a SoC at a level
is the mean over paths that persist for hours (a running maximum as an augmented state; Bertsekas, Dynamic Programming
and Optimal Control, vol. 1, section 1.4).
"""

from dataclasses import dataclass

import numpy as np

from agent.planning.peak_levels import Ladder
from agent.planning.planning_terms import FLOOR_MULTIPLE, Floats, PlanningTerms, require_finite
from agent.planning.value_table import OUT_OF_REACH, change_kwh, soc_grid_kwh, step_cost

PEAK_GRID_POINTS = 37
ALLOWED_OVER_KW = 1e-9
# A peak is a matter of single hours, which come as a surprise more often than the errors of a forecast change.
PEAK_SWITCHING_PER_H = 0.3
SURPRISE = 0.03  # the share of the path that surprises: .05 holds peaks lower and keeps too much back for it
CHORD_SHRINKS = 1.6  # from chord to shorter chord; a finer choice changed nothing


@dataclass(frozen=True, slots=True)
class NetPaths:
    """Net load and solar power of each path, kW, shape (steps, paths), and how the paths are changed for each other.

    ``weights`` (paths,) sum to one: how likely a path is where it has been changed. ``leaves`` (paths,) is the chance
    to be changed within one step.
    """

    net_kw: Floats
    pv_kw: Floats
    weights: Floats
    leaves: Floats

    @classmethod
    def alike(cls, terms: PlanningTerms, net_w: Floats, pv_w: Floats) -> "NetPaths":
        """Equally likely paths of shape (paths, steps), W."""
        return cls._weighted(terms, net_w, pv_w, np.full(len(net_w), 1.0 / len(net_w)))

    @classmethod
    def surprised(cls, terms: PlanningTerms, net_w: Floats, pv_w: Floats) -> "NetPaths":
        """Equally likely paths of shape (paths, steps), W, but for the last, which is met with ``SURPRISE``."""
        rest = len(net_w) - 1
        return cls._weighted(terms, net_w, pv_w, np.append(np.full(rest, (1.0 - SURPRISE) / rest), SURPRISE))

    @classmethod
    def _weighted(cls, terms: PlanningTerms, net_w: Floats, pv_w: Floats, weights: Floats) -> "NetPaths":
        require_finite("net_w", net_w, (len(weights), terms.steps))
        require_finite("pv_w", pv_w, net_w.shape)
        leaves = 1.0 - (1.0 - PEAK_SWITCHING_PER_H) ** terms.step_h
        return cls(net_w.T / 1000.0, pv_w.T / 1000.0, weights, np.full(len(weights), leaves))

    def expected(self, value: Floats) -> Floats:
        """What is expected by those on each path, from ``value`` (..., paths), when some change paths."""
        return np.asarray((1.0 - self.leaves) * value + self.leaves * (value @ self.weights)[..., None])


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
    options = _Options.of(terms, ladder, paths, float(grid[1] - grid[0]), points)
    by_level = np.empty((first_steps, points, ladder.levels, len(paths.weights)))
    rows = np.empty((terms.steps + 1, points))
    last = np.tile(terms.terminal_per_kwh * grid, (len(paths.weights), 1)) if left is None else left
    value = np.broadcast_to(last.T[:, None, :], by_level.shape[1:])
    rows[-1] = value[:, 0] @ paths.weights
    below_kwh = np.maximum(terms.floor_kwh[:, None] - grid, 0.0)
    for step in range(terms.steps - 1, -1, -1):
        if step in ladder.end_cost:
            value = value[:, :1] - ladder.end_cost[step][:, None]
        if step < first_steps:
            by_level[step] = value
        after = paths.expected(value) - FLOOR_MULTIPLE * terms.top_price * below_kwh[step][:, None, None]
        value = options.best(step, after)
        if ladder.charged[step]:  # to a higher level one may always go
            value = filled_dents(np.maximum.accumulate(value[:, ::-1], axis=1)[:, ::-1])
        rows[step] = value[:, 0] @ paths.weights
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


@dataclass(frozen=True, slots=True)
class _Options:
    """What may be done in each step and what it costs, out of reach where the import passes the level.

    ``whole`` are moves by whole grid spacings, ``cost`` (steps, moves, levels * paths) their money. ``shift`` (steps,
    others, levels * paths) are moves in grid spacings that end on a bend of the cost, ``shift_cost`` their money.
    """

    whole: tuple[int, ...]
    cost: Floats
    shift: Floats
    shift_cost: Floats

    @classmethod
    def of(cls, terms: PlanningTerms, ladder: Ladder, paths: NetPaths, spacing: float, points: int) -> "_Options":
        net = paths.net_kw
        limit = change_kwh(terms, np.array([-terms.discharge_kw, terms.charge_kw]))
        down, up = (min(points - 1, int(abs(reach) / spacing + 1e-9)) for reach in limit)
        whole = np.arange(-down, up + 1)
        by_whole = np.array(whole[None, :, None] * spacing, dtype=np.float64)
        flat = (terms.steps, -1, ladder.levels * net.shape[1])
        cost = _held(ladder, *step_cost(terms, by_whole, net, paths.pv_kw))
        changes = _changes(terms, ladder, net)
        shape = changes.shape
        money, imported = step_cost(terms, changes.reshape(shape[0], -1, shape[-1]), net, paths.pv_kw)
        shift_cost = _held(ladder, money.reshape(shape), imported.reshape(shape))
        shift = np.clip(np.broadcast_to(changes, shift_cost.shape) / spacing, -points, points - 1e-9)
        return cls(tuple(whole.tolist()), cost.reshape(flat), shift.reshape(flat), shift_cost.reshape(flat))

    def best(self, step: int, after: Floats) -> Floats:
        """The value before ``step`` from that after it, both of shape (points, levels, paths)."""
        points, columns = len(after), after[0].size
        margin = points + 1  # on both sides, so that a move out of the window is never the best one
        padded = np.full((points + 2 * margin, columns), OUT_OF_REACH)
        padded[margin : margin + points] = after.reshape(points, columns)
        best, moved = np.full((points, columns), 2.0 * OUT_OF_REACH), np.empty((points, columns))
        for place, whole in enumerate(self.whole):
            start = margin + whole
            np.subtract(padded[start : start + points], self.cost[step, place], out=moved)
            np.maximum(best, moved, out=best)
        flat, across = padded.ravel(), np.arange(columns)
        for shift, cost in zip(self.shift[step], self.shift_cost[step], strict=True):
            down = np.floor(shift)
            at = (margin + down.astype(np.intp)) * columns + across + columns * np.arange(points)[:, None]
            low = flat.take(at)
            np.maximum(best, low + (shift - down) * (flat.take(at + columns) - low) - cost, out=best)
        return best.reshape(after.shape)


def _changes(terms: PlanningTerms, ladder: Ladder, net_kw: Floats) -> Floats:
    """Changes of stored energy that end at full power or on a bend of the cost, kWh, (steps, others, levels, paths)."""
    steps, many = net_kw.shape
    shape = (steps, ladder.levels, many)
    flows = [np.zeros((steps, 1)), ladder.allowed_kw]
    flows += [peak.threshold_kw[:, None] for peak in terms.peaks]
    if terms.limits_import:
        flows.append(np.where(np.isfinite(terms.import_limit_kw), terms.import_limit_kw, 0.0)[:, None])
    if terms.limits_export:
        flows.append(-np.where(np.isfinite(terms.export_limit_kw), terms.export_limit_kw, 0.0)[:, None])
    powers = [np.broadcast_to(flow[:, :, None] - net_kw[:, None, :], shape) for flow in flows]
    powers += [np.full(shape, -terms.discharge_kw), np.full(shape, terms.charge_kw)]
    clipped = np.clip(np.stack(powers, axis=1), -terms.discharge_kw, terms.charge_kw)
    return change_kwh(terms, clipped)


def _held(ladder: Ladder, cost: Floats, import_kw: Floats) -> Floats:
    """``cost`` by level: out of reach where ``import_kw`` passes it, of shape (steps, moves, levels, paths).

    Both come with that shape or without the levels. The highest level gives way, for what the charge asks.
    """
    if cost.ndim == 3:
        cost, import_kw = cost[:, :, None, :], import_kw[:, :, None, :]
    mean_kw = ladder.begun_kw[:, None, None, None] + ladder.share[:, None, None, None] * import_kw
    over = np.maximum(mean_kw - ladder.levels_kw[:, None, :, None], 0.0) * ladder.charged[:, None, None, None]
    held = np.where(over > ALLOWED_OVER_KW, -OUT_OF_REACH, cost)
    held[:, :, -1] = cost[:, :, -1] + ladder.per_kw[:, None, None] * over[:, :, -1]
    return held
