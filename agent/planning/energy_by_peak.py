"""How much less past days would have cost, had the month's peak let the battery import more.

A peak that is held low keeps the battery from filling where energy is cheap, on every day of the month and not only on
those that are planned.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.planning.battery_arrays import Floats
from agent.planning.day_savings import DaySavings
from agent.planning.held_peaks import holds, over
from agent.planning.level_moves import LevelMoves
from agent.planning.planning_terms import PlanningTerms
from agent.planning.value_table import soc_grid_kwh

DAYS = 14  # two of every day of the week
HOURS = 24
LEVELS = 21
POINTS = 19
OVER_MULTIPLE = 2.0  # of the highest price: what import above a level counts, so that it is avoided where it can be


def savings_by_peak(
    terms: PlanningTerms, charged: NDArray[np.bool_], past_net_w: Floats, low_kw: float, high_kw: float
) -> DaySavings:
    """The last whole days of ``past_net_w`` at the prices of the 24 hours ahead, by peaks from low to high.

    ``past_net_w`` ends where ``terms`` begin, on their raster, W, NaN where not measured. ``charged`` (steps,) is where
    the peak counts. Each day is foreseen, begins with the charge that is best for it and is paid at its end for what it
    left; what a day cannot hold saves what the next higher peak does. On the hour, since shorter peaks are met from
    what the battery has.
    """
    asked, net_w, counted = _hourly(terms, charged, past_net_w)
    if not len(net_w) or high_kw <= low_kw:
        return DaySavings.nothing()
    peak_kw = low_kw + (high_kw - low_kw) * np.linspace(0.0, 1.0, LEVELS) ** 2  # the first kW save most
    worth = _worth(asked, net_w.T / 1000.0, peak_kw, counted)
    over_w = over(net_w.T[:, None, :], 1000.0 * peak_kw[:, None], counted[:, None, None], terms.battery)
    held = holds(over_w, 1.0, terms.battery)
    for level in reversed(range(LEVELS - 1)):
        worth[level] = np.where(held[level], worth[level], worth[level + 1])
    per_day = worth.mean(axis=1)
    return DaySavings(peak_kw, np.maximum.accumulate(per_day - per_day[0]))


def _hourly(
    terms: PlanningTerms, charged: NDArray[np.bool_], past_net_w: Floats
) -> tuple[PlanningTerms, Floats, NDArray[np.bool_]]:
    """The question for 24 hours, the net load of past days (days, 24), W, and which of the hours count."""
    many = round(1.0 / terms.step_h)
    day = HOURS * many
    if terms.steps < day:
        return terms, np.empty((0, HOURS)), charged
    days = past_net_w[len(past_net_w) % day :].reshape(-1, HOURS, many)[-DAYS:]
    net_w: Floats = days.mean(axis=2)
    asked = replace(
        terms,
        step_h=1.0,
        import_price=terms.import_price[:day].reshape(HOURS, many).mean(axis=1),
        export_price=terms.export_price[:day].reshape(HOURS, many).mean(axis=1),
        reserve_pct=(),
        import_limits_w=(),
        export_limits_w=(),
    ).with_peaks(())
    counted = np.asarray(charged[:day].reshape(HOURS, many).any(axis=1))
    return asked, net_w[np.isfinite(net_w).all(axis=1)], counted


def _worth(terms: PlanningTerms, net_kw: Floats, peak_kw: Floats, counted: NDArray[np.bool_]) -> Floats:
    """What each day (hours, days) earns at each peak where it is foreseen, money, shape (levels, days)."""

    def cost(money: Floats, import_kw: Floats) -> Floats:
        over_kw = np.maximum(import_kw - peak_kw[:, None], 0.0) * counted[:, None, None, None]
        return np.asarray(money + OVER_MULTIPLE * terms.top_price * over_kw)

    grid = soc_grid_kwh(terms, POINTS)
    allowed_kw = np.tile(peak_kw, (HOURS, 1))
    moves = LevelMoves.of(terms, allowed_kw, net_kw, np.maximum(-net_kw, 0.0), grid, cost)
    left = (terms.terminal_per_kwh * grid)[:, None, None]
    value = np.broadcast_to(left, (POINTS, *moves.shape))
    for hour in reversed(range(HOURS)):
        value = moves.best(hour, value)
    return np.asarray((value - left).max(axis=0))
