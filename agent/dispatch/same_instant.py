"""What the site takes behind the grid meter, where the meter's values are not of the same instant as the battery's.

``grid + battery`` is the net load only when both are of one instant. Meters and inverters show what was up to ten
seconds ago, and a loop that adds up such values answers its own moves: it swings. At the instant of the meter's value
the battery had one of the powers that it has shown or was told within the last seconds, so the net load lies in an
interval, and the estimate moves only as far as that interval forces it to. A battery at rest makes the interval a
point: a load that changes is met once and exactly, and nothing is fed back, whatever the lags are.

While load or sun change without rest the battery moves all the time, and the estimate follows as late as the interval
is long: so it is as long as the delays that were seen need it, and no longer.
"""

from dataclasses import dataclass, field

from agent.dispatch.power_trace import PowerTrace
from agent.domain.site import MISSING, Measured
from agent.monitoring.meter_lag import Lag
from drivers.reading import Quality

METER_LAG_S = 15.0  # the oldest value of a meter that is reckoned with, unless it has been seen to be older
INVERTER_LAG_S = 10.0  # from a write until the inverter shows its power
KEPT_S = 90.0
ANY_METER = Lag(-METER_LAG_S, METER_LAG_S)
ANY_ORDER = Lag(0.0, METER_LAG_S + INVERTER_LAG_S)
MOVES_W, LATELY_S = 50.0, 3.0  # a battery that has moved by more within the last seconds is on its way


@dataclass(frozen=True, slots=True)
class Delays:
    """Between which the delays of a site lie, s: by default everything that is reckoned with.

    ``meter`` is how much older the meter's values are than the supply's, ``order`` how long after it was told the
    supply shows a power.
    """

    meter: Lag = ANY_METER
    order: Lag = ANY_ORDER


@dataclass(slots=True)
class SameInstant:
    """``update`` gives grid + supply of one instant. One instance for each supply; times are monotonic seconds."""

    supply: PowerTrace = field(default_factory=lambda: PowerTrace(KEPT_S))
    _told: PowerTrace = field(default_factory=lambda: PowerTrace(KEPT_S))
    _grid: tuple[float, float] | None = None  # the newest value: when it was read, W
    _sum_w: float | None = None

    def told(self, monotonic_s: float, supply_w: float) -> None:
        """This power was written to the device. The same power again is not noted."""
        if not len(self._told) or supply_w != self._told.newest_w:
            self._told.add(monotonic_s, supply_w)

    def update(self, monotonic_s: float, grid: Measured, supply: Measured, delays: Delays | None = None) -> Measured:
        """The sum now; MISSING where one of the two is not known, and then it begins anew.

        ``delays`` None: all that is reckoned with.
        """
        if grid.known is None or supply.known is None:
            self._begin_anew()
            return MISSING
        seen_s, grid_w = self._grid = self._newest(monotonic_s - grid.age_s, grid.known)
        self.supply.add(monotonic_s - supply.age_s, supply.known)
        least_w, most_w = self._supply_between(seen_s, delays or Delays())
        least_w, most_w = least_w + grid_w, most_w + grid_w
        # The first time there is no past: both are taken to be of one instant.
        before_w = grid.known + supply.known if self._sum_w is None else self._sum_w
        self._sum_w = min(max(before_w, least_w), most_w)
        return Measured(self._sum_w, Quality.ESTIMATED, max(grid.age_s, supply.age_s))

    def _supply_between(self, seen_s: float, delays: Delays) -> tuple[float, float]:
        """The least and the most that the supply had when the meter's value of ``seen_s`` was so."""
        first_s, last_s = seen_s - delays.meter.most_s, seen_s - delays.meter.least_s
        least_w, most_w = self.supply.between(first_s, last_s)
        if last_s <= self.supply.newest_s:
            return least_w, most_w
        powers = [least_w, most_w, *self._on_their_way(last_s - delays.order.least_s, delays.order.most_s)]
        return min(powers), max(powers)

    def _on_their_way(self, until_s: float, shown_within_s: float) -> list[float]:
        """The powers told before ``until_s`` that the supply may not have shown yet, W."""
        found = self._told.within(self.supply.newest_s - shown_within_s, until_s)
        if not found and len(self._told) and self.supply.spread_w(self.supply.newest_s - LATELY_S) > MOVES_W:
            return [self._told.newest_w]
        return found

    def _newest(self, seen_s: float, grid_w: float) -> tuple[float, float]:
        """This value of the meter, or the one before it where that is as new."""
        return (seen_s, grid_w) if self._grid is None or seen_s > self._grid[0] else self._grid

    def _begin_anew(self) -> None:
        self._grid = None
        self.supply.clear()
        self._sum_w = None
