"""One relay that the agent switches: told and held, left to whoever else has switched it, and left at rest."""

from dataclasses import replace

from agent.cycles.alarms import Alarms
from agent.cycles.retry import Retry
from agent.dispatch.load_switch import Wish
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.sentences import loads as say
from agent.domain.sentences import relays
from agent.domain.switched_load import SwitchedLoad
from agent.ports import Clock
from agent.switch_ports import Switches, SwitchFailure

RESTS_S = (10.0, 30.0, 60.0, 300.0)
HANDS_OFF_S = 1800.0  # after somebody else has switched
RENEW_EVERY_S = 60.0  # what a relay was told that is held away from its rest
UNKNOWN_FOR_S = 60.0  # while it is to be switched, before that is an alarm


class SwitchedRelay:
    """That of ``load``. ``put`` is what it was told last, None after it was given back. Times are monotonic, s."""

    def __init__(self, clock: Clock, switches: Switches, alarms: Alarms, load: SwitchedLoad) -> None:
        self._clock, self._switches, self._alarms = clock, switches, alarms
        self._load, self._device, self._rests_on = load.load.name, load.device, load.rests_on
        self._retry = Retry(RESTS_S)
        self._lapses = Retry(RESTS_S)  # of what holds it away from its rest, in one window
        self._may_be_held = False  # it was told to leave its rest, by an order that is perhaps still in force
        self._gives_back = True  # at the start nobody knows what an earlier process has left
        self._hands_off_until_s = -float("inf")
        self._told_s = -float("inf")
        self._unknown_since_s: float | None = None
        self.put: bool | None = None

    @property
    def is_held(self) -> bool:
        """Whether it is away from its rest by us or by a process before us, or perhaps is."""
        is_away = self.put is not None and self.put is not self._rests_on
        return self._may_be_held or is_away or self._switches.is_owed_rest(self._device)

    def is_on(self, stale_s: float) -> bool | None:
        """What it has read not longer than ``stale_s`` ago; None where that is not known."""
        return self._switches.is_on(self._device, stale_s)

    async def give_back(self) -> None:
        """Leave it as it rests, where it was switched. A failure is told."""
        if self.put is not None or self._may_be_held or self._switches.is_owed_rest(self._device):
            await self._put(self._rests_on)

    async def steer(self, on: bool | None, wanted: Wish, now_s: float) -> tuple[bool | None, Wish]:
        """Bring it from ``on`` to what is ``wanted``. What it reads then, and what is wanted beside others."""
        if on is None and not self._switches.takes_orders(self._device):
            if now_s >= self._hands_off_until_s:
                self._say_left_alone(None)
            await self._rest_unseen(wanted, now_s)
            return on, wanted
        self._watch_hold()
        wanted = await self._mind_others(on, wanted, now_s)
        return await self._follow(on, wanted, now_s), wanted

    def leave(self) -> None:
        """Where the site is only observed anybody may switch it."""
        self._say_left_alone(None)

    def judged(self, on: bool | None, wanted: Wish, is_steering: bool, now_s: float) -> Wish:
        """What is said where it is not known. It is an alarm once that has lasted while it is to be switched."""
        cause = self._switches.trouble(self._device) if on is None else None
        is_ours = wanted.on is not None or self._gives_back or self._may_be_held
        if cause is None or not is_ours or not is_steering:
            self._unknown_since_s = None
        elif self._unknown_since_s is None:
            self._unknown_since_s = now_s
        lasts = self._unknown_since_s is not None and now_s - self._unknown_since_s >= UNKNOWN_FOR_S
        text = say.switch_failed(device=self._device, cause=cause) if cause is not None and lasts else None
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, text, self._device, by="reading")
        if on is not None:
            return wanted
        unread = say.load_not_read(load=self._load)
        return replace(wanted, reason=unread if cause is None else relays.relay_unknown(load=self._load, cause=cause))

    def _watch_hold(self) -> None:
        """What held it away from its rest is gone, and perhaps has put it there: that was nobody else."""
        if self.put is None or self.put is self._rests_on or self._switches.holds(self._device, self.put):
            return
        now_s, self.put = self._clock.monotonic(), None
        self._lapses.failed(now_s, now_s)
        self._say_failed(relays.relay_lease_lost())

    async def _mind_others(self, on: bool | None, wanted: Wish, now_s: float) -> Wish:
        """Who has switched after us is left alone for a while, and it is said."""
        if self.put is not None and on is not None and on is not self.put:
            self.put, self._may_be_held, self._hands_off_until_s = None, False, now_s + HANDS_OFF_S
            await self._switches.let_go(self._device)
        is_left_alone = now_s < self._hands_off_until_s
        others = say.load_switched_by_others_on if on else say.load_switched_by_others_off
        text = others(load=self._load)
        self._say_left_alone(text if is_left_alone else None)
        return Wish(None, text) if is_left_alone else wanted

    async def _follow(self, on: bool | None, wanted: Wish, now_s: float) -> bool | None:
        """Switch it where it is not as it shall be. What it reads then."""
        if wanted.on is None and not (self.put is not None or self._gives_back or self._may_be_held):
            return on
        if now_s < self._hands_off_until_s:
            return on
        target = self._rests_on if wanted.on is None else wanted.on
        if on is target and self._switches.holds(self._device, target):
            self.put, self._gives_back = (None, False) if wanted.on is None else (target, self._gives_back)
            await self._keep(target, now_s)
            return on
        has_lapsed = target is not self._rests_on and self._lapses.rests(now_s)
        if has_lapsed or self._retry.rests(now_s) or not await self._put(target):
            return on
        if on is target:
            return on
        switched = say.load_switched_on if target else say.load_switched_off
        self._alarms.note(EventKind.LOAD_SWITCHED, switched(why=wanted.reason), self._device)
        if wanted.on is None:
            self.put, self._gives_back = None, False
        return target

    async def _rest_unseen(self, wanted: Wish, now_s: float) -> None:
        """It can neither be read nor switched as ever: told to rest, all the same, when the time to hold it is over."""
        is_over = wanted.on is None or wanted.on is self._rests_on
        if is_over and self._may_be_held and not self._retry.rests(now_s):
            await self._put(self._rests_on)

    async def _keep(self, on: bool, now_s: float) -> None:
        """It is ``on`` as it shall be: at rest nothing is held any more, else it is told again now and then."""
        self._retry.succeeded()
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, None, self._device)
        if on is self._rests_on:
            self._may_be_held = False
            self._lapses.succeeded()
            if self._switches.is_owed_rest(self._device):  # somebody has left it so after a process before us
                await self._switches.let_go(self._device)
        elif now_s - self._told_s >= RENEW_EVERY_S:
            self._told_s, self._may_be_held = now_s, True
            await self._switches.renew(self._device, on)

    async def _put(self, on: bool) -> bool:
        began_s = self._told_s = self._clock.monotonic()
        self._may_be_held = self._may_be_held or on is not self._rests_on
        try:
            await self._switches.switch(self._device, on)
        except SwitchFailure as failure:
            self._retry.failed(began_s, self._clock.monotonic())
            self._say_failed(failure.args[0])
            return False
        self.put, self._may_be_held = on, on is not self._rests_on
        self._retry.succeeded()
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, None, self._device)
        return True

    def _say_failed(self, cause: str) -> None:
        self._alarms.alarm(AlarmKind.SWITCH_FAILED, say.switch_failed(device=self._device, cause=cause), self._device)

    def _say_left_alone(self, text: str | None) -> None:
        """The watch of the batteries judges the same alarm, of every device."""
        self._alarms.alarm(AlarmKind.FOREIGN_MASTER, text, self._device, by="switching")
