"""A market's prices at a real mosquitto: kept lists, bad ones, a broker that goes, and one connection with relays."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.host.clock import SystemClock
from agent.app import build
from agent.daemon import App
from agent.settings.load import load
from simulator.broker import Broker, find_mosquitto
from simulator.topic_relay import TopicRelay
from tests.home_assistant.listener import Listener, listening
from tests.site_files import free_ports, write_home
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
TOPIC = "energy/day-ahead"
TARIFF = f'kind = "dynamic"\ntopic = "{TOPIC}"\nmarket_factor = 2.0'
LOAD = """
[[flexible_load]]
name = "heat pump"
power_w = 2500
duration_min = 60
earliest = "08:00"
latest = "20:00"
at_rest = "on"
"""


def hours(*prices: object) -> str:
    """A price an hour, from the running one on; the next may begin before it is looked at."""
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    found = [
        {"start": (first + timedelta(hours=index)).isoformat(), "price_per_mwh": one}
        for index, one in enumerate(prices)
    ]
    return json.dumps(found)


def section(broker: Broker) -> str:
    return f'\n[local_broker]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n'


@asynccontextmanager
async def connected(folder: Path, lines: str) -> AsyncIterator[App]:
    """An agent of which only the ways to the household's broker are started."""
    inverter_port, meter_port = free_ports(2)
    path = write_home(folder, inverter_port=inverter_port, meter_port=meter_port, import_tariff=TARIFF, cloud=lines)
    app = build(load(path), SystemClock())
    assert app.prices is not None
    ways = [way for way in (app.relays, app.prices) if way is not None]
    for way in ways:
        await way.start()
    try:
        yield app
    finally:
        for way in ways:
            await way.stop()


def price(app: App) -> float | None:
    return app.conditions.known_at(datetime.now(UTC))[0]


async def heard(app: App, wanted: float) -> None:
    """Step until the price is that."""
    assert app.prices is not None
    async with asyncio.timeout(60.0):
        while price(app) != pytest.approx(wanted):
            await app.prices.cycle.step()
            await asyncio.sleep(0.02)


async def refused(app: App, why: str) -> None:
    assert app.prices is not None
    async with asyncio.timeout(60.0):
        while not any(why in trouble for trouble in app.prices.troubles()):
            await app.prices.cycle.step()
            await asyncio.sleep(0.02)


def away(app: App) -> bool:
    assert app.prices is not None
    return any(f"no prices come on {TOPIC}: " in trouble for trouble in app.prices.troubles())


async def test_a_list_that_was_kept_bad_ones_and_a_broker_that_goes(tmp_path: Path, broker: Broker) -> None:
    with listening(broker.port) as home:
        home.say(TOPIC, hours(100, 100), retain=True)
        async with connected(tmp_path, section(broker)) as app:
            await heard(app, 0.2)
            home.say(TOPIC, "[]")
            await refused(app, "at least 1 item")
            assert price(app) == pytest.approx(0.2)
            home.say(TOPIC, " " * 100_000)
            await refused(app, "100000 bytes are more than the 65536 that are allowed")
            home.say(TOPIC, hours(110))
            await refused(app, "price 1: it is the only one, and has no end")
            home.say(TOPIC, hours(110, 110))
            await heard(app, 0.22)
            assert app.prices is not None
            assert app.prices.troubles() == ()
            broker.stop()
            await until(lambda: away(app))
            assert price(app) == pytest.approx(0.22)
            broker.restart()
            await until(lambda: home.newest.get(TOPIC) is not None)
            await until(lambda: not away(app))


async def test_with_relays_there_is_one_connection(tmp_path: Path, broker: Broker) -> None:
    device = TopicRelay(broker.port, "heatpump", "zigbee2mqtt", on=True)
    device.start()
    try:
        with listening(broker.port) as home:
            home.say(TOPIC, hours(100, 100), retain=True)
            before = _clients(broker)
            async with connected(tmp_path, LOAD + device.lines()) as app:
                await heard(app, 0.2)
                assert app.relays is not None
                await until(lambda: app.relays is not None and app.relays.is_on("heat pump", 0.0) is True)
                assert _clients(broker) == before + 1
                _flood(home)
                await app.relays.switch("heat pump", False)
                assert device.on is False, "prices take no turn from relays"
                await app.relays.switch("heat pump", True)
            assert device.on
    finally:
        device.stop()


def _clients(broker: Broker) -> int:
    """Connections to the port of the broker that stand, from their other end."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{broker.port:04X}") and row[3] == "01" for row in rows)


def _flood(home: Listener) -> None:
    for _ in range(500):
        home.say_quickly(TOPIC, "[]")
