"""Charging from the grid at one price, spread over the time that the price lasts.

As long as every kWh costs the same, a linear programme is indifferent between bursts and one steady power, and its
answer is a burst. The gentlest of these answers loses least in cells and cables, and a load that comes meanwhile meets
the smaller import.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.planning.planning_terms import Floats, Problem
from agent.planning.schedule import Schedule

SAME_PRICE = 1e-4  # of a price: less is rounding
NEARLY_SAME = 0.01  # of a price: what the worth of stored energy is not known better than
LEAST_SHARE = 0.1  # of the rating: converters waste much below it, so energy that needs less is charged at last
NOTHING_W = 1e-3


def price_until(import_price: Floats, tolerance: float = NEARLY_SAME) -> NDArray[np.intp]:
    """The last step to which the price of each step lasts, shape (steps,), but for ``tolerance`` of it."""
    differs = np.abs(import_price[None, :] - import_price[:, None]) > tolerance * np.abs(import_price)[:, None]
    steps = len(import_price)
    later = np.triu(differs, 1)
    return np.asarray(np.where(later.any(axis=1), later.argmax(axis=1) - 1, steps - 1))


def spread(problem: Problem, schedule: Schedule) -> Schedule:
    """The same energy for the same money at the smallest steady power.

    Only steps in which the site imports without the battery are changed, within one price and never across a
    discharge. With a demand charge nothing is changed, since the power at which it charges then has a price.
    """
    terms = problem.terms
    if terms.peak is not None:
        return schedule
    charge_w = schedule.charge_w.copy()
    for run in _runs(problem, schedule):
        room_w = np.minimum(1000.0 * terms.import_limit_kw[run] - problem.load_w[run] + problem.pv_w[run], np.inf)
        most_w = np.clip(room_w, 0.0, terms.battery.charge_w)
        if terms.battery.loss_above_half and (charge_w[run] > terms.battery.charge_w / 2.0 + NOTHING_W).any():
            continue  # less power would lose less: the programme has spread it as far as it can be
        charge_w[run] = levelled(charge_w[run], most_w, LEAST_SHARE * terms.battery.charge_w)
    added_wh = terms.battery.charge_efficiency * terms.step_h * np.cumsum(charge_w - schedule.charge_w)
    soc_wh = schedule.soc_wh + added_wh
    floor_wh = 1000.0 * terms.floor_kwh
    if (soc_wh < np.minimum(floor_wh, schedule.soc_wh) - 1.0).any():
        return schedule  # a reserve that rises within the price needs the energy sooner
    import_w = schedule.import_w + charge_w - schedule.charge_w
    return replace(schedule, charge_w=charge_w, import_w=import_w, soc_wh=soc_wh)


def levelled(charge_w: Floats, most_w: Floats, least_w: float) -> Floats:
    """The sum of ``charge_w`` as evenly as ``most_w`` allows; ``charge_w`` itself where that does not hold it.

    Where it needs less power than ``least_w``, over the last steps alone: what is not charged yet can be left out.
    """
    total_w = float(charge_w.sum())
    if total_w <= NOTHING_W or (charge_w > most_w + NOTHING_W).any():
        return charge_w
    steps = len(charge_w) if least_w <= 0.0 else min(len(charge_w), max(1, int(total_w / least_w)))
    while most_w[-steps:].sum() < total_w and steps < len(charge_w):
        steps += 1
    level_w = np.zeros(len(charge_w))
    level_w[-steps:] = _poured(total_w, most_w[-steps:])
    return level_w


def _poured(total_w: float, most_w: Floats) -> Floats:
    """``total_w`` shared evenly, where each share is at most that of ``most_w``, which together hold it."""
    order = np.argsort(most_w)
    shares, left_w = np.zeros(len(most_w)), total_w
    for place, step in enumerate(order):
        shares[step] = min(float(most_w[step]), left_w / (len(order) - place))
        left_w -= shares[step]
    return shares


def _runs(problem: Problem, schedule: Schedule) -> list[NDArray[np.intp]]:
    """Adjoining steps of one price in which the battery may charge from the grid, where at least one does."""
    net_w = problem.load_w - problem.pv_w
    free = (schedule.discharge_w <= NOTHING_W) & (net_w >= 0.0) & (schedule.curtail_w <= NOTHING_W)
    price = price_until(problem.terms.import_price, SAME_PRICE)
    every = np.arange(len(net_w))
    borders = np.flatnonzero((np.diff(price) != 0) | ~(free[1:] & free[:-1])) + 1
    runs = np.split(every, borders)
    return [run for run in runs if len(run) > 1 and free[run].all() and (schedule.charge_w[run] > NOTHING_W).any()]
