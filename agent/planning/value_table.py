"""What stored energy is worth at every step and SoC: a backward dynamic programme over many net-load paths.

At each step the net load of a path is seen first and the battery power chosen then; the worth of a SoC is the mean
over the paths of the best that can be done from there. Taking the mean anew at every step lets the future switch
between paths, so the table never believes that a morning's error lasts for days (stochastic dynamic programming with
recourse; Bertsekas, Dynamic Programming and Optimal Control, vol. 1).

For one path and step the best target is a corner of a piecewise linear function: a point of the SoC grid, a power
limit of the battery, or the power that brings the connection to zero, to a limit, or to nothing but curtailed sun.
"""

from dataclasses import dataclass

import numpy as np

from agent.domain.plan import ValueTable
from agent.planning.grid_cost import best_curtailment, negative_prices
from agent.planning.terms import FLOOR_MULTIPLE, Floats, Terms, require_finite

GRID_POINTS = 61
NARROWEST_KWH = 1e-3  # a window without width still needs two distinct points
OUT_OF_REACH = -1e15


@dataclass(frozen=True, slots=True)
class Moves:
    """Changes of stored energy within one step, kWh, and what they cost (money), by step, path and move.

    ``on_grid`` are whole grid spacings from -``down`` to +``up``, shape (steps, moves, paths). ``limits`` are the two
    moves at full power with their costs, ``corners`` the moves that end on a corner of the cost at the connection.
    """

    down: int
    up: int
    on_grid: Floats
    limit_kwh: Floats  # (2,)
    limits: Floats  # (steps, 2, paths)
    corner_kwh: Floats  # (steps, corners, paths)
    corners: Floats  # (steps, corners, paths)


def soc_grid_kwh(terms: Terms, points: int = GRID_POINTS) -> Floats:
    """Evenly spaced stored energies over the SoC window, kWh."""
    high = terms.ceiling_kwh
    low = min(terms.floor_kwh, high - NARROWEST_KWH)
    return np.linspace(low, high, points)


def battery_kw(terms: Terms, change_kwh: Floats) -> Floats:
    """AC power that changes stored energy by ``change_kwh`` in one step; positive charges."""
    charge = change_kwh / (terms.battery.charge_efficiency * terms.step_h)
    discharge = change_kwh * terms.battery.discharge_efficiency / terms.step_h
    return np.where(change_kwh > 0.0, charge, discharge)


def change_kwh(terms: Terms, charge_kw: Floats) -> Floats:
    """The inverse of ``battery_kw``."""
    stored = charge_kw * terms.battery.charge_efficiency * terms.step_h
    drawn = charge_kw * terms.step_h / terms.battery.discharge_efficiency
    return np.where(charge_kw > 0.0, stored, drawn)


def moves(terms: Terms, net_w: Floats, pv_w: Floats, spacing_kwh: float, points: int) -> Moves:
    """All moves worth looking at, for net load and solar paths of shape (paths, steps), W."""
    net, pv = net_w.T / 1000.0, pv_w.T / 1000.0
    limit = change_kwh(terms, np.array([-terms.discharge_kw, terms.charge_kw]))
    down, up = (min(points - 1, int(abs(reach) / spacing_kwh + 1e-9)) for reach in limit)
    levels = [np.zeros_like(net)]
    if np.isfinite(terms.import_limit_kw):
        levels.append(np.full_like(net, terms.import_limit_kw))
    if np.isfinite(terms.export_limit_kw):
        levels.append(np.full_like(net, -terms.export_limit_kw))
    if terms.curtailable and negative_prices(terms):
        levels.append(-pv)
    powers = np.clip(np.stack(levels, axis=1) - net[:, None, :], -terms.discharge_kw, terms.charge_kw)
    corner = change_kwh(terms, powers)
    on_grid = np.arange(-down, up + 1, dtype=np.float64) * spacing_kwh

    def cost(change: Floats) -> Floats:
        return _cost(terms, change, net, pv)

    return Moves(down, up, cost(on_grid[None, :, None]), limit, cost(limit[None, :, None]), corner, cost(corner))


def _cost(terms: Terms, change: Floats, net: Floats, pv: Floats) -> Floats:
    """Money for a step that changes stored energy by ``change`` (steps, moves, paths), wear included."""
    charge_kw = battery_kw(terms, change)
    prices = (terms.import_price[:, None, None], terms.export_price[:, None, None])
    per_hour, _ = best_curtailment(terms, net[:, None, :] + charge_kw, pv[:, None, :], *prices)
    return np.asarray((per_hour + terms.battery.wear_per_kwh * np.maximum(-charge_kw, 0.0)) * terms.step_h)


