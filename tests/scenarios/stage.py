"""A whole site on the virtual clock: the plant behind real Modbus TCP, and the agent that steers it.

Answers and time-outs of the wire are real; everything else happens as fast as it goes.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.timetable import run_virtual
from agent.app import build, look_for_edits
from agent.daemon import App
from agent.domain.horizon import floor_to_step
from agent.domain.permit import Permission
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.setpoint import Outcome, Rung, Setpoint
from agent.domain.site import SiteState
from agent.domain.wire import from_json, to_json
from agent.ports import Job, Planner, TimeSource
from agent.settings.load import load
from agent.settings.site_file import SiteFile
from agent.workers.planner import answer, read_corrections, read_history, read_quarters
from simulator.chain_unit import ChainOptions
from simulator.columns import MeasuredColumn
from simulator.faults import Fault, FaultScript
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.plant_state import PlantState
from simulator.server import SimulatedSite
from simulator.traces import Trace, synthetic
from tests import site_files

MIDNIGHT = datetime(2026, 3, 17, tzinfo=UTC)  # a Tuesday; London's clocks show UTC
IDLE_EVERY_S = 60.0  # in the agent two seconds, which a virtual hour does not need
IDLE = ("sync", "commands", "home assistant")
LOAD_W, CHARGE_W, DISCHARGE_W = 6000.0, 3000.0, 8000.0


class HonestPlanner:
    """Plans in this process, as the planner process does; question and answer cross as JSON."""

    def __init__(self) -> None:
        self.asked: list[PlanRequest] = []

    async def plan(self, request: PlanRequest) -> Plan:
        self.asked.append(request)
        heard = from_json(PlanRequest, to_json(request))
        corrections, _ = read_corrections(heard)
        made = answer(heard, read_history(heard), 5.0, corrections, read_quarters(heard))
        return from_json(Plan, to_json(made))


@dataclass(frozen=True, slots=True)
class Moment:
    """What stood after one control step. ``site`` is the truth, ``state`` what the agent saw."""

    minute: float
    setpoint: Setpoint
    outcome: Outcome
    state: SiteState
    site: PlantState
    mode: str

    @property
    def rung(self) -> Rung:
        return self.setpoint.rung


class Stage:
    """Devices, agent and clock. Minutes count from the beginning of the play."""

    def __init__(
        self,
        folder: Path,
        trace: Trace,
        soc_pct: float,
        usable_wh: float,
        beginning: datetime,
        profile: str | ChainOptions = "sunspec7xx",
    ) -> None:
        self.folder, self.beginning = folder, beginning
        self.clock = VirtualClock(beginning)
        self.faults = FaultScript()
        spec = BatterySpec(usable_wh, CHARGE_W, DISCHARGE_W)
        self.plant = Plant(trace, spec, 6000.0, self.clock.true_now, soc_pct=soc_pct, reserve_pct=10.0)
        self.inverter_port, self.meter_port = site_files.free_ports(2)
        self.site = SimulatedSite(
            self.plant, profile, faults=self.faults, inverter_port=self.inverter_port, meter_port=self.meter_port
        )
        self.seen: list[Moment] = []
        self.app: App
        self.planner: Planner

    @property
    def store(self) -> Path:
        return self.folder / "site.sqlite3"

    def build(
        self,
        planner: Planner | None = None,
        time_source: TimeSource | None = None,
        permission: Permission | None = None,
        reloads: bool = False,
        **words: object,
    ) -> App:
        """A new agent on the same devices, clock and store; not started. It ``reloads`` its edited site file."""
        ports = {"inverter_port": self.inverter_port, "meter_port": self.meter_port}
        own = {**ports, "usable_wh": self.plant.battery.usable_wh}
        path = site_files.write_home(self.folder, **{**own, **words})
        self.planner = planner or HonestPlanner()
        self.app = build(load(path), self.clock, self.planner, time_source=time_source, permission=permission)
        if reloads:
            look_for_edits(self.app, SiteFile(path))
        return self.app

    def fault(self, kind: str, device: str, minute: float, minutes: float, **more: Any) -> None:
        """Add a fault from ``minute`` on for ``minutes``."""
        start = self.beginning + timedelta(minutes=minute)
        self.faults.add(Fault(kind, device, start, 60.0 * minutes, **more))  # type: ignore[arg-type]

    async def play(self, until: float, at: dict[float, Callable[[], Awaitable[None]]] | None = None) -> None:
        """Go on until the minute ``until``. What stands in ``at`` is done at its minute, before the control step."""
        begun, now = self._started, self.clock.true_now()
        jobs = [
            Job(f"at {minute}", 1e8, act, (self.beginning - now).total_seconds() + 60.0 * minute)
            for minute, act in (at or {}).items()
        ]
        own = [replace(job, every_s=IDLE_EVERY_S) if job.name in IDLE else job for job in self.app.jobs()]
        jobs += [resumed(job, begun, now) for job in own]
        step_s = self.app.settings.control.step_s
        jobs.append(resumed(Job("observe", step_s, self._observe), begun, now))
        await run_virtual(jobs, self.clock, self.beginning + timedelta(minutes=until))

    async def start(self) -> None:
        self._started = self.clock.true_now()
        await self.app.start()

    def between(self, first: float, last: float) -> list[Moment]:
        """The control steps from minute ``first`` until before ``last``; there is at least one."""
        found = [moment for moment in self.seen if first <= moment.minute < last]
        assert found, f"there was no control step from minute {first} to {last}"
        return found

    def at(self, minute: float) -> Moment:
        """The last control step before ``minute``."""
        return [moment for moment in self.seen if moment.minute < minute][-1]

    async def events(self) -> list[tuple[str, str, str]]:
        """(kind, severity, text) of every event that is in the store, oldest first."""
        await self.app.record.step()
        return [tuple(row) for row in self.rows("SELECT kind, severity, text FROM event ORDER BY seq")]

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.store)) as connection:
            return connection.execute(select).fetchall()

    async def _observe(self) -> None:
        view = self.app.outlet.view
        setpoint, outcome, state = view.setpoint, view.outcome, view.state
        assert setpoint is not None
        assert outcome is not None
        assert state is not None
        minute = (self.clock.true_now() - self.beginning).total_seconds() / 60.0
        site = self.plant.bring_to_now()
        self.seen.append(Moment(minute, setpoint, outcome, state, site, self.plant.mode()))


def resumed(job: Job, begun: datetime, now: datetime) -> Job:
    """``job``, which runs since ``begun``, with the time left until its next run as ``first_s``."""
    passed_s = (now - begun).total_seconds()
    if passed_s <= job.first_s:
        return replace(job, first_s=job.first_s - passed_s)
    if job.aligned:
        last = floor_to_step(now, int(job.every_s))
        next_time = now if last == now else last + timedelta(seconds=job.every_s)
        return replace(job, first_s=(next_time - now).total_seconds())
    return replace(job, first_s=-(passed_s - job.first_s) % job.every_s)


def heavy_night() -> Trace:
    """A day without sun and with a load that empties any battery.

    The rule covers the load; a plan charges until six as fast as it can, and the night is too short to charge enough.
    """
    chance, first = Random(4), int(MIDNIGHT.timestamp())
    loads = [LOAD_W + chance.uniform(-100.0, 100.0) for _ in range(24 * 60)]
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})


def passing_clouds() -> Trace:
    """A day with a small load and a sun that is covered every other five minutes."""
    chance, first = Random(5), int(MIDNIGHT.timestamp())
    loads = [400.0 + chance.uniform(-50.0, 50.0) for _ in range(24 * 60)]
    suns = [2500.0 - 1500.0 * (minute // 5 % 2) for minute in range(24 * 60)]
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 60, suns)})


def home(beginning: datetime, seed: int = 4) -> Trace:
    """Days of a synthetic home with a solar roof."""
    return synthetic(seed, beginning - timedelta(days=1), 4, timezone="Europe/London", pv_rated_w=6000.0)


@asynccontextmanager
async def staged(  # noqa: PLR0913 what there is to choose of a scene, by keyword
    folder: Path,
    *,
    trace: Trace | None = None,
    soc_pct: float = 50.0,
    usable_wh: float = 40_000.0,
    beginning: datetime = MIDNIGHT,
    planner: Planner | None = None,
    devices: bool = True,
    profile: str | ChainOptions = "sunspec7xx",
    time_source: TimeSource | None = None,
    ahead_s: float = 0.0,
    permission: Permission | None = None,
    **words: object,
) -> AsyncIterator[Stage]:
    """A stage whose agent has started; it is stopped at the end, and the devices after it.

    The wall clock is ``ahead_s`` seconds ahead of the true time.
    """
    stage = Stage(folder, trace or heavy_night(), soc_pct, usable_wh, beginning, profile)
    stage.clock.step_wall(ahead_s)
    stage.clock.adopt()
    async with playing(
        stage, planner=planner, devices=devices, time_source=time_source, permission=permission, **words
    ):
        yield stage


@asynccontextmanager
async def playing(
    stage: Stage,
    *,
    planner: Planner | None = None,
    devices: bool = True,
    time_source: TimeSource | None = None,
    permission: Permission | None = None,
    reloads: bool = False,
    **words: object,
) -> AsyncIterator[None]:
    """The devices of ``stage`` listen and an agent has started; it is stopped at the end, and the devices after it."""
    if devices:
        await stage.site.start()
    try:
        stage.build(planner, time_source, permission, reloads, **words)
        await stage.start()
        try:
            yield
        finally:
            await stage.app.stop("the scenario ends")
    finally:
        await stage.site.stop()


def message(name: str, **body: object) -> bytes:
    """What the platform sends as ``down/input/<name>``."""
    plain = {
        key: f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value for key, value in body.items()
    }
    return json.dumps({"schema": f"{name}/1.0", "issued_at": "2026-03-17T00:00:00Z", **plain}).encode()
