"""Regret: what hindsight would have done, and what the planner would have done with a perfect forecast.

Hindsight begins with the energy that was in the battery and leaves it as full as it was left. So a stretch is judged by
its bill alone, no price has to be put on stored energy, and the bills of stretches add up.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery
from agent.planning.battery_arrays import stored_changes
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import LEAST_TOP_PRICE, PlanningTerms, Problem
from agent.planning.scenarios import terminal_value
from agent.savings.metered import Floats, Metered, Rated, bill
from agent.savings.peak_bill import PeaksKw, peaks_of, rises

TIME_LIMIT_S = 5.0
CHEAPER = 1e-6  # money; what saves less is the solver's rounding
SHORT_WH = 0.01  # what the battery may end below what was asked for, for the same reason
KEEPING_MULTIPLE = 10.0  # of the highest price: what is to be left in the battery is not sold at any price
PLAN_EVERY_H = 6
PLAN_AHEAD_H = 48


def hindsight(
    metered: Metered, rated: Rated, part: slice, began_wh: float, own_w: Floats, so_far_kw: PeaksKw = ()
) -> Floats:
    """The cheapest battery powers over ``part``, W, that leave the battery as full as ``own_w`` leaves it.

    ``so_far_kw`` are the month's peaks before it, which are paid for.

    ``own_w`` itself where nothing is cheaper: it was possible, whatever the rating says. Raises SolverFailure.
    """
    battery = rated.battery.without_wear()
    end_wh = began_wh + float(stored_changes(battery, own_w, metered.horizon.step_h).sum())
    end_wh = float(np.clip(end_wh, 0.0, battery.usable_wh))
    battery = _with_window(battery, began_wh, end_wh)
    kept_w = _kept_w(battery, end_wh, metered.horizon.step_h)
    top = max(LEAST_TOP_PRICE, *(float(np.abs(p[part]).max()) for p in (metered.import_price, metered.export_price)))
    terms = PlanningTerms(
        metered.horizon.step_h,
        battery,
        rated.connection,
        np.concatenate([metered.import_price[part], np.full(len(kept_w), KEEPING_MULTIPLE * top)]),
        np.concatenate([metered.export_price[part], np.zeros(len(kept_w))]),
        curtailable=False,
    ).with_peaks(peaks_of(metered, rated, part, so_far_kw, len(kept_w)))
    load_w = np.concatenate([np.maximum(metered.load_w[part], 0.0), kept_w])
    pv_w = np.concatenate([np.maximum(metered.pv_w[part], 0.0), np.zeros(len(kept_w))])
    schedule = solve_schedule(Problem(terms, began_wh, load_w, pv_w), TIME_LIMIT_S)
    best_w = (schedule.discharge_w - schedule.charge_w)[: len(own_w)]
    own, best = (
        bill(metered, part, powers_w).sum() + rises(metered, rated, part, powers_w, so_far_kw)[0].sum()
        for powers_w in (own_w, best_w)
    )
    left_wh = began_wh + float(stored_changes(battery, best_w, metered.horizon.step_h).sum())
    return best_w if own - best > CHEAPER and left_wh > end_wh - SHORT_WH else own_w


def planned(metered: Metered, rated: Rated, part: slice, began_wh: float, so_far_kw: PeaksKw = ()) -> Floats:
    """What the planner's programme does over ``part``, W, told the load and the sun that came.

    As in operation it looks 48 h ahead, or as far as everything was measured, values what is left at the end, counts
    wear and carbon, and is made anew every 6 h. Raises SolverFailure.
    """
    step_h, per_plan = metered.horizon.step_h, PLAN_EVERY_H * metered.per_hour
    known = metered.known_steps()
    powers: list[Floats] = []
    stored_wh = began_wh
    for first in range(part.start, part.stop, per_plan):
        last = min(first + PLAN_AHEAD_H * metered.per_hour, len(known))
        ahead = slice(first, first + _leading(known[first:last]))
        battery = _with_window(rated.battery, stored_wh, stored_wh)
        counted = metered.import_price[ahead] + metered.carbon_price[ahead]
        terms = PlanningTerms(
            step_h, battery, rated.connection, counted, metered.export_price[ahead], curtailable=False
        )
        terms = replace(terms, terminal_per_kwh=terminal_value(terms))
        terms = terms.with_peaks(peaks_of(metered, rated, ahead, so_far_kw))
        load_w, pv_w = (np.maximum(values[ahead], 0.0) for values in (metered.load_w, metered.pv_w))
        schedule = solve_schedule(Problem(terms, stored_wh, load_w, pv_w), TIME_LIMIT_S)
        taken = min(per_plan, part.stop - first)
        powers.append((schedule.discharge_w - schedule.charge_w)[:taken])
        so_far_kw = rises(metered, rated, slice(first, first + taken), powers[-1], so_far_kw)[1]
        stored_wh += float(stored_changes(battery, powers[-1], step_h).sum())
        stored_wh = float(np.clip(stored_wh, 0.0, battery.usable_wh))
    return np.concatenate(powers)


def _with_window(battery: Battery, began_wh: float, end_wh: float) -> Battery:
    """The SoC window widened to where the battery really was: hindsight is not asked to mend that first."""
    began_pct, end_pct = (battery.soc_pct(energy_wh) for energy_wh in (began_wh, end_wh))
    return replace(
        battery,
        soc_min_pct=max(0.0, min(battery.floor_pct, began_pct, end_pct)),
        soc_max_pct=min(100.0, max(battery.soc_max_pct, began_pct, end_pct)),
        reserve_pct=0.0,
    )


def _kept_w(battery: Battery, end_wh: float, step_h: float) -> Floats:
    """A load after the end that takes just what is to be left in the battery, in as few steps as its rating allows."""
    kept_wh = (end_wh - battery.stored_wh(battery.floor_pct)) * battery.discharge_efficiency
    if kept_wh <= 0.0 or battery.discharge_w <= 0.0:
        return np.zeros(0)
    steps = int(np.ceil(kept_wh / (battery.discharge_w * step_h)))
    return np.full(steps, kept_wh / step_h / steps)


def _leading(known: NDArray[np.bool_]) -> int:
    """How many steps from the first on are known without a hole."""
    return len(known) if known.all() else int(np.argmin(known))
