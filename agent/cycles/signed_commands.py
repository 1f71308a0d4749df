"""Signed commands: each is judged once, by its counter and its times, and obeyed after that is written down."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from agent.cycles.alarms import Alarms
from agent.cycles.command_trail import CommandTrail
from agent.cycles.override import Overrides
from agent.domain.command_record import CommandRecord, CommandState, Door
from agent.domain.commands import Command, OverrideBattery
from agent.domain.documents import COMMAND_COUNTERS
from agent.domain.sentences import commands as say_of_any
from agent.domain.sentences import platform_commands as say
from agent.domain.sentences.messages import too_many_commands_wait
from agent.domain.signed_command import AHEAD, LONGEST_VALID, KeyCounter, SignedCommand, Unmeant
from agent.domain.wire import to_json
from agent.ports import Clock, StoreFailure
from agent.recording.pending_writes import PendingWrites

MOST_WAITING = 100

Obey = Callable[[Command], str | None]


class SignedCommands:
    """Run ``step`` often. A counter is spent, durably, before its command is obeyed, whatever becomes of it then.

    A key of which no counter is kept (a new one, or the store was lost) may have been used before: what it has signed
    before this start is not obeyed.
    """

    def __init__(self, clock: Clock, pending: PendingWrites, trail: CommandTrail, overrides: Overrides) -> None:
        self._clock, self._pending, self.trail, self._overrides = clock, pending, trail, overrides
        self._alarms = Alarms(clock, pending)
        self._started_s = clock.monotonic()
        self._counters: dict[str, int] = {}
        self._waiting: deque[SignedCommand] = deque()
        self._accepted: deque[tuple[int, SignedCommand]] = deque()

    def recall(self, document: str | None, records: Sequence[CommandRecord]) -> None:
        """What was spent, and what was on its way, before the start. ``records`` are the newest, the newest first."""
        for one in self._alarms.read_kept(COMMAND_COUNTERS, document, "command counters") or ():
            self._spend(one.key, one.counter)
        for record in records:
            self._spend(record.key, record.counter or 0)
        self.trail.recall(records)
        self._follow_overrides()
        for record in self.trail.unfinished:
            if record.id != self._overrides.command:
                self.trail.move(record.id, CommandState.FAILED, say.command_cut_off())

    def take(self, command: SignedCommand) -> str | None:
        """Judge it with the next step. Why it is not even judged, else None."""
        if len(self._waiting) + len(self._accepted) >= MOST_WAITING or self.trail.is_full:
            return too_many_commands_wait()
        self._waiting.append(command)
        return None

    async def step(self, obey: Obey) -> None:
        """Obey what is written down, then judge what has come. ``obey`` says why it refuses, or None."""
        self._follow_overrides()
        while self._accepted and self._accepted[0][0] <= self.trail.durable:
            self._obey(self._accepted.popleft()[1], obey)
        while self._waiting:
            if not await self._judge(self._waiting[0]):
                return
            self._waiting.popleft()

    @property
    def unwritten(self) -> bool:
        """Whether a commit now would bring a command on."""
        return self.trail.noted > self.trail.durable

    async def _judge(self, command: SignedCommand) -> bool:
        """False where the store cannot be read, so that nobody knows whether it has come before."""
        try:
            known = await self.trail.known(command.id)
        except StoreFailure:
            return False
        if known is not None:
            self.trail.again(known)
            return True
        state, why = self._verdict(command)
        self._spend(command.key, command.counter)
        self._pending.keep(COMMAND_COUNTERS.name, to_json(tuple(KeyCounter(*one) for one in self._counters.items())))
        now, head = self._clock.now(), (command.id, command.name, Door.PLATFORM, command.key, command.counter)
        self.trail.note(CommandRecord(*head, now, state, why, now, self._clock.trusted()))
        if state is CommandState.ACCEPTED:
            self._accepted.append((self.trail.noted, command))
        return True

    def _verdict(self, command: SignedCommand) -> tuple[CommandState, str]:
        now, spent = self._clock.now(), self._counters.get(command.key)
        if spent is not None and command.counter <= spent:
            return CommandState.SUPERSEDED, say.command_superseded(number=command.counter, spent=spent)
        if not self._clock.trusted():
            return CommandState.REJECTED, say.command_times_unknown()
        if spent is None and command.not_before < self._start(now):
            return CommandState.REJECTED, say.command_before_start()
        if not timedelta(0) < command.expires_at - command.not_before <= LONGEST_VALID:
            return CommandState.REJECTED, say.command_valid_too_long(longest_s=LONGEST_VALID.total_seconds())
        if command.not_before > now + AHEAD:
            return CommandState.REJECTED, say.command_too_early(valid_from_at=command.not_before)
        if command.expires_at <= now:
            return CommandState.EXPIRED, say_of_any.command_expired(expired_at=command.expires_at)
        if isinstance(command.terms, Unmeant):
            return CommandState.REJECTED, command.terms.why
        return CommandState.ACCEPTED, say.command_accepted()

    def _start(self, now: datetime) -> datetime:
        return now - timedelta(seconds=self._clock.monotonic() - self._started_s)

    def _obey(self, command: SignedCommand, obey: Obey) -> None:
        terms = command.terms
        if isinstance(terms, Unmeant):
            return
        if self._clock.now() >= command.expires_at:  # the store took its time
            expired = say_of_any.command_expired(expired_at=command.expires_at)
            self.trail.move(command.id, CommandState.EXPIRED, expired)
            return
        if (refusal := obey(terms)) is not None:
            self.trail.move(command.id, CommandState.REJECTED, refusal)
            return
        self._follow_overrides()  # the one before it is superseded first
        match terms:
            case OverrideBattery(override) if override is not None:
                self.trail.move(command.id, CommandState.EXECUTING, self._overrides.words(override))
            case _:
                self.trail.move(command.id, CommandState.EXECUTING, say.command_accepted())
                self.trail.move(command.id, CommandState.SUCCEEDED, say.command_done())

    def _follow_overrides(self) -> None:
        """An override that is over is its command's end."""
        while self._overrides.endings:
            ending = self._overrides.endings.popleft()
            self.trail.move(ending.command, ending.state, ending.why)

    def _spend(self, key: str, counter: int) -> None:
        if key and counter > self._counters.get(key, 0):
            self._counters[key] = counter
