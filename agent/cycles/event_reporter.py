"""Where the pending writes and the log meet: what a person may want to know stands in both."""

import structlog

from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites

log = structlog.get_logger("notices")


class EventReporter:
    """Writes both. Every cycle may have its own: what stands is in the pending writes."""

    def __init__(self, clock: Clock, pending: PendingWrites) -> None:
        self._clock, self._pending = clock, pending

    def note(self, kind: str, severity: str, text: str) -> None:
        """Something happened: an event of severity info, warning or alarm."""
        self._pending.event(self._clock.now(), kind, severity, text)
        _tell(kind, severity, text)

    def alarm(self, kind: str, text: str | None) -> None:
        """Raise the alarm ``kind`` with ``text``, or clear it with None. Only a change is told."""
        event = self._pending.alarm(self._clock.now(), kind, text)
        if event is not None:
            _tell(event.kind, event.severity, event.text)

    def report(self, kind: str, severity: str, text: str) -> None:
        """As ``note``; but a store that cannot be read stands as one alarm, until a commit works."""
        if kind == "store_failed":
            self.alarm(kind, text)
        else:
            self.note(kind, severity, text)


def _tell(kind: str, severity: str, text: str) -> None:
    if severity == "info":
        log.info(kind, text=text)
    else:
        log.warning(kind, text=text, severity=severity)
