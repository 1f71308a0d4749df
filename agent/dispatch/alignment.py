"""The site's powers brought to one instant, for control; what is recorded stays as it was measured."""

from dataclasses import dataclass, field, replace

from agent.dispatch.power_trace import PowerTrace
from agent.dispatch.same_instant import KEPT_S, METER_LAG_S, SameInstant
from agent.domain.sentences.alarms import meter_late
from agent.domain.site import MISSING, Measured, SiteState
from agent.monitoring.meter_lag import Lag, LagWatch
from drivers.reading import Quality

LATE_S = 12.0  # a meter that is later than this is told: control is built for ten seconds
MARGIN_S = 3.0  # of a lag that has been seen


@dataclass(slots=True)
class Alignment:
    """One instance a site. ``rating_w`` is the battery's largest power. Times are monotonic seconds.

    ``known_lag_s`` was measured before, by commissioning, and holds until a lag has been seen.
    """

    rating_w: float
    known_lag_s: float | None = None
    _net_load: SameInstant = field(default_factory=SameInstant)
    _load: SameInstant = field(default_factory=SameInstant)
    _grid: PowerTrace = field(default_factory=lambda: PowerTrace(KEPT_S))
    _watch: LagWatch = field(init=False)

    def __post_init__(self) -> None:
        known = None if self.known_lag_s is None else Lag(self.known_lag_s, self.known_lag_s)
        self._watch = LagWatch(self.rating_w, known)

    @property
    def lag(self) -> Lag | None:
        """How much older the grid meter's values are than the battery's; None until it is known."""
        return self._watch.lag

    def told(self, monotonic_s: float, battery_w: float) -> None:
        """This power was written to the battery."""
        self._net_load.told(monotonic_s, battery_w)

    def align(self, monotonic_s: float, state: SiteState) -> SiteState:
        """``state`` with the net load and the load of one instant."""
        lag_s = METER_LAG_S if self.lag is None else max(METER_LAG_S, self.lag.most_s + MARGIN_S)
        supply = _sum(state.battery_w, state.pv_w)
        net_load = self._net_load.update(monotonic_s, state.grid_w, state.battery_w, lag_s)
        load = self._load.update(monotonic_s, state.grid_w, supply, lag_s)
        self._learn_lag(monotonic_s, state.grid_w, net_load)
        return replace(state, aligned_net_load=net_load, aligned_load=load)

    def _learn_lag(self, monotonic_s: float, grid: Measured, net_load: Measured) -> None:
        """The net load is missing where meter or battery is: the trace of the meter begins anew with the battery's."""
        if grid.known is None or not net_load.usable:
            self._grid.clear()
            return
        self._grid.add(monotonic_s - grid.age_s, grid.known)
        self._watch.see(self._grid, self._net_load.supply)

    def late(self) -> str | None:
        """One sentence while the meter is later than control is built for."""
        if self.lag is None or self.lag.least_s <= LATE_S:
            return None
        return meter_late(late_s=self.lag.least_s)


def _sum(one: Measured, other: Measured) -> Measured:
    if one.known is None or other.known is None:
        return MISSING
    return Measured(one.known + other.known, Quality.ESTIMATED, max(one.age_s, other.age_s))
