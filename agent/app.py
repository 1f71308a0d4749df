"""Builds everything once, and is the only file that knows everyone."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
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
from agent.cycles.inputs import TakeInputs
from agent.cycles.ladder import ControlRules
from agent.cycles.link_watch import LinkWatch
from agent.cycles.notices import Notices
from agent.cycles.peak_recall import recall_peak
from agent.cycles.planning import Planning
from agent.cycles.record import Record
from agent.cycles.retry import PLAN_RESTS_S, Retry
from agent.cycles.settings_kept import keep_settings
from agent.cycles.settlement import DOCUMENT as LEDGER
from agent.cycles.settlement import NightlySettlement
from agent.cycles.sync import Sync
from agent.cycles.timekeeping import Timekeeping
from agent.cycles.trials import DOCUMENT, NightlyTrials
from agent.cycles.upkeep import Upkeep
from agent.dispatch.demand_meter import DemandMeter
from agent.dispatch.guard import Limits
from agent.domain.records import Batch
from agent.domain.setpoint import Applied
from agent.domain.wire import WireError
from agent.edges.certificates import validity
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
from agent.edges.steering_memory import DOCUMENT as STEERING
from agent.edges.store import SqliteStore
from agent.edges.trial_process import TrialProcess
from agent.latest import Latest
from agent.market import Market
from agent.ports import Clock, Job, Planner, Settlement, TimeSource, Trials
from agent.questions import Questions
from agent.recording.counters import DOCUMENT as COUNTERS
from agent.recording.decisions import describe
from agent.recording.journal import Journal
from agent.self_test import SelfTest
from agent.settings.schema import Settings
from agent.settings.sections import Cloud

log = structlog.get_logger("app")

SYNC_EVERY_S = 2.0
DRAIN_SHARE, LEAST_DRAIN_S = 0.35, 0.15  # of a control step: the half before the next one, less a batch
UPKEEP_EVERY_S = 60.0
LAST_SYNC_S = 1.0
PLAN_AGAIN_EVERY_S = 10.0
HOUR_S = 3600.0
LAST_KEEP_S = 0.5
TRIALS_EVERY_S = 900.0
TRIALS_FIRST_S = 300.0
SETTLEMENT_EVERY_S = 900.0
SETTLEMENT_FIRST_S = 600.0
COMPARISON_EVERY_S = 60.0
PLAN_BEARS_S = 60.0  # a step of the clock by less leaves the plan in force, until the next one is made


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
    inputs: TakeInputs
    self_test: SelfTest
    control: Control
    timekeeping: Timekeeping
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
    link_watch: LinkWatch | None = None
    meter: DemandMeter | None = None
    listening: asyncio.Task[None] | None = None
    rearm: Callable[[float], None] = lambda by_s: None  # the jobs of the calendar, after the wall clock was set

    async def start(self) -> None:
        """Open the store, take up the kept inputs, bring the battery into its neutral state. Raises StoreFailure."""
        for sentence in await self.store.open():
            self.notices.note("store_replaced", "alarm", sentence)
        await self.timekeeping.start(self.store)
        self.market.time_is_known = self.clock.trusted()
        await keep_settings(self.settings, self.store, self.notices, self.journal)
        await self.inputs.restore(self.store, self.payloads)
        self.planning.suspicion.recall(await self.store.flags())
        if self.meter is not None:
            await recall_peak(self.meter, self.store, self.clock, self.journal)
        if not self.control.counters.recall(await self.store.kept(COUNTERS)):
            self.notices.note("document_refused", "warning", "the kept readings of the energy counters cannot be used")
        try:
            self.control.recall(await self.store.kept("state"))
        except WireError as error:
            self.notices.note("document_refused", "warning", f"the kept state of the site cannot be used: {error}")
        self.trials.recall(await self.store.kept(DOCUMENT))
        self.settlement.recall(await self.store.kept(LEDGER))
        self.comparison.recall(await self.store.kept(COMPARISON))
        self.advice.recall(await self.store.kept(ADVICE))
        self.devices.recall(await self.store.kept(STEERING))
        outcome = await self.control.release("released: the agent starts")
        if not isinstance(outcome, Applied):
            log.warning("not_released", outcome=": ".join(describe(outcome)))
        elif not self.devices.reverts:
            lasting = "the battery's device does not go back by itself if we die"
            self.notices.note("no_reversion_timer", "warning", lasting)
        self.notices.note("started", "info", "the agent has started")
        if self.link is not None and self.sync is not None:
            await self.link.start()
            self.listening = asyncio.create_task(self.sync.listen())

    def jobs(self) -> Sequence[Job]:
        """What happens again and again; at the same instant in this order."""
        control, planning = self.settings.control, self.settings.planning
        jobs = [
            Job("control", control.step_s, self._control),
            Job("planning", planning.interval_s, self._plan, first_s=2 * control.step_s, aligned=True),
            Job("plan again", PLAN_AGAIN_EVERY_S, self._plan_again, 2 * control.step_s + PLAN_AGAIN_EVERY_S),
            Job("trials", TRIALS_EVERY_S, self.trials.step, first_s=TRIALS_FIRST_S),
            Job("settlement", SETTLEMENT_EVERY_S, self.settlement.step, first_s=SETTLEMENT_FIRST_S),
            Job("comparison", COMPARISON_EVERY_S, self.comparison.step, first_s=COMPARISON_EVERY_S),
            Job("record", self.settings.store.commit_s, self._commit, first_s=5 * control.step_s),
            Job("upkeep", UPKEEP_EVERY_S, self.upkeep.step, first_s=UPKEEP_EVERY_S),
        ]
        if self.sync is not None:
            # Between two control steps, so that what a backlog costs is paid while control has nothing to do.
            between_s = min(control.step_s, SYNC_EVERY_S) / 2
            jobs.append(Job("sync", SYNC_EVERY_S, self._sync, first_s=SYNC_EVERY_S + between_s))
        return jobs

    async def stop(self, why: str) -> None:
        """Release the battery first, then write what waits, then say goodbye. Bounded by the caller."""
        await self.control.release(f"released: {why}")
        self.notices.note("stopped", "info", why)
        self.control.flush()
        await self._commit()
        with suppress(TimeoutError):  # a broker that has frozen: the rows are in the store
            async with asyncio.timeout(LAST_SYNC_S):
                await self._sync()
        if self.listening is not None:
            self.listening.cancel()
        if self.link is not None:
            await self.link.stop()
        await self.devices.settle(LAST_KEEP_S)
        await self.store.close()
        await self.devices.close()

    def sentence(self) -> str:
        """One line for systemd's status."""
        setpoint = self.latest.setpoint
        return "starting" if setpoint is None else f"{setpoint.rung.value}: {setpoint.reason}"

    async def _control(self) -> None:
        self.timekeeping.look()
        self.market.time_is_known = self.clock.trusted()
        await self.control.step()

    async def _plan(self) -> None:
        if self.latest.clock_doubt is None:
            await self.planning.step()

    async def _plan_again(self) -> None:
        if self.latest.clock_doubt is None:
            await self.planning.again()

    def _clock_was_set(self, by_s: float) -> None:
        self.market.clock_was_set(timedelta(seconds=by_s))
        if abs(by_s) >= PLAN_BEARS_S:
            self.planning.discard()
        self.rearm(by_s)

    async def _commit(self) -> None:
        await self.advice.take_up()
        before = self.record.commits
        await self.record.step()
        if self.record.commits > before:
            await self.advice.written()
        self.self_test.relieve(self.planning.made, self.record.commits)

    async def _sync(self) -> None:
        if self.sync is None:
            return
        self.inputs.step()
        await self.sync.step()
        if self.link_watch is not None:
            await self.link_watch.step()


