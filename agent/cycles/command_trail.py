"""What becomes of every command: written down first, then told to the platform."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from agent.domain.command_record import CommandRecord, CommandState, Door
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites

MOST_RECENT = 200  # in memory; older ones are looked up in the store
MOST_ANSWERS = 500

Find = Callable[[str], Awaitable[CommandRecord | None]]


class CommandTrail:
    """A state is durable once ``written`` was called with a ``noted`` of after it; then it is among the ``answers``.

    ``find`` looks up the command of an id in the store. Raises StoreFailure.
    """

    def __init__(self, clock: Clock, pending: PendingWrites, find: Find) -> None:
        self._clock, self._pending, self._find = clock, pending, find
        self._recent: dict[str, CommandRecord] = {}
        self._unwritten: deque[tuple[int, CommandRecord]] = deque()
        self.answers: deque[CommandRecord] = deque(maxlen=MOST_ANSWERS)
        self.noted = self.durable = 0  # how many states there have been, and up to which they are in the store

    def note(self, record: CommandRecord) -> None:
        """A new command, or a new state of one that is known."""
        self.noted += 1
        self._pending.command(record)
        self._remember(record)
        self._unwritten.append((self.noted, record))

    def came(self, command_id: str, name: str, door: Door, came_at: datetime, state: CommandState, why: str) -> None:
        """A command without signature, and what became of it at once."""
        now, trusted = self._clock.now(), self._clock.trusted()
        self.note(CommandRecord(command_id, name, door, "", None, came_at, state, why, now, trusted))

    def move(self, command_id: str, state: CommandState, why: str) -> None:
        """A command is in another state; one of which nothing is known any more has none."""
        record = self._recent.get(command_id)
        if record is not None:
            at, trusted = self._clock.now(), self._clock.trusted()
            self.note(replace(record, state=state, reason=why, at=at, trusted=trusted, told=False))

    def written(self, upto: int) -> None:
        """The first ``upto`` states are in the store: the platform may hear of them."""
        self.durable = max(self.durable, upto)
        while self._unwritten and self._unwritten[0][0] <= upto:
            record = self._unwritten.popleft()[1]
            if record.is_answered:
                self.answers.append(record)

    async def known(self, command_id: str) -> CommandRecord | None:
        """What became of it; None where it was never heard of. Raises StoreFailure."""
        return self._recent.get(command_id) or await self._find(command_id)

    @property
    def is_full(self) -> bool:
        """So many states wait for the store that no more can be taken."""
        return len(self._unwritten) >= MOST_ANSWERS

    def again(self, record: CommandRecord) -> None:
        """The platform has sent it again and is told its last state again, once it is in the store."""
        waiting = [one for one in (*self.answers, *(one for _, one in self._unwritten)) if one.id == record.id]
        if not waiting:
            self.answers.append(record)

    def told(self, record: CommandRecord) -> None:
        """The broker has taken this state."""
        if self._recent.get(record.id) == record:
            self._recent[record.id] = replace(record, told=True)
            self._pending.command(self._recent[record.id])

    def recall(self, records: Sequence[CommandRecord]) -> None:
        """Take up what was written before the start, the newest first. What the platform was not told is told now."""
        for record in reversed(records):
            self._recent.setdefault(record.id, record)
            if record.is_answered and not record.told:
                self.answers.append(record)

    @property
    def unfinished(self) -> tuple[CommandRecord, ...]:
        """Those in memory that are not at their end, oldest first."""
        return tuple(record for record in self._recent.values() if not record.state.is_final)

    def _remember(self, record: CommandRecord) -> None:
        self._recent.pop(record.id, None)
        self._recent[record.id] = record
        while len(self._recent) > MOST_RECENT:
            oldest = next(iter(self._recent))
            if not self._recent[oldest].state.is_final:
                self._recent[oldest] = self._recent.pop(oldest)  # it will move on: it stays, as one of the newest
                continue
            del self._recent[oldest]
