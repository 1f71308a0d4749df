"""The demand charge of a billing month, as a price on import above a threshold.

The threshold is what the month will cost anyway: its highest mean import so far, or the lowest that the battery could
have held over as many past days as the month has left, whichever is higher. Below it import costs nothing more; above
it every kW costs the charge.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.battery import Battery, stored_w
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Demand, PlanRequest
from agent.planning.peak import Floats, Peak

LONGEST_DAYS = 31
TOLERANCE = 1e-3  # of the highest past import
WORTH_A_NOTE_KW = 1e-3


def peak_of(request: PlanRequest, past_net_w: Floats, ahead_net_w: Floats) -> Peak | None:
    """The thresholds of the steps ahead; None without a demand charge.

    ``past_net_w`` is load less solar before the horizon on its raster, W, NaN where not measured; ``ahead_net_w`` is
    what is expected of the horizon's steps, so that a load that has grown is not asked to hold what it cannot.
    """
    demand, horizon = request.demand, request.horizon
    if demand is None:
        return None
    zone = ZoneInfo(request.place.timezone)
    local = [at.astimezone(zone) for at in horizon.times()]
    months = [(at.year, at.month) for at in local]
    threshold = np.empty(horizon.steps)
    charged = np.array([month in demand.charge.months for _, month in months])
    for month in dict.fromkeys(months):
        running = month == months[0]
        mine = np.array([one == month for one in months])
        days = _days_left(local[0]) if running else float(LONGEST_DAYS)
        known = _nets(request, past_net_w, ahead_net_w[mine], days, int(np.argmax(mine)))
        held_w = lowest_peak_w(known, _interval_s(demand, horizon) / 3600.0, request.battery)
        threshold[mine] = max(demand.peak_w if running else 0.0, held_w)
    interval_s = _interval_s(demand, horizon)
    first = int(horizon.start.timestamp())
    interval = (first + horizon.step_s * np.arange(horizon.steps)) // interval_s
    begun_s = first % interval_s
    return Peak(
        threshold_kw=threshold / 1000.0,
        per_kw=np.where(charged, demand.charge.per_kw, 0.0),
        interval_h=interval_s / 3600.0,
        interval=interval - interval[0],
        month=np.unique(np.array([12 * year + month for year, month in months]), return_inverse=True)[1],
        begun_h=begun_s / 3600.0,
        begun_kwh=demand.interval_wh / 1000.0 if begun_s else 0.0,
    )


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


def lowest_peak_w(net_w: Floats, step_h: float, battery: Battery) -> float:
    """The lowest import that a battery, full at first, could have held throughout ``net_w`` (finite), by bisection."""
    if net_w.size == 0:
        return 0.0
    nets = net_w.tolist()
    high = max(0.0, *nets)
    low, most = 0.0, high
    while high - low > TOLERANCE * most:
        middle = (low + high) / 2.0
        low, high = (low, middle) if _holds(nets, middle, step_h, battery) else (middle, high)
    return float(high)


def _holds(nets: list[float], peak_w: float, step_h: float, battery: Battery) -> bool:
    room_wh = battery.stored_wh(battery.soc_max_pct - battery.floor_pct)
    stored_wh = room_wh
    for net_w in nets:
        over_w = net_w - peak_w
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


def _nets(request: PlanRequest, past_net_w: Floats, ahead_net_w: Floats, days: float, begins: int) -> Floats:
    """Means over intervals of the last ``days`` and of the steps ahead from step ``begins`` on, W, gaps left out."""
    assert request.demand is not None
    horizon, interval_s = request.horizon, _interval_s(request.demand, request.horizon)
    start = int(horizon.start.timestamp())
    past = past_net_w[max(0, len(past_net_w) - round(days * 24.0 / horizon.step_h)) :]
    began = start - len(past) * horizon.step_s
    if begins == 0:
        return _by_interval(np.concatenate([past, ahead_net_w]), began, horizon.step_s, interval_s)
    later = _by_interval(ahead_net_w, start + begins * horizon.step_s, horizon.step_s, interval_s)
    return np.concatenate([_by_interval(past, began, horizon.step_s, interval_s), later])


def _by_interval(net_w: Floats, start: int, step_s: int, interval_s: int) -> Floats:
    """Means over the whole intervals of steps from ``start`` (seconds) on, without those that were not measured."""
    many = interval_s // step_s
    lead = -start % interval_s // step_s
    means = net_w[lead : lead + (len(net_w) - lead) // many * many].reshape(-1, many).mean(axis=1)
    return np.asarray(means[np.isfinite(means)])
