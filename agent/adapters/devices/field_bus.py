"""From the site file's list of devices to devices on their buses."""

from collections.abc import Awaitable, Callable, Sequence

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steered_battery import SteeringTerms
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.dispatch.write_budget import WriteBudget
from agent.ports import Clock
from agent.settings.schema import Settings
from agent.settings.sections import Device
from drivers.device import Readable
from drivers.endpoint import Endpoint
from drivers.modbus import Bus
from drivers.registry import FAMILIES, build


def connect_devices(settings: Settings, clock: Clock, write: Callable[[str], Awaitable[None]] | None = None) -> Devices:
    """The devices, not yet connected. Devices on one endpoint share its bus and its lock.

    ``write`` makes durable what must be known of the steered ones after us (``SteeringMemory``).
    """
    buses = _buses(settings.devices, clock)
    built: list[Readable] = [
        build(
            device.family,
            device.name,
            buses[device.endpoint].transport(
                device.unit_id, single_write_fc6=FAMILIES[device.family].link.single_write_fc6
            ),
            device.options,
            clock.monotonic,
        )
        for device in settings.devices
    ]
    memory = SteeringMemory(write, awaits_recall=True)
    rating_w = {unit.device: max(unit.battery.charge_w, unit.battery.discharge_w) for unit in settings.battery_units()}
    per_day = settings.battery.persistent_writes_per_day
    terms = {
        device.name: SteeringTerms(
            f"{device.endpoint} unit {device.unit_id}",
            WriteBudget(per_day, rating_w[device.name]),
            memory,
            clock.now,
        )
        for device in settings.devices
        if device.name in rating_w
    }
    return Devices(built, *settings.battery.steered_by, monotonic=clock.monotonic, terms=terms, memory=memory)


def _buses(listed: Sequence[Device], clock: Clock) -> dict[Endpoint, Bus]:
    """A shared bus is as patient as the most patient of its devices and keeps the longest of their gaps.

    What a family needs is kept also where the site file asks for less.
    """
    buses: dict[Endpoint, Bus] = {}
    for endpoint in {device.endpoint for device in listed}:
        there = [device for device in listed if device.endpoint == endpoint]
        links = [FAMILIES[device.family].link for device in there]
        gap_s = max(*(device.gap_s for device in there), *(link.gap_s for link in links))
        buses[endpoint] = Bus(
            endpoint,
            timeout_s=max(device.timeout_s for device in there),
            retries=min(device.retries for device in there),
            gap_s=gap_s or None,
            settle_s=max(link.settle_after_connect_s for link in links),
            monotonic=clock.monotonic,
            sleep=clock.sleep,
        )
    return buses
