"""The battery as it would be if it were steered: what the site would see of it, and what it would have cost. Pure."""

from dataclasses import dataclass, replace

from agent.domain.battery import Battery, power_window_w, soc_after
from agent.domain.site import Measured, SiteState
from drivers.reading import Quality


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one stretch, money: on the bill as it was, and as it would have been. ``stored_wh`` is how much more the
    steered battery would hold at its end, Wh; ``hours`` and ``price_hours`` make the mean of the prices bought at."""

    real: float = 0.0
    steered: float = 0.0
    stored_wh: float = 0.0
    hours: float = 0.0
    price_hours: float = 0.0


class ShadowBattery:
    """Begins where the real one is, and again there whenever it is told to ``begin``."""

    def __init__(self, battery: Battery) -> None:
        self._battery = battery
        self._soc_pct: float | None = None
        self._battery_w = 0.0
        self.costs = Costs()

    def go_by(self, battery: Battery) -> None:
        """The same battery within other bounds from now on."""
        self._battery = battery

    @property
    def value_per_kwh(self) -> float:
        """What a kWh that is left in the battery is worth, money: the mean price through its losses."""
        return (
            self._battery.discharge_efficiency * self.costs.price_hours / self.costs.hours if self.costs.hours else 0.0
        )

    def begin(self) -> None:
        """Count anew, from the state of the real battery on."""
        self._soc_pct, self._battery_w, self.costs = None, 0.0, Costs()

    def site(self, real: SiteState) -> SiteState:
        """``real`` with the steered battery in place of the real one; ``real`` itself where something is missing."""
        grid_w, battery_w, soc_pct = real.grid_w.known, real.battery_w.known, real.soc_pct.known
        if grid_w is None or battery_w is None or soc_pct is None:
            return real
        self._soc_pct = soc_pct if self._soc_pct is None else self._soc_pct
        return replace(
            real,
            grid_w=_estimated(grid_w + battery_w - self._battery_w),
            battery_w=_estimated(self._battery_w),
            soc_pct=_estimated(self._soc_pct),
        )

    def follow(self, wanted_w: float | None, real: SiteState, hours: float, prices: tuple[float, float]) -> None:
        """The battery does ``wanted_w`` (None: as the real one) for ``hours`` at the prices (bought, sold)."""
        grid_w, battery_w, soc_pct = real.grid_w.known, real.battery_w.known, real.soc_pct.known
        if grid_w is None or battery_w is None or soc_pct is None or self._soc_pct is None or hours <= 0.0:
            return
        least_w, most_w = power_window_w(self._battery, self._soc_pct, hours)
        asked_w = battery_w if wanted_w is None else wanted_w
        self._battery_w = min(max(asked_w, least_w, -self._battery.charge_w), most_w, self._battery.discharge_w)
        self._soc_pct = soc_after(self._battery, self._soc_pct, self._battery_w, hours)
        stored_wh = self._battery.stored_wh(self._soc_pct - soc_pct)
        self.costs = Costs(
            self.costs.real + _bill(grid_w, hours, prices),
            self.costs.steered + _bill(grid_w + battery_w - self._battery_w, hours, prices),
            stored_wh,
            self.costs.hours + hours,
            self.costs.price_hours + prices[0] * hours,
        )


def _estimated(value: float) -> Measured:
    return Measured(value, Quality.ESTIMATED)


def _bill(grid_w: float, hours: float, prices: tuple[float, float]) -> float:
    bought, sold = prices
    return grid_w / 1000.0 * hours * (bought if grid_w > 0.0 else sold)
