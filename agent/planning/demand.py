"""The demand charge of a billing month, as a price on import above a threshold.

The threshold is what the month will cost anyway: its highest mean import so far, what a ratchet holds of the months
before, or the lowest that the battery could have held over as many past days as the month has left, whichever is
highest. Below it import costs nothing more; above it every kW costs the charge. Outside the hours of the charge import
costs nothing either.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery, stored_w
from agent.domain.demand_charge import RATCHET_MONTHS, DemandCharge
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Demand, PlanRequest
from agent.planning.peak import Floats, Peak
from agent.planning.peak_chances import MonthAhead, PeakChances

LONGEST_DAYS = 31
LEAST_PAST_S = 86_400  # as long as less was measured of a site, its forecast stands in for its past
TOLERANCE = 1e-3  # of the highest past import
WORTH_A_NOTE_KW = 1e-3


def peaks_of(request: PlanRequest, past_net_w: Floats, ahead_net_w: Floats) -> tuple[Peak, ...]:
    """As ``peak_of`` for every demand charge, first the one that asks most for a kW within the horizon."""
    if request.demand is None:
        return ()
    every = request.demand, *request.demand.others
    found = [peak_of(replace(request, demand=one), past_net_w, ahead_net_w) for one in every]
    return tuple(sorted((peak for peak in found if peak is not None), key=lambda peak: -float(peak.per_kw.max())))


def peak_of(request: PlanRequest, past_net_w: Floats, ahead_net_w: Floats) -> Peak | None:
    """The thresholds of the steps ahead; None without a demand charge.

    ``past_net_w`` is load less solar before the horizon on its raster, W, NaN where not measured. ``ahead_net_w`` is
    what is expected of the horizon's steps; it counts for a site of which less than a day was measured, and no longer:
    a high forecast makes import free before the load has come.
    """
    demand, horizon = request.demand, request.horizon
    if demand is None:
        return None
    zone = ZoneInfo(request.place.timezone)
    local = [at.astimezone(zone) for at in horizon.times()]
    months = [(at.year, at.month) for at in local]
    interval_s = _interval_s(demand, horizon)
    threshold, ahead = np.empty(horizon.steps), []
    past = _past_nets(request, past_net_w, LONGEST_DAYS)
    chances = PeakChances.of_past(past[0], interval_s / 3600.0, request.battery, past[1])
    for month in dict.fromkeys(months):
        running = month == months[0]
        mine = np.array([one == month for one in months])
        days = _days_left(local[0]) if running else float(LONGEST_DAYS)
        known, counted = _nets(request, past_net_w, ahead_net_w[mine], days, int(np.argmax(mine)))
        held_w = lowest_peak_w(known, interval_s / 3600.0, request.battery, counted)
        paid_w = demand.paid_anyway_w if running else demand.charge.ratchet_share * demand.earlier_w
        threshold[mine] = max(paid_w, held_w)
        ahead.append(MonthAhead(paid_w / 1000.0, days, chances))
    first = int(horizon.start.timestamp())
    interval = (first + horizon.step_s * np.arange(horizon.steps)) // interval_s
    begun_s = first % interval_s
    whole = Horizon(horizon.start - timedelta(seconds=begun_s), interval_s, int(interval[-1] - interval[0]) + 1)
    counted = np.array(demand.charge.counts_over(whole))[interval - interval[0]]
    charged = counted & np.array([month in demand.charge.months for _, month in months])
    return Peak(
        threshold_kw=threshold / 1000.0,
        per_kw=np.where(charged, demand.charge.per_kw, 0.0),
        interval_h=interval_s / 3600.0,
        interval=interval - interval[0],
        month=np.unique(np.array([12 * year + month for year, month in months]), return_inverse=True)[1],
        begun_h=begun_s / 3600.0,
        begun_kwh=demand.interval_wh / 1000.0 if begun_s else 0.0,
        months=() if len(past[0]) * interval_s < LEAST_PAST_S else tuple(ahead),
        **_lasting(demand, local[0].month, float(threshold[0])),
    )


def _lasting(demand: Demand, month: int, expected_w: float) -> dict[str, float]:
    """What a ratchet makes of a peak in the months that follow, in each of which ``expected_w`` is paid anyway."""
    charge = demand.charge
    if charge.ratchet_share <= 0.0:
        return {}
    following = sum(1 for ahead in range(1, RATCHET_MONTHS + 1) if (month + ahead - 1) % 12 + 1 in charge.months)
    lasting_w = max(demand.earlier_w, expected_w / charge.ratchet_share)
    return {"lasting_kw": lasting_w / 1000.0, "lasting_per_kw": charge.per_kw * charge.ratchet_share * following}


def past_net_w(history: History, until: datetime) -> Floats:
    """Load less solar of the days before ``until`` that a demand charge looks back, W, NaN where not measured.

    ``history`` is on the raster of the plan; one that ends earlier leaves a gap.
    """
    horizon = history.horizon
    end = round((until - horizon.start).total_seconds()) // horizon.step_s
    first = max(0, end - LONGEST_DAYS * 86_400 // horizon.step_s)
    net = np.full(max(0, end - first), np.nan)
    known = [
        np.nan if load is None or pv is None else load - pv
        for load, pv in zip(history.load_w[first:end], history.pv_w[first:end], strict=True)
    ]
    net[: len(known)] = known
    return net


def raised(peak: Peak, import_w: Floats, step_h: float) -> list[str]:
    """One sentence for every billing month whose threshold ``import_w`` (steps,) goes above."""
    sentences = []
    for month, over_kw in enumerate(peak.over_kw(import_w / 1000.0, step_h).tolist()):
        if over_kw > WORTH_A_NOTE_KW:
            step = int(np.argmax(peak.month == month))
            held, cost = peak.threshold_kw[step], over_kw * peak.per_kw[step]
            sentences.append(
                f"The demand peak of {held:z.2f} kW cannot be held: it is expected to rise to {held + over_kw:z.2f} "
                f"kW, which costs {cost:z.2f}."
            )
    return sentences


def lowest_peak_w(net_w: Floats, step_h: float, battery: Battery, counted: NDArray[np.bool_] | None = None) -> float:
    """The lowest import that a battery, full at first, could have held throughout ``net_w`` (finite), by bisection.

    Where ``counted`` (None: everywhere) is False import is not asked for, and the battery is filled.
    """
    if net_w.size == 0:
        return 0.0
    nets = [None if not counts else net for net, counts in zip(net_w.tolist(), _all(net_w, counted), strict=True)]
    high = max((net for net in nets if net is not None), default=0.0)
    low, most = 0.0, max(0.0, high)
    high = most
    while high - low > TOLERANCE * most:
        middle = (low + high) / 2.0
        low, high = (low, middle) if _holds(nets, middle, step_h, battery) else (middle, high)
    return float(high)


def _all(net_w: Floats, counted: NDArray[np.bool_] | None) -> list[bool]:
    return [True] * net_w.size if counted is None else counted.tolist()


def _holds(nets: list[float | None], peak_w: float, step_h: float, battery: Battery) -> bool:
    """Net loads by interval; None where import is not asked for."""
    room_wh = battery.stored_wh(battery.soc_max_pct - battery.floor_pct)
    stored_wh = room_wh
    for net_w in nets:
        over_w = -battery.charge_w if net_w is None else net_w - peak_w
        if over_w > 0.0:
            stored_wh += stored_w(battery, over_w) * step_h
            if over_w > battery.discharge_w or stored_wh < 0.0:
                return False
        else:
            stored_wh = min(room_wh, stored_wh + stored_w(battery, max(over_w, -battery.charge_w)) * step_h)
    return True


def _days_left(local: datetime) -> float:
    """Until the month ends on the site's clock."""
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    following = (first + timedelta(days=32)).replace(day=1)
    return float((following - local.replace(tzinfo=None)) / timedelta(days=1))


