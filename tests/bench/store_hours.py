"""Writes some hours of one site, a commit a minute, and prints what that cost.

``store_hours.py KIND FOLDER HOURS PLAN``. ``append`` appends each minute's JSON to a file and syncs it; ``rows`` gives
the same minutes to the store; ``daemon`` lets the daemon's recorder write, with its outlet state, setpoint and link, a
plan (JSON in the file PLAN) every quarter of an hour, the platform's acknowledgement every minute and the hourly
upkeep. Printed as JSON: the bytes that this process caused to be written (write_bytes of /proc/self/io, proc(5)) and
those that reached the folder's device from all processes, where the kernel counts them.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.host.clock import VirtualClock
from agent.adapters.store.schema_sql import minute_values
from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.record import Record
from agent.domain.plan import Plan
from agent.domain.records import Batch, MinuteRow
from agent.domain.setpoint import Applied, Rung, Setpoint
from agent.domain.wire import from_json
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from tests.bench.minutes import POINTS, minute_rows, state
from tests.bench.site import NOW, ZONE
from tests.shown import show

SECTOR_BYTES = 512  # of /sys/dev/block/*/stat, whatever the device
PLAN_EVERY = 15
REASON = "charging 3.25 kW from the sun at 0.070/kWh, stored energy is worth 0.214/kWh"

Commit = Callable[[int, MinuteRow], Awaitable[None]]


def written(folder: Path) -> tuple[int, int | None]:
    """Bytes that this process has caused to be written, and bytes that the folder's device has taken since boot."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    own = next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))
    device = folder.stat().st_dev
    counts = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    if not counts.is_file():
        return own, None
    os.sync()
    return own, int(counts.read_text("ascii").split()[6]) * SECTOR_BYTES


def appending(path: Path) -> Commit:
    """The yardstick: the payload of the row, a line break, one fdatasync."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def commit(_: int, row: MinuteRow) -> None:
        values = json.dumps(minute_values(row), separators=(",", ":"))
        points = json.dumps([value and round(value, 3) for value in row.points], separators=(",", ":"))
        os.write(file, f"[{values},{points}]\n".encode())
        os.fdatasync(file)

    return commit


async def storing(path: Path) -> Commit:
    """The store, minute rows only."""
    store = await _opened(path)

    async def commit(_: int, row: MinuteRow) -> None:
        await store.write(Batch(minutes=(row,)))

    return commit


async def recording(path: Path, plan: Plan) -> Commit:
    """The daemon's own recorder, which also keeps the newest picture for the status command."""
    store, clock, journal, outlet = await _opened(path), VirtualClock(NOW), PendingWrites(), Outlet()
    record = Record(clock, store, journal, outlet, lambda now: None, ZoneInfo("UTC"))

    async def commit(minute: int, row: MinuteRow) -> None:
        journal.minute(row)
        show(outlet, state=state(60 * minute, [row.points[0] or 0.0, row.points[1] or 0.0, row.points[2] or 0.0]))
        show(outlet, setpoint=Setpoint(row.at, -3250.0, 60.0, Rung.PLAN, REASON))
        show(outlet, outcome=Applied(-3250.0), connected=True)
        if minute % PLAN_EVERY == 0:
            show(outlet, plan=_later(plan, minute))
        if not await record.step():
            raise OSError("the recorder could not write")
        journal.acknowledge("minute", (await store.backlog())["minute"][1])
        if minute % 60 == 59:
            await store.tidy(NOW + timedelta(minutes=minute + 1))

    return commit


def _later(plan: Plan, minute: int) -> Plan:
    """A plan with other numbers all over: SQLite leaves pages alone that are written as they were."""
    value = tuple(tuple(value * (1.0 + 1e-6 * (minute + 1)) for value in row) for row in plan.values.value)
    return replace(plan, values=replace(plan.values, value=value), solve_s=0.001 * minute)


async def _opened(path: Path) -> SqliteStore:
    store = SqliteStore(path, ZoneInfo(ZONE), lambda: NOW)
    await store.open()
    await store.write(Batch(catalogue=POINTS))
    return store


async def run(kind: str, folder: Path, rows: Sequence[MinuteRow], plan_file: Path) -> dict[str, int | None]:
    """One commit for each row."""
    path = folder / f"{kind}.written"
    if kind == "append":
        commit = appending(path)
    elif kind == "rows":
        commit = await storing(path)
    else:
        commit = await recording(path, from_json(Plan, plan_file.read_bytes()))
    own_before, device_before = written(folder)
    for minute, row in enumerate(rows):
        await commit(minute, row)
    own, device = written(folder)
    to_device = None if device is None or device_before is None else device - device_before
    return {"own": own - own_before, "device": to_device}


def hours_of_rows(hours: int) -> list[MinuteRow]:
    """One hour folded from seconds, and the same again at later times: SQLite does not compress."""
    hour = minute_rows(60)
    return [replace(row, at=row.at + timedelta(hours=later)) for later in range(hours) for row in hour]


if __name__ == "__main__":
    every_row = hours_of_rows(int(sys.argv[3]))
    print(json.dumps(asyncio.run(run(sys.argv[1], Path(sys.argv[2]), every_row, Path(sys.argv[4])))))