ROUNDING = 1e-12  # money; below it a dent is arithmetic


def backward(
    terms: Terms, net_w: Floats, pv_w: Floats, points: int = GRID_POINTS, keep_concave: bool = True
) -> tuple[Floats, Floats]:
    """(grid in kWh, worth of shape (steps + 1, points)): row i at the start of step i, the last row at the end.

    Steps at which opposite flows pay make the worth lose its concavity, and so can, by a little, a kink of the costs
    between two points of the grid; ``keep_concave`` raises it to its concave majorant there. ``net_w`` and ``pv_w``
    have shape (paths, steps), W. Raises ValueError for anything not finite or not of that shape.
    """
    require_finite("net_w", net_w, (len(net_w), terms.steps))
    require_finite("pv_w", pv_w, net_w.shape)
    grid = soc_grid_kwh(terms, points)
    spacing = float(grid[1] - grid[0])
    options = moves(terms, net_w, pv_w, spacing, points)
    worth = np.empty((terms.steps + 1, points))
    worth[-1] = terms.terminal_per_kwh * grid
    for step in range(terms.steps - 1, -1, -1):
        worth[step] = _step_back(options, step, worth[step + 1], spacing)
        if keep_concave and (np.diff(worth[step], 2) > ROUNDING).any():
            worth[step] = concave_majorant(grid, worth[step])
    return grid, worth


def _step_back(options: Moves, step: int, after: Floats, spacing: float) -> Floats:
    """Worth before a step from the worth after it, shape (points,)."""
    points = len(after)
    # Both sides are padded, so that a move out of the window is never the best one.
    margin = points + 1
    padded = np.full(points + 2 * margin, OUT_OF_REACH)
    padded[margin : margin + points] = after
    windows = np.lib.stride_tricks.sliding_window_view(padded, points)

    def interpolated(change: Floats) -> Floats:
        position = np.clip(change / spacing, -points, points - 1e-9)
        whole = np.floor(position).astype(np.intp)
        share = (position - whole)[..., None]
        return np.asarray((1.0 - share) * windows[margin + whole] + share * windows[margin + whole + 1])

    band = windows[margin - options.down : margin + options.up + 1, None, :] - options.on_grid[step, :, :, None]
    best = band.max(axis=0)
    at_limits = interpolated(options.limit_kwh)[:, None, :] - options.limits[step, :, :, None]
    at_corners = interpolated(options.corner_kwh[step]) - options.corners[step, :, :, None]
    for extra in (*at_limits, *at_corners):
        np.maximum(best, extra, out=best)
    return np.asarray(best.mean(axis=0))


def concave_majorant(grid: Floats, values: Floats) -> Floats:
    """The lowest concave function on ``grid`` that is nowhere below ``values``."""
    corners: list[int] = []
    for point in range(len(grid)):
        while len(corners) > 1:
            first, second = corners[-2], corners[-1]
            rise = (values[second] - values[first]) * (grid[point] - grid[first])
            if rise > (values[point] - values[first]) * (grid[second] - grid[first]):
                break
            corners.pop()
        corners.append(point)
    return np.interp(grid, grid[corners], values[corners])


def value_table(terms: Terms, net_w: Floats, pv_w: Floats, points: int = GRID_POINTS) -> ValueTable:
    """The table of a plan: money by step and SoC, standing at the END of each step.

    Below the window the worth falls steeper than any price, so that the battery is brought back first; above it more
    energy is worth nothing more.
    """
    grid, worth = backward(terms, net_w, pv_w, points)
    return as_table(terms, grid, worth)


def as_table(terms: Terms, grid: Floats, worth: Floats) -> ValueTable:
    """Rows 1.. of ``worth`` over 0..100 % of the usable capacity."""
    usable = terms.battery.usable_wh / 1000.0
    rows = worth[1:]
    if grid[0] > 0.0:
        slope = np.maximum((rows[:, 1] - rows[:, 0]) / (grid[1] - grid[0]), 0.0) + FLOOR_MULTIPLE * terms.top_price
        rows = np.column_stack([rows[:, 0] - slope * grid[0], rows])
        grid = np.concatenate([[0.0], grid])
    if grid[-1] < usable:
        slope = np.minimum((rows[:, -1] - rows[:, -2]) / (grid[-1] - grid[-2]), 0.0)
        rows = np.column_stack([rows, rows[:, -1] + slope * (usable - grid[-1])])
        grid = np.concatenate([grid, [usable]])
    soc_pct = 100.0 * grid / usable
    return ValueTable(tuple(soc_pct.tolist()), tuple(tuple(row) for row in rows.tolist()))