def _interval_s(demand: Demand, horizon: Horizon) -> int:
    return max(demand.charge.interval_s, horizon.step_s)


def _nets(
    request: PlanRequest, past_net_w: Floats, ahead_net_w: Floats, days: float, begins: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Means over intervals of the last ``days``, W, gaps left out, and whether they count.

    Of a site that is new, with those of the steps ahead from step ``begins`` on.
    """
    assert request.demand is not None
    horizon, charge, interval_s = request.horizon, request.demand.charge, _interval_s(request.demand, request.horizon)
    found = _past_nets(request, past_net_w, days)
    if len(found[0]) * interval_s >= LEAST_PAST_S:
        return found
    start = int(horizon.start.timestamp())
    if begins == 0:
        past = _last(past_net_w, days, horizon)
        began = start - len(past) * horizon.step_s
        return _by_interval(np.concatenate([past, ahead_net_w]), began, horizon.step_s, interval_s, charge)
    later = _by_interval(ahead_net_w, start + begins * horizon.step_s, horizon.step_s, interval_s, charge)
    nets, counted = (np.concatenate(both) for both in zip(found, later, strict=True))
    return nets, counted


def _past_nets(request: PlanRequest, past_net_w: Floats, days: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Means over the intervals that were measured in the last ``days``, W, and whether they count."""
    assert request.demand is not None
    horizon, past = request.horizon, _last(past_net_w, days, request.horizon)
    began = int(horizon.start.timestamp()) - len(past) * horizon.step_s
    return _by_interval(past, began, horizon.step_s, _interval_s(request.demand, horizon), request.demand.charge)


def _last(past_net_w: Floats, days: float, horizon: Horizon) -> Floats:
    return past_net_w[max(0, len(past_net_w) - round(days * 24.0 / horizon.step_h)) :]


def _by_interval(
    net_w: Floats, start: int, step_s: int, interval_s: int, charge: DemandCharge
) -> tuple[Floats, NDArray[np.bool_]]:
    """Means over the whole intervals of steps from ``start`` (seconds) on, without those that were not measured."""
    many = interval_s // step_s
    lead = -start % interval_s // step_s
    means = net_w[lead : lead + (len(net_w) - lead) // many * many].reshape(-1, many).mean(axis=1)
    if not len(means):
        return means, np.empty(0, dtype=bool)
    intervals = Horizon(datetime.fromtimestamp(start + lead * step_s, UTC), interval_s, len(means))
    known = np.isfinite(means)
    return means[known], np.array(charge.counts_over(intervals), dtype=bool)[known]
