"""Item 14: of a device's registers only those that steer can be written, each within its range; nobody is served."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.datasheet_device import SteeredDevice
from drivers.device import Steerable
from drivers.dumps.dump_file import read_dump
from drivers.endpoint import TcpEndpoint
from drivers.errors import DriverError
from drivers.modbus import Bus
from drivers.registry import build
from simulator.profiles import PROFILES
from simulator.server import SimulatedSite
from tests.app.processes import ROOT
from tests.dumps.make import FOLDER, NoWait
from tests.security.items import security
from tests.simulator.sites import Clock, flat_plant
from tests.simulator.test_sma import TRIPOWER

SUNSPEC = ("sunspec7xx", "gen24")  # their list is of points: tests/drivers/test_control_block.py

OPTIONS = {"sma_tripower": TRIPOWER}
WATTS = (0.0, 1.0, -1.0, 2000.0, -2000.0, 1e6, -1e6, 1e30)


async def everything_asked(device: Steerable) -> None:
    """All that can be asked of it, sensible or not."""
    for watts in WATTS:
        for act in (device.set_power, device.limit_pv):
            with suppress(DriverError, ValueError):
                await act(watts, 60.0)
    with suppress(DriverError):
        await device.release()


@security(
    14, shows="whatever is asked of a family, the simulated device sees writes to the registers of its list alone"
)
@pytest.mark.parametrize("profile", [name for name in PROFILES if name not in SUNSPEC])
async def test_only_the_registers_that_steer_are_written(profile: str) -> None:
    clock, dump = Clock(), read_dump(FOLDER / f"{profile}.json")
    options = OPTIONS.get(profile, dump.options)
    site = SimulatedSite(flat_plant(clock, load_w=1000.0, pv_w=1500.0), profile)
    site.link = replace(site.link, settle_s=0.0)
    clock.move(60)
    async with site:
        unit_id, unit = next(iter(site.units.items()))
        pace = NoWait(clock)
        bus = Bus(TcpEndpoint("127.0.0.1", site.inverter_port), monotonic=pace.monotonic, sleep=pace.sleep)
        device = build(dump.family, "inverter", bus.transport(unit_id), options, pace.monotonic)
        assert isinstance(device, SteeredDevice)
        await device.read()
        await everything_asked(device)
        allowed = set(device.control_addresses)
        await device.close()
    written = {at for request in unit.requests for at in range(request.address, request.address + len(request.words))}
    assert written
    assert written <= allowed


@security(14, shows="nothing in the agent or its drivers serves Modbus, and the README asks for a segment of its own")
def test_there_is_no_modbus_server_and_the_segment_is_documented() -> None:
    sources = [path.read_text("utf-8") for room in ("agent", "drivers") for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 300
    assert not [text for text in sources if "pymodbus.server" in text or "ModbusTcpServer" in text]
    readme = " ".join(Path(ROOT / "README.md").read_text("utf-8").split())
    assert "Modbus has no password" in readme
