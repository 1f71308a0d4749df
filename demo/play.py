"""Plays a scene: simulated devices, broker and platform on one side, the whole agent on the other, on one clock."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console

from agent.adapters.host.clock import VirtualClock
from agent.adapters.host.timetable import run_virtual
from agent.adapters.store.sqlite_store import SqliteStore
from agent.app import build
from agent.daemon import App
from agent.domain.plan import Plan
from agent.domain.setpoint import Setpoint
from agent.ports import Job
from agent.settings.load import load
from demo import feed, past
from demo.live import LiveView
from demo.messages import Messages, count
from demo.scene import Scene
from demo.track import Moment, Track
from simulator.broker import Broker, start_broker
from simulator.physics import BatterySpec
from simulator.plant import Plant
from simulator.platform import Platform
from simulator.server import SimulatedSite

if TYPE_CHECKING:
    from demo.console import DemoConsole

SITE_ID = "demo-home"
START_SOC_PCT = 50.0
# Control acts a little after the minute, on which the simulated load changes, as a real loop would within a second.
CONTROL_OFFSET_S = 1.0
IDLE_EVERY_S = 300.0
SHOWN_EVERY_S = 0.5
DRAIN_S = 10.0


@dataclass(slots=True)
class Played:
    """What is left when the curtain falls."""

    track: Track
    app: App
    platform: Platform
    broker_kind: str
    wall_s: float
    finished: bool
    messages: Messages


class Stage:
    """The simulated side and the agent's side of one demonstration."""

    def __init__(
        self,
        scene: Scene,
        folder: Path,
        step_s: float,
        console: Console,
        speed: float | None,
        page: "DemoConsole | None" = None,
    ) -> None:
        self.scene, self.folder, self.step_s, self.console, self.speed = scene, folder, step_s, console, speed
        self.page = page
        self.clock = VirtualClock(scene.start)
        self.track = Track(step_s)
        spec = BatterySpec(scene.usable_wh, scene.power_w, scene.power_w, scene.efficiency, scene.efficiency)
        self.plant = Plant(
            scene.trace,
            spec,
            scene.pv_rated_w,
            self.clock.now,
            soc_pct=START_SOC_PCT,
            reserve_pct=scene.soc_min_pct,
        )
        self._counted = replace(self.plant.counters)
        self._first_seq: dict[str, int] = {}
        self._plans: list[tuple[Plan, float]] = []  # the last two, each with the state of charge it began with

    async def play(self) -> Played:
        """Play to the end, or to the cancellation of this task; the battery is released and the processes end."""
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            scratch = stack.enter_context(TemporaryDirectory(prefix="enalysis-demo-"))
            broker = start_broker(Path(scratch))
            stack.callback(broker.stop)
            platform = Platform(broker.port, protocol=broker.protocol)
            platform.start()
            stack.callback(platform.stop)
            site = await stack.enter_async_context(SimulatedSite(self.plant))
            app = await self._agent(site, broker)
            shown = self._show(app)
            finished = False
            try:
                await self._run(app, platform, began)
                finished = True
            except asyncio.CancelledError:
                pass  # Ctrl-C: what follows is the orderly end
            finally:
                await app.stop("the demo ends")
                if shown is not None:
                    shown.cancel()
            store = Path(app.settings.store.path)
            messages = await count(store, platform, SITE_ID, self._first_seq)
        return Played(self.track, app, platform, broker.kind, time.monotonic() - began, finished, messages)

    async def _agent(self, site: SimulatedSite, broker: Broker) -> App:
        path = self.folder / "site.toml"
        path.write_text(self._site_file(site, broker), "utf-8")
        settings = load(path)
        store = SqliteStore(Path(settings.store.path), ZoneInfo(self.scene.timezone), self.clock.now)
        await store.open()
        await past.fill(store, self.scene)
        self._first_seq = {name: last for name, (_, last) in (await store.backlog()).items()}
        await store.close()
        app = build(settings, self.clock)
        await app.start()
        return app

    def _show(self, app: App) -> asyncio.Task[None] | None:
        """What the agent knows, to the console, where there is one."""
        if self.page is None:
            return None
        live = self.page.begin(app.settings, app.outlet, self.clock.now)
        words = f"console: [bold]{self.page.where}[/] password [bold]{self.page.password}[/]"
        self.console.print(words, highlight=False)

        async def follow() -> None:
            try:
                await live.follow()
            finally:
                live.remove()

        return asyncio.create_task(follow())

    def _site_file(self, site: SimulatedSite, broker: Broker) -> str:
        scene = self.scene
        template = Path(__file__).parent.parent.joinpath("config", "demo.toml").read_text("utf-8")
        words = {
            "name": scene.name,
            "latitude": scene.latitude,
            "longitude": scene.longitude,
            "timezone": scene.timezone,
            "currency": scene.currency,
            "usable_wh": round(scene.usable_wh),
            "power_w": round(scene.power_w),
            "efficiency": round(scene.efficiency, 4),
            "soc_min_pct": scene.soc_min_pct,
            "soc_max_pct": scene.soc_max_pct,
            "pv_rated_w": round(scene.pv_rated_w),
            "import_tariff": scene.import_tariff,
            "export_price": scene.export_price,
            "step_s": self.step_s,
            "plan_every_s": scene.plan_every_s,
            "store": str((self.folder / "site.sqlite3").resolve()),
            "mqtt_port": broker.port,
            "protocol": broker.protocol,
            "inverter_port": site.inverter_port,
            "meter_port": site.meter_port,
        }
        for word, value in words.items():
            template = template.replace("{" + word + "}", str(value))
        return template

    async def _run(self, app: App, platform: Platform, began: float) -> None:
        scene = self.scene

        async def observe() -> None:
            self._observe(app)

        async def publish() -> None:
            for name, message in (
                ("tariff", feed.tariff_message(scene, self.clock.now())),
                ("carbon", feed.carbon_message(scene, self.clock.now())),
            ):
                if message is not None:
                    issued_at = self.clock.now().isoformat().replace("+00:00", "Z")
                    platform.send_input(SITE_ID, name, {"issued_at": issued_at, **message})

        await publish()
        await _first_inputs(app, scene)
        jobs = [
            *_paced(app.jobs()),
            Job("observe", self.step_s, observe, first_s=self.step_s),
            Job("publish", 3600.0, publish, first_s=3600.0),
        ]
        view = LiveView(self.console, scene.start, scene.end, scene.timezone, scene.currency)
        shown_at = 0.0
        with view:

            async def between() -> None:
                nonlocal shown_at
                if time.monotonic() - shown_at >= SHOWN_EVERY_S:
                    shown_at = time.monotonic()
                    view.show(self.track, _counts(app, platform))
                if self.speed is not None:
                    passed_s = (self.clock.now() - scene.start).total_seconds()
                    await asyncio.sleep(max(0.0, passed_s / self.speed - (time.monotonic() - began)))

            await run_virtual(jobs, self.clock, scene.end + timedelta(seconds=1), between)

    def _observe(self, app: App) -> None:
        """Note the true means of the last step, beside what the plan in force says of it."""
        state, counters = self.plant.bring_to_now(), self.plant.counters
        before, self._counted = self._counted, replace(counters)
        begin = self.clock.now() - timedelta(seconds=self.step_s)
        per_step = 3600.0 / self.step_s
        planned_w, planned_pct = self._planned(app, begin)
        prices = app.conditions.at(begin)
        setpoint: Setpoint | None = app.outlet.view.setpoint
        import_wh, export_wh = counters.import_wh - before.import_wh, counters.export_wh - before.export_wh
        discharged = counters.discharge_wh - before.discharge_wh
        charged = counters.charge_wh - before.charge_wh
        self.track.moments.append(
            Moment(
                at=begin,
                load_w=(counters.load_wh - before.load_wh) * per_step,
                pv_w=(counters.pv_wh - before.pv_wh) * per_step,
                battery_w=(discharged - charged) * per_step,
                grid_w=(import_wh - export_wh) * per_step,
                soc_pct=state.soc_pct,
                import_wh=import_wh,
                export_wh=export_wh,
                import_price=prices.import_price,
                export_price=prices.export_price,
                carbon_kg_per_kwh=prices.carbon_kg_per_kwh,
                planned_battery_w=planned_w,
                planned_soc_pct=planned_pct,
                asked_w=None if setpoint is None else setpoint.battery_w,
                rung="starting" if setpoint is None else setpoint.rung.value,
                reason="" if setpoint is None else setpoint.reason,
            )
        )

    def _planned(self, app: App, at: datetime) -> tuple[float | None, float | None]:
        """Battery power and state of charge at ``at`` by the plan in force then: the newest may begin only after it."""
        newest = app.outlet.view.plan
        if newest is not None and (not self._plans or newest is not self._plans[-1][0]):
            self._plans = [*self._plans[-1:], (newest, self.plant.soc_pct)]
        for plan, soc_pct in reversed(self._plans):
            index = plan.horizon.index_of(at)
            if index is not None:
                step = plan.steps[index]
                before_pct = plan.steps[index - 1].soc_pct if index else soc_pct
                passed = (at - plan.horizon.start).total_seconds() / plan.horizon.step_s - index
                return step.battery_w, before_pct + (step.soc_pct - before_pct) * passed
        return None, None


def _paced(jobs: Sequence[Job]) -> list[Job]:
    """The agent's own jobs; control a little after the minute, and what idles less often: a day passes in a minute."""
    idle, with_control = {"every_s": IDLE_EVERY_S, "first_s": IDLE_EVERY_S}, {"first_s": CONTROL_OFFSET_S}
    paces = {"control": with_control, "owed release": with_control, "sync": idle, "commands": idle}
    return [replace(job, **paces.get(job.name, {})) for job in jobs]  # type: ignore[arg-type]


async def _first_inputs(app: App, scene: Scene) -> None:
    """Wait until the platform's first messages have arrived, so that the first plan knows the prices."""
    give_up = time.monotonic() + DRAIN_S
    while time.monotonic() < give_up:
        if app.conditions.carbon is not None and (app.conditions.import_prices is not None or not scene.from_file):
            return
        await asyncio.sleep(0.02)


def _counts(app: App, platform: Platform) -> str:
    counts = app.control.counts
    sent = 0 if app.platform is None else app.platform.sync.counters.sent
    return (
        f"plans {app.planning.made} · setpoints written {counts.written}, verified {counts.verified} · "
        f"rows sent {sent}, received {platform.counts['rows']}"
    )
