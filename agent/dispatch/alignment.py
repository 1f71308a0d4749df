"""The site's powers brought to one instant, for control; what is recorded stays as it was measured."""

from dataclasses import dataclass, field, replace

from agent.dispatch.delays_seen import DelaysSeen
from agent.dispatch.same_instant import SameInstant
from agent.domain.sentences.alarms import meter_late
from agent.domain.site import MISSING, Measured, SiteState
from agent.monitoring.meter_lag import Lag
from drivers.reading import Quality

LATE_S = 12.0  # a meter that is later than this is told: control is built for ten seconds


@dataclass(slots=True)
class Alignment:
    """One instance a site. ``rating_w`` is the battery's largest power. Times are monotonic seconds.

    ``known_lag_s`` and ``known_answer_s`` were measured before, by commissioning: how late the meter is, and in which
    time the battery begins to follow. They hold until the battery's moves have told it.
    """

    rating_w: float
    known_lag_s: float | None = None
    known_answer_s: float | None = None
    _net_load: SameInstant = field(default_factory=SameInstant)
    _load: SameInstant = field(default_factory=SameInstant)
    _seen: DelaysSeen = field(init=False)

    def __post_init__(self) -> None:
        self._seen = DelaysSeen(self.rating_w, self.known_lag_s, self.known_answer_s)

    @property
    def lag(self) -> Lag | None:
        """How much older the grid meter's values are than the battery's; None until it is known."""
        return self._seen.lag

    def told(self, monotonic_s: float, battery_w: float | None) -> None:
        """This power was written to the battery; None released it."""
        if battery_w is not None:
            self._net_load.told(monotonic_s, battery_w)
        self._seen.told(battery_w)

    def align(self, monotonic_s: float, state: SiteState) -> SiteState:
        """``state`` with the net load and the load of one instant."""
        supply = _sum(state.battery_w, state.pv_w)
        net_load = self._net_load.update(monotonic_s, state.grid_w, state.battery_w, self._seen.narrow)
        load = self._load.update(monotonic_s, state.grid_w, supply, self._seen.wide)
        # The net load is missing where meter or battery is, and its trace of the battery begins anew then.
        self._seen.look(monotonic_s, state.grid_w if net_load.usable else MISSING, self._net_load.supply)
        return replace(state, aligned_net_load=net_load, aligned_load=load)

    def late(self) -> str | None:
        """One sentence while the meter is later than control is built for."""
        if self.lag is None or self.lag.least_s <= LATE_S:
            return None
        return meter_late(late_s=self.lag.least_s)


def _sum(one: Measured, other: Measured) -> Measured:
    if one.known is None or other.known is None:
        return MISSING
    return Measured(one.known + other.known, Quality.ESTIMATED, max(one.age_s, other.age_s))
