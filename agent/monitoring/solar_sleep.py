"""A solar inverter that sleeps gives nothing, and that is known: its power is 0 with the quality ASLEEP.

Solar inverters are supplied by the array: after dark they are silent, refuse with exceptions 4 or 11, or answer "not
implemented" or with the last numbers of the day. A device counts as asleep when it says nothing usable and

- the sun is below ``NIGHT_DEG``, and it was well at some time from ``DUSK_S`` before nightfall on. One that has not
  been seen since the agent started is given the benefit of the doubt: a restart at night knows no better, and a
  device that is really lost is told of an hour after sunrise. Then it goes on until ``DAWN_S`` after the sun has come
  up; or
- the sun is still up but sinks below ``LOW_DEG``, and less than ``DUSK_S`` ago it gave less than ``FADED_W``: it went
  to sleep early.

Whatever is silent otherwise is lost, and an alarm. Only a device whose one role is solar may be silent as a whole; of
one that also carries a battery or the meter the solar power alone may be missing, while it answers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from drivers.reading import Quality, Quantity, Reading

NIGHT_DEG, LOW_DEG = -1.0, 10.0
DUSK_S, DAWN_S = 7200.0, 3600.0
FADED_W = 100.0
POWERS = (Quantity.PV_W, Quantity.AC_W, Quantity.GRID_W)  # the last of a meter before a solar inverter

Readings = Mapping[Quantity, Reading]


@dataclass(slots=True)
class _Solar:
    """One solar device. ``well_at`` and ``well_w``: when it last gave a usable power, and which."""

    well_at: float | None = None
    well_w: float = 0.0
    slept: bool = False  # through the end of the night


@dataclass(slots=True)
class SolarSleep:
    """One instance a site. ``roles`` are those of its devices; times are monotonic seconds."""

    roles: Mapping[str, frozenset[str]]
    stale_s: float
    asleep: frozenset[str] = frozenset()  # silent, and nothing wrong with it
    _devices: dict[str, _Solar] = field(default_factory=dict)
    _night_since: float | None = None
    _day_since: float | None = None
    _last_deg: float | None = None
    _sinks: bool = False

    def update(
        self,
        readings: Mapping[str, Readings],
        odd: Collection[str],
        elevation_deg: float | None,
        monotonic_s: float,
    ) -> dict[str, Readings]:
        """``readings`` with a power of 0 for what sleeps. ``elevation_deg`` None: the time of day is not known.

        ``odd`` are the devices that did not answer last time or answer with frozen values.
        """
        self._watch_sun(elevation_deg, monotonic_s)
        found, silent = dict(readings), set[str]()
        for name, roles in self.roles.items():
            if "solar" not in roles:
                continue
            device = self._devices.setdefault(name, _Solar())
            said = readings.get(name, {})
            power, alone = _power(said), roles == {"solar"}
            usable = power is not None and self._is_usable(power, monotonic_s)
            if power is not None and usable and name not in odd:
                device.well_at, device.well_w, device.slept = power.at, abs(power.value or 0.0), False
            elif (alone or self._answers(said, monotonic_s)) and self._sleeps(device, elevation_deg, monotonic_s):
                found[name] = _asleep(said, monotonic_s)
                silent |= {name} if alone else set()
        self.asleep = frozenset(silent)
        return found

    def _watch_sun(self, elevation_deg: float | None, monotonic_s: float) -> None:
        if elevation_deg is None:
            return
        self._sinks, self._last_deg = self._last_deg is not None and elevation_deg < self._last_deg, elevation_deg
        if elevation_deg < NIGHT_DEG:
            self._night_since = monotonic_s if self._night_since is None else self._night_since
            self._day_since = None
        elif self._day_since is None:
            self._day_since, self._night_since = monotonic_s, None

    def _sleeps(self, device: _Solar, elevation_deg: float | None, monotonic_s: float) -> bool:
        if elevation_deg is None:
            return False
        if self._night_since is not None:
            device.slept = device.well_at is None or device.well_at >= self._night_since - DUSK_S
            return device.slept
        day_s = monotonic_s - (monotonic_s if self._day_since is None else self._day_since)
        if device.slept and day_s < DAWN_S:
            return True
        device.slept = False
        faded = device.well_at is not None and monotonic_s - device.well_at < DUSK_S and device.well_w < FADED_W
        return faded and self._sinks and elevation_deg < LOW_DEG

    def _answers(self, said: Readings, monotonic_s: float) -> bool:
        """Whether a device says anything now."""
        return any(self._is_usable(reading, monotonic_s) for reading in said.values())

    def _is_usable(self, reading: Reading, monotonic_s: float) -> bool:
        fit = reading.quality in (Quality.GOOD, Quality.ESTIMATED)
        return fit and reading.value is not None and monotonic_s - reading.at <= self.stale_s


def _power(said: Readings) -> Reading | None:
    return next((said[quantity] for quantity in POWERS if quantity in said), None)


def _asleep(said: Readings, monotonic_s: float) -> Readings:
    return {**said, Quantity.PV_W: Reading(Quantity.PV_W, 0.0, monotonic_s, Quality.ASLEEP)}
