"""A machine with a relay through a night: off, on in the hours of the plan, counted, and left at rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from agent.cli.battery_release import release
from agent.domain.documents import SWITCHED_LOADS
from agent.domain.permit import Permission
from agent.settings.load import load
from simulator.broker import Broker, find_mosquitto
from simulator.topic_relay import TopicRelay
from tests import site_files
from tests.scenarios.stage import Stage, staged
from tests.waiting import until

ADDRESS = 2
OBSERVED = "the site file wants it only to observe"
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


WORDS = {"step_s": 30, "hold_s": 360, "stale_s": 180, "interval_s": 3600, "valid_h": 6}
ON_AT_REST = CAR.replace('"off"', '"on"') + BY_DEVICE


@asynccontextmanager
async def held_by_a_killed_agent(folder: Path) -> AsyncIterator[tuple[Stage, int, AsyncModbusTcpClient]]:
    """A stage without an agent at its tenth minute, and the board whose third relay is held off; its port."""
    (port,) = site_files.free_ports(1)
    words = {**WORDS, "cloud": ON_AT_REST, "more_devices": RELAY.format(port=port)}
    async with relay_board(port) as looking, staged(folder, **words) as stage:
        await stage.play(10.0)
        assert not (await relays(looking))[ADDRESS]
        await stage.app.control.release("the battery was given back already")
        await stage.app.devices.settle(1.0)
        await stage.app.devices.close()
        await stage.app.store.close()
        yield stage, port, looking


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


@pytest.mark.parametrize("name", ["relay", "wallbox"])
async def test_a_relay_that_a_killed_agent_held_is_left_at_rest_where_the_site_is_only_observed_since(
    tmp_path: Path, name: str
) -> None:
    async with held_by_a_killed_agent(tmp_path) as (stage, port, looking):
        renamed = RELAY.replace('"relay"', f'"{name}"').format(port=port)
        observed = {**WORDS, "cloud": ON_AT_REST.replace('"relay"', f'"{name}"'), "more_devices": renamed}
        stage.build(permission=Permission(OBSERVED), **observed)
        await stage.start()
        await stage.play(12.0)
        assert (await relays(looking))[ADDRESS]
        await looking.write_coil(ADDRESS, False)
        await stage.play(14.0)
        assert not (await relays(looking))[ADDRESS], "it was given back once, and is not ours any more"


async def test_a_relay_that_a_killed_agent_held_is_left_at_rest_by_command_where_the_site_is_only_observed(
    tmp_path: Path,
) -> None:
    async with held_by_a_killed_agent(tmp_path) as (_, _, looking):
        settings = load(tmp_path / "site.toml")
        (code, sentence), again = await release(settings, OBSERVED), await release(settings, OBSERVED)
        assert (code, sentence) == (0, "left at rest: car")
        assert (await relays(looking))[ADDRESS]
        assert again == (0, f"nothing is to be given back; {OBSERVED}")


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
