"""What is said from outside is judged by its time of issue, laid over what was said before, and kept."""

from collections.abc import Callable
from datetime import timedelta

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.documents import INPUTS
from agent.domain.inputs import GridLimitInput, Inputs, Said
from agent.domain.sentences.events import kept_unusable
from agent.domain.sentences.messages import issued_in_future
from agent.domain.wire import to_json
from agent.ports import Clock, Store
from agent.site_conditions.kept_inputs import KEPT_INPUTS, ParseMessage, read_kept_inputs
from agent.site_conditions.site_conditions import SiteConditions

# What claims to be issued later than this from now was stamped by a wrong clock, and would hide all that follows.
MOST_AHEAD = timedelta(minutes=5)
MOST_WAITING = 16


class TakeInputs:
    """Gives the site conditions what the platform and price topics say. All of it is kept in the store as ``inputs``.

    While our own clock is not trusted nobody can tell what is from the future: messages wait until it is, the newest
    ``MOST_WAITING`` of them. Nothing is planned before that; a grid limit, which counts at any time then, is taken at
    once. ``keep`` gets (name, document).
    """

    def __init__(
        self, conditions: SiteConditions, clock: Clock, keep: Callable[[str, str], None], alarms: Alarms
    ) -> None:
        self._conditions, self._clock, self._keep, self._alarms = conditions, clock, keep, alarms
        self._waiting: list[Said] = []

    def take(self, message: Said) -> str | None:
        """Why ``message`` is refused; None when it is taken, or waits for the clock."""
        if not self._clock.trusted() and isinstance(message, GridLimitInput):
            self._lay_over(self._conditions.said.joined_by(message))
            return None
        if not self._clock.trusted():
            self._waiting = [*(one for one in self._waiting if one != message), message][-MOST_WAITING:]
            return None
        latest = self._clock.now() + MOST_AHEAD
        if message.issued_at > latest:
            return issued_in_future(ahead_s=(message.issued_at - self._clock.now()).total_seconds())
        # What stands above it with a time that is still to come was taken while our own clock was wrong.
        self._lay_over(self._conditions.said.issued_by(latest).joined_by(message))
        return None

    def _lay_over(self, said: Inputs) -> None:
        if said != self._conditions.said:
            self._conditions.recall(said)
            self._keep(INPUTS.name, to_json(said))

    def step(self) -> None:
        """Take what has waited for the clock, once that is trusted."""
        if not self._waiting or not self._clock.trusted():
            return
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            refusal = self.take(message)
            if refusal is not None:
                self._alarms.note(EventKind.MESSAGE_REFUSED, refusal)

    async def restore(self, store: Store, parse: ParseMessage) -> None:
        """What was kept before the start. The last message of each kind adds to it, as it may have waited."""
        found = {name: text for name in KEPT_INPUTS if (text := await store.kept(name)) is not None}
        kept = read_kept_inputs(found, parse)
        if kept.said is not None:
            self._conditions.recall(kept.said)
        refused = [(name, why) for name, message in kept.messages if (why := self.take(message)) is not None]
        for name, why in (*kept.unreadable, *refused):
            self._alarms.note(EventKind.MESSAGE_REFUSED, kept_unusable(kept=name, cause=why))
