"""From the site file's list of devices to devices on their buses."""

from collections.abc import Sequence

from agent.edges.devices import Devices
from agent.ports import Clock
from agent.settings.sections import Device
from drivers.device import Readable
from drivers.endpoint import Endpoint
from drivers.modbus import Bus
from drivers.registry import build


def connect_devices(listed: Sequence[Device], batteries: Sequence[str], clock: Clock) -> Devices:
    """The devices, not yet connected. Devices on one endpoint share its bus and its lock.

    A shared bus is as patient as the most patient of its devices and keeps the longest of their gaps.
    """
    buses: dict[Endpoint, Bus] = {}
    for endpoint in {device.endpoint for device in listed}:
        there = [device for device in listed if device.endpoint == endpoint]
        gap_s = max(device.gap_s for device in there)
        buses[endpoint] = Bus(
            endpoint,
            timeout_s=max(device.timeout_s for device in there),
            retries=min(device.retries for device in there),
            gap_s=gap_s or None,
            monotonic=clock.monotonic,
            sleep=clock.sleep,
        )
    built: list[Readable] = [
        build(
            device.family,
            device.name,
            buses[device.endpoint].transport(device.unit_id),
            device.options,
            clock.monotonic,
        )
        for device in listed
    ]
    return Devices(built, *batteries, monotonic=clock.monotonic)
