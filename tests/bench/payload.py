"""What a reading costs on the way to the platform."""

import asyncio
import gzip
import json
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch, MinuteRow
from tests.bench.figures import Figure, Samples
from tests.bench.minutes import POINTS, minute_rows
from tests.bench.site import NOW, ZONE

MINUTES = 60


def measure(rounds: int = 3) -> list[Figure]:
    """Bytes per point and minute of an hour of minute rows, as published; ``rounds`` different hours."""
    hours = [_hour(seed) for seed in range(rounds)]
    plain, bare, packed, bare_packed = (
        Samples(tuple(size / (MINUTES * len(POINTS)) for size in sizes)) for sizes in zip(*hours, strict=True)
    )
    what = f"MQTT payload of a reading, {MINUTES} minutes x {len(POINTS)} points"
    return [
        Figure(what, "B", plain, bare, "the points alone as JSON lists of numbers"),
        Figure(what + ", gzip'd (for information, not sent so)", "B", packed, bare_packed, "the same lists, gzip'd"),
    ]


def _hour(seed: int) -> tuple[int, int, int, int]:
    rows = minute_rows(MINUTES, seed)
    sent = asyncio.run(_as_sent(rows))
    points = [[None if value is None else round(value, 3) for value in row.points] for row in rows]
    bare = json.dumps(points, separators=(",", ":")).encode()
    return sum(map(len, sent)), len(bare), sum(len(gzip.compress(part)) for part in sent), len(gzip.compress(bare))


async def _as_sent(rows: Sequence[MinuteRow]) -> list[bytes]:
    """The payloads by which the rows leave the store, in as many batches as are needed."""
    payloads, sent = JsonPayloads("bench-home", "0123456789ab"), []
    with tempfile.TemporaryDirectory(prefix="bench-payload-") as folder:
        store = SqliteStore(Path(folder) / "site.sqlite3", ZoneInfo(ZONE), lambda: NOW)
        await store.open()
        await store.write(Batch(minutes=tuple(rows), catalogue=POINTS))
        acked, last = (await store.backlog())["minute"]
        while acked < last:
            pending = await store.pending("minute", acked, len(rows))
            envelope = payloads.rows("minute", pending, acked, NOW + timedelta(hours=1))
            sent.append(envelope.payload)
            acked = envelope.seq_to or last
        await store.close()
    return sent
