"""Builds everything once, and is the only file that knows everyone."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from agent.cycles.advice import DOCUMENT as ADVICE
from agent.cycles.advice import Recommendations
from agent.cycles.comparison import DOCUMENT as COMPARISON
from agent.cycles.comparison import Comparison
from agent.cycles.control import Control
from agent.cycles.ladder import ControlRules
from agent.cycles.notices import Notices
from agent.cycles.peak_recall import recall_peak
from agent.cycles.planning import Planning
from agent.cycles.record import Record
from agent.cycles.settlement import DOCUMENT as LEDGER
from agent.cycles.settlement import NightlySettlement
from agent.cycles.sync import Sync
from agent.cycles.trials import DOCUMENT, NightlyTrials
from agent.cycles.upkeep import Upkeep
from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.guard import Limits
from agent.domain.envelope import Envelope
from agent.domain.setpoint import Applied
from agent.edges.comparison_inbox import ComparisonInbox, comparison_inbox_of
from agent.edges.devices import Devices
from agent.edges.field_bus import connect_devices
from agent.edges.inbox import FileInbox, inbox_of
from agent.edges.mqtt_link import MqttLink
from agent.edges.mqtt_settings import MqttSettings
from agent.edges.payloads import JsonPayloads
from agent.edges.planner_process import PlannerProcess
from agent.edges.retention import Retention
from agent.edges.settlement_process import SettlementProcess
from agent.edges.store import SqliteStore
from agent.edges.trial_process import TrialProcess
from agent.latest import Latest
from agent.market import Market
from agent.ports import Clock, Job, PayloadRefused, Planner, Settlement, StoreFailure, Trials
from agent.questions import Questions
from agent.recording.journal import Journal
from agent.settings.schema import Settings
from agent.settings.sections import Cloud

log = structlog.get_logger("app")

INPUTS = ("tariff", "carbon", "weather", "gridlimit")
SYNC_EVERY_S = 2.0
UPKEEP_EVERY_S = 60.0
LAST_COMMIT_S = 2.5
LAST_SYNC_S = 1.0
OPEN_WITHIN_S = 5.0
FIRST_PLAN_EVERY_S = 30.0
TRIALS_EVERY_S = 900.0
TRIALS_FIRST_S = 300.0
SETTLEMENT_EVERY_S = 900.0
SETTLEMENT_FIRST_S = 600.0
COMPARISON_EVERY_S = 60.0


@dataclass(slots=True)
class App:
    """The agent, built and not yet running. ``start``, then its jobs again and again, then ``stop``."""

    settings: Settings
    clock: Clock
    store: SqliteStore
    devices: Devices
    journal: Journal
    latest: Latest
    market: Market
    control: Control
    planning: Planning
    trials: NightlyTrials
    settlement: NightlySettlement
    comparison: Comparison
    advice: Recommendations
    record: Record
    upkeep: Upkeep
    notices: Notices
    payloads: JsonPayloads
    link: MqttLink | None
    sync: Sync | None
    meter: DemandMeter | None = None
    listening: asyncio.Task[None] | None = None
    recalled: bool = False

    async def start(self) -> None:
        """Open the store, take up what it has kept, bring the battery into its neutral state.

        Control waits for no disk: without a store it goes by its own rule, and the first commit tries again.
        """
        await self._recall(OPEN_WITHIN_S)
        outcome = await self.control.release("released: the agent starts")
        if not isinstance(outcome, Applied):
            log.warning("not_released", outcome=str(outcome))
        elif not self.devices.reverts:
            lasting = "the battery's device does not go back by itself if we die"
            self.notices.note("no_reversion_timer", "warning", lasting)
        self.notices.note("started", "info", "the agent has started")
        if self.link is not None and self.sync is not None:
            await self.link.start()
            self.listening = asyncio.create_task(self.sync.listen())

    async def _recall(self, within_s: float | None = None) -> None:
        """Take up what the store has kept. One that cannot be used, or not in time, is an alarm."""
        try:
            async with asyncio.timeout(within_s):
                await self._take_up_kept()
        except TimeoutError:
            text = f"the store {self.store.path} was not read within {within_s:g} s: control goes on without it"
            self.notices.alarm("store_failed", text)
        except StoreFailure as failure:
            self.notices.alarm("store_failed", str(failure))
        else:
            self.recalled = True

    async def _take_up_kept(self) -> None:
        for sentence in await self.store.open():
            self.notices.note("store_replaced", "alarm", sentence)
        for name in INPUTS:
            await self._restore(name)
        self.planning.suspicion.recall(await self.store.flags())
        if self.meter is not None:
            await recall_peak(self.meter, self.store, self.clock, self.journal)
        self.trials.recall(await self.store.kept(DOCUMENT))
        self.settlement.recall(await self.store.kept(LEDGER))
        self.comparison.recall(await self.store.kept(COMPARISON))
        self.advice.recall(await self.store.kept(ADVICE))

    def jobs(self) -> Sequence[Job]:
        """What happens again and again; at the same instant in this order."""
        control, planning = self.settings.control, self.settings.planning
        jobs = [
            Job("control", control.step_s, self.control.step),
            Job("planning", planning.interval_s, self.planning.step, first_s=2 * control.step_s, aligned=True),
            Job("first plan", FIRST_PLAN_EVERY_S, self.planning.first, 2 * control.step_s + FIRST_PLAN_EVERY_S),
            Job("trials", TRIALS_EVERY_S, self.trials.step, first_s=TRIALS_FIRST_S),
            Job("settlement", SETTLEMENT_EVERY_S, self.settlement.step, first_s=SETTLEMENT_FIRST_S),
            Job("comparison", COMPARISON_EVERY_S, self.comparison.step, first_s=COMPARISON_EVERY_S),
            Job("record", self.settings.store.commit_s, self._commit, first_s=5 * control.step_s),
            Job("upkeep", UPKEEP_EVERY_S, self.upkeep.step, first_s=UPKEEP_EVERY_S),
        ]
        if self.sync is not None:
            jobs.append(Job("sync", SYNC_EVERY_S, self._sync, first_s=SYNC_EVERY_S))
        return jobs

    async def stop(self, why: str) -> None:
        """Release the battery first, then write what waits, then say goodbye. Bounded by the caller."""
        await self.control.release(f"released: {why}")
        self.notices.note("stopped", "info", why)
        self.control.flush()
        with suppress(TimeoutError):  # a disk that hangs: the platform is still to hear that we stop
            async with asyncio.timeout(LAST_COMMIT_S):
                await self._commit()
        with suppress(TimeoutError):  # a broker that has frozen: the rows are in the store
            async with asyncio.timeout(LAST_SYNC_S):
                await self._sync()
        if self.listening is not None:
            self.listening.cancel()
        if self.link is not None:
            await self.link.stop()
        await self.store.close()
        await self.devices.close()

    def sentence(self) -> str:
        """One line for systemd's status."""
        setpoint = self.latest.setpoint
        return "starting" if setpoint is None else f"{setpoint.rung.value}: {setpoint.reason}"

    async def _commit(self) -> None:
        if not self.recalled:
            await self._recall()
        if not self.recalled:
            return  # what waits stays in memory: a commit now would overwrite what was kept
        await self.advice.take_up()
        before = self.record.commits
        await self.record.step()
        if self.record.commits > before:
            await self.advice.written()

    async def _sync(self) -> None:
        if self.sync is None:
            return
        await self.sync.step()
        trouble = None if self.latest.connected else self.latest.link_trouble
        self.notices.alarm("link_down", trouble)

    async def _restore(self, name: str) -> None:
        document = await self.store.kept(f"input/{name}")
        if document is None or f"input/{name}" in self.latest.kept_documents:
            return  # the platform has sent a newer one while there was no store
        try:
            message = self.payloads.parse(f"down/input/{name}", document.encode())
        except PayloadRefused as refusal:
            self.notices.note("message_refused", "warning", f"the kept {name} cannot be used: {refusal}")
            return
        self.market.take(message)  # type: ignore[arg-type]


