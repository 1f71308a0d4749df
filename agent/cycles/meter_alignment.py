"""Brings the site's powers to one instant, and tells how late the grid's meter is."""

from agent.cycles.event_reporter import EventReporter
from agent.dispatch.alignment import Alignment
from agent.domain.battery import Battery
from agent.domain.site import SiteState

LAG_MOVED_S = 2.0  # a lag of the meter that has moved by more is told anew


class MeterAlignment:
    """One instance a site. Times are monotonic seconds."""

    def __init__(self, battery: Battery, reporter: EventReporter) -> None:
        self._alignment, self._reporter = Alignment(max(battery.charge_w, battery.discharge_w)), reporter

    def told(self, monotonic_s: float, battery_w: float | None) -> None:
        """This power was written to the battery; None released it."""
        if battery_w is not None:
            self._alignment.told(monotonic_s, battery_w)

    def aligned(self, state: SiteState, monotonic_s: float) -> SiteState:
        """``state`` with the net load and the load of one instant."""
        before = self._alignment.lag
        found = self._alignment.align(monotonic_s, state)
        lag = self._alignment.lag
        if lag is not None and (before is None or abs(lag.least_s - before.least_s) > LAG_MOVED_S):
            text = f"the grid meter's values are {lag.least_s:.0f} to {lag.most_s:.0f} s older than the battery's"
            self._reporter.note("meter_lag", "info", text)
        self._reporter.alarm("meter_late", self._alignment.late())
        return found
