"""Holds a wanted setpoint to the site's limits before it is written, without knowing the plan.

In this order, so that the later ones win: rating, ramp, limits of the connection point, SoC window, rating. A battery
that is asked for something that cannot be judged (no SoC, no net load) is released to its own self-consumption.
"""

import math
from dataclasses import dataclass, replace

from agent.dispatch.pv_cap import pv_cap
from agent.domain.battery import Battery, power_window_w
from agent.domain.sentence import Template
from agent.domain.sentences import control as say
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import Connection, SiteState

Limit = Template[[]]  # what has cut a power, by its sentence


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything the guard holds to. ``ramp_w_per_s`` None is no ramp."""

    battery: Battery
    connection: Connection
    ramp_w_per_s: float | None = None


def guard(wanted: Setpoint, state: SiteState, limits: Limits, since_s: float, last_w: float | None) -> Setpoint:
    """The setpoint that may be written for ``wanted``.

    ``last_w`` is the battery power in force ``since_s`` seconds ago, None when it is not known. What was cut and why is
    added to the reason. The result is either released or finite, inside the rating and inside the SoC window for the
    whole lease; the connection point's limits hold where rating and SoC window let them, and of the sun what is
    exported then is capped.
    """
    if wanted.battery_w is None:
        return wanted
    soc_pct, net_load_w = state.soc_pct.known, state.net_load_w
    if not math.isfinite(wanted.battery_w) or not math.isfinite(wanted.hold_s) or wanted.hold_s <= 0:
        return _released(wanted, say.setpoint_no_number())
    if soc_pct is None or not 0.0 <= soc_pct <= 100.0:
        return _released(wanted, say.quantity_unusable(quantity="soc_pct", quality=state.soc_pct.quality.value))
    if net_load_w is None or not math.isfinite(net_load_w):
        return _released(wanted, say.quantity_unusable(quantity="grid_w", quality=state.grid_w.quality.value))
    battery = limits.battery
    cuts: list[Limit] = []
    watts = _cut(wanted.battery_w, -battery.charge_w, battery.discharge_w, say.limit_of_rating, cuts)
    if limits.ramp_w_per_s is not None and last_w is not None:
        reach = limits.ramp_w_per_s * max(since_s, 0.0)
        watts = _cut(watts, last_w - reach, last_w + reach, say.limit_of_ramp, cuts)
    watts = _cut(watts, *_connection_window(limits.connection, net_load_w), say.limit_of_connection, cuts)
    # Whoever dies meanwhile, the SoC window is kept until the lease ends.
    watts = _cut(watts, *power_window_w(battery, soc_pct, wanted.hold_s / 3600.0), say.limit_of_soc, cuts)
    watts = _cut(watts, -battery.charge_w, battery.discharge_w, say.limit_of_rating, cuts)
    watts = _cut(watts, -math.inf, battery.most_discharge_w(net_load_w), say.limit_of_load_alone, cuts)
    reason = wanted.reason
    for limit in dict.fromkeys(cuts):
        reason = say.bound_by(said=reason, limit=limit())
    cap_w = _cap_beside(watts, wanted.battery_w, wanted.pv_limit_w, state, limits.connection)
    return replace(wanted, battery_w=watts, pv_limit_w=cap_w, reason=reason)


def _cap_beside(
    watts: float, wanted_w: float, cap_w: float | None, state: SiteState, connection: Connection
) -> float | None:
    """The cap on the sun beside ``watts``, where ``cap_w`` was chosen beside ``wanted_w``: what the battery does not
    take must not be exported over the limit."""
    if watts <= wanted_w:
        return cap_w
    if cap_w is None:
        return pv_cap(state, watts, 0.0, connection.export_limit_w)
    return max(0.0, cap_w - (watts - wanted_w))


def _released(wanted: Setpoint, why: str) -> Setpoint:
    return replace(wanted, battery_w=None, pv_limit_w=None, rung=Rung.RELEASE, reason=say.released(why=why))


def _connection_window(connection: Connection, net_load_w: float) -> tuple[float, float]:
    """Battery powers at which import and export stay within the limits: grid = net load - battery."""
    least = -math.inf if connection.import_limit_w is None else net_load_w - connection.import_limit_w
    most = math.inf if connection.export_limit_w is None else net_load_w + connection.export_limit_w
    return least, most


def _cut(watts: float, least: float, most: float, limit: Limit, cuts: list[Limit]) -> float:
    cut = min(max(watts, least), most)
    if abs(cut - watts) > 0.5:
        cuts.append(limit)
    return cut
