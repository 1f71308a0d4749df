"""The demand charge of a billing month, as a price on import above a threshold.

The threshold is what the month will cost anyway: its highest mean import so far, or the lowest that the battery could
have held over as many past days as the month has left, whichever is higher. Below it import costs nothing more; above
it every kW costs the charge.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.horizon import Horizon
from agent.domain.request import Demand, PlanRequest
from agent.domain.site import Battery
from agent.planning.terms import Floats, Peak

LONGEST_DAYS = 31
TOLERANCE = 1e-3  # of the highest past import


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
        days = _days_left(local[0]) if running else float(LONGEST_DAYS)
        mine = np.array([one == month for one in months])
        back = round(days * 24.0 / horizon.step_h)
        known = np.concatenate([past_net_w[-back:], ahead_net_w[mine]])
        held_w = lowest_peak_w(_by_interval(known, demand, horizon), _interval_h(demand, horizon), request.battery)
        threshold[mine] = max(demand.peak_w if running else 0.0, held_w)
    interval_s = max(demand.charge.interval_s, horizon.step_s)
    first = int(horizon.start.timestamp())
    interval = (first + horizon.step_s * np.arange(horizon.steps)) // interval_s
    return Peak(
        threshold_kw=threshold / 1000.0,
        per_kw=np.where(charged, demand.charge.per_kw, 0.0),
        interval_h=interval_s / 3600.0,
        interval=interval - interval[0],
        month=np.unique(np.array([12 * year + month for year, month in months]), return_inverse=True)[1],
    )


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
    room_wh = battery.energy_wh(battery.soc_max_pct - battery.floor_pct)
    stored_wh = room_wh
    for net_w in nets:
        over_w = net_w - peak_w
        if over_w > 0.0:
            stored_wh -= over_w * step_h / battery.discharge_efficiency
            if over_w > battery.discharge_w or stored_wh < 0.0:
                return False
        else:
            stored_wh = min(room_wh, stored_wh + min(-over_w, battery.charge_w) * step_h * battery.charge_efficiency)
    return True


def _days_left(local: datetime) -> float:
    """Until the month ends on the site's clock."""
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    following = (first + timedelta(days=32)).replace(day=1)
    return float((following - local.replace(tzinfo=None)) / timedelta(days=1))


def _interval_h(demand: Demand, horizon: Horizon) -> float:
    return max(demand.charge.interval_s, horizon.step_s) / 3600.0


def _by_interval(net_w: Floats, demand: Demand, horizon: Horizon) -> Floats:
    """Means over intervals, without those that were not measured."""
    many = max(1, demand.charge.interval_s // horizon.step_s)
    whole = net_w[len(net_w) % many :].reshape(-1, many)
    means = whole.mean(axis=1)
    return np.asarray(means[np.isfinite(means)])
