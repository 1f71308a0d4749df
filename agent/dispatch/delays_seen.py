"""How late a site's meter and battery are, learnt from the battery's own moves."""

from dataclasses import dataclass, field

from agent.dispatch.power_trace import PowerTrace
from agent.dispatch.same_instant import INVERTER_LAG_S, KEPT_S, METER_LAG_S, Delays
from agent.domain.site import Measured
from agent.monitoring.held_value import HeldValue
from agent.monitoring.meter_lag import Lag, LagWatch

FADES = 0.98  # a longer time between two readings is remembered for a minute
MARGIN_S = 3.0  # of a delay that was seen: both sides are looked at once a second, and neither on the second


@dataclass(slots=True)
class DelaysSeen:
    """One instance a site. ``rating_w`` is the battery's largest power.

    What commissioning has measured, how late the meter is and in which time the battery begins, holds until the moves
    of the battery have told it. What was not seen, or is not clear now, may be anything that is reckoned with.
    """

    rating_w: float
    known_lag_s: float | None = None
    known_answer_s: float | None = None
    _order_w: float | None = None
    _read_every_s: float = 0.0  # the battery, lately
    _grid: PowerTrace = field(default_factory=lambda: PowerTrace(KEPT_S))
    _orders: PowerTrace = field(default_factory=lambda: PowerTrace(KEPT_S))
    _held: HeldValue = field(default_factory=HeldValue)
    _meter: LagWatch = field(init=False)
    _answer: LagWatch = field(init=False)

    def __post_init__(self) -> None:
        self._meter, self._answer = LagWatch(self.rating_w), LagWatch(self.rating_w)
        if self.known_lag_s is not None:
            self._meter.begin_with(Lag(self.known_lag_s, self.known_lag_s))
        if self.known_answer_s is not None:
            self._answer.begin_with(Lag(0.0, self.known_answer_s))

    @property
    def lag(self) -> Lag | None:
        """How much older the meter's values are than the battery's; None until it is known."""
        return self._meter.lag

    @property
    def wide(self) -> Delays:
        """Whatever is reckoned with, and more where the meter is known to be later."""
        most_s = METER_LAG_S if self.lag is None else max(METER_LAG_S, self.lag.most_s + MARGIN_S)
        return Delays(Lag(-METER_LAG_S, most_s), Lag(0.0, most_s + INVERTER_LAG_S))

    @property
    def narrow(self) -> Delays:
        """What was seen, with its margin, and never more than ``wide``."""
        wide = self.wide
        margin_s = max(MARGIN_S, self._read_every_s + 1.0)  # between two readings nobody knows what the battery did
        meter = _as_seen(self._meter, max(margin_s, self._held.held_s + 1.0), wide.meter)
        return Delays(meter, _as_seen(self._answer, margin_s, wide.order))

    def told(self, battery_w: float | None) -> None:
        """This power was written to the battery; None released it."""
        self._order_w = battery_w
        if battery_w is None:
            self._orders.clear()

    def look(self, monotonic_s: float, grid: Measured, battery: PowerTrace) -> None:
        """Take in the newest values; without the meter's, what was seen of it begins anew."""
        if grid.known is None:
            self._grid.clear()
            self._orders.clear()
            return
        if len(battery) > 1:
            before_s, now_s = battery.last_two_s()
            self._read_every_s = max(now_s - before_s, FADES * self._read_every_s)
        seen_s = monotonic_s - grid.age_s
        self._grid.add(seen_s, grid.known)
        self._held.see(seen_s, grid.known, battery)
        self._meter.see(self._grid, battery, self._held.held_s)
        if self._order_w is not None:
            # The battery shows an order with the same sign, and the meter a battery's move with the other one.
            self._orders.add(monotonic_s, -self._order_w)
            self._answer.see(battery, self._orders)


def _as_seen(watch: LagWatch, margin_s: float, widest: Lag) -> Lag:
    if watch.lag is None or not watch.is_clear:
        return widest
    return Lag(max(widest.least_s, watch.lag.least_s - margin_s), min(widest.most_s, watch.lag.most_s + margin_s))
