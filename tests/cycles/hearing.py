"""Somebody who hears what is raised, cleared and told."""

from agent.cycles.alarms import Alarms
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites


class Hearing:
    """Give ``alarms`` to a cycle; ``told`` is (kind, severity, text) of every event since the beginning."""

    def __init__(self, clock: Clock) -> None:
        self.pending = PendingWrites()
        self.alarms = Alarms(clock, self.pending)
        self._clock = clock
        self._told: list[tuple[str, str, str]] = []

    @property
    def told(self) -> list[tuple[str, str, str]]:
        events = self.pending.take(self._clock.now()).events
        self._told += [(event.kind, event.severity, event.text) for event in events]
        return self._told
