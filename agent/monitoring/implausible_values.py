"""A power of a battery or of the grid that cannot be, told, and not acted on until it has been sound for long.

A scale factor that has changed shows a battery's power as ten times what it is. Beyond its rating that is implausible,
and the battery is left to itself, by which the power falls to where it looks sound: steered at every sound value, it
would be taken up and let go of every few seconds. What is implausible again and again for longer than a value may be
old therefore counts as implausible for ``HELD_S`` after the last time, and is told until a new try has shown nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from agent.domain.sentence import Sentence
from agent.domain.sentences.batteries import battery_power_implausible, grid_power_implausible
from drivers.reading import Quality, Quantity, Reading

HELD_S, TRIED_S = 600.0, 120.0

WATCHED: tuple[tuple[str, Quantity, Callable[[str, float], Sentence]], ...] = (
    ("battery", Quantity.BATTERY_W, lambda name, watts: battery_power_implausible(device=name, power_w=watts)),
    ("grid", Quantity.GRID_W, lambda name, watts: grid_power_implausible(device=name, power_w=watts)),
)

Readings = Mapping[Quantity, Reading]


@dataclass(slots=True)
class _Seen:
    """Since when, and when last, a power was implausible (monotonic seconds), and how it is told."""

    first: float
    last: float
    sentence: Sentence

    def lasted_s(self) -> float:
        return self.last - self.first


@dataclass(slots=True)
class ImplausibleWatch:
    """One instance a site. ``roles`` are those of its devices."""

    roles: Mapping[str, frozenset[str]]
    stale_s: float
    _seen: dict[tuple[str, Quantity], _Seen] = field(default_factory=dict)

    def update(self, readings: Mapping[str, Readings], monotonic_s: float) -> dict[str, Readings]:
        """``readings`` with the quality IMPLAUSIBLE for what is not to be acted on yet."""
        found = dict(readings)
        for role, quantity, say in WATCHED:
            for name, roles in self.roles.items():
                reading = readings.get(name, {}).get(quantity)
                if role not in roles or reading is None or reading.value is None:
                    continue
                self._take(name, reading, say(name, reading.value), monotonic_s)
                if self._is_held(name, quantity, monotonic_s):
                    found[name] = {**found[name], quantity: replace(reading, quality=Quality.IMPLAUSIBLE)}
        return found

    def told(self, quantity: Quantity) -> dict[str, str | None]:
        """One sentence for each device whose ``quantity`` is implausible."""
        return {
            name: seen.sentence
            for (name, of), seen in self._seen.items()
            if of is quantity and seen.lasted_s() > self.stale_s
        }

    def _take(self, name: str, reading: Reading, sentence: Sentence, monotonic_s: float) -> None:
        key = (name, reading.quantity)
        seen = self._seen.get(key)
        if reading.quality is Quality.IMPLAUSIBLE and monotonic_s - reading.at <= self.stale_s:
            if seen is None:
                self._seen[key] = _Seen(monotonic_s, monotonic_s, sentence)
            else:
                seen.last = monotonic_s
        elif seen is not None:
            kept_s = HELD_S + TRIED_S if seen.lasted_s() > self.stale_s else self.stale_s
            if monotonic_s - seen.last > kept_s:
                del self._seen[key]

    def _is_held(self, name: str, quantity: Quantity, monotonic_s: float) -> bool:
        seen = self._seen.get((name, quantity))
        return seen is not None and seen.lasted_s() > self.stale_s and monotonic_s - seen.last <= HELD_S
