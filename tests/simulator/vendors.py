"""A simulated inverter on its maker's map, met by the family that is for it, over real sockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from drivers import registry
from drivers.datasheet_device import SteeredDevice
from drivers.device import Table
from drivers.endpoint import TcpEndpoint
from drivers.errors import Refused
from drivers.identity import Found
from drivers.modbus import Bus
from drivers.reading import Quantity
from simulator.faults import FaultScript
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.server import SimulatedSite
from simulator.units import Unit
from tests.simulator.sites import BATTERY, Clock, flat_plant


@dataclass
class Met:
    """The plant with its clock, its unit, and the device that talks to it."""

    clock: Clock
    plant: Plant
    unit: Unit
    device: SteeredDevice

    async def values(self) -> dict[Quantity, float | None]:
        return {reading.quantity: reading.value for reading in await self.device.read()}

    async def battery_w(self, after_s: float = 30.0) -> float | None:
        """What the device reads of its battery when ``after_s`` have passed."""
        self.clock.move(after_s)
        return (await self.values())[Quantity.BATTERY_W]

    async def recognised(self) -> dict[str, Found]:
        """The families that take it for one of theirs, each with what it says of itself."""
        found = {}
        for name, family in registry.FAMILIES.items():
            words: dict[Table, dict[int, int]] = {"holding": {}, "input": {}}
            for span in () if family.identity is None else family.identity.spans:
                with suppress(Refused):
                    answer = await self.device._transport.read(span)
                    words[span.table].update(enumerate(answer, start=span.address))
            if family.identity is not None and (one := family.identity.recognise(words)) is not None:
                found[name] = one
        return found

    def written(self) -> list[tuple[int, Sequence[int]]]:
        """The writes that the unit took since the last call: address and words. All by function 16."""
        found = [(one.address, list(one.words)) for one in self.unit.requests if one.function_code == 16]
        assert len(found) == len(self.unit.requests)
        self.unit.requests.clear()
        return found


class NoWait:
    """Pacing that takes no real time, on the plant's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.at

    def monotonic(self) -> float:
        return (self._clock.at - self._began).total_seconds()

    async def sleep(self, delay: float) -> None:
        self._clock.move(delay)


@asynccontextmanager
async def met(
    family: str,
    profile: str,
    *,
    load_w: float = 1000.0,
    pv_w: float = 3000.0,
    soc_pct: float = 50.0,
    faults: FaultScript | None = None,
    options: dict[str, object] | None = None,
    battery: BatterySpec = BATTERY,
    **plant_options: float,
) -> AsyncIterator[Met]:
    """``plant_options`` are those of the plant, such as ``inverter_w``."""
    clock = Clock()
    plant = flat_plant(clock, load_w, pv_w, battery, soc_pct=soc_pct, **plant_options)
    site = SimulatedSite(plant, profile, faults)
    site.link = replace(site.link, settle_s=0.0)
    async with site:
        unit_id, unit = next(iter(site.units.items()))
        pace = NoWait(clock)
        bus = Bus(TcpEndpoint("127.0.0.1", site.inverter_port), monotonic=pace.monotonic, sleep=pace.sleep)
        device = registry.build(family, family, bus.transport(unit_id), options or {}, pace.monotonic)
        assert isinstance(device, SteeredDevice)
        yield Met(clock, plant, unit, device)
        await device.close()
