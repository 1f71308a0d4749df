"""A machine with a relay through a night: off, on in the hours of the plan, counted, and left at rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from agent.domain.documents import SWITCHED_LOADS
from simulator.broker import Broker, find_mosquitto
from simulator.topic_relay import TopicRelay
from tests import site_files
from tests.scenarios.stage import Stage, staged
from tests.waiting import until

ADDRESS = 2
CAR = """
[[flexible_load]]
name = "car"
power_w = 3000
duration_min = 60
earliest = "00:00"
latest = "07:00"
at_rest = "off"
interruptible = true
"""
BY_DEVICE = 'switched_by = "relay"\n'
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
        "cloud": CAR + BY_DEVICE, "more_devices": RELAY.format(port=port),
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


@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
async def test_a_night_with_a_relay_at_a_broker_that_is_away_for_a_while(tmp_path: Path, broker: Broker) -> None:
    wallbox = TopicRelay(broker.port, "wallbox", "zigbee2mqtt", on=False)
    wallbox.start()
    words = {
        "step_s": 30, "hold_s": 360, "stale_s": 180, "interval_s": 3600, "valid_h": 6,
        "cloud": CAR + wallbox.lines(),
    }  # fmt: skip
    seen: dict[float, bool] = {}

    async def look(stage: Stage, minute: float) -> None:
        seen[minute] = wallbox.on

    async with staged(tmp_path, **words) as stage:
        relays = stage.app.relays
        assert relays is not None

        async def away() -> None:
            broker.stop()
            await until(lambda: relays.is_on("car", 0.0) is None)

        async def back() -> None:
            broker.restart()
            await until(lambda: relays.is_on("car", 0.0) is not None)

        await until(lambda: relays.is_on("car", 0.0) is not None)
        looks = {minute: lambda minute=minute: look(stage, minute) for minute in range(10, 420, 10)}
        await stage.play(420.0, looks | {5.0: away, 15.0: back})
        (state,) = SWITCHED_LOADS.read(await stage.app.store.kept("switched_loads") or "[]")
        minutes = stage.rows("SELECT switched_w FROM minute ORDER BY seq")
        events = await stage.events()
    wallbox.stop()
    assert not wallbox.on
    assert not seen[10]
    assert 50.0 <= 10.0 * sum(seen.values()) <= 90.0
    assert state.done_s >= 3600.0
    energy_wh = sum(watts for (watts,) in minutes) / 60.0
    assert 2900.0 <= energy_wh <= 3300.0
    told = [(severity, text) for kind, severity, text in events if kind == "switch_failed/car"]
    assert [severity for severity, _ in told] == ["alarm", "info"], "told once, and over once"
    assert "car: the household's broker is not reached: " in told[0][1]
    assert "foreign_master/car" not in {kind for kind, _, _ in events}
