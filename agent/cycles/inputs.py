"""What the platform sends is judged by its time of issue, laid over what was said before, and kept."""

from datetime import timedelta

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.inputs import DOCUMENT, MESSAGES, GridLimitInput, Inputs, PlatformInput
from agent.domain.wire import WireError, from_json, to_json
from agent.latest import Latest
from agent.ports import Clock, PayloadRefused, Payloads, Store
from agent.site_conditions.site_conditions import SiteConditions

# What claims to be issued later than this from now was stamped by a wrong clock, and would hide all that follows.
MOST_AHEAD = timedelta(minutes=5)
MOST_WAITING = 16


class TakeInputs:
    """Gives the site conditions what the platform says. All of it is kept in the store under ``inputs``.

    While our own clock is not trusted nobody can tell what is from the future: messages wait until it is, the newest
    ``MOST_WAITING`` of them. Nothing is planned before that; a grid limit, which counts at any time then, is taken at
    once.
    """

    def __init__(self, conditions: SiteConditions, clock: Clock, latest: Latest, alarms: Alarms) -> None:
        self._conditions, self._clock, self._latest, self._alarms = conditions, clock, latest, alarms
        self._waiting: list[PlatformInput] = []

    def take(self, message: PlatformInput) -> str | None:
        """Why ``message`` is refused; None when it is taken, or waits for the clock."""
        if not self._clock.trusted() and isinstance(message, GridLimitInput):
            self._lay_over(self._conditions.said.joined_by(message))
            return None
        if not self._clock.trusted():
            self._waiting = [*(one for one in self._waiting if one != message), message][-MOST_WAITING:]
            return None
        latest = self._clock.now() + MOST_AHEAD
        if message.issued_at > latest:
            ahead = _span(message.issued_at - self._clock.now())
            return (
                f"issued_at: it claims to be issued {ahead} from now; the clock of its sender or of this site is wrong"
            )
        # What stands above it with a time that is still to come was taken while our own clock was wrong.
        self._lay_over(self._conditions.said.issued_by(latest).joined_by(message))
        return None

    def _lay_over(self, said: Inputs) -> None:
        if said != self._conditions.said:
            self._conditions.recall(said)
            self._latest.kept_documents[DOCUMENT] = to_json(said)

    def step(self) -> None:
        """Take what has waited for the clock, once that is trusted."""
        if not self._waiting or not self._clock.trusted():
            return
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            refusal = self.take(message)
            if refusal is not None:
                self._alarms.note(EventKind.MESSAGE_REFUSED, refusal)

    async def restore(self, store: Store, payloads: Payloads) -> None:
        """What was kept before the start. The last message of each kind adds to it where an older version wrote it."""
        document = await store.kept(DOCUMENT)
        if document is not None:
            try:
                self._conditions.recall(from_json(Inputs, document))
            except WireError as error:
                self._alarms.note(EventKind.MESSAGE_REFUSED, f"the kept inputs cannot be used: {error}")
        for name in MESSAGES:
            message = await store.kept(f"input/{name}")
            if message is not None:
                self._restore(name, message, payloads)

    def _restore(self, name: str, message: str, payloads: Payloads) -> None:
        try:
            refusal = self.take(payloads.parse(f"down/input/{name}", message.encode()))  # type: ignore[arg-type]
        except PayloadRefused as error:
            refusal = str(error)
        if refusal is not None:
            self._alarms.note(EventKind.MESSAGE_REFUSED, f"the kept {name} cannot be used: {refusal}")


def _span(ahead: timedelta) -> str:
    seconds = ahead.total_seconds()
    for unit_s, unit in ((86400.0, "days"), (3600.0, "hours")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds / 60.0:.0f} minutes"
