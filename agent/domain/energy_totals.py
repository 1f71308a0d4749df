"""Energies that are added up for ever, and the day's saving, as they are kept over a start."""

from dataclasses import dataclass
from datetime import date
from math import isfinite


@dataclass(frozen=True, slots=True)
class CounterSeen:
    """The device counter ``name`` stood at ``wh`` when it was last added to a total."""

    name: str
    wh: float


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """Wh since the first start, each from 0 up; they never fall. ``counters`` are those that a total goes on from.

    ``saved`` is money against no battery since the midnight that ``day`` began at, what is still stored not counted;
    None while no minute of it had load, sun, battery and prices. Raises ValueError for an energy that cannot be.
    """

    import_wh: float = 0.0
    export_wh: float = 0.0
    solar_wh: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    counters: tuple[CounterSeen, ...] = ()
    day: date | None = None
    saved: float | None = None

    def __post_init__(self) -> None:
        energies_wh = (self.import_wh, self.export_wh, self.solar_wh, self.charge_wh, self.discharge_wh)
        if not all(isfinite(one) and one >= 0.0 for one in energies_wh):
            raise ValueError(f"energies that are added up are at least 0: {', '.join(map(str, energies_wh))} Wh")
        if self.saved is not None and not isfinite(self.saved):
            raise ValueError(f"{self.saved} is no saving")
