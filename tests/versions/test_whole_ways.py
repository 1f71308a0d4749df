"""A plan by the real process, a poll over a real socket, a sync through a real broker: with whatever is installed."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

import exported_models
from agent.adapters.host.clock import SystemClock
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.processes.planner_process import PlannerProcess
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.records import Batch, MinuteRow
from agent.planning.check import check_plan
from agent.settings.sections import Planning
from drivers import registry
from drivers.endpoint import TcpEndpoint
from drivers.modbus import Bus
from drivers.reading import Quantity
from simulator.broker import start_broker
from simulator.platform import Platform
from simulator.server import SimulatedSite
from tests.adapters.store.store_rows import NAMES, event, minute, new_store
from tests.cycles.platform_wire import PlatformWire
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, regular_site
from tests.planning.days import request
from tests.simulator.sites import Clock, flat_plant

SITE = "site-1"
LIMITS = Planning()


def measured(history: History) -> tuple[MinuteRow, ...]:
    step_s = history.horizon.step_s
    whole = zip(history.horizon.times(), history.load_w, history.pv_w, strict=True)
    return tuple(
        MinuteRow(at, step_s, step_s, None, pv_w, None, load_w, None, 0, 0, 0, 0, None, None, False, None, True, ())
        for at, load_w, pv_w in whole
    )


async def test_a_plan_through_the_planner_process_with_the_shipped_models(tmp_path: Path) -> None:
    """Within the memory and the time that the daemon gives it."""
    path = tmp_path / "site.sqlite3"
    store = new_store(path)
    await store.open()
    await store.write(Batch(minutes=measured(regular_site(CAMBRIDGE, 15))))
    await store.close()
    asked = request(
        steps=96,
        step_s=900,
        now=NOW,
        horizon=Horizon(NOW, 900, 96),
        place=CAMBRIDGE,
        solar_rated_w=RATED_W,
        store=str(path),
        models=str(Path(exported_models.__file__).parent),
        load_model="consumption",
        solar_model="solar",
    )
    plan = await PlannerProcess(LIMITS.deadline_s, LIMITS.memory_mb).plan(asked)
    assert check_plan(plan, asked) == []
    assert plan.notes == ()
    assert len({round(step.battery_w) for step in plan.steps}) > 3


async def test_a_poll_of_the_simulator() -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=8000.0, pv_w=1000.0)
    clock.move(600)
    async with SimulatedSite(plant) as site:
        for family, port in (("sunspec_meter", site.meter_port), ("sdm630", site.sdm_port)):
            device = registry.build(family, family, Bus(TcpEndpoint("127.0.0.1", port)).transport(1), {})
            found = {reading.quantity: reading.value for reading in await device.read()}
            await device.close()
            assert found[Quantity.GRID_W] == pytest.approx(3000.0)


async def test_a_sync_with_the_platform(tmp_path: Path) -> None:
    """Every row arrives once and its acknowledgement comes back: by mosquitto where it is installed, else by amqtt."""
    broker = start_broker(tmp_path)
    platform = Platform(broker.port, protocol=broker.protocol)
    platform.start()
    store = new_store(tmp_path / "site.sqlite3")
    await store.open()
    await store.write(Batch(minutes=tuple(minute(i, 50) for i in range(300)), events=(event(1),), catalogue=NAMES))
    speaker = JsonPayloads(SITE, "s")
    settings = MqttSettings("127.0.0.1", broker.port, SITE, protocol=broker.protocol, tls=False)
    link = MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))
    wire = PlatformWire(SystemClock(), store, link, SITE)
    await link.start()
    listening = asyncio.create_task(wire.listening.listen())
    last = (await store.backlog())["minute"][1]
    async with asyncio.timeout(30):
        while wire.hearing.acknowledged.get("minute") != last:
            await wire.sync.step()
            await asyncio.sleep(0.02)
    assert sorted(platform.stream(SITE, "minute").rows) == list(range(last - 299, last + 1))
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await link.stop()
    await store.close()
    platform.stop()
    broker.stop()
