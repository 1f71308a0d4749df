"""What a battery may do in each step, by the level that its import is to keep below, and what it costs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agent.planning.battery_arrays import Floats
from agent.planning.planning_terms import PlanningTerms
from agent.planning.value_table import OUT_OF_REACH, change_kwh, step_cost

LevelCost = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class LevelMoves:
    """Moves of stored energy over a grid of SoCs, at ``shape`` = (levels, paths).

    ``whole`` are moves by whole grid spacings, ``cost`` (steps, moves, levels * paths) their money. ``shift`` (steps,
    others, levels * paths) are moves in grid spacings that end on a bend of the cost, ``shift_cost`` their money.
    """

    shape: tuple[int, int]
    whole: tuple[int, ...]
    cost: Floats
    shift: Floats
    shift_cost: Floats

    @classmethod
    def of(
        cls, terms: PlanningTerms, allowed_kw: Floats, net_kw: Floats, pv_kw: Floats, grid: Floats, by_level: LevelCost
    ) -> "LevelMoves":
        """For net loads and solar power (steps, paths), kW, and imports ``allowed_kw`` (steps, levels).

        ``by_level`` makes of (money, import in kW), both (steps, moves, levels or 1, paths), what a move costs at each
        level.
        """
        points, spacing = len(grid), float(grid[1] - grid[0])
        limit = change_kwh(terms, np.array([-terms.discharge_kw, terms.charge_kw]))
        down, up = (min(points - 1, int(abs(reach) / spacing + 1e-9)) for reach in limit)
        whole = np.arange(-down, up + 1)
        by_whole = np.array(whole[None, :, None] * spacing, dtype=np.float64)
        steps, levels, many = terms.steps, allowed_kw.shape[1], net_kw.shape[1]
        flat = (steps, -1, levels * many)
        money, import_kw = step_cost(terms, by_whole, net_kw, pv_kw)
        cost = by_level(money[:, :, None, :], import_kw[:, :, None, :])
        changes = _changes(terms, allowed_kw, net_kw)
        money, import_kw = step_cost(terms, changes.reshape(steps, -1, many), net_kw, pv_kw)
        shift_cost = by_level(money.reshape(changes.shape), import_kw.reshape(changes.shape))
        shift = np.clip(changes / spacing, -points, points - 1e-9)
        every = (cost.reshape(flat), shift.reshape(flat), shift_cost.reshape(flat))
        return cls((levels, many), tuple(whole.tolist()), *every)

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


def _changes(terms: PlanningTerms, allowed_kw: Floats, net_kw: Floats) -> Floats:
    """Changes of stored energy that end at full power or on a bend of the cost, kWh, (steps, others, levels, paths)."""
    steps, many = net_kw.shape
    shape = (steps, allowed_kw.shape[1], many)
    flows = [np.zeros((steps, 1)), allowed_kw]
    flows += [peak.threshold_kw[:, None] for peak in terms.peaks]
    if terms.limits_import:
        flows.append(np.where(np.isfinite(terms.import_limit_kw), terms.import_limit_kw, 0.0)[:, None])
    if terms.limits_export:
        flows.append(-np.where(np.isfinite(terms.export_limit_kw), terms.export_limit_kw, 0.0)[:, None])
    powers = [np.broadcast_to(flow[:, :, None] - net_kw[:, None, :], shape) for flow in flows]
    powers += [np.full(shape, -terms.discharge_kw), np.full(shape, terms.charge_kw)]
    clipped = np.clip(np.stack(powers, axis=1), -terms.discharge_kw, terms.charge_kw)
    return change_kwh(terms, clipped)
