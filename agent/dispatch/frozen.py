"""Finds a meter that goes on answering with its last numbers after its own source has died.

Seen in the field behind dongles and after dark: every value the same to the last digit. One quiet value may be honest
(a battery at rest reads 0.0), so a device counts as frozen when none of its powers has moved for ``frozen_s`` while a
power of another device has moved by more than ``moved_w``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.reading import Quantity, Reading

POWERS = (Quantity.GRID_W, Quantity.AC_W, Quantity.PV_W, Quantity.BATTERY_W, Quantity.LOAD_W)


@dataclass(slots=True)
class _Watched:
    seen: dict[Quantity, float]
    unchanged_since: float
    others_moved: bool = False


@dataclass(slots=True)
class FrozenWatch:
    """Remembers what each device said last. One instance a site."""

    frozen_s: float
    moved_w: float = 50.0
    _devices: dict[str, _Watched] = field(default_factory=dict)

    def update(self, monotonic_s: float, devices: Mapping[str, Mapping[Quantity, Reading]]) -> frozenset[str]:
        """Take in the newest readings of every device and return the names of those that are frozen.

        A device whose readings are not newer than last time says nothing new and keeps its verdict: it is stale, which
        is the estimate's word for it.
        """
        moved = {name for name, readings in devices.items() if self._take(name, readings, monotonic_s)}
        for name, watched in self._devices.items():
            if moved - {name}:
                watched.others_moved = True
        return frozenset(
            name
            for name, watched in self._devices.items()
            if watched.seen
            and any(watched.seen.values())
            and watched.others_moved
            and monotonic_s - watched.unchanged_since > self.frozen_s
        )

    def _take(self, name: str, readings: Mapping[Quantity, Reading], monotonic_s: float) -> bool:
        """Store what ``name`` says; True when one of its powers moved by more than ``moved_w``."""
        powers = {
            quantity: reading.value
            for quantity in POWERS
            if (reading := readings.get(quantity)) is not None and reading.value is not None
        }
        watched = self._devices.get(name)
        if watched is None:
            self._devices[name] = _Watched(powers, monotonic_s)
            return False
        if powers == watched.seen:
            return False
        moved = any(abs(value - watched.seen.get(quantity, value)) > self.moved_w for quantity, value in powers.items())
        self._devices[name] = _Watched(powers, monotonic_s)
        return moved