def build(
    settings: Settings,
    clock: Clock,
    planner: Planner | None = None,
    trials: Trials | None = None,
    settlement: Settlement | None = None,
    time_source: TimeSource | None = None,
) -> App:
    """Everything of the agent, for ``settings`` on ``clock``. Nothing is opened or connected yet.

    Without a ``time_source`` the clock is never doubted.
    """
    journal, latest = Journal(), Latest()
    notices = Notices(clock, journal)
    market = _market(settings)
    retention = Retention(keep_days=settings.store.keep_days, max_bytes=settings.store.max_mb * 1_000_000)
    store = SqliteStore(Path(settings.store.path), ZoneInfo(settings.site.timezone), clock.now, retention)
    devices = connect_devices(settings, clock, lambda document: store.write(Batch(kept=((STEERING, document),))))
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
    payloads = JsonPayloads(settings.site.id, uuid4().hex[:12], settings.site.currency)
    control = Control(clock, devices, market, journal, latest, _control_rules(settings), meter)
    given = settings.site.clock == "trust"
    timekeeping = Timekeeping(clock, journal, latest, control.means, time_source, given)
    app = App(
        settings=settings,
        clock=clock,
        store=store,
        devices=devices,
        journal=journal,
        latest=latest,
        market=market,
        inputs=TakeInputs(market, clock, latest, notices.note),
        self_test=SelfTest(settings, clock, planner, store, notices),
        control=control,
        timekeeping=timekeeping,
        planning=Planning(clock, planner, questions.for_plan_with_advice, journal, latest, _plan_retry(settings)),
        trials=NightlyTrials(clock, trials, questions.for_plan, journal, latest, zone),
        settlement=NightlySettlement(clock, settlement, questions.for_ledger, journal, zone),
        comparison=Comparison(clock, ComparisonInbox(comparison_inbox_of(path)), store, journal, latest),
        advice=advice,
        record=Record(clock, store, journal, latest),
        upkeep=Upkeep(store, clock, notices.note, lambda: timekeeping.tells_age),
        notices=notices,
        payloads=payloads,
        link=None,
        sync=None,
        meter=meter,
    )
    app.planning.heard = advice.hear
    timekeeping.on_step = app._clock_was_set
    app.record.weather = lambda: market.weather_at(clock.now())
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


