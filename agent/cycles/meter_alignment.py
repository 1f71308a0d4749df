"""Brings the site's powers to one instant, and tells how late the grid's meter is."""

from agent.cycles.alarms import Alarms
from agent.dispatch.alignment import Alignment
from agent.dispatch.control_mode import ControlRules
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.sentences.events import meter_lags
from agent.domain.site import SiteState

TOLD_FROM_S = 2.0  # what is less is no lag worth a word
LAG_MOVED_S = 2.0  # a lag of the meter that has moved by more is told anew


class MeterAlignment:
    """One instance a site. Times are monotonic seconds."""

    def __init__(self, rules: ControlRules, alarms: Alarms) -> None:
        self._told_s = -float("inf") if rules.meter_lag_s is None else rules.meter_lag_s
        self._alignment = Alignment(rules.largest_w, rules.meter_lag_s, rules.dead_time_s or None)
        self._alarms = alarms

    def told(self, monotonic_s: float, battery_w: float | None) -> None:
        """This power was written to the battery; None released it."""
        self._alignment.told(monotonic_s, battery_w)

    def aligned(self, state: SiteState, monotonic_s: float) -> SiteState:
        """``state`` with the net load and the load of one instant."""
        found = self._alignment.align(monotonic_s, state)
        lag = self._alignment.lag
        if lag is not None and lag.most_s >= TOLD_FROM_S and abs(lag.least_s - self._told_s) > LAG_MOVED_S:
            self._told_s = lag.least_s
            self._alarms.note(EventKind.METER_LAG, meter_lags(least_s=lag.least_s, most_s=lag.most_s))
        self._alarms.alarm(AlarmKind.METER_LATE, self._alignment.late())
        return found
