"""The readings of several devices as one SiteState."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.domain.site import MISSING, Measured, SiteState
from drivers.reading import Quality, Quantity, Reading

_SUN = (Quantity.PV_W, Quantity.AC_W)


@dataclass(frozen=True, slots=True)
class Source:
    """The newest readings of one device and what it stands for on the site.

    ``roles`` are the site file's words: ``grid``, ``solar``, ``battery``, ``load``. ``frozen`` is the verdict of
    ``monitoring/stuck_meter.py``: the device goes on answering, but with its last numbers. ``doubted`` is that of
    ``monitoring/soc_jump.py``. The SoC of several batteries is the mean weighted by ``usable_wh``.
    """

    device: str
    roles: frozenset[str]
    readings: Mapping[Quantity, Reading]
    frozen: bool = False
    doubted: bool = False
    usable_wh: float = 1.0


def estimate(at: datetime, monotonic_s: float, sources: Sequence[Source], stale_s: float) -> SiteState:
    """One picture at ``at``. A value older than ``stale_s`` seconds is STALE and not acted on.

    The load is grid + solar + battery where no meter measures it. The sun of a battery inverter is what it measures of
    it, that of others what they deliver, and behind a meter what flows through that, whichever way it is mounted.
    Without a solar meter the site has no solar, and without a battery meter the battery power is what closes the
    balance, where load, grid and solar are known.
    """
    grid = _of_role(sources, "grid", (Quantity.GRID_W,), monotonic_s, stale_s)
    pv = _of_role([_seen_as_sun(source) for source in sources], "solar", _SUN, monotonic_s, stale_s)
    battery = _of_role(sources, "battery", (Quantity.BATTERY_W,), monotonic_s, stale_s)
    load = _of_role(sources, "load", (Quantity.LOAD_W, Quantity.GRID_W), monotonic_s, stale_s)
    if not any("solar" in source.roles for source in sources):
        pv = Measured(0.0, Quality.ESTIMATED)
    if load.value is None:
        load = _derived((grid, 1), (_not_negative(pv), 1), (battery, 1))
    elif battery.value is None:
        battery = _derived((load, 1), (grid, -1), (pv, -1))
    elif pv.value is None:
        pv = _derived((load, 1), (grid, -1), (battery, -1))
    soc = _of_role(sources, "battery", (Quantity.SOC_PCT,), monotonic_s, stale_s, mean=True)
    return SiteState(at, grid, _not_negative(pv), battery, load, soc, tuple(_faults(sources)))


def without_battery_power(source: Source) -> Source:
    """``source`` without what an inverter with a battery delivers: that is its battery's power as well."""
    if "battery" not in source.roles or Quantity.AC_W not in source.readings:
        return source
    return replace(source, readings={name: one for name, one in source.readings.items() if name is not Quantity.AC_W})


def _seen_as_sun(source: Source) -> Source:
    """``source`` with its sun among the quantities of ``_SUN``, where it has some."""
    through = source.readings.get(Quantity.GRID_W)
    if "grid" in source.roles or through is None or _has(source, _SUN):
        return without_battery_power(source)
    flows = through if through.value is None else replace(through, value=abs(through.value))
    return replace(source, readings={Quantity.PV_W: flows})


def capped_suns(sources: Sequence[Source]) -> tuple[str, ...]:
    """The devices whose sun a cap reaches: those that steer a battery as well. None where that is not to be told."""
    return tuple(source.device for source in sources if {"solar", "battery"} <= source.roles)


def uncapped_sun_w(sources: Sequence[Source], monotonic_s: float, stale_s: float) -> float:
    """The sun that no cap reaches, W, where there is some that one reaches."""
    reached = capped_suns(sources)
    others = [source for source in sources if reached and "solar" in source.roles and source.device not in reached]
    known = [_measured(_seen_as_sun(source), _SUN, monotonic_s, stale_s).known for source in others]
    return sum(max(0.0, watts) for watts in known if watts is not None)


def _of_role(
    sources: Sequence[Source],
    role: str,
    quantities: Sequence[Quantity],
    monotonic_s: float,
    stale_s: float,
    mean: bool = False,
) -> Measured:
    """The sum (or mean) over the devices of a role; as bad as the worst of them, missing if one is missing or new."""
    found = [
        _measured(source, quantities, monotonic_s, stale_s)
        for source in sources
        if role in source.roles and (_has(source, quantities) or not source.readings)
    ]
    if not found:
        return MISSING
    values = [one.value for one in found if one.value is not None]
    if len(values) < len(found):
        return MISSING
    worst = next((one for one in found if not one.usable), found[0])
    total = sum(values)
    if mean:
        weights = [source.usable_wh for source in sources if role in source.roles and _has(source, quantities)]
        total = sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)
    return Measured(total, worst.quality, max(one.age_s for one in found))


def _has(source: Source, quantities: Sequence[Quantity]) -> bool:
    return any(quantity in source.readings for quantity in quantities)


def _measured(source: Source, quantities: Sequence[Quantity], monotonic_s: float, stale_s: float) -> Measured:
    quantity = next((quantity for quantity in quantities if quantity in source.readings), quantities[0])
    reading = source.readings.get(quantity)
    if reading is None or reading.value is None:
        return MISSING
    age_s = max(0.0, monotonic_s - reading.at)
    quality = reading.quality
    if age_s > stale_s:
        quality = Quality.STALE
    elif source.frozen:
        quality = Quality.FROZEN
    elif source.doubted and quantity is Quantity.SOC_PCT:
        quality = Quality.IMPLAUSIBLE
    return Measured(reading.value, quality, age_s)


def _derived(*terms: tuple[Measured, int]) -> Measured:
    if any(not measured.usable for measured, _ in terms):
        return MISSING
    total = sum(sign * measured.value for measured, sign in terms if measured.value is not None)
    return Measured(total, Quality.ESTIMATED, max(measured.age_s for measured, _ in terms))


def _not_negative(pv: Measured) -> Measured:
    """A negative PV power is 0: what an inverter draws at night is load."""
    return pv if pv.value is None or pv.value >= 0.0 else replace(pv, value=0.0)


def _faults(sources: Sequence[Source]) -> list[str]:
    return [f"{source.device} answers with frozen values" for source in sources if source.frozen]
