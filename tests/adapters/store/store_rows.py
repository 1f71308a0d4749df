"""Rows for the tests of the store, and a process that writes them until it is killed."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store.retention import Retention
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch, DecisionRow, EventRow, MinuteRow
from agent.domain.setpoint import Rung

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
NAMES = tuple(f"meter.point_{i}" for i in range(50))


def minute(index: int, points: int = 0, load_w: float | None = 500.0, covered_s: float = 60.0) -> MinuteRow:
    values = tuple(index + i / 7 for i in range(points))
    at = START + timedelta(minutes=index)
    return MinuteRow(
        at, 60, covered_s, 400.0, 200.0, -100.0, load_w, 50.0 + index % 7, 6.0, 0.0, 1.0, 0.0, 0.002, 0.001,
        index % 60 == 7, Rung.PLAN, True, values,
    )  # fmt: skip


def event(index: int) -> EventRow:
    return EventRow(START + timedelta(seconds=index), "start", "info", f"event {index}")


def decision(index: int) -> DecisionRow:
    return DecisionRow(START + timedelta(seconds=index), 1500.0, 60.0, Rung.RULES, "wärm", "applied", "")


def new_store(path: Path, retention: Retention | None = None) -> SqliteStore:
    return SqliteStore(path, BERLIN, lambda: START, retention)


async def write_until_killed(path: Path) -> None:
    """Write growing batches; say on standard output what each commit has made durable."""
    store = new_store(path)
    await store.open()
    backlog = await store.backlog()
    print("open", backlog["minute"][1], backlog["event"][1], flush=True)
    for index in range(1_000_000):
        minutes = tuple(minute(3 * index + i, 50) for i in range(1 + index % 3))
        await store.write(Batch(minutes=minutes, events=(event(index),), catalogue=NAMES, kept=(("n", str(index)),)))
        backlog = await store.backlog()
        print("commit", backlog["minute"][1], backlog["event"][1], flush=True)
        if index % 40 == 39:
            await store.tidy(START + timedelta(minutes=3 * index))


if __name__ == "__main__":
    asyncio.run(write_until_killed(Path(sys.argv[1])))
