"""Energies that are added up for ever, and the day's saving, as they are kept over a start."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CounterSeen:
    """The device counter ``name`` stood at ``wh`` when it was last added to a total."""

    name: str
    wh: float


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """Wh since the first start, each from 0 up; they never fall. ``counters`` are those that a total goes on from.

    ``saved`` is money against no battery since the midnight that ``day`` began at, what is still stored not counted;
    None while no minute of it had load, sun, battery and prices.
    """

    import_wh: float = 0.0
    export_wh: float = 0.0
    solar_wh: float = 0.0
    charge_wh: float = 0.0
    discharge_wh: float = 0.0
    counters: tuple[CounterSeen, ...] = ()
    day: date | None = None
    saved: float | None = None
