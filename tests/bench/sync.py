"""What a backlog costs: bytes of a reading on the wire, and the processor's time from the store to the broker."""

import asyncio
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.host.clock import SystemClock
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.stream_marks import MOST_ROWS
from agent.domain.records import Batch, OutboxRow
from simulator.broker import find_mosquitto, start_broker
from tests.bench.children import BenchFailure, line_of, running
from tests.bench.figures import Figure, Samples
from tests.bench.minutes import POINTS, minute_rows
from tests.bench.site import NOW, ZONE
from tests.bench.site_minutes import played_rows
from tests.cycles.platform_wire import PlatformWire

SITE = "bench-home"
GOAL_B, GOAL_US = 2.0, 2.0
WANTED = "wanted"
PLAIN = "the same backlog in the form of today, not compressed"


def measure(rounds: int = 3, hours: float = 24.0, days: int = 4) -> list[Figure]:
    """Bytes of a reading of ``hours`` of a simulated site and of random walks; CPU of a backlog of ``days``."""
    if find_mosquitto() is None:
        raise BenchFailure("mosquitto is not installed on this machine")
    own, walks = played_rows(hours), _walks(round(60 * hours))
    packed, plain = (asyncio.run(_drained(days, packed, rounds)) for packed in (True, False))
    note = f"{len(own)} minutes x {len(own[0].points)} points of the agent's own; all of the payload counted"
    floor = Samples((_entropy(walks),))
    return [
        Figure("history, payload of a reading", "B", payload_of(own, True), Samples((GOAL_B,)), WANTED, 1.0, note=note),
        Figure("history, beside today's form", "B", payload_of(own, True), payload_of(own, False), PLAIN),
        Figure("random walks, beside today's form", "B", payload_of(walks, True), payload_of(walks, False), PLAIN),
        Figure("random walks, beside their entropy", "B", payload_of(walks, True), floor, "no form can be smaller"),
        Figure("backlog, CPU of a reading", "µs", packed, Samples((GOAL_US,)), WANTED, 1.0),
        Figure("backlog, beside today's form", "µs", packed, plain, PLAIN),
    ]


def _walks(count: int) -> list[OutboxRow]:
    """Random walks at a thousandth of a watt: most of their digits are noise."""
    rows = minute_rows(count)
    return [OutboxRow(1 + at, (), (), POINTS, tuple(_thousandths(row.points))) for at, row in enumerate(rows)]


def _thousandths(points: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 3) for value in points]


def payload_of(rows: Sequence[OutboxRow], history: bool) -> Samples:
    """Bytes of a reading of these minutes, everything in their payloads counted."""
    payloads, sent, total = JsonPayloads(SITE, "0123456789ab"), 0, 0
    while sent < len(rows):
        envelope = payloads.rows("minute", rows[sent : sent + MOST_ROWS], sent, NOW, history)
        total += len(envelope.payload)
        sent = (envelope.seq_to or 0) - rows[0].seq + 1
    return Samples((total / (len(rows) * len(rows[0].points)),))


def _entropy(rows: Sequence[OutboxRow]) -> float:
    """Bytes that a difference of a walk holds, as that of a normal distribution of its spread, mean of all points."""
    bits = []
    for column in zip(*(row.points for row in rows), strict=True):
        whole = [round(1000 * (value or 0.0)) for value in column]
        steps = [after - before for before, after in pairwise(whole)]
        spread = math.sqrt(sum(step * step for step in steps) / len(steps))
        bits.append(max(0.0, math.log2(spread * math.sqrt(2 * math.pi * math.e))))
    return sum(bits) / len(bits) / 8


async def _drained(days: int, packed: bool, rounds: int) -> Samples:
    """Microseconds of this process a reading: store, envelopes, MQTT and acknowledgements until all is confirmed."""
    return Samples(tuple([await _drain(days, packed) for _ in range(rounds)]))


async def _drain(days: int, packed: bool) -> float:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-sync-")))
        broker = start_broker(folder, kind="mosquitto")
        stack.callback(broker.stop)
        form = "history" if packed else "plain"
        command = [sys.executable, "-m", "tests.bench.platform_child", str(broker.port), form]
        line_of(stack.enter_context(running(command)))
        store = await _filled(folder / "site.sqlite3", days)
        payloads = JsonPayloads(SITE, "0123456789ab")
        settings = MqttSettings("127.0.0.1", broker.port, SITE, tls=False)
        link = MqttLink(settings, lambda word: payloads.status(word, NOW))
        wire = PlatformWire(SystemClock(), store, link, SITE)
        acked, last = (await store.backlog())["minute"]
        await link.start()
        listening = asyncio.create_task(wire.listening.listen())
        while not link.connected:
            await asyncio.sleep(0.01)
        began = time.process_time()
        while wire.hearing.acknowledged.get("minute") != last:
            await wire.sync.step()
            await asyncio.sleep(0.05)
        spent = time.process_time() - began
        listening.cancel()
        await link.stop()
        await store.close()
        return 1e6 * spent / ((last - acked) * len(POINTS))


async def _filled(path: Path, days: int) -> SqliteStore:
    """Minutes of random walks, the same six hours again and again."""
    store = SqliteStore(path, ZoneInfo(ZONE), lambda: NOW)
    await store.open()
    rows, hours = minute_rows(360), timedelta(hours=6)
    for turn in range(4 * days):
        moved = tuple(replace(row, at=row.at + turn * hours) for row in rows)
        await store.write(Batch(minutes=moved, catalogue=POINTS))
    return store
