"""Builds everything once, and is the only file that knows everyone."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.adapters.devices.device_lock import DeviceLocks
from agent.adapters.devices.field_bus import Lines, connect_devices
from agent.adapters.devices.site_devices import Devices
from agent.adapters.host.inbox import FileInbox, inbox_of
from agent.adapters.processes.planner_process import PlannerProcess
from agent.adapters.processes.settlement_process import SettlementProcess
from agent.adapters.processes.trial_process import TrialProcess
from agent.adapters.store.retention import Retention
from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.advice import Recommendations
from agent.cycles.alarms import Alarms
from agent.cycles.command_trail import CommandTrail
from agent.cycles.commands import Commands
from agent.cycles.control import Control
from agent.cycles.inputs import TakeInputs
from agent.cycles.load_switching import LoadSwitching
from agent.cycles.model_trials import NightlyTrials
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import PairedTrial
from agent.cycles.planning import Planning
from agent.cycles.policies import Policies
from agent.cycles.record import Record
from agent.cycles.reload import Reload
from agent.cycles.remote_config import RemoteConfiguration
from agent.cycles.retry import PLAN_RESTS_S, Retry
from agent.cycles.settlement import NightlySettlement
from agent.cycles.signed_commands import SignedCommands
from agent.cycles.steering_lock import SteeringLock
from agent.cycles.timekeeping import Timekeeping
from agent.cycles.upkeep import AFTER_HOUR_S, Upkeep
from agent.daemon import App
from agent.domain.documents import STEERING
from agent.domain.permit import Permission
from agent.domain.plan import Plan
from agent.domain.records import Batch
from agent.plan_request import PlanRequests, conditions_of, demand_meter
from agent.platform import connect_platform
from agent.ports import Clock, Planner, Settlement, Store, TimeSource, Trials
from agent.reconfigure import Reconfigure, control_rules, policy_meter
from agent.recording.pending_writes import PendingWrites
from agent.self_test import SelfTest
from agent.settings.price_renewal import PriceFiles
from agent.settings.schema import Settings
from agent.settings.site_file import SiteFile
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
from drivers.write_gate import WriteGate

if TYPE_CHECKING:
    from agent.adapters.mqtt.topic_relays import TopicRelays
    from agent.home_bridge import HomeBridge
    from agent.price_bridge import PriceBridge

HOUR_S = 3600.0


def build(
    settings: Settings,
    clock: Clock,
    planner: Planner | None = None,
    trials: Trials | None = None,
    settlement: Settlement | None = None,
    time_source: TimeSource | None = None,
    permission: Permission | None = None,
) -> App:
    """Everything of the agent, for ``settings`` on ``clock``. Nothing is opened or connected yet.

    Without a ``time_source`` the clock is never doubted, without a ``permission`` the devices may be written.
    """
    permission, gate = permission or Permission(), WriteGate()
    pending, outlet, lines = PendingWrites(), Outlet(), Lines(clock, gate)
    alarms, conditions = Alarms(clock, pending, outlet), conditions_of(settings)
    store, zone = store_of(settings, clock), ZoneInfo(settings.site.timezone)
    devices = connect_devices(settings, clock, partial(keep_steering, store), ways=lines.transports(settings.devices))
    turn, memory_mb, stale_s = asyncio.Lock(), settings.planning.memory_mb, settings.control.stale_s
    planner = planner or PlannerProcess(settings.planning.deadline_s, memory_mb, turn=turn)
    meter = demand_meter(settings)
    advice = Recommendations(clock, pending, outlet, settings.advice_spec(), conditions.paid, settings.advice.worth_it)
    paired_trial, overrides = PairedTrial(clock, pending, outlet), Overrides(clock, pending, outlet, zone)
    signed = SignedCommands(clock, pending, CommandTrail(clock, pending, store.command), overrides)
    commands = Commands(clock, FileInbox(inbox_of(store.path)), alarms, advice, paired_trial, overrides, signed)
    relays = _relays(settings, clock, devices)
    loads = LoadSwitching(clock, relays or devices, settings.switched_loads(), conditions, pending, outlet, stale_s)
    inputs = TakeInputs(conditions, clock, pending.keep, alarms)
    requests = PlanRequests(settings, conditions, outlet, meter, loads.tasks, advice.question, PriceFiles(settings))
    control = Control(clock, devices, conditions, pending, outlet, control_rules(settings, devices, permission), meter)
    means, is_trusted = control.minutes.means, settings.site.clock == "trust"
    timekeeping = Timekeeping(clock, pending, outlet, means, time_source, is_trusted)

    return App(
        settings=settings,
        clock=clock,
        store=store,
        lines=lines,
        devices=devices,
        requests=requests,
        pending=pending,
        outlet=outlet,
        conditions=conditions,
        inputs=inputs,
        self_test=SelfTest(settings, clock, planner, store, alarms),
        control=control,
        timekeeping=timekeeping,
        planning=_planning(settings, clock, planner, requests, pending, outlet, advice.hear),
        trials=NightlyTrials(clock, trials or TrialProcess(memory_mb, turn=turn), requests.at, pending, outlet, zone),
        settlement=NightlySettlement(
            clock, settlement or SettlementProcess(memory_mb, turn=turn), requests.settlement, pending, zone
        ),
        paired_trial=paired_trial,
        policies=Policies(clock, pending, outlet, policy_meter(settings, conditions), settings.site.id),
        advice=advice,
        commands=commands,
        overrides=overrides,
        lock=SteeringLock(clock, pending, outlet, gate, permission),
        record=Record(clock, store, pending, outlet, conditions.weather_at, zone),
        upkeep=Upkeep(store, clock, alarms, lambda: timekeeping.tells_age, AFTER_HOUR_S + settings.store.commit_s),
        alarms=alarms,
        meter=meter,
        loads=loads,
        relays=relays,
        prices=_prices(settings, clock, inputs, alarms, requests, relays),
        platform=connect_platform(settings, clock, store, pending, outlet, devices, commands, inputs, turn),
        home=_home(settings, clock, pending, outlet, commands, conditions, control),
    )


def _home(
    settings: Settings,
    clock: Clock,
    pending: PendingWrites,
    outlet: Outlet,
    commands: Commands,
    conditions: SiteConditions,
    control: Control,
) -> "HomeBridge | None":
    """What it needs is loaded only where the site file has a section for it."""
    if settings.home_assistant is None:
        return None
    from agent.home_bridge import connect_home

    return connect_home(settings, clock, pending, outlet, commands, conditions, control.minutes)


def _relays(settings: Settings, clock: Clock, devices: Devices) -> "TopicRelays | None":
    """As ``_home``, where a machine is switched by a topic."""
    if not settings.has_topic_relays:
        return None
    from agent.relay_bridge import connect_relays

    return connect_relays(settings, clock, devices)


def _prices(
    settings: Settings,
    clock: Clock,
    inputs: TakeInputs,
    alarms: Alarms,
    requests: PlanRequests,
    relays: "TopicRelays | None",
) -> "PriceBridge | None":
    """As ``_home``, where a market's prices come by a topic: over the connection of the ``relays``, if there is one."""
    if not settings.price_topics:
        return None
    from agent.price_bridge import connect_prices

    prices = connect_prices(settings, clock, inputs, alarms, None if relays is None else relays.link)
    requests.heard_troubles = prices.troubles
    return prices


