"""What a demand charge adds to the bills of the ledger: every rise of a month's peak, in the interval that makes it.

So the hours of a month add up to its whole charge, and each bill has a peak of its own: without a battery, by the rule,
as it was paid. What a ratchet holds of earlier months is in none of them.
"""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.planning.peak import Peak
from agent.savings.metered import Floats, Metered, Rated

PeaksKw = tuple[float, ...]  # the highest mean import of the month so far, one a charge


def rises(metered: Metered, rated: Rated, part: slice, battery_w: Floats, so_far_kw: PeaksKw) -> tuple[Floats, PeaksKw]:
    """(money by step of ``part``, the peaks after it) with these battery powers, W.

    ``part`` is whole hours of one month of the site's clock.
    """
    money = np.zeros(len(battery_w))
    import_kw = np.maximum(metered.net_w[part] - battery_w, 0.0) / 1000.0
    reached = []
    for charge, least_kw in zip(rated.charges, so_far_kw, strict=True):
        many = _steps_in(charge, metered.horizon)
        means_kw = import_kw.reshape(-1, many).mean(axis=1)
        counted = _counted(rated, charge, metered.horizon, part)[::many]
        highest = np.maximum.accumulate(np.concatenate([[least_kw], np.where(counted, means_kw, 0.0)]))
        money[many - 1 :: many] += charge.per_kw * np.diff(highest)
        reached.append(float(highest[-1]))
    return money, tuple(reached)


def peaks_of(metered: Metered, rated: Rated, part: slice, so_far_kw: PeaksKw, further: int = 0) -> list[Peak]:
    """The demand charges over ``part`` and ``further`` steps in which nothing is charged, for the linear programme.

    ``so_far_kw`` is what the month of the first step has paid for; a later month has paid for nothing.
    """
    step_s = metered.horizon.step_s
    times = _horizon(metered.horizon, part).times()
    local = [at.astimezone(rated.zone) for at in times]
    months = np.array([12 * at.year + at.month for at in local] + [12 * local[-1].year + local[-1].month] * further)
    found = []
    for charge, least_kw in zip(rated.charges, so_far_kw, strict=True):
        many = _steps_in(charge, metered.horizon)
        counted = np.concatenate([_counted(rated, charge, metered.horizon, part), np.zeros(further, dtype=bool)])
        if counted.any():
            found.append(
                Peak(
                    threshold_kw=np.where(months == months[0], least_kw, 0.0),
                    per_kw=np.where(counted, charge.per_kw, 0.0),
                    interval_h=many * step_s / 3600.0,
                    interval=np.arange(len(months)) // many,
                    month=months - months[0],
                )
            )
    return found


def nothing(charges: Sequence[DemandCharge]) -> PeaksKw:
    """A month that has just begun."""
    return (0.0,) * len(charges)


def _steps_in(charge: DemandCharge, horizon: Horizon) -> int:
    return max(1, charge.interval_s // horizon.step_s)


def _counted(rated: Rated, charge: DemandCharge, horizon: Horizon, part: slice) -> NDArray[np.bool_]:
    """Steps of ``part`` whose interval counts in a month that is charged."""
    steps, many = _horizon(horizon, part), _steps_in(charge, horizon)
    intervals = Horizon(steps.start, many * steps.step_s, -(-steps.steps // many))
    asked = [at.astimezone(rated.zone).month in charge.months for at in intervals.times()]
    counted = np.array(charge.counts_over(intervals)) & np.array(asked)
    return np.repeat(counted, many)[: steps.steps]


def _horizon(horizon: Horizon, part: slice) -> Horizon:
    first = horizon.start + timedelta(seconds=horizon.step_s * part.start)
    return Horizon(first, horizon.step_s, part.stop - part.start)
