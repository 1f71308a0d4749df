"""The machines that the agent switches: on and off by the plan, in time in any case, and left at rest without us."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.cycles.switched_relay import SwitchedRelay
from agent.dispatch.load_switch import Progress, Wish, counted, is_over_limit, open_window, tasks, wish
from agent.domain.alarms import EventKind
from agent.domain.documents import SWITCHED_LOADS
from agent.domain.load_run import LoadTask
from agent.domain.sentences import loads as say
from agent.domain.switched_load import SwitchedLoad, SwitchedLoadState
from agent.domain.wire import WireError
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
from agent.switch_ports import Switches

EVERY_S = 5.0
FIRST_PLAN_WITHIN_S = 60.0  # after a start: a relay is not moved to and fro while the first plan is made
SHED_AFTER_S, SHED_FOR_S = 10.0, 300.0  # above the connection's limit for so long; then off for so long


@dataclass(slots=True)
class _Machine:
    """One load with its relay. ``is_running``: it was on by the last look, because it was to be."""

    one: SwitchedLoad
    relay: SwitchedRelay
    progress: Progress | None = None
    is_running: bool = False


class LoadSwitching:
    """One look at all of them a call. Shows what they do, and says what is to be planned."""

    def __init__(
        self,
        clock: Clock,
        switches: Switches,
        loads: Sequence[SwitchedLoad],
        conditions: SiteConditions,
        pending: PendingWrites,
        outlet: Outlet,
        stale_s: float,
    ) -> None:
        self._clock, self._conditions, self._outlet = clock, conditions, outlet
        self.go_by(stale_s)
        self._alarms = Alarms(clock, pending)
        self._machines = [_Machine(one, SwitchedRelay(clock, switches, self._alarms, one)) for one in loads]
        self._zone = ZoneInfo(conditions.place.timezone)
        self._begun_s = clock.monotonic()
        self._last_s: float | None = None
        self._over_since_s: float | None = None
        self._shed_until_s = -float("inf")

    def go_by(self, stale_s: float) -> None:
        """A reading of a relay counts for so long from now on."""
        self._stale_s = max(stale_s, 3.0 * EVERY_S)

    @property
    def has_any(self) -> bool:
        return bool(self._machines)

    @property
    def is_held(self) -> bool:
        """Whether a relay is away from its rest by us or by a process before us, or perhaps is."""
        return any(machine.relay.is_held for machine in self._machines)

    def recall(self, document: str | None) -> None:
        """Go on with how long each has run in its window. What cannot be read begins anew."""
        if document is None:
            return
        try:
            kept = {one.name: one for one in SWITCHED_LOADS.read(document)}
        except (WireError, RecursionError) as error:
            text = say.kept_loads_unusable(cause=str(error))
            self._alarms.note(EventKind.DOCUMENT_REFUSED, text)
            return
        for machine in self._machines:
            found = kept.get(machine.one.load.name)
            if found is not None and found.closes is not None and machine.progress is None:
                machine.progress = Progress(found.closes, found.done_s)

    def tasks(self, now: datetime, until: datetime) -> tuple[LoadTask, ...]:
        """What is to be planned from ``now`` on, in windows that close by ``until``."""
        return tuple(
            task for machine in self._machines for task in tasks(machine.one, machine.progress, now, until, self._zone)
        )

    async def step(self) -> None:
        monotonic = self._clock.monotonic()
        passed_s = 0.0 if self._last_s is None else min(monotonic - self._last_s, 4.0 * EVERY_S)
        self._last_s = monotonic
        self._watch_limit(monotonic)
        shown = tuple([await self._look(machine, passed_s) for machine in self._machines])
        if shown != self._outlet.view.switched:
            self._outlet.show(replace(self._outlet.view, switched=shown))

    async def release(self) -> None:
        """Leave every relay that was switched as it rests. A failure is told, and no reason not to end."""
        await asyncio.gather(*(machine.relay.give_back() for machine in self._machines))

    async def _look(self, machine: _Machine, passed_s: float) -> SwitchedLoadState:
        on, monotonic, now = machine.relay.is_on(self._stale_s), self._clock.monotonic(), self._clock.now()
        if machine.is_running and on and self._clock.trusted():
            self._count(machine, now, passed_s)
        wanted, is_steering = self._wish(machine, now, monotonic), self._outlet.view.observing is None
        if is_steering:
            on, wanted = await machine.relay.steer(on, wanted, monotonic)
        else:
            machine.relay.leave()
        wanted = machine.relay.judged(on, wanted, is_steering, monotonic)
        machine.is_running = bool(on) and wanted.on is True and machine.relay.put is True
        progress = machine.progress or Progress(now)
        return SwitchedLoadState(
            machine.one.load.name,
            machine.one.load.power_w,
            on,
            machine.is_running,
            wanted.reason,
            round(progress.done_s),
            None if machine.progress is None else progress.closes,
        )

    def _count(self, machine: _Machine, now: datetime, passed_s: float) -> None:
        window = open_window(machine.one.load, now, self._zone)
        if window is not None:
            machine.progress = counted(machine.progress, window, passed_s)

    def _wish(self, machine: _Machine, now: datetime, monotonic: float) -> Wish:
        name, view = machine.one.load.name, self._outlet.view
        if view.clock_doubt is not None or not self._clock.trusted():
            return Wish(None, say.load_without_time(load=name))
        plan = view.plan if view.plan is not None and now < view.plan.expires_at else None
        if (
            plan is None
            and monotonic - self._begun_s < FIRST_PLAN_WITHIN_S
            and open_window(machine.one.load, now, self._zone)
        ):
            return Wish(machine.relay.put, say.load_waits_for_plan(load=name))
        wanted = wish(machine.one, machine.progress, None if plan is None else plan.runs, now, self._zone)
        if monotonic < self._shed_until_s and wanted.on is not False:
            return Wish(False, say.load_shed(load=name))
        return wanted

    def _watch_limit(self, monotonic: float) -> None:
        state = self._outlet.view.state
        limit_w = None if state is None else self._conditions.connection(state.at).import_limit_w
        if state is None or not is_over_limit(state.grid_w.known, limit_w):
            self._over_since_s = None
            return
        since_s = self._over_since_s = self._over_since_s if self._over_since_s is not None else monotonic
        if monotonic - since_s >= SHED_AFTER_S:
            self._shed_until_s = monotonic + SHED_FOR_S