def build(
    settings: Settings,
    clock: Clock,
    planner: Planner | None = None,
    trials: Trials | None = None,
    settlement: Settlement | None = None,
) -> App:
    """Everything of the agent, for ``settings`` on ``clock``. Nothing is opened or connected yet."""
    journal, latest = Journal(), Latest()
    notices = Notices(clock, journal)
    devices = connect_devices(settings.devices, settings.battery.steered_by, clock)
    market = _market(settings)
    retention = Retention(keep_days=settings.store.keep_days, max_bytes=settings.store.max_mb * 1_000_000)
    store = SqliteStore(Path(settings.store.path), ZoneInfo(settings.site.timezone), clock.now, retention)
    turn, memory_mb = asyncio.Lock(), settings.planning.memory_mb
    planner = planner or PlannerProcess(settings.planning.deadline_s, memory_mb, turn=turn)
    trials = trials or TrialProcess(memory_mb, turn=turn)
    settlement = settlement or SettlementProcess(memory_mb, turn=turn)

    charge = settings.demand_charge_spec()
    meter = None if charge is None else DemandMeter(charge, ZoneInfo(settings.site.timezone))

    spec, worth_it = settings.advice_spec(), settings.advice.worth_it
    path, zone = Path(settings.store.path), ZoneInfo(settings.site.timezone)
    advice = Recommendations(clock, FileInbox(inbox_of(path)), journal, latest, spec, market.paid, worth_it)
    questions = Questions(settings, market, latest, meter, advice.question)
    payloads = JsonPayloads(settings.site.id, uuid4().hex[:12])
    app = App(
        settings=settings,
        clock=clock,
        store=store,
        devices=devices,
        journal=journal,
        latest=latest,
        market=market,
        control=Control(clock, devices, market, journal, latest, _control_rules(settings), meter),
        planning=Planning(clock, planner, questions.for_plan_with_advice, journal, latest),
        trials=NightlyTrials(clock, trials, questions.for_plan, journal, latest, zone),
        settlement=NightlySettlement(clock, settlement, questions.for_ledger, journal, zone),
        comparison=Comparison(clock, ComparisonInbox(comparison_inbox_of(path)), store, journal, latest),
        advice=advice,
        record=Record(clock, store, journal, latest),
        upkeep=Upkeep(store, clock, notices.report),
        notices=notices,
        payloads=payloads,
        link=None,
        sync=None,
        meter=meter,
    )
    app.planning.heard = advice.hear
    app.record.weather = lambda: market.weather
    if settings.cloud is not None:
        _connect(app, settings.cloud)
    return app


