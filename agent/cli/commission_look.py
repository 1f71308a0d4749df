"""The first part of commissioning: everything is read for some seconds, and nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.adapters.devices.site_devices import Devices
from agent.commissioning.phases import phase_s, power_to_test_w, promised_s, room_w, unrefreshed_hold_s
from agent.commissioning.sighting import BatterySeen, DeviceSeen, SiteSeen
from agent.dispatch.alignment import Alignment
from agent.dispatch.estimate import Source, estimate
from agent.domain.battery import BatteryUnit
from agent.domain.site import Connection, SiteState
from agent.ports import Clock
from agent.settings.device_section import Device
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from drivers.device import Action, Remarked, Steerable, Transport
from drivers.errors import DriverError, LinkDown
from drivers.family import Family, KnowsFacts, SteeringFacts
from drivers.identity import Found
from drivers.reading import Quantity, Reading
from drivers.recognise import NOTHING, recognise
from drivers.registry import FAMILIES

SAMPLES = 6
READ_WITHIN_S = 10.0
SILENCES = 2  # of a device that may be busy
Readings = Mapping[str, Mapping[Quantity, Reading]]


@dataclass(slots=True)
class Eyes:
    """Reads the devices of a site and makes one state of them, as the fast loop does."""

    clock: Clock
    settings: Settings
    devices: Devices
    conditions: SiteConditions
    newest: Readings = field(default_factory=dict)
    seen_s: float = 0.0  # monotonic, of the newest sample
    _alignment: Alignment = field(init=False)

    def __post_init__(self) -> None:
        battery = self.settings.battery_spec()
        self._alignment = Alignment(max(battery.charge_w, battery.discharge_w))

    @property
    def sample_s(self) -> float:
        """As fast as the slowest of the devices that matter has new values, s."""
        matter = set(self.settings.battery.steered_by)
        fastest = [
            max(FAMILIES[device.family].link.fastest_poll_s, device.poll_s or 0.0)
            for device in self.settings.devices
            if device.name in matter or "grid" in device.roles
        ]
        return max(1.0, *fastest)

    def told(self, battery_w: float) -> None:
        """This power was written to the batteries."""
        self._alignment.told(self.clock.monotonic(), battery_w)

    async def see(self) -> SiteState:
        """One sample."""
        self.newest = await self.devices.read(READ_WITHIN_S)
        monotonic, weights = self.clock.monotonic(), self._weights
        self.seen_s = monotonic
        sources = [
            Source(name, self.settings.roles[name], found, usable_wh=weights.get(name, 1.0))
            for name, found in self.newest.items()
        ]
        stale_s = max(self.settings.control.stale_s, 3.0 * self.sample_s)
        return self._alignment.align(monotonic, estimate(self.clock.now(), monotonic, sources, stale_s))

    @property
    def _weights(self) -> dict[str, float]:
        return {unit.device: unit.battery.usable_wh for unit in self.settings.battery_units()}


def facts_of(device: object, family: str) -> SteeringFacts:
    """Those of the variant that was found where the device knows, else those of the family."""
    facts = device.facts if isinstance(device, KnowsFacts) else FAMILIES[family].steering
    if facts is None:
        raise ValueError(f"the family {family} cannot be steered")
    return facts


async def look(eyes: Eyes, ways: Mapping[str, Transport]) -> SiteSeen:
    """All that can be known without a write."""
    known = {device.name: await _who(ways[device.name], device) for device in eyes.settings.devices}
    samples: dict[str, list[Mapping[Quantity, Reading]]] = {name: [] for name in known}
    states: list[SiteState] = []
    for i in range(SAMPLES):
        if i:
            await eyes.clock.sleep(eyes.sample_s)
        states.append(await eyes.see())
        for name, found in eyes.newest.items():
            if found:
                samples[name].append(found)
    devices = [await _seen(eyes, one, known[one.name], tuple(samples[one.name])) for one in eyes.settings.devices]
    connection = eyes.conditions.connection(eyes.clock.now())
    net_load_w = states[-1].net_load_w or 0.0
    batteries = [
        _battery(eyes, unit, _of(devices, unit.device), connection, net_load_w)
        for unit in eyes.settings.battery_units()
    ]
    solar_w = None if eyes.settings.solar is None else eyes.settings.solar_rated_w
    return SiteSeen(tuple(devices), tuple(batteries), tuple(states), connection, solar_w)


def _battery(eyes: Eyes, unit: BatteryUnit, seen: DeviceSeen, limits: Connection, net_load_w: float) -> BatterySeen:
    """How the battery of this device is to be tested."""
    facts = facts_of(eyes.devices.device(unit.device), seen.family)
    room = room_w(limits, net_load_w, bool(seen.actions & {Action.SETPOINT, Action.DISCHARGE}))
    test_w = power_to_test_w(unit.battery, facts.resolution_w, room)
    reserved = eyes.conditions.with_reserve(unit.battery, eyes.clock.now())
    free_s = promised_s(facts, unrefreshed_hold_s(facts))
    return BatterySeen(unit.device, reserved, test_w, phase_s(facts, eyes.sample_s), free_s)


def _of(devices: list[DeviceSeen], name: str) -> DeviceSeen:
    return next(device for device in devices if device.name == name)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is recognised at a device's place; ``answers`` False: nothing is there, for the reason of ``trouble``."""

    fits: bool | None = None
    other: str | None = None
    said: Found = NOTHING
    answers: bool = True
    trouble: str | None = None


async def _who(way: Transport, device: Device) -> _Known:
    """By its own family, and where that does not fit by all of them."""
    own = FAMILIES[device.family]
    if own.identity is None:
        return _Known()
    try:
        found = await recognise(way, [own], SILENCES)
        if found is None:
            return _Known(answers=False)
        if found.family == own.name:
            return _Known(True, None, found.said)
        found = await recognise(way, list(FAMILIES.values()), SILENCES)
    except LinkDown as error:
        return _Known(answers=False, trouble=str(error))
    return _Known(False) if found is None else _Known(False, found.family, found.said)


async def _seen(
    eyes: Eyes, device: Device, known: _Known, samples: tuple[Mapping[Quantity, Reading], ...]
) -> DeviceSeen:
    family, built = FAMILIES[device.family], eyes.devices.device(device.name)
    steers = device.name in eyes.settings.battery.steered_by and isinstance(built, Steerable)
    order, trouble = await _order(built) if steers and samples else ({}, None)
    return DeviceSeen(
        device.name,
        family.name,
        family.brand,
        frozenset(device.roles),
        f"{device.endpoint} unit {device.unit_id}",
        str(device.endpoint),
        device.unit_id,
        samples,
        trouble or eyes.devices.troubles().get(device.name) or known.trouble,
        known.fits,
        known.other,
        known.other is not None and _is_another(family, FAMILIES[known.other]),
        known.answers,
        known.said,
        order,
        family.unfit_states,
        built.actions if steers and isinstance(built, Steerable) else frozenset(),
        tuple(remark.text for remark in built.remarks) if isinstance(built, Remarked) else (),
    )


def _is_another(family: Family, other: Family) -> bool:
    """Whether a device of ``other`` cannot be one of ``family``: those of a maker may speak the standard, too."""
    speaks_standard = other.identity is not None and other.identity.is_generic
    return not speaks_standard or (family.identity is not None and family.identity.is_generic)


async def _order(built: object) -> tuple[Mapping[str, float], str | None]:
    """What the battery is forced to now, or why that cannot be read."""
    assert isinstance(built, Steerable)
    try:
        return (await built.in_force()).order, None
    except DriverError as error:
        return {}, str(error)