def look_for_edits(app: App, site_file: SiteFile, locks: DeviceLocks | None = None) -> None:
    """From its start on ``app`` goes by the edits of its site file. ``locks`` follow the devices that steer."""
    parts = Reconfigure(app, site_file, locks)
    app.reload = Reload(app.clock, app.pending, app.outlet, site_file, parts, app.settings)
    if app.platform is not None:
        core = app.clock, app.store, app.pending, app.outlet
        read = app.platform.read_desired
        app.remote_config = RemoteConfiguration(*core, app.reload, parts, app.planning.asked, read)
        app.platform.listening.take_desired = app.remote_config.take


def keep_steering(store: Store, document: str) -> Awaitable[None]:
    """Make durable what must be known of the steered devices after us."""
    return store.write(Batch(kept=((STEERING.name, document),)))


def store_of(settings: Settings, clock: Clock) -> SqliteStore:
    """Not opened yet."""
    kept, has_platform = settings.store, settings.cloud is not None
    retention = Retention(keep_days=kept.keep_days, max_bytes=kept.max_mb * 1_000_000, waits=has_platform)
    return SqliteStore(Path(settings.store.path), ZoneInfo(settings.site.timezone), clock.now, retention)


def _planning(
    settings: Settings,
    clock: Clock,
    planner: Planner,
    requests: PlanRequests,
    pending: PendingWrites,
    outlet: Outlet,
    heard: Callable[[Plan], None],
) -> Planning:
    retry, prepare = _plan_retry(settings), requests.look_at_files
    why = requests.price_troubles
    return Planning(clock, planner, requests.with_advice, pending, outlet, retry, heard, prepare, why)


def _plan_retry(settings: Settings) -> Retry:
    """As many plans an hour as when all go well, and one more try where that is one an hour."""
    return Retry(PLAN_RESTS_S, max(2, int(HOUR_S // settings.planning.interval_s)))