def _market(settings: Settings) -> Market:
    return Market(
        settings.import_tariff(),
        settings.export_tariff(),
        settings.carbon.kg_per_kwh,
        settings.connection_spec(),
        settings.objective_spec(),
        settings.place(),
        settings.reserve_spec(),
        settings.failsafe_spec(),
    )


def _control_rules(settings: Settings) -> ControlRules:
    control = settings.control
    return ControlRules(
        step_s=control.step_s,
        hold_s=control.hold_s,
        stale_s=control.stale_s,
        frozen_s=control.frozen_s,
        plan_fresh_s=2.0 * settings.planning.interval_s,
        limits=Limits(settings.battery_spec(), settings.connection_spec(), settings.battery.ramp_w_per_s),
        roles=settings.roles,
        units=settings.battery_units(),
    )


def _connect(app: App, cloud: Cloud) -> None:
    """Add the way to the platform."""
    site_id = app.settings.site.id
    reach = MqttSettings(
        host=cloud.host,
        port=cloud.port,
        site_id=site_id,
        protocol=cloud.protocol,
        tls=cloud.tls,
        ca_file=_path(cloud.ca_file),
        cert_file=_path(cloud.cert_file),
        key_file=_path(cloud.key_file),
        username=cloud.username,
        password_file=_path(cloud.password_file),
    )
    app.link = MqttLink(reach, lambda word: _status(app, word))
    app.sync = Sync(
        store=app.store,
        link=app.link,
        payloads=app.payloads,
        clock=app.clock,
        latest=app.latest,
        facts=lambda: _facts(app),
        take_input=app.market.take,
        report=app.notices.report,
        acknowledged_by=cloud.acknowledged_by,
    )
    app.sync.take_request = app.advice.ask
    app.sync.alarms = lambda: app.journal.alarms
    app.record.acknowledged = lambda: () if app.sync is None else app.sync.acknowledged


def _status(app: App, word: str) -> Envelope:
    return app.payloads.status(word, app.clock.now(), app.journal.alarms if word == "online" else ())


def _facts(app: App) -> dict[str, object]:
    """What the platform is told about us, once a connection."""
    return {
        "version": version("enalysis-edge"),
        "devices": {device.name: device.family for device in app.settings.devices},
        "load_model": app.settings.planning.load_model,
        "solar_model": app.settings.planning.solar_model,
        "reversion_timer": app.devices.reverts,
    }


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
