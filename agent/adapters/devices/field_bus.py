"""From the site file's list of devices to devices on their buses."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.adapters.devices.kept_steering import read_steering, write_steering
from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import RelayTerms, SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.ports import Clock
from agent.settings.device_section import POLLS_WHILE_FRESH, Device
from agent.settings.same_line import line_of, names_of_this_machine
from agent.settings.schema import Settings
from drivers.device import Readable, Transport
from drivers.endpoint import SerialEndpoint, SingleClient, TcpEndpoint
from drivers.modbus import Bus
from drivers.recognise import which_one
from drivers.registry import FAMILIES, build
from drivers.write_gate import GatedTransport, WriteGate


@dataclass(frozen=True, slots=True)
class _LineTerms:
    """How one line is asked. ``gap_s`` None: as its kind of line needs."""

    endpoint: TcpEndpoint | SerialEndpoint
    timeout_s: float
    retries: int
    gap_s: float | None
    settle_s: float
    single_client: SingleClient | None


class Lines:
    """The buses of a site, one a line: asked for other devices, those whose line is asked as before keep their bus.

    Nothing is written to any of the devices while ``gate`` is shut.
    """

    def __init__(self, clock: Clock, gate: WriteGate | None = None) -> None:
        self._clock, self._gate = clock, gate or WriteGate()
        self._buses: dict[str, tuple[_LineTerms, Bus]] = {}
        self.by_device: dict[str, Bus] = {}  # as they were asked for last

    def transports(self, devices: Sequence[Device]) -> dict[str, Transport]:
        """The way to each of ``devices`` by its name, not yet connected. Those of one line share its bus and lock."""
        buses = self.buses(devices)
        return {device.name: GatedTransport(_transport(buses[device.name], device), self._gate) for device in devices}

    def buses(self, devices: Sequence[Device]) -> dict[str, Bus]:
        """By the name of each device; the lines of those that are not among ``devices`` are forgotten."""
        names = names_of_this_machine()
        lines: defaultdict[str, list[Device]] = defaultdict(list)
        for device in devices:
            lines[line_of(device, names)].append(device)
        buses: dict[str, tuple[_LineTerms, Bus]] = {}
        for line, there in lines.items():
            terms, (before, bus) = _terms(there), self._buses.get(line, (None, None))
            buses[line] = (terms, bus if bus is not None and terms == before else self._bus(terms))
        self._buses = buses
        self.by_device = {device.name: buses[line][1] for line, there in lines.items() for device in there}
        return self.by_device

    def _bus(self, terms: _LineTerms) -> Bus:
        return Bus(
            terms.endpoint,
            timeout_s=terms.timeout_s,
            retries=terms.retries,
            gap_s=terms.gap_s,
            settle_s=terms.settle_s,
            single_client=terms.single_client,
            monotonic=self._clock.monotonic,
            sleep=self._clock.sleep,
        )


def transports(settings: Settings, clock: Clock, gate: WriteGate | None = None) -> dict[str, Transport]:
    """The way to each device by its name, not yet connected. Devices on one endpoint share its bus and its lock.

    Nothing is written to any of them while ``gate`` is shut.
    """
    return Lines(clock, gate).transports(settings.devices)


def connect_devices(
    settings: Settings,
    clock: Clock,
    write: Callable[[str], Awaitable[None]] | None = None,
    gate: WriteGate | None = None,
    ways: Mapping[str, Transport] | None = None,
) -> Devices:
    """The devices, not yet connected, by ``ways``, which are made where they are not given.

    ``write`` makes durable what must be known of the steered ones after us (``SteeringMemory``). Nothing is written to
    any of them while ``gate`` is shut.
    """
    ways = transports(settings, clock, gate) if ways is None else ways
    memory = SteeringMemory(write, awaits_recall=True)
    built = built_devices(settings.devices, ways, clock)
    terms, relays = steering_terms(settings, clock, memory, ways), relay_terms(settings)
    steered = settings.battery.steered_by
    return Devices(
        built,
        *steered,
        monotonic=clock.monotonic,
        terms=terms,
        memory=memory,
        relays=relays,
        poll_s=poll_times(settings),
    )


def poll_times(settings: Settings) -> dict[str, float]:
    """How often each device is asked, s, by its name: as the site file says, and else as often as its family may be.

    Three questions fit into the time for which a reading is used, so that one that fails costs nothing.
    """
    most_s = settings.control.stale_s / POLLS_WHILE_FRESH
    return {
        device.name: device.poll_s or min(FAMILIES[device.family].link.fastest_poll_s, most_s)
        for device in settings.devices
    }


def remembered_devices(settings: Settings, clock: Clock) -> tuple[Devices, str | None]:
    """The devices for a command, with what the agent has kept of them; and why that is not known, where it is not."""
    store = Path(settings.store.path)
    devices = connect_devices(settings, clock, partial(write_steering, store))
    document, trouble = read_steering(store)
    devices.recall(document)
    return devices, trouble


def built_devices(devices: Sequence[Device], ways: Mapping[str, Transport], clock: Clock) -> list[Readable]:
    """The devices by their ways, not yet connected."""
    return [build(device.family, device.name, ways[device.name], device.options, clock.monotonic) for device in devices]


def steering_terms(
    settings: Settings, clock: Clock, memory: SteeringMemory, ways: Mapping[str, Transport]
) -> dict[str, SteeringTerms]:
    """Those of each device that steers a battery, by its name. ``ways`` are those to the devices."""
    rating_w = {unit.device: max(unit.battery.charge_w, unit.battery.discharge_w) for unit in settings.battery_units()}
    per_day = settings.battery.persistent_writes_per_day
    return {
        device.name: SteeringTerms(
            f"{device.endpoint} unit {device.unit_id}",
            WriteBudget(per_day, rating_w[device.name]),
            memory,
            clock.now,
            partial(which_one, ways[device.name], FAMILIES[device.family]),
        )
        for device in settings.devices
        if device.name in rating_w
    }


def relay_terms(settings: Settings) -> dict[str, RelayTerms]:
    """Those of each relay that switches a machine, by its name; of one by topic, too, which is told on its topic."""
    devices = {device.name: device for device in settings.devices}
    return {
        load.device: RelayTerms(
            _place(devices[load.device]) if load.topic is None else f"topic {load.topic.command.topic}", load.rests_on
        )
        for load in settings.switched_loads()
    }


def _place(device: Device) -> str:
    """A relay's: a board of them has one address a relay, ``coil 3``."""
    given = {name: option.default for name, option in FAMILIES[device.family].options.items()} | device.options
    return f"{device.endpoint} unit {device.unit_id} {given['table']} {given['address']}"


