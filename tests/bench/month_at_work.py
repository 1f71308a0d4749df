"""The whole controller on the virtual clock, with devices in memory: ``month_at_work.py FOLDER DAYS``.

Everything is the daemon's own but the clock, the devices and the planner, which is a process of its own there: control
every 20 s, a plan a quarter, a durable commit a minute, upkeep every hour, the comparison, trials and settlement asked
for as always. Devices fall silent and come back, and setpoints are refused at times. Printed as JSON: (day, anonymous
MiB) four times a day, after a collection.
"""

import asyncio
import gc
import json
import math
import random
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from agent import app as agent_app
from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.timetable import run_virtual
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.ledger import Settled, SettlementRequest
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.setpoint import Outcome, Refused, Setpoint
from agent.ports import Job, SettlementFailure, TrialFailure
from agent.settings.load import load
from drivers.reading import Quantity, Reading
from tests import site_files
from tests.bench.children import memory_mib
from tests.cycles.control_stage import ScriptedSite, plan

LOOK_EVERY_S = 6 * 3600.0


class LivelySite(ScriptedSite):
    """Load, sun and battery change from read to read; a meter is silent and a write refused now and then."""

    reverts = True
    longest_hold_s = math.inf
    left_behind = were_steered = False

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self._chance = random.Random(6)

    async def read(self, deadline_s: float) -> Mapping[str, Mapping[Quantity, Reading]]:
        chance, shown = self._chance, self.values["inverter"]
        self.values["meter"][Quantity.GRID_W] = chance.uniform(-2000.0, 4000.0)
        shown[Quantity.PV_W] = chance.uniform(0.0, 3000.0)
        shown[Quantity.SOC_PCT] = min(95.0, max(10.0, (shown[Quantity.SOC_PCT] or 50.0) + chance.uniform(-0.3, 0.3)))
        if chance.random() < 0.005:
            self.silent = {} if self.silent else {chance.choice(("meter", "inverter")): "it does not answer"}
        return await super().read(deadline_s)

    async def steer(self, setpoint: Setpoint) -> Outcome:
        if self._chance.random() < 0.01:
            self.answers = [Refused("it is busy")]
        outcome = await super().steer(setpoint)
        self.written.clear()
        return outcome

    def recall(self, document: str | None) -> None: ...

    def keep_again(self) -> None: ...

    def is_owed_rest(self, name: str) -> bool:
        return False

    async def settle(self, within_s: float) -> None: ...

    async def close(self) -> None: ...


class PlansInMemory:
    """A new plan for every request, of the same numbers."""

    async def plan(self, request: PlanRequest) -> Plan:
        made = plan(0.2)
        start = floor_to_step(request.now, made.horizon.step_s)
        horizon = Horizon(start, made.horizon.step_s, made.horizon.steps)
        expires_at = request.now + timedelta(hours=6)
        return replace(made, issued_at=request.now, expires_at=expires_at, horizon=horizon)


class NoTrials:
    async def hold(self, request: PlanRequest) -> tuple[str, ...]:
        raise TrialFailure("no trial is held here")


class NoSettlement:
    async def settle(self, request: SettlementRequest) -> Settled:
        raise SettlementFailure("nothing is settled here")


async def run(folder: Path, days: float) -> list[tuple[float, float]]:
    """Anonymous memory, MiB, over the days."""
    from tests.cycles.control_stage import START

    clock, found = VirtualClock(START), []
    site = LivelySite(clock)
    agent_app.connect_devices = lambda *_, **ways: site  # type: ignore[assignment, return-value]
    app = agent_app.build(
        load(site_files.write_home(folder, inverter_port=1, meter_port=2, hold_s=120)),
        clock, PlansInMemory(), NoTrials(), NoSettlement(),
    )  # fmt: skip
    await app.start()

    async def look() -> None:
        gc.collect()
        found.append(((clock.now() - START).total_seconds() / 86_400, memory_mib("self")[0]))

    jobs = [*app.jobs(), Job("look", LOOK_EVERY_S, look, first_s=LOOK_EVERY_S)]
    await run_virtual(jobs, clock, START + timedelta(days=days))
    assert len(await app.store.pending("minute", 0, 2000)) > 1000, "a month without commits is none"
    await app.stop("the month is over")
    return found


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    print(json.dumps(asyncio.run(run(Path(sys.argv[1]), float(sys.argv[2])))))
