"""Finds a meter that goes on answering with its last numbers after its own source has died.

Seen in the field behind dongles and after dark: every value the same to the last digit. One steady power may be honest
(a battery that holds its setpoint), so everything that the device measures counts: a device is frozen when nothing of
it has moved for ``frozen_s`` while it went on answering and a power of another device moved by more than ``moved_w``.
A device at rest, whose powers are all 0, is not suspected, and one that is silent is stale and not frozen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.reading import Quantity, Reading

POWERS = (Quantity.GRID_W, Quantity.AC_W, Quantity.PV_W, Quantity.BATTERY_W, Quantity.LOAD_W)
CONSTANT = frozenset(
    {
        Quantity.RATED_W,
        Quantity.RATED_CHARGE_W,
        Quantity.RATED_DISCHARGE_W,
        Quantity.RATED_WH,
        Quantity.SOH_PCT,
        Quantity.STATE,
    }
)


@dataclass(slots=True)
class _Watched:
    """What one device said last, since when it says so, and when it said so for the last time (monotonic seconds)."""

    values: dict[Quantity, float]
    since: float
    until: float
    others_moved: bool = False

    @property
    def at_rest(self) -> bool:
        return not any(self.values.get(power) for power in POWERS)


@dataclass(slots=True)
class StuckMeterWatch:
    """Remembers what each device said last. One instance a site."""

    frozen_s: float
    moved_w: float = 50.0
    _devices: dict[str, _Watched] = field(default_factory=dict)

    def update(self, devices: Mapping[str, Mapping[Quantity, Reading]]) -> frozenset[str]:
        """Take in the newest readings of every device and return the names of those that are frozen."""
        moved = {name for name, readings in devices.items() if self._take(name, readings)}
        for name, watched in self._devices.items():
            watched.others_moved = watched.others_moved or bool(moved - {name})
        return frozenset(
            name
            for name, watched in self._devices.items()
            if watched.others_moved and not watched.at_rest and watched.until - watched.since > self.frozen_s
        )

    def _take(self, name: str, readings: Mapping[Quantity, Reading]) -> bool:
        """Store what ``name`` says; True when one of its powers moved by more than ``moved_w``."""
        found = {
            reading.quantity: reading.value
            for reading in readings.values()
            if reading.value is not None and reading.quantity not in CONSTANT
        }
        if not found:
            return False
        at = max(reading.at for reading in readings.values())
        watched = self._devices.get(name)
        if watched is not None and found == watched.values and at - watched.until <= self.frozen_s:
            watched.until = at
            return False
        self._devices[name] = _Watched(found, at, at)
        return watched is not None and any(
            abs(found[power] - watched.values.get(power, found[power])) > self.moved_w
            for power in POWERS
            if power in found
        )
