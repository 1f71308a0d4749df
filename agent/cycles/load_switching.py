"""The machines that the agent switches: on and off by the plan, in time in any case, and left at rest without us."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.cycles.retry import Retry
from agent.dispatch.load_switch import (
    Progress,
    Wish,
    counted,
    is_over_limit,
    open_window,
    tasks,
    wish,
)
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.documents import SWITCHED_LOADS
from agent.domain.load_run import LoadTask
from agent.domain.sentences import loads as say
from agent.domain.sentences import relays
from agent.domain.switched_load import SwitchedLoad, SwitchedLoadState
from agent.domain.wire import WireError
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet
from agent.switch_ports import Switches, SwitchFailure

EVERY_S = 5.0
RESTS_S = (10.0, 30.0, 60.0, 300.0)
FIRST_PLAN_WITHIN_S = 60.0  # after a start: a relay is not moved to and fro while the first plan is made
SHED_AFTER_S, SHED_FOR_S = 10.0, 300.0  # above the connection's limit for so long; then off for so long
HANDS_OFF_S = 1800.0  # after somebody else has switched
RENEW_EVERY_S = 60.0  # what a relay was told that is held away from its rest
UNKNOWN_FOR_S = 60.0  # while it is to be switched, before that is an alarm


@dataclass(slots=True)
class _Seat:
    """One load. ``put`` is what its relay was told last, None after it was given back. Times are monotonic, s.

    ``may_be_held``: it was told to leave its rest, by an order that is perhaps still in force. ``lapses`` are those of
    what holds it, in one window.
    """

    one: SwitchedLoad
    retry: Retry
    lapses: Retry
    progress: Progress | None = None
    put: bool | None = None
    hands_off_until_s: float = -float("inf")
    is_running: bool = False
    gives_back: bool = True  # at the start nobody knows what an earlier process has left
    may_be_held: bool = False
    told_s: float = -float("inf")
    unknown_since_s: float | None = None


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
        self._clock, self._switches, self._conditions = clock, switches, conditions
        self._outlet = outlet
        self.go_by(stale_s)
        self._seats = [_Seat(one, Retry(RESTS_S), Retry(RESTS_S)) for one in loads]
        self._zone = ZoneInfo(conditions.place.timezone)
        self._alarms = Alarms(clock, pending)
        self._begun_s = clock.monotonic()
        self._last_s: float | None = None
        self._over_since_s: float | None = None
        self._shed_until_s = -float("inf")

    def go_by(self, stale_s: float) -> None:
        """A reading of a relay counts for so long from now on."""
        self._stale_s = max(stale_s, 3.0 * EVERY_S)

    @property
    def has_any(self) -> bool:
        return bool(self._seats)

    @property
    def is_held(self) -> bool:
        """Whether a relay is away from its rest by us or by a process before us, or perhaps is."""
        return any(
            seat.may_be_held
            or (seat.put is not None and seat.put is not seat.one.rests_on)
            or self._switches.is_owed_rest(seat.one.device)
            for seat in self._seats
        )

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
        for seat in self._seats:
            found = kept.get(seat.one.load.name)
            if found is not None and found.closes is not None and seat.progress is None:
                seat.progress = Progress(found.closes, found.done_s)

    def tasks(self, now: datetime, until: datetime) -> tuple[LoadTask, ...]:
        """What is to be planned from ``now`` on, in windows that close by ``until``."""
        return tuple(task for seat in self._seats for task in tasks(seat.one, seat.progress, now, until, self._zone))

    async def step(self) -> None:
        monotonic = self._clock.monotonic()
        passed_s = 0.0 if self._last_s is None else min(monotonic - self._last_s, 4.0 * EVERY_S)
        self._last_s = monotonic
        self._watch_limit(monotonic)
        shown = tuple([await self._look(seat, passed_s) for seat in self._seats])
        if shown != self._outlet.view.switched:
            self._outlet.show(replace(self._outlet.view, switched=shown))

    async def release(self) -> None:
        """Leave every relay that was switched as it rests. A failure is told, and no reason not to end."""
        owed = self._switches.is_owed_rest
        held = [seat for seat in self._seats if seat.put is not None or seat.may_be_held or owed(seat.one.device)]
        await asyncio.gather(*(self._put(seat, seat.one.rests_on) for seat in held))

    async def _look(self, seat: _Seat, passed_s: float) -> SwitchedLoadState:
        on, monotonic, now = (
            self._switches.is_on(seat.one.device, self._stale_s),
            self._clock.monotonic(),
            self._clock.now(),
        )
        if seat.is_running and on and self._clock.trusted():
            self._count(seat, now, passed_s)
        wanted = self._wish(seat, now, monotonic)
        can_be_told = on is not None or self._switches.takes_orders(seat.one.device)
        is_steering = self._outlet.view.observing is None
        if is_steering and can_be_told:
            self._watch_hold(seat)
            wanted = await self._mind_others(seat, on, wanted, monotonic)
            on = await self._follow(seat, on, wanted, monotonic)
        elif is_steering:
            await self._rest_unseen(seat, wanted, monotonic)
        else:
            self._say_left_alone(seat, None)
        wanted = self._say_unknown(seat, on, wanted, monotonic)
        seat.is_running = bool(on) and wanted.on is True and seat.put is True
        progress = seat.progress or Progress(now)
        return SwitchedLoadState(
            seat.one.load.name,
            seat.one.load.power_w,
            on,
            seat.is_running,
            wanted.reason,
            round(progress.done_s),
            None if seat.progress is None else progress.closes,
        )

    def _count(self, seat: _Seat, now: datetime, passed_s: float) -> None:
        window = open_window(seat.one.load, now, self._zone)
        if window is not None:
            seat.progress = counted(seat.progress, window, passed_s)

    def _wish(self, seat: _Seat, now: datetime, monotonic: float) -> Wish:
        name, view = seat.one.load.name, self._outlet.view
        if view.clock_doubt is not None or not self._clock.trusted():
            return Wish(None, say.load_without_time(load=name))
        plan = view.plan if view.plan is not None and now < view.plan.expires_at else None
        if (
            plan is None
            and monotonic - self._begun_s < FIRST_PLAN_WITHIN_S
            and open_window(seat.one.load, now, self._zone)
        ):
            return Wish(seat.put, say.load_waits_for_plan(load=name))
        wanted = wish(seat.one, seat.progress, None if plan is None else plan.runs, now, self._zone)
        if monotonic < self._shed_until_s and wanted.on is not False:
            return Wish(False, say.load_shed(load=name))
        return wanted

    def _watch_hold(self, seat: _Seat) -> None:
        """What held the relay away from its rest is gone, and perhaps has put it there: that was nobody else."""
        if seat.put is None or seat.put is seat.one.rests_on or self._switches.holds(seat.one.device, seat.put):
            return
        now_s, seat.put = self._clock.monotonic(), None
        seat.lapses.failed(now_s, now_s)
        text = say.switch_failed(device=seat.one.device, cause=relays.relay_lease_lost())
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, text, seat.one.device)

    async def _mind_others(self, seat: _Seat, on: bool | None, wanted: Wish, monotonic: float) -> Wish:
        """Who has switched after us is left alone for a while, and it is said."""
        name = seat.one.load.name
        if seat.put is not None and on is not None and on is not seat.put:
            seat.put, seat.may_be_held, seat.hands_off_until_s = None, False, monotonic + HANDS_OFF_S
            await self._switches.let_go(seat.one.device)
        left_alone = monotonic < seat.hands_off_until_s
        others = say.load_switched_by_others_on if on else say.load_switched_by_others_off
        text = others(load=name)
        self._say_left_alone(seat, text if left_alone else None)
        return Wish(None, text) if left_alone else wanted

    def _say_left_alone(self, seat: _Seat, text: str | None) -> None:
        """The watch of the batteries judges the same alarm, of every device."""
        self._alarms.alarm(AlarmKind.FOREIGN_MASTER, text, seat.one.device, by="switching")

    async def _follow(self, seat: _Seat, on: bool | None, wanted: Wish, monotonic: float) -> bool | None:
        """Switch where the relay is not as it shall be. What it reads then."""
        if wanted.on is None and not (seat.put is not None or seat.gives_back or seat.may_be_held):
            return on
        if monotonic < seat.hands_off_until_s:
            return on
        target = seat.one.rests_on if wanted.on is None else wanted.on
        if on is target and self._switches.holds(seat.one.device, target):
            seat.put, seat.gives_back = (None, False) if wanted.on is None else (target, seat.gives_back)
            await self._keep(seat, target, monotonic)
            return on
        has_lapsed = target is not seat.one.rests_on and seat.lapses.rests(monotonic)
        if has_lapsed or seat.retry.rests(monotonic) or not await self._put(seat, target):
            return on
        if on is target:
            return on
        switched = say.load_switched_on if target else say.load_switched_off
        self._alarms.note(EventKind.LOAD_SWITCHED, switched(why=wanted.reason), seat.one.device)
        if wanted.on is None:
            seat.put, seat.gives_back = None, False
        return target

    async def _rest_unseen(self, seat: _Seat, wanted: Wish, monotonic: float) -> None:
        """It can neither be read nor switched as ever: told to rest, all the same, when the time to hold it is over."""
        is_over = wanted.on is None or wanted.on is seat.one.rests_on
        if is_over and seat.may_be_held and not seat.retry.rests(monotonic):
            await self._put(seat, seat.one.rests_on)

    async def _keep(self, seat: _Seat, on: bool, monotonic: float) -> None:
        """It is ``on`` as it shall be: at rest nothing is held any more, else it is told again now and then."""
        seat.retry.succeeded()
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, None, seat.one.device)
        if on is seat.one.rests_on:
            seat.may_be_held = False
            seat.lapses.succeeded()
            if self._switches.is_owed_rest(seat.one.device):  # somebody has left it so after a process before us
                await self._switches.let_go(seat.one.device)
        elif monotonic - seat.told_s >= RENEW_EVERY_S:
            seat.told_s, seat.may_be_held = monotonic, True
            await self._switches.renew(seat.one.device, on)

    async def _put(self, seat: _Seat, on: bool) -> bool:
        began_s = seat.told_s = self._clock.monotonic()
        seat.may_be_held = seat.may_be_held or on is not seat.one.rests_on
        try:
            await self._switches.switch(seat.one.device, on)
        except SwitchFailure as failure:
            seat.retry.failed(began_s, self._clock.monotonic())
            text = say.switch_failed(device=seat.one.device, cause=failure.args[0])
            self._alarms.alarm(AlarmKind.SWITCH_FAILED, text, seat.one.device)
            return False
        seat.put, seat.may_be_held = on, on is not seat.one.rests_on
        seat.retry.succeeded()
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, None, seat.one.device)
        return True

    def _say_unknown(self, seat: _Seat, on: bool | None, wanted: Wish, monotonic: float) -> Wish:
        """What is said of a relay that is not known. It is an alarm once that has lasted while it is to be switched."""
        cause = self._switches.trouble(seat.one.device) if on is None else None
        is_ours = wanted.on is not None or seat.gives_back or seat.may_be_held
        if cause is None or not is_ours or self._outlet.view.observing is not None:
            seat.unknown_since_s = None
        elif seat.unknown_since_s is None:
            seat.unknown_since_s = monotonic
        lasts = seat.unknown_since_s is not None and monotonic - seat.unknown_since_s >= UNKNOWN_FOR_S
        text = say.switch_failed(device=seat.one.device, cause=cause) if cause is not None and lasts else None
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, text, seat.one.device, by="reading")
        if on is not None:
            return wanted
        name = seat.one.load.name
        unread = say.load_not_read(load=name) if cause is None else relays.relay_unknown(load=name, cause=cause)
        return replace(wanted, reason=unread)

    def _watch_limit(self, monotonic: float) -> None:
        state = self._outlet.view.state
        limit_w = None if state is None else self._conditions.connection(state.at).import_limit_w
        if state is None or not is_over_limit(state.grid_w.known, limit_w):
            self._over_since_s = None
            return
        since_s = self._over_since_s = self._over_since_s if self._over_since_s is not None else monotonic
        if monotonic - since_s >= SHED_AFTER_S:
            self._shed_until_s = monotonic + SHED_FOR_S
