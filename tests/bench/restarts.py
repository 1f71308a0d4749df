"""A broker that is killed and started 500 times: what the link still holds afterwards."""

import asyncio
import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.domain.envelope import Envelope
from agent.ports import LinkFailure
from simulator.broker import Broker, find_mosquitto, start_broker
from tests.bench.children import BenchFailure
from tests.bench.figures import Figure, Samples
from tests.faults.cloud import new_link

RESTARTS = 500
WARM_UP = 20  # the event loop's own threads are made when they are needed first
NOTE = Envelope("up/info", b"{}")


def measure(restarts: int = RESTARTS) -> list[Figure]:
    """Descriptors and threads after the restarts, beside those of the first connection."""
    if find_mosquitto() is None:
        raise BenchFailure("mosquitto is not installed on this machine")
    with tempfile.TemporaryDirectory(prefix="bench-restarts-") as name:
        before, after = asyncio.run(_restarts(Path(name), restarts))
    what = f"link, {{}} after {restarts} restarts of mosquitto"
    return [
        Figure(what.format(kind), "", Samples((after[at],)), Samples((before[at],)), "before them", 1.0)
        for at, kind in enumerate(("descriptors", "threads"))
    ]


async def _restarts(folder: Path, restarts: int) -> tuple[tuple[int, int], tuple[int, int]]:
    broker = await asyncio.to_thread(start_broker, folder)
    link = new_link(broker.port, longest_pause_s=0.05, apart_s=0.05)
    await link.start()
    try:
        await _connected(link, 1)
        before = _held()
        for turn in range(restarts + WARM_UP):
            await _restart(broker, link)
            await _connected(link, turn + 2)
            if turn + 1 == WARM_UP:
                before = _held()
        return before, _held()
    finally:
        await link.stop()
        broker.stop()


async def _restart(broker: Broker, link: MqttLink) -> None:
    await asyncio.to_thread(broker.kill)
    with suppress(LinkFailure):
        await link.publish(NOTE)
    await asyncio.to_thread(broker.restart)


async def _connected(link: MqttLink, times: int) -> None:
    try:
        async with asyncio.timeout(30.0):
            while not link.connected or link.connections < times:
                await asyncio.sleep(0.01)
            await link.publish(NOTE)
    except (TimeoutError, LinkFailure) as error:
        raise BenchFailure(f"the link did not return: {link.trouble}") from error


def _held() -> tuple[int, int]:
    return len(os.listdir("/proc/self/fd")), threading.active_count()
