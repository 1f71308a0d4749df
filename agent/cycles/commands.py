"""The one inlet: what people and the platform ask is obeyed here, and forgotten once it is written down."""

import asyncio
from collections import deque

from agent.cycles.advice import Recommendations
from agent.cycles.alarms import Alarms
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import PairedTrial
from agent.cycles.signed_commands import SignedCommands
from agent.domain.alarms import EventKind
from agent.domain.command_record import CommandState, Door
from agent.domain.commands import AnswerAdvice, Command, ComparePolicies, OverrideBattery, Request, request_id
from agent.domain.override import Override
from agent.domain.sentences import commands as say
from agent.domain.sentences.platform_commands import command_done
from agent.ports import Clock, Inbox

MOST_WAITING = 1000


class Commands:
    """Run ``step`` often. A request of the inbox stays there until the commit after it was obeyed, so no crash loses
    it; it may be obeyed twice, which changes nothing. ``signed`` are the platform's.
    """

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox,
        alarms: Alarms,
        advice: Recommendations,
        paired_trial: PairedTrial,
        overrides: Overrides,
        signed: SignedCommands,
    ) -> None:
        self._clock, self._inbox, self._alarms = clock, inbox, alarms
        self._advice, self._paired_trial, self._overrides = advice, paired_trial, overrides
        self.trail, self.signed = signed.trail, signed
        self._waiting: deque[tuple[Request, Door]] = deque(maxlen=MOST_WAITING)
        self._obeyed: set[str] = set()
        self._turn = asyncio.Lock()

    def ask(self, request: Request, door: Door = Door.PLATFORM) -> str | None:
        """Obey ``request`` with the next step. Why it is refused, where it comes too late."""
        expires_at = request.expires_at
        if expires_at is not None and request.is_over(self._clock.now()) and self._clock.trusted():
            return say.command_expired(expired_at=expires_at)
        self._waiting.append((request, door))
        return None

    async def step(self) -> None:
        """Obey what has come since the last step, oldest first. One step at a time: none obeys what another has."""
        async with self._turn:
            await self._step()

    async def _step(self) -> None:
        found = await self._inbox.look(self._obeyed)
        for sentence in found.refused:
            self._alarms.note(EventKind.COMMAND_REFUSED, sentence)
        for request in found.requests:
            refusal = self.ask(request, Door.SITE)
            if refusal is not None:
                self._alarms.note(EventKind.COMMAND_REFUSED, refusal)
        self._obeyed.update(found.names)
        while self._waiting:
            self._obey_at_once(*self._waiting.popleft())
        await self.signed.step(self._obey_signed)

    @property
    def obeyed(self) -> frozenset[str]:
        """The names of those in the inbox that have been obeyed; after the next commit they can be forgotten."""
        return frozenset(self._obeyed)

    async def forget(self, names: frozenset[str]) -> None:
        """What ``names`` did is written down. One that cannot be removed is not obeyed again."""
        self._obeyed -= names.difference(await self._inbox.clear(names))

    def _obey_at_once(self, request: Request, door: Door) -> None:
        """A command that nobody has signed: told where it is refused, and written down."""
        refusal = self._obey(request.command)
        state = CommandState.SUCCEEDED if refusal is None else CommandState.REJECTED
        self.trail.came(request_id(request), request.name, door, request.at, state, refusal or command_done())
        if refusal is not None and isinstance(request.command, OverrideBattery):
            self._alarms.note(EventKind.COMMAND_REFUSED, refusal)

    def _obey_signed(self, command: Command) -> str | None:
        """Why it is refused, else None."""
        if command == OverrideBattery(None):
            return self._overrides.end_of_platform()
        return self._obey(command)

    def _obey(self, command: Command) -> str | None:
        """Why it is refused, else None."""
        match command:
            case AnswerAdvice():
                return self._advice.answer(command)
            case ComparePolicies(schedule):
                self._paired_trial.take(schedule)
                return None
            case OverrideBattery(override):
                return self._override(override)

    def _override(self, override: Override | None) -> str | None:
        if override is None:
            self._overrides.end()
            return None
        refusal = self._overrides.begin(override)
        return None if refusal is None else say.override_refused(order=override.words, why=refusal)
