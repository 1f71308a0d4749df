"""What stored energy is worth at every step and SoC: a backward dynamic programme over many net-load paths.

At each step the net load of a path is seen first and the battery power chosen then. From its path a site changes to
those that are near it in load and sun just then (``path_changes``), so an error of the forecast persists as it is wont
to, and no path is known before it is seen (stochastic dynamic programming over a Markov chain with recourse; Bertsekas,
Dynamic Programming and Optimal Control, vol. 1). The value of a SoC is the mean over the paths.

For one path and step the best target is a corner of a piecewise linear function: a point of the SoC grid, a power
limit of the battery, or the power that brings the connection to zero, to a limit, or to nothing but curtailed sun.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from agent.domain.plan import PeakPrice, ValueByNetLoad, ValueTable
from agent.planning.battery_arrays import powers_for, stored_changes
from agent.planning.battery_wear import depth_wear, rate_wear
from agent.planning.concave import smooth_rows
from agent.planning.floor import below_floor, with_floor
from agent.planning.grid_cost import Rates, best_curtailment, negative_prices
from agent.planning.path_changes import path_changes, paths_near
from agent.planning.peak import Peak
from agent.planning.planning_terms import FLOOR_MULTIPLE, LIMIT_MULTIPLE, Floats, PlanningTerms, require_finite
from agent.planning.spread import price_until

GRID_POINTS = 61
NARROWEST_KWH = 1e-3  # a window without width still needs two distinct points
OUT_OF_REACH = -1e15
BY_NET_LOAD_HOURS = 2.0  # how far the table tells value by net load: until the next plan, with one plan to spare
NET_LOAD_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAST_WIDTH_W = 1e-3


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

    def one_way(self, sign: float) -> Self:
        """Only what charges (``sign`` 1) or discharges (-1); a rest is both."""
        down, up = (0, self.up) if sign > 0.0 else (self.down, 0)
        return replace(
            self,
            down=down,
            up=up,
            on_grid=self.on_grid[:, self.down - down : self.down + up + 1],
            limits=np.where(sign * self.limit_kwh[:, None] >= 0.0, self.limits, -OUT_OF_REACH),
            corners=np.where(sign * self.corner_kwh >= 0.0, self.corners, -OUT_OF_REACH),
        )


def soc_grid_kwh(terms: PlanningTerms, points: int = GRID_POINTS) -> Floats:
    """Evenly spaced stored energies over the SoC window, kWh."""
    high = terms.ceiling_kwh
    low = min(float(terms.floor_kwh.min()), high - NARROWEST_KWH)
    return np.linspace(low, high, points)


def battery_kw(terms: PlanningTerms, change_kwh: Floats) -> Floats:
    """AC power that changes stored energy by ``change_kwh`` in one step; positive charges."""
    return -powers_for(terms.battery, 1000.0 * change_kwh, terms.step_h) / 1000.0


def change_kwh(terms: PlanningTerms, charge_kw: Floats) -> Floats:
    """The inverse of ``battery_kw``."""
    return stored_changes(terms.battery, -1000.0 * charge_kw, terms.step_h) / 1000.0


def moves(terms: PlanningTerms, net_w: Floats, pv_w: Floats, spacing_kwh: float, points: int) -> Moves:
    """All moves that may be best, for net load and solar paths of shape (paths, steps), W."""
    net, pv = net_w.T / 1000.0, pv_w.T / 1000.0
    limit = change_kwh(terms, np.array([-terms.discharge_kw, terms.charge_kw]))
    down, up = (min(points - 1, int(abs(reach) / spacing_kwh + 1e-9)) for reach in limit)
    levels = [np.zeros_like(net)]
    if terms.limits_import:
        levels.append(np.broadcast_to(terms.import_limit_kw[:, None], net.shape))
    if terms.limits_export:
        levels.append(np.broadcast_to(-terms.export_limit_kw[:, None], net.shape))
    if terms.curtailable and negative_prices(terms):
        levels.append(-pv)
    levels += [np.broadcast_to(peak.threshold_kw[:, None], net.shape) for peak in terms.peaks]
    powers = np.clip(np.stack(levels, axis=1) - net[:, None, :], -terms.discharge_kw, terms.charge_kw)
    if terms.battery.wear_above_half_per_kwh:
        half = np.full((terms.steps, 1, net.shape[1]), -terms.discharge_kw / 2.0)
        powers = np.concatenate([powers, half], axis=1)
    corner = change_kwh(terms, powers)
    on_grid = np.arange(-down, up + 1, dtype=np.float64) * spacing_kwh

    def cost(change: Floats) -> Floats:
        return _cost(terms, change, net, pv)

    return Moves(down, up, cost(on_grid[None, :, None]), limit, cost(limit[None, :, None]), corner, cost(corner))


def _cost(terms: PlanningTerms, change: Floats, net: Floats, pv: Floats) -> Floats:
    """As ``step_cost``, the money alone."""
    return step_cost(terms, change, net, pv)[0]


def step_cost(
    terms: PlanningTerms, change: Floats, net: Floats, pv: Floats, steps: slice = slice(None)
) -> tuple[Floats, Floats]:
    """(money, import in kW) of ``steps`` that change stored energy by ``change`` (steps, moves, paths).

    Wear is included, but for that by depth, which a change alone does not tell. ``net`` and ``pv`` have shape (steps,
    paths), kW.
    """
    charge_kw = battery_kw(terms, change)
    rates = Rates.of(terms, (steps, None, None))
    flow_kw = net[:, None, :] + charge_kw
    per_hour, curtailed_kw = best_curtailment(terms, flow_kw, pv[:, None, :], rates)
    if not terms.battery.feeds_grid:  # no device does it, so no plan may want it
        beyond_kw = np.maximum(0.0, -charge_kw - terms.most_discharge_kw(net)[:, None, :])
        per_hour = per_hour + BEYOND_LOAD_MULTIPLE * terms.top_price * beyond_kw
    per_hour = per_hour + terms.battery.wear_per_kwh * np.maximum(-charge_kw, 0.0)
    if terms.battery.wear_above_half_per_kwh:
        per_hour = per_hour + rate_wear(terms.battery, -charge_kw)
    money = per_hour * terms.step_h
    return np.asarray(money), np.asarray(np.maximum(flow_kw + curtailed_kw, 0.0))


BEYOND_LOAD_MULTIPLE = 1000.0  # of the largest price: what a battery that follows the load must not feed


def backward_by_path(
    terms: PlanningTerms, net_w: Floats, pv_w: Floats, points: int = GRID_POINTS
) -> tuple[Floats, Floats]:
    """(grid in kWh, value of shape (steps + 1, paths, points)): row [i, k] at the start of step i when on path k.

    Row i does not count what it costs to stand below the floor at the end of step i - 1: see ``below_floor``.
    With the chances c of ``path_changes``:
    ``value[i, k](s) = max over s' of -cost(k, i, s' - s) + sum over m of c[i, k, m] value[i + 1, m](s')``.
    With wear by depth, ``depth_wear`` w, a move down costs w(s') - w(s) besides.
    ``net_w`` and ``pv_w`` have shape (paths, steps), W. Raises ValueError for anything not finite or not of that shape.
    """
    require_finite("net_w", net_w, (len(net_w), terms.steps))
    require_finite("pv_w", pv_w, net_w.shape)
    grid = soc_grid_kwh(terms, points)
    spacing = float(grid[1] - grid[0])
    options = moves(terms, net_w, pv_w, spacing, points)
    value = np.empty((terms.steps + 1, len(net_w), points))
    value[-1] = terms.left_value(grid)
    chances = path_changes(net_w, pv_w, terms.step_h)
    windows = _windows(len(net_w), points)
    deep = terms.battery.deep_wear_per_kwh > 0.0
    up, down = (options.one_way(1.0), options.one_way(-1.0)) if deep else (options, options)
    taken = depth_wear(terms.battery, grid)
    for step in range(terms.steps - 1, -1, -1):
        windows[:, points + 1] = chances[step] @ value[step + 1] - below_floor(terms, step, grid)
        value[step] = _step_back(up, step, windows, spacing)
        if deep:
            windows[:, points + 1] -= taken
            value[step] = np.maximum(value[step], _step_back(down, step, windows, spacing) + taken)
    return grid, value


def _windows(paths: int, points: int) -> Floats:
    """Stretches of the padded values of each path, (paths, starts, points); the one at ``points + 1`` is the values.

    Both sides are padded, so that a move out of the window is never the best one.
    """
    padded = np.full((paths, 3 * points + 2), OUT_OF_REACH)
    return np.lib.stride_tricks.sliding_window_view(padded, points, axis=1, writeable=True)


def _step_back(options: Moves, step: int, windows: Floats, spacing: float) -> Floats:
    """Value before a step, (paths, points), from the value after it in ``windows``."""
    paths, _, points = windows.shape
    margin = points + 1
    every = np.arange(paths)

    def interpolated(change: Floats) -> Floats:
        """The value after a change of stored energy, shape (..., paths) to (..., paths, points)."""
        position = np.clip(change / spacing, -points, points - 1e-9)
        whole = np.floor(position).astype(np.intp)
        share = (position - whole)[..., None]
        return np.asarray((1.0 - share) * windows[every, margin + whole] + share * windows[every, margin + whole + 1])

    band = windows[:, margin - options.down : margin + options.up + 1] - options.on_grid[step].T[:, :, None]
    best = band.max(axis=1)
    ends = np.broadcast_to(options.limit_kwh[:, None], (2, paths))
    extra = np.concatenate([ends, options.corner_kwh[step]])
    costs = np.concatenate([options.limits[step], options.corners[step]])
    return np.asarray(np.maximum(best, (interpolated(extra) - costs[:, :, None]).max(axis=0)))


def as_table(
    terms: PlanningTerms, grid: Floats, by_path: Floats, net_w: Floats, noise_w: Floats | None = None
) -> ValueTable:
    """The answer of ``backward_by_path`` over 0..100 % of the usable capacity, at the END of each step.

    ``noise_w`` (steps,) is how far a measured net load may lie from its path, W, one standard deviation; 0 when None.
    """
    noise = np.zeros(terms.steps) if noise_w is None else noise_w
    by_net_load = tuple(
        _by_net_load(terms, grid, by_path[step + 1], net_w[:, step], step, float(noise[step]))
        for step in range(first_steps(terms))
    )
    return table_of(terms, grid, smooth_rows(terms, grid, by_path[1:].mean(axis=1)), by_net_load)


def table_of(
    terms: PlanningTerms, grid: Floats, rows: Floats, by_net_load: tuple[tuple[ValueByNetLoad, ...], ...]
) -> ValueTable:
    """``rows`` (steps, points) of value at the END of each step, with ``by_net_load`` over the same SoCs."""
    soc_pct, rows = over_all(terms, grid, rows, np.arange(terms.steps))
    price = LIMIT_MULTIPLE * terms.top_price
    peak = None if terms.peak is None else _peak_price(terms.peak)
    others = tuple(_peak_price(other) for other in terms.other_peaks)
    until = tuple(price_until(terms.import_price).tolist())
    return ValueTable(
        tuple(soc_pct.tolist()), tuple(map(tuple, rows.tolist())), by_net_load, price, peak, until, others
    )


def first_steps(terms: PlanningTerms) -> int:
    """How many steps the table tells by net load."""
    return min(terms.steps, max(1, round(BY_NET_LOAD_HOURS / terms.step_h)))


def _peak_price(peak: Peak) -> PeakPrice:
    threshold_w = tuple((1000.0 * peak.threshold_kw).tolist())
    price = tuple(peak.per_kw.tolist())
    month = tuple(peak.month.tolist())
    return PeakPrice(round(3600.0 * peak.interval_h), threshold_w, price, month, 1000.0 * peak.begun_kwh)


def _by_net_load(
    terms: PlanningTerms, grid: Floats, after: Floats, net_w: Floats, step: int, noise_w: float
) -> tuple[ValueByNetLoad, ...]:
    """Value after a step by what its net load was: paths count the more, the nearer they came to it."""
    levels, weights = known_levels(net_w, noise_w)
    if not len(levels):
        return ()
    same = np.full(len(levels), step)
    _, rows = over_all(terms, grid, smooth_rows(terms, grid, weights @ after), same)
    return tuple(ValueByNetLoad(level, tuple(row)) for level, row in zip(levels.tolist(), rows.tolist(), strict=True))


def known_levels(net_w: Floats, noise_w: float) -> tuple[Floats, Floats]:
    """Net loads (levels,) at which a table tells the value after a step, and how much each path counts there.

    The weights have shape (levels, paths) and sum to one. Both are empty where the paths do not differ.
    """
    levels = np.interp(np.array(NET_LOAD_LEVELS) * (len(net_w) - 1), np.arange(len(net_w)), np.sort(net_w))
    levels = levels[np.concatenate([[True], np.diff(levels) > LEAST_WIDTH_W])]
    if len(levels) < 2:
        return np.empty(0), np.empty((0, len(net_w)))
    return levels, paths_near(levels, net_w, noise_w)


def over_all(terms: PlanningTerms, grid: Floats, rows: Floats, steps: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """SoC in percent and rows of value at the end of ``steps``, from the window to all of the usable capacity.

    Below the window the value falls steeper than any price, so that the battery is brought back first; above it more
    energy is worth what it is worth at its top, so that it is used in its time and not sold for less.
    """
    usable = terms.battery.usable_wh / 1000.0
    at_top = (rows[:, -1] - rows[:, -2]) / (grid[-1] - grid[-2])
    grid, rows = with_floor(terms, grid, rows, steps)
    if grid[0] > 0.0:
        slope = np.maximum((rows[:, 1] - rows[:, 0]) / (grid[1] - grid[0]), 0.0) + FLOOR_MULTIPLE * terms.top_price
        rows = np.column_stack([rows[:, 0] - slope * grid[0], rows])
        grid = np.concatenate([[0.0], grid])
    if grid[-1] < usable:
        rows = np.column_stack([rows, rows[:, -1] + at_top * (usable - grid[-1])])
        grid = np.concatenate([grid, [usable]])
    return 100.0 * grid / usable, rows
