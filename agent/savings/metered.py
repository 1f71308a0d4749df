"""What the ledger is made of: the measured load, sun, battery and prices on one raster, and what they cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.site import Connection
from agent.planning.battery_arrays import stored_changes

Floats = NDArray[np.float64]

HOUR_S = 3600
MEASURED = ("load_w", "pv_w", "battery_w", "soc_pct", "import_price", "export_price")


@dataclass(frozen=True, slots=True)
class Metered:
    """Means of every step, shape (steps,) each; NaN was not measured. W, percent, money per kWh.

    The raster begins on a whole UTC hour and its step divides an hour. ``commanded_w`` is the battery power that was
    asked for, NaN where none was; ``carbon_price`` is what the planner adds to the price of an imported kWh.
    """

    horizon: Horizon
    load_w: Floats
    pv_w: Floats
    battery_w: Floats
    soc_pct: Floats
    commanded_w: Floats
    import_price: Floats
    export_price: Floats
    carbon_price: Floats

    def __post_init__(self) -> None:
        horizon = self.horizon
        if HOUR_S % horizon.step_s or horizon.start.timestamp() % HOUR_S or horizon.steps % self.per_hour:
            raise ValueError("a ledger needs whole UTC hours in equal steps")
        for name in (*MEASURED, "commanded_w", "carbon_price"):
            if getattr(self, name).shape != (horizon.steps,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected ({horizon.steps},)")

    @property
    def per_hour(self) -> int:
        """Steps an hour."""
        return HOUR_S // self.horizon.step_s

    @property
    def net_w(self) -> Floats:
        return self.load_w - self.pv_w

    def known_steps(self) -> NDArray[np.bool_]:
        """Steps of which the planner can be told load, sun and prices."""
        return np.isfinite(self.net_w + self.import_price + self.export_price + self.carbon_price)

    def counted_hours(self) -> NDArray[np.bool_]:
        """Hours of which everything was measured, shape (hours,). Only those enter the ledger."""
        whole = np.logical_and.reduce([np.isfinite(getattr(self, name)) for name in MEASURED])
        return np.asarray(whole.reshape(-1, self.per_hour).all(axis=1))

    def hour_at(self, hour: int) -> datetime:
        return self.horizon.start + timedelta(hours=hour)

    def day_of(self, hour: int, zone: ZoneInfo) -> date:
        """The site's own day in which an hour begins."""
        return self.hour_at(hour).astimezone(zone).date()

    def steps_of(self, first: int, last: int) -> slice:
        """The steps of the hours ``first`` to before ``last``."""
        return slice(first * self.per_hour, last * self.per_hour)


@dataclass(frozen=True, slots=True)
class Rated:
    """What the battery and the connection may do, as the site file says, and the demand charges on the site's clock."""

    battery: Battery
    connection: Connection
    charges: tuple[DemandCharge, ...] = ()
    timezone: str = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def stretches(counted: NDArray[np.bool_], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Runs of counted hours within ``first`` to before ``last``: a hole ends one and begins the next."""
    begin = None
    for hour in range(first, last):
        if counted[hour] and begin is None:
            begin = hour
        elif not counted[hour] and begin is not None:
            yield begin, hour
            begin = None
    if begin is not None:
        yield begin, last


def bill(metered: Metered, part: slice, battery_w: Floats) -> Floats:
    """What each step of ``part`` costs at the meter with these battery powers, money, shape (steps,)."""
    grid_kwh = (metered.net_w[part] - battery_w) * metered.horizon.step_h / 1000.0
    return np.asarray(grid_kwh * np.where(grid_kwh > 0, metered.import_price[part], metered.export_price[part]))


def start_wh(metered: Metered, battery: Battery, first: int) -> float:
    """Stored energy at the start of step ``first``: its mean SoC, less half of what the step itself changed."""
    half = stored_changes(battery, metered.battery_w[first : first + 1], metered.horizon.step_h)[0] / 2.0
    return float(np.clip(battery.stored_wh(float(metered.soc_pct[first])) - half, 0.0, battery.usable_wh))
