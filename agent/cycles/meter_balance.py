"""What is done about a grid meter that contradicts the battery: a probe, an alarm, and it is not acted on."""

from collections.abc import Mapping
from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind
from agent.domain.battery import Battery
from agent.domain.sentences.control import probing_meter
from agent.domain.setpoint import Setpoint
from agent.domain.site import MISSING, SiteState
from agent.monitoring.balance_watch import BalanceWatch
from drivers.reading import Quality

SETTLED_S = 30.0


class MeterBalance:
    """One instance a site. Times are monotonic seconds."""

    def __init__(self, battery: Battery, step_s: float, roles: Mapping[str, frozenset[str]], alarms: Alarms) -> None:
        self._watch = BalanceWatch(max(battery.charge_w, battery.discharge_w), max(SETTLED_S, 2.5 * step_s))
        self._meters = [name for name, words in roles.items() if "grid" in words]
        self._alarms = alarms

    def judged(self, state: SiteState, monotonic_s: float) -> SiteState:
        """``state`` without the grid's power, and the load derived from it, while the meter contradicts the battery."""
        self._watch.seen(monotonic_s, state.battery_w.known, state.grid_w.known, state.pv_w.known)
        for name in self._meters:
            self._alarms.alarm(AlarmKind.METER_CONTRADICTS, self._watch.sentence, name)
        if not self._watch.is_wrong(monotonic_s):
            return state
        load_w = MISSING if state.load_w.quality is Quality.ESTIMATED else state.load_w
        return replace(state, grid_w=replace(state.grid_w, quality=Quality.IMPLAUSIBLE), load_w=load_w)

    def probed(self, wanted: Setpoint) -> Setpoint:
        """``wanted``, or 0 W where the meter is to be looked at."""
        if not self._watch.is_probing or wanted.battery_w is None:
            return wanted
        return replace(wanted, battery_w=0.0, reason=probing_meter())

    def asked(self, monotonic_s: float, battery_w: float | None) -> None:
        """What was written; None is a release."""
        self._watch.asked(monotonic_s, battery_w)
