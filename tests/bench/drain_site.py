"""The agent with a week's backlog, in turns draining it and not: ``drain_site.py SITE_FILE ROUNDS SECONDS``.

Prints the control steps of both kinds of turns, in ms, and the rows that were sent in a second of draining, as JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from agent.adapters.host.clock import SystemClock
from agent.adapters.host.timetable import Timetable
from agent.app import build
from agent.daemon import App
from agent.domain.plan import Plan
from agent.domain.records import Batch
from agent.domain.request import PlanRequest
from agent.ports import Job, PlannerFailure
from agent.settings.load import load
from tests.adapters.store.store_rows import NAMES, minute

ROWS = 55_000  # 38 days of minutes: the store keeps 40
SETTLE_S = 3.0


class NoPlanner:
    """Plans would take turns with what is measured."""

    async def plan(self, request: PlanRequest) -> Plan:
        raise PlannerFailure("the bench makes no plan")


class Turns:
    """Runs ``control`` and ``sync`` of the agent; sync only where it is ``draining``. Notes each control step."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.draining = False
        self.steps_ms: dict[bool, list[float]] = {False: [], True: []}
        self.counting = False

    def jobs(self) -> list[Job]:
        own = {job.name: job for job in self.app.jobs()}
        control, sync = own["control"], own["sync"]
        return [replace(control, run=self._control), replace(sync, run=self._sync), own["record"]]

    async def _control(self) -> None:
        began = time.perf_counter()
        await self.app.control.step()
        if self.counting:
            self.steps_ms[self.draining].append(1000.0 * (time.perf_counter() - began))

    async def _sync(self) -> None:
        if self.draining and self.app.platform is not None:
            await self.app.platform.sync.step()


async def fill(app: App) -> None:
    """The backlog, rolled up, so that upkeep has nothing to do while it is measured."""
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    begin = end - timedelta(minutes=ROWS)
    for first in range(0, ROWS, 5000):
        rows = tuple(
            replace(minute(index, 50), at=begin + timedelta(minutes=index)) for index in range(first, first + 5000)
        )
        await app.store.write(Batch(minutes=rows, catalogue=NAMES))
    await app.store.tidy(end)


async def main(site_file: Path, rounds: int, seconds: float) -> dict[str, object]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    clock = SystemClock()
    app = build(load(site_file), clock, NoPlanner())
    await app.start()
    await fill(app)
    turns = Turns(app)
    timetable = Timetable(turns.jobs(), clock)
    timetable.start()
    per_s = []
    assert app.platform is not None
    for _ in range(rounds):
        for draining in (False, True):
            turns.draining = draining
            await asyncio.sleep(SETTLE_S)
            turns.counting, before = True, app.platform.sync.counters.sent
            await asyncio.sleep(seconds)
            turns.counting = False
            if draining:
                per_s.append((app.platform.sync.counters.sent - before) / seconds)
    await timetable.stop()
    left = sum(last - acked for acked, last in (await app.store.backlog()).values())
    await app.stop("the bench ends")
    return {"idle_ms": turns.steps_ms[False], "draining_ms": turns.steps_ms[True], "rows_per_s": per_s, "left": left}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))))
