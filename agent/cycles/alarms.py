"""Raises, clears, keeps and recalls alarms, and tells events: the one way for what a person may want to know."""

from dataclasses import replace
from typing import TypeVar

import structlog

from agent.domain.alarms import AlarmKind, EventKind, Severity, StandingAlarm, full_word
from agent.domain.document import Document
from agent.domain.documents import ALARMS
from agent.domain.printable import writable
from agent.domain.records import EventRow
from agent.domain.sentences.alarms import alarm_text
from agent.domain.sentences.events import kept_unusable
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

GRACE_S = 120.0  # within which what is still wrong after a start has shown

T = TypeVar("T")

log = structlog.get_logger("alarms")


class Alarms:
    """Every cycle may have its own: what stands is in the pending writes. All is in the log as well.

    The one with an ``outlet`` shows there what stands, with every ``step``.
    """

    def __init__(self, clock: Clock, pending: PendingWrites, outlet: Outlet | None = None) -> None:
        self._clock, self._pending, self._outlet = clock, pending, outlet
        self._recall_ends: float | None = None

    def note(self, kind: EventKind, text: str, subject: str = "", severity: Severity | None = None) -> None:
        """Something happened. ``severity`` where it is another than that of the kind."""
        row = EventRow(self._clock.now(), full_word(kind, subject), (severity or kind.severity).value, writable(text))
        self._tell(row)

    def alarm(self, kind: AlarmKind, text: str | None, subject: str = "", by: str = "") -> None:
        """Raise with ``text``, or clear with None; only a change is told.

        Where several judge one alarm, each under its own ``by``, it stands while any of them says so.
        """
        said = None if text is None else alarm_text(kind, subject, writable(text))
        row = self._pending.standing.judge(self._clock.now(), kind, subject, said, by)
        if row is not None:
            self._tell(row)

    def stood(self, kind: AlarmKind, subject: str = "") -> bool:
        """Whether it stood before the start and is not judged yet: what is still wrong goes on at once."""
        return self._pending.standing.is_only_recalled(kind, subject)

    def read_kept(self, document: Document[T], text: str | None, name: str) -> T | None:
        """What was kept as ``document`` before the start; None for nothing, or what cannot be read, which is told."""
        try:
            return None if text is None else document.read(text)
        except (ValueError, RecursionError) as error:  # a WireError is a ValueError
            self.note(EventKind.DOCUMENT_REFUSED, kept_unusable(kept=name, cause=str(error)))
            return None

    def keep(self) -> None:
        """What stands goes with the next commit, as do the events that tell of it."""
        self._pending.keep(ALARMS.name, self._pending.standing.document())

    def recall(self, document: str | None) -> None:
        """Take up what stood before the start. What is not raised again within ``GRACE_S`` is over."""
        known = self.read_kept(ALARMS, document or "[]", "alarms")
        if known is None:
            return
        self._pending.standing.recall(tuple(alarm for alarm in known if isinstance(alarm, StandingAlarm)))
        self._recall_ends = self._clock.monotonic() + GRACE_S

    def step(self) -> None:
        """After every control step: tell what is over since before the start, and show what stands."""
        if self._recall_ends is not None and self._clock.monotonic() >= self._recall_ends:
            self._recall_ends = None
            for row in self._pending.standing.end_recall(self._clock.now()):
                self._tell(row)
        standing = self._pending.standing.all
        if self._outlet is not None and self._outlet.view.alarms != standing:
            self._outlet.show(replace(self._outlet.view, alarms=standing))

    def _tell(self, row: EventRow) -> None:
        self._pending.event(row.at, row.kind, row.severity, row.text)
        if row.severity == "info":
            log.info(row.kind, text=row.text)
        else:
            log.warning(row.kind, text=row.text, severity=row.severity)
