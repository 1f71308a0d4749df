"""The agent: it starts, does its jobs again and again, and stops."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from agent.adapters.devices.field_bus import Lines
from agent.adapters.devices.site_devices import Devices
from agent.adapters.store.sqlite_store import SqliteStore
from agent.cycles.advice import Recommendations
from agent.cycles.alarms import Alarms
from agent.cycles.commands import Commands
from agent.cycles.control import Control
from agent.cycles.inputs import TakeInputs
from agent.cycles.load_switching import EVERY_S, LoadSwitching
from agent.cycles.model_trials import NightlyTrials
from agent.cycles.override import Overrides
from agent.cycles.owed_release import OwedRelease
from agent.cycles.paired_trial import PairedTrial
from agent.cycles.planning import Planning
from agent.cycles.policies import Policies
from agent.cycles.record import Record
from agent.cycles.reload import LOOK_EVERY_S, Reload
from agent.cycles.remote_config import EVERY_S as REMOTE_EVERY_S
from agent.cycles.remote_config import RemoteConfiguration
from agent.cycles.settlement import NightlySettlement
from agent.cycles.steering_lock import SteeringLock
from agent.cycles.timekeeping import Timekeeping
from agent.cycles.upkeep import Upkeep
from agent.dispatch.demand_meter import DemandMeter
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.sentence import sentence_of
from agent.domain.sentences import control, events
from agent.domain.sentences.alarms import store_not_read
from agent.domain.setpoint import Applied
from agent.kept_state import take_up_kept
from agent.plan_request import PlanRequests
from agent.platform import SYNC_EVERY_S, Platform
from agent.ports import Clock, Job, StoreFailure
from agent.recording.decisions import describe
from agent.recording.pending_writes import PendingWrites
from agent.self_test import SelfTest
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet

if TYPE_CHECKING:
    from agent.adapters.mqtt.topic_relays import TopicRelays
    from agent.home_bridge import HomeBridge
    from agent.price_bridge import PriceBridge

log = structlog.get_logger("app")

UPKEEP_EVERY_S = 60.0
RENEWAL_EVERY_S, RENEWAL_FIRST_S = 300.0, 120.0
LAST_COMMIT_S = 2.5
LAST_SYNC_S = 1.0
PLAN_AGAIN_EVERY_S = 10.0
LAST_KEEP_S = 0.5
OPEN_WITHIN_S = 5.0
TRIALS_EVERY_S = 900.0
TRIALS_FIRST_S = 300.0
SETTLEMENT_EVERY_S = 900.0
SETTLEMENT_FIRST_S = 600.0
COMMANDS_EVERY_S = 2.0
MODELS_EVERY_S = 5.0
HOME_EVERY_S = 5.0
PLAN_BEARS_S = 60.0  # a step of the clock by less leaves the plan in force, until the next one is made


@dataclass(slots=True)
class App:
    """The agent, built and not yet running. ``start``, then its jobs again and again, then ``stop``."""

    settings: Settings
    clock: Clock
    store: SqliteStore
    lines: Lines
    devices: Devices
    requests: PlanRequests
    pending: PendingWrites
    outlet: Outlet
    conditions: SiteConditions
    inputs: TakeInputs
    self_test: SelfTest
    control: Control
    timekeeping: Timekeeping
    planning: Planning
    trials: NightlyTrials
    settlement: NightlySettlement
    paired_trial: PairedTrial
    policies: Policies
    advice: Recommendations
    commands: Commands
    overrides: Overrides
    lock: SteeringLock
    record: Record
    upkeep: Upkeep
    alarms: Alarms
    meter: DemandMeter | None
    loads: LoadSwitching
    platform: Platform | None
    home: "HomeBridge | None" = None
    relays: "TopicRelays | None" = None
    prices: "PriceBridge | None" = None
    reload: Reload | None = None
    remote_config: RemoteConfiguration | None = None
    recalled: bool = False
    is_writable: bool = True  # whether the last commit was written
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # of commits: one releases only what it has written
    owed: OwedRelease = field(init=False)

    def __post_init__(self) -> None:
        parts = self.control, self.loads
        self.owed = OwedRelease(self.clock, self.outlet, self.lock, lambda: self.devices.left_behind, *parts)

    async def start(self) -> None:
        """Open the store, take up what it has kept, bring the battery into its neutral state.

        Control waits for no disk: without a store it goes by its own rule, and the first commit tries again.
        """
        await self._recall(OPEN_WITHIN_S)
        await self._release_at_start()
        self.alarms.note(EventKind.STARTED, events.started())
        if self.platform is not None:
            await self.platform.start()
        if self.home is not None:
            await self.home.start()
        if self.relays is not None:
            await self.relays.start()
        if self.prices is not None:
            await self.prices.start()

    async def _release_at_start(self) -> None:
        """A site that is only observed is given back what was left behind, and is not written otherwise."""
        with self.lock.open_for_what_was_left_behind(self.devices.left_behind or not self.recalled) as may_write:
            if not may_write:
                return
            outcome = await self.control.release(control.released(why=control.agent_starts()))
        if not isinstance(outcome, Applied):
            log.warning("not_released", outcome=": ".join(describe(outcome)))
        elif not self.devices.reverts:
            self.alarms.note(EventKind.NO_REVERSION_TIMER, events.no_reversion_timer())

    async def _recall(self, within_s: float | None = None) -> None:
        """Take up what the store has kept. One that cannot be used, or not in time, is an alarm."""
        try:
            async with asyncio.timeout(within_s):
                await take_up_kept(self)
        except TimeoutError:
            text = store_not_read(path=str(self.store.path), within_s=within_s or 0.0)
            self.alarms.alarm(AlarmKind.STORE_FAILED, text, by="start")
        except StoreFailure as failure:
            self.alarms.alarm(AlarmKind.STORE_FAILED, sentence_of(failure), by="start")
        else:
            self.recalled = True
            self.planning.try_again()
            self.alarms.alarm(AlarmKind.STORE_FAILED, None, by="start")

    def jobs(self) -> Sequence[Job]:
        """What happens again and again; at the same instant in this order."""
        control, planning = self.settings.control, self.settings.planning
        jobs = [
            Job("owed release", control.step_s, self.owed.step),
            Job("control", control.step_s, self._control),
            Job("planning", planning.interval_s, self._plan, first_s=2 * control.step_s, aligned=True),
            Job("plan again", PLAN_AGAIN_EVERY_S, self._plan_again, 2 * control.step_s + PLAN_AGAIN_EVERY_S),
            Job("trials", TRIALS_EVERY_S, self.trials.step, first_s=TRIALS_FIRST_S),
            Job("settlement", SETTLEMENT_EVERY_S, self.settlement.step, first_s=SETTLEMENT_FIRST_S),
            Job("commands", COMMANDS_EVERY_S, self._commands, first_s=COMMANDS_EVERY_S),
            Job("record", self.settings.store.commit_s, self._commit, first_s=5 * control.step_s),
            Job("upkeep", UPKEEP_EVERY_S, self._upkeep, first_s=5 * control.step_s),
        ]
        if self.reload is not None:
            between_s = min(control.step_s, LOOK_EVERY_S) / 2
            jobs.append(Job("site file", LOOK_EVERY_S, self.reload.step, first_s=LOOK_EVERY_S + between_s))
        if self.remote_config is not None:
            jobs.append(Job("remote config", REMOTE_EVERY_S, self._remote_config, first_s=REMOTE_EVERY_S))
        if self.loads.has_any:
            jobs.append(Job("loads", EVERY_S, self.loads.step, first_s=EVERY_S))
        if self.platform is not None:
            # Between two control steps, so that what a backlog costs is paid while control has nothing to do.
            between_s = min(control.step_s, SYNC_EVERY_S) / 2
            jobs.append(Job("sync", SYNC_EVERY_S, self._sync, first_s=SYNC_EVERY_S + between_s))
            if self.platform.models is not None:
                jobs.append(Job("models", MODELS_EVERY_S, self.platform.models.step, first_s=MODELS_EVERY_S))
            if self.platform.renewal is not None:
                jobs.append(Job("renewal", RENEWAL_EVERY_S, self.platform.renewal.step, first_s=RENEWAL_FIRST_S))
        if self.home is not None:
            jobs.append(Job("home assistant", HOME_EVERY_S, self.home.step, first_s=HOME_EVERY_S))
        if self.prices is not None:
            jobs.append(Job("prices", self.prices.every_s, self._prices, first_s=self.prices.every_s))
        return jobs

    async def stop(self, why: str) -> None:
        """Release the battery first, then write what waits, then say goodbye. Bounded by the caller."""
        if self.outlet.view.observing is None:
            outcome = await self.control.end(control.released(why=why))
            if not isinstance(outcome, Applied):
                log.error("not_released", outcome=": ".join(describe(outcome)), next="enalysis-edge release")
            await self.loads.release()
        else:
            await self.owed.now()
        self.alarms.note(EventKind.STOPPED, why)
        self.control.minutes.flush()
        with suppress(TimeoutError):  # a disk that hangs: the platform is still to hear that we stop
            async with asyncio.timeout(LAST_COMMIT_S):
                await self._commit()
        with suppress(TimeoutError):  # a broker that has frozen: the rows are in the store
            async with asyncio.timeout(LAST_SYNC_S):
                await self._sync()
        ways = [way.stop() for way in (self.platform, self.home, self.relays, self.prices) if way is not None]
        await asyncio.gather(*ways)
        await self.devices.settle(LAST_KEEP_S)
        await self.store.close()
        await self.devices.close()

    def sentence(self) -> str:
        """One line for systemd's status."""
        setpoint = self.outlet.view.setpoint
        return "starting" if setpoint is None else f"{setpoint.rung.value}: {setpoint.reason}"

    async def _control(self) -> None:
        await self._between_steps()
        by_s = self.timekeeping.look()
        if by_s:
            self._clock_was_set(by_s)
        self.conditions.time_is_known = self.clock.trusted()
        self.overrides.step()
        await self.control.step()
        self.policies.step()
        self.alarms.step()

    async def _between_steps(self) -> None:
        """An edit waits while something is given back: it may exchange the very device, or lock it."""
        if self.reload is not None and not self.owed.turn.locked():
            async with self.owed.turn:
                await self.reload.between_steps()

    async def _plan(self) -> None:
        if self.outlet.view.clock_doubt is None:
            await self.planning.step()

    async def _plan_again(self) -> None:
        if self.outlet.view.clock_doubt is None:
            await self.planning.again()

    def _clock_was_set(self, by_s: float) -> None:
        self.conditions.clock_was_set(timedelta(seconds=by_s))
        if abs(by_s) >= PLAN_BEARS_S:
            self.planning.discard()

    async def _commands(self) -> None:
        if self.recalled:  # what is asked is about what was kept
            await self.commands.step()
            if self.commands.signed.unwritten and self.is_writable:
                await self._commit()

    async def _remote_config(self) -> None:
        if self.remote_config is not None and self.recalled:  # what is in force, and which version, was kept
            await self.remote_config.step()

    async def _commit(self) -> None:
        if not self.recalled:
            await self._recall()
        if not self.recalled:
            return  # what waits stays in memory: a commit now would overwrite what was kept
        async with self.turn:
            await self.commands.step()
            obeyed, noted = self.commands.obeyed, self.commands.trail.noted
            energies = None if self.home is None else self.home.counted
            self.is_writable = await self.record.step()
            if self.is_writable:
                self.commands.trail.written(noted)
                await self.commands.forget(obeyed)
                if self.home is not None:
                    self.home.cycle.written(energies)
                self.self_test.store_works()
                self.devices.keep_again()
        if self.planning.made:
            self.self_test.plan_works()

    async def _upkeep(self) -> None:
        if self.recalled:  # a store that was not opened has nothing to tidy
            await self.upkeep.step()

    async def _prices(self) -> None:
        if self.prices is not None and self.recalled:  # what was known before was kept
            await self.prices.cycle.step()

    async def _sync(self) -> None:
        if self.platform is not None:
            self.inputs.step()
            await self.platform.step()
