"""The one inlet: what people and the platform ask is obeyed here, and forgotten once it is written down."""

from collections import deque

from agent.cycles.advice import Recommendations
from agent.cycles.alarms import Alarms
from agent.cycles.override import Overrides
from agent.cycles.paired_trial import Comparison
from agent.domain.alarms import EventKind
from agent.domain.commands import AnswerAdvice, ComparePolicies, OverrideBattery, Request
from agent.domain.override import Override
from agent.domain.sentences import commands as say
from agent.ports import Clock, Inbox

MOST_WAITING = 1000


class Commands:
    """Run ``step`` often. A request of the inbox stays there until the commit after it was obeyed, so no crash loses
    it; it may be obeyed twice, which changes nothing."""

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox,
        alarms: Alarms,
        advice: Recommendations,
        comparison: Comparison,
        overrides: Overrides,
    ) -> None:
        self._clock, self._inbox, self._alarms = clock, inbox, alarms
        self._advice, self._comparison, self._overrides = advice, comparison, overrides
        self._waiting: deque[Request] = deque(maxlen=MOST_WAITING)
        self._obeyed: set[str] = set()

    def ask(self, request: Request) -> str | None:
        """Obey ``request`` with the next step. Why it is refused, where it comes too late."""
        expires_at = request.expires_at
        if expires_at is not None and request.is_over(self._clock.now()) and self._clock.trusted():
            return say.command_expired(expired_at=expires_at)
        self._waiting.append(request)
        return None

    async def step(self) -> None:
        """Obey what has come since the last step, oldest first."""
        found = await self._inbox.look(self._obeyed)
        for sentence in found.refused:
            self._alarms.note(EventKind.COMMAND_REFUSED, sentence)
        for request in found.requests:
            refusal = self.ask(request)
            if refusal is not None:
                self._alarms.note(EventKind.COMMAND_REFUSED, refusal)
        self._obeyed.update(found.names)
        while self._waiting:
            self._obey(self._waiting.popleft())

    @property
    def obeyed(self) -> frozenset[str]:
        """The names of those in the inbox that have been obeyed; after the next commit they can be forgotten."""
        return frozenset(self._obeyed)

    async def forget(self, names: frozenset[str]) -> None:
        """What ``names`` did is written down. One that cannot be removed is not obeyed again."""
        await self._inbox.clear(names)

    def _obey(self, request: Request) -> None:
        match request.command:
            case AnswerAdvice():
                self._advice.answer(request.command)
            case ComparePolicies(schedule):
                self._comparison.take(schedule)
            case OverrideBattery(override):
                self._override(override)

    def _override(self, override: Override | None) -> None:
        if override is None:
            self._overrides.end()
        elif (refusal := self._overrides.begin(override)) is not None:
            self._alarms.note(EventKind.COMMAND_REFUSED, say.override_refused(order=override.words, why=refusal))
