"""Somebody who hears what is raised, cleared and told."""

from agent.cycles.alarms import Alarms
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites


class Hearing:
    """Give ``alarms`` or ``pending`` to a cycle; ``told`` is (kind, severity, text) of every event since the beginning.

    ``documents`` and ``acknowledged`` are the newest of what was given to the pending writes.
    """

    def __init__(self, clock: Clock) -> None:
        self.pending = PendingWrites()
        self.alarms = Alarms(clock, self.pending)
        self._clock = clock
        self._told: list[tuple[str, str, str]] = []
        self._documents: dict[str, str] = {}
        self._acknowledged: dict[str, int] = {}

    @property
    def told(self) -> list[tuple[str, str, str]]:
        self._listen()
        return self._told

    @property
    def documents(self) -> dict[str, str]:
        self._listen()
        return self._documents

    @property
    def acknowledged(self) -> dict[str, int]:
        self._listen()
        return self._acknowledged

    def _listen(self) -> None:
        batch = self.pending.take(self._clock.now())
        self._told += [(event.kind, event.severity, event.text) for event in batch.events]
        self._documents |= dict(batch.kept)
        self._acknowledged |= dict(batch.acknowledged)
