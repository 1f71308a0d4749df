"""What a person tells the battery to do: begun, kept over a restart, and ended in any case."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.documents import OVERRIDE
from agent.domain.override import LONGEST, Override
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
            self._alarms.note(EventKind.DOCUMENT_REFUSED, f"the kept override cannot be used: {error}")
            self._pending.keep(OVERRIDE.name, NONE)
            return
        if self._clock.trusted() and override.until > self._clock.now():
            self._begin(override)
        else:
            self._end(override, "its time has passed" if self._clock.trusted() else "the time is not known")

    def begin(self, override: Override) -> str | None:
        """Why it is refused, else None."""
        now, observing = self._clock.now(), self._outlet.view.observing
        if observing is not None:
            return f"the site is only observed, {observing}"
        if not self._clock.trusted():
            return "the time is not known, so nothing can be asked for until a time"
        if override.until <= now:
            return f"until {self._local(override.until)} is in the past"
        if override.until - now > LONGEST:
            return f"until {self._local(override.until)} is more than {LONGEST.total_seconds() / 3600:.0f} hours away"
        self._begin(override)
        self._pending.keep(OVERRIDE.name, to_json(override))
        told = f"{override.words} until {self._local(override.until)}, asked for by a person"
        self._alarms.note(EventKind.OVERRIDE, told)
        return None

    def end(self) -> None:
        """A person wants the agent to decide again."""
        if self._outlet.view.override is not None:
            self._end(self._outlet.view.override, "ended by a person")

    def step(self) -> None:
        """End what is over."""
        override = self._outlet.view.override
        if override is None:
            return
        is_over = self._clock.monotonic() >= self._ends_s
        if is_over or (self._clock.trusted() and self._clock.now() >= override.until):
            self._end(override, "its time has passed")

    def _begin(self, override: Override) -> None:
        self._ends_s = self._clock.monotonic() + (override.until - self._clock.now()).total_seconds()
        self._outlet.show(replace(self._outlet.view, override=override))

    def _end(self, override: Override, why: str) -> None:
        self._outlet.show(replace(self._outlet.view, override=None))
        self._pending.keep(OVERRIDE.name, NONE)
        self._alarms.note(EventKind.OVERRIDE, f"{override.words}: over, {why}; the agent decides again")

    def _local(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"