def _transport(bus: Bus, device: Device) -> Transport:
    return bus.transport(device.unit_id, single_write_fc6=FAMILIES[device.family].link.single_write_fc6)


def connect_device(device: Device, clock: Clock) -> Transport:
    """The registers of one device on a line of its own, not yet connected."""
    return _transport(Lines(clock).buses([device])[device.name], device)


def _terms(there: Sequence[Device]) -> _LineTerms:
    """A shared line is as patient as the most patient of its devices and keeps the longest of their pauses.

    What a family needs is kept also where the site file asks for less.
    """
    links = [FAMILIES[device.family].link for device in there]
    settles_s = [device.settle_s for device in there], [link.settle_after_connect_s for link in links]
    return _LineTerms(
        there[0].endpoint,
        timeout_s=max([*(device.timeout_s for device in there), *(link.answer_s for link in links)]),
        retries=min(device.retries for device in there),
        gap_s=_longest([device.gap_s for device in there], [link.gap_s for link in links]),
        settle_s=_longest(*settles_s) or 0.0,
        single_client=_single_client(there),
    )


def _longest(given_s: Sequence[float | None], needed_s: Sequence[float]) -> float | None:
    """The longest of the times that site file and families ask for; None where nobody does."""
    return max([time_s for time_s in (*given_s, *needed_s) if time_s], default=None)


def _single_client(there: Sequence[Device]) -> SingleClient | None:
    """Where the devices of a line serve one client: the site file's word, and else their families'."""
    given = {device.single_client for device in there} - {None}
    give_back_s = max((device.give_back_s for device in there if device.give_back_s is not None), default=None)
    by_family = any(FAMILIES[device.family].link.single_client for device in there)
    is_single = any(given) if given else by_family or give_back_s is not None
    return SingleClient(give_back_s) if is_single else None