def _plan_retry(settings: Settings) -> Retry:
    """As many plans an hour as when all go well, and one more try where that is one an hour."""
    return Retry(PLAN_RESTS_S, max(2, int(HOUR_S // settings.planning.interval_s)))


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
    app.link = MqttLink(reach, lambda word: app.payloads.status(word, app.clock.now()))
    app.sync = Sync(
        store=app.store,
        link=app.link,
        payloads=app.payloads,
        clock=app.clock,
        latest=app.latest,
        facts=lambda: _facts(app),
        take_input=app.inputs.take,
        report=app.notices.note,
        acknowledged_by=cloud.acknowledged_by,
    )
    app.sync.take_request = app.advice.ask
    app.sync.alarm = app.notices.alarm
    app.sync.drain_s = max(LEAST_DRAIN_S, DRAIN_SHARE * min(app.settings.control.step_s, SYNC_EVERY_S))
    app.link_watch = LinkWatch(
        app.clock,
        app.latest,
        app.notices,
        lambda: None if app.link is None else app.link.rival,
        lambda: validity(reach.ca_file, reach.cert_file),
    )
    app.record.acknowledged = lambda: () if app.sync is None else app.sync.acknowledged


def _facts(app: App) -> dict[str, object]:
    """What the platform is told about us, once a connection."""
    return {
        "version": version("enalysis-edge"),
        "devices": {device.name: device.family for device in app.settings.devices},
        "load_model": app.settings.planning.load_model,
        "solar_model": app.settings.planning.solar_model,
        "reversion_timer": app.devices.reverts,
        "persistent_writes": {name: asdict(made) for name, made in app.devices.steering().writes.items()},
    }


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
