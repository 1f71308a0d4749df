"""A machine with a relay through a night: off, on in the hours of the plan, counted, and left at rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from agent.domain.documents import SWITCHED_LOADS
from tests import site_files
from tests.scenarios.stage import Stage, staged

ADDRESS = 2
CAR = """
[[flexible_load]]
name = "car"
power_w = 3000
duration_min = 60
earliest = "00:00"
latest = "07:00"
switched_by = "relay"
at_rest = "off"
interruptible = true
"""
RELAY = """
[[device]]
name = "relay"
family = "modbus_relay"
roles = ["switch"]
host = "127.0.0.1"
port = {port}
options = {{ address = 2 }}
"""


@asynccontextmanager
async def relay_board(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    """Eight relays that are on, behind real Modbus TCP, and a second client that looks at them."""
    context = ModbusServerContext(ModbusDeviceContext(co=ModbusSequentialDataBlock(1, [True] * 8)), single=True)
    server = ModbusTcpServer(context, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    looking = AsyncModbusTcpClient("127.0.0.1", port=port)
    await looking.connect()
    try:
        yield looking
    finally:
        looking.close()
        await server.shutdown()


async def relays(looking: AsyncModbusTcpClient) -> list[bool]:
    return list((await looking.read_coils(0, count=8)).bits)


async def test_a_night_with_a_relay(tmp_path: Path) -> None:
    (port,) = site_files.free_ports(1)
    words = {
        "step_s": 30, "hold_s": 360, "stale_s": 180, "interval_s": 3600, "valid_h": 6,
        "cloud": CAR, "more_devices": RELAY.format(port=port),
    }  # fmt: skip
    seen: dict[float, bool] = {}
    async with relay_board(port) as looking:

        async def look(stage: Stage, minute: float) -> None:
            on = await relays(looking)
            seen[minute] = on[ADDRESS]
            assert all(state for place, state in enumerate(on) if place != ADDRESS)

        async with staged(tmp_path, **words) as stage:
            await stage.play(
                420.0, {minute: lambda minute=minute: look(stage, minute) for minute in range(10, 420, 10)}
            )
            (state,) = SWITCHED_LOADS.read(await stage.app.store.kept("switched_loads") or "[]")
            minutes = stage.rows("SELECT switched_w FROM minute ORDER BY seq")
        assert not (await relays(looking))[ADDRESS]
    assert not seen[10]
    assert 50.0 <= 10.0 * sum(seen.values()) <= 90.0
    assert state.done_s >= 3600.0
    energy_wh = sum(watts for (watts,) in minutes) / 60.0
    assert 2900.0 <= energy_wh <= 3300.0
