"""What a person tells the battery to do: begun, kept over a restart, and ended in any case."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.documents import OVERRIDE
from agent.domain.override import LONGEST, Override
from agent.domain.sentences import commands as say
from agent.domain.sentences.events import kept_unusable
from agent.domain.wire import WireError, to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

NONE = "null"


class Overrides:
    """Shows the override in force, by which the ladder goes. Run ``step`` before every control step.

    It ends by whichever clock says so first, so that setting the wall clock back makes it no longer.
    """

    def __init__(self, clock: Clock, pending: PendingWrites, outlet: Outlet, zone: ZoneInfo) -> None:
        self._clock, self._pending, self._outlet, self._zone = clock, pending, outlet, zone
        self._alarms = Alarms(clock, pending)
        self._ends_s = 0.0

    def recall(self, document: str | None) -> None:
        """Go on with what was asked for before the start. What cannot be read, or judged without the time, is over."""
        if document is None or document == NONE:
            return
        try:
            override = OVERRIDE.read(document)
        except (WireError, RecursionError) as error:
            self._alarms.note(EventKind.DOCUMENT_REFUSED, kept_unusable(kept="override", cause=str(error)))
            self._pending.keep(OVERRIDE.name, NONE)
            return
        if self._clock.trusted() and override.until > self._clock.now():
            self._begin(override)
        else:
            self._end(override, say.time_has_passed() if self._clock.trusted() else say.time_not_known())

    def begin(self, override: Override) -> str | None:
        """Why it is refused, else None."""
        now, observing = self._clock.now(), self._outlet.view.observing
        if observing is not None:
            return say.site_only_observed(why=observing)
        if not self._clock.trusted():
            return say.no_time_for_until()
        if override.until <= now:
            return say.until_in_past(until_at=self._local(override.until))
        if override.until - now > LONGEST:
            return say.until_too_far(until_at=self._local(override.until), longest_h=LONGEST.total_seconds() / 3600)
        self._begin(override)
        self._pending.keep(OVERRIDE.name, to_json(override))
        told = say.override_begun(order=override.words, until_at=self._local(override.until))
        self._alarms.note(EventKind.OVERRIDE, told)
        return None

    def end(self) -> None:
        """A person wants the agent to decide again."""
        if self._outlet.view.override is not None:
            self._end(self._outlet.view.override, say.ended_by_person())

    def step(self) -> None:
        """End what is over."""
        override = self._outlet.view.override
        if override is None:
            return
        is_over = self._clock.monotonic() >= self._ends_s
        if is_over or (self._clock.trusted() and self._clock.now() >= override.until):
            self._end(override, say.time_has_passed())

    def _begin(self, override: Override) -> None:
        self._ends_s = self._clock.monotonic() + (override.until - self._clock.now()).total_seconds()
        self._outlet.show(replace(self._outlet.view, override=override))

    def _end(self, override: Override, why: str) -> None:
        self._outlet.show(replace(self._outlet.view, override=None))
        self._pending.keep(OVERRIDE.name, NONE)
        self._alarms.note(EventKind.OVERRIDE, say.override_over(order=override.words, why=why))

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)
