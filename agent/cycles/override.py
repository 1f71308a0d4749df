"""What a person or the platform tells the battery to do: begun, kept over a restart, and ended in any case."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.command_record import CommandState
from agent.domain.documents import OVERRIDE
from agent.domain.override import LONGEST, Override
from agent.domain.sentences import commands as say
from agent.domain.sentences import platform_commands as say_of_platform
from agent.domain.sentences.control import agent_starts
from agent.domain.setpoint import Outcome, Refused, Rung, Setpoint, Unreachable
from agent.domain.signed_command import LONGEST_LEASE
from agent.domain.wire import to_json
from agent.ports import Clock
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

NONE = "null"
UNFOLLOWED_S = 300.0


@dataclass(frozen=True, slots=True)
class OverrideEnding:
    """How the override of the platform's ``command`` has ended, and why."""

    command: str
    state: CommandState
    why: str


class Overrides:
    """Shows the override in force, by which the ladder goes. Run ``step`` before every control step.

    It ends by whichever clock says so first, so that setting the wall clock back makes it no longer. What a person says
    stands above what the platform says. The platform's ends as well when the battery is not steered by it for
    ``UNFOLLOWED_S``: a device that comes back an hour later does not go on with what has failed. ``endings`` are those
    of the platform's.
    """

    def __init__(self, clock: Clock, pending: PendingWrites, outlet: Outlet, zone: ZoneInfo) -> None:
        self._clock, self._pending, self._outlet, self._zone = clock, pending, outlet, zone
        self._alarms = Alarms(clock, pending)
        self._ends_s = self._followed_s = 0.0
        self.endings: deque[OverrideEnding] = deque()

    @property
    def command(self) -> str | None:
        """The platform's command whose override is in force."""
        return None if self._outlet.view.override is None else self._outlet.view.override.command

    def recall(self, document: str | None) -> None:
        """Go on with what was asked for before the start. What cannot be read, or judged without the time, is over."""
        if document is None or document == NONE:
            return
        override = self._alarms.read_kept(OVERRIDE, document, "override")
        if override is None:
            self._pending.keep(OVERRIDE.name, NONE)
            return
        if self._clock.trusted() and override.until > self._clock.now():
            self._begin(override)
        elif override.command is not None and self._clock.trusted():
            self._end(override, say_of_platform.passed_while_stopped(), CommandState.FAILED)
        else:
            why = say.time_has_passed() if self._clock.trusted() else say.time_not_known()
            self._end(override, why, CommandState.FAILED)

    def begin(self, override: Override) -> str | None:
        """Why it is refused, else None."""
        now, observing = self._clock.now(), self._outlet.view.observing
        if observing is not None:
            return say.site_only_observed(why=observing)
        if not self._clock.trusted():
            return say.no_time_for_until()
        if override.until <= now:
            return say.until_in_past(until_at=self._local(override.until))
        by_person = override.command is None
        longest, begins = (LONGEST, now) if by_person else (LONGEST_LEASE, max(now, override.asked_at))
        if override.until - begins > longest:
            return say.until_too_far(until_at=self._local(override.until), longest_h=longest.total_seconds() / 3600)
        refusal = None if override.command is None else self._refusal_of_platform()
        if refusal is not None:
            return refusal
        self._supersede(say_of_platform.replaced_by(order=override.words))
        self._begin(override)
        self._pending.keep(OVERRIDE.name, to_json(override))
        self._alarms.note(EventKind.OVERRIDE, self.words(override))
        return None

    def _refusal_of_platform(self) -> str | None:
        """Why the platform may not tell the battery anything now."""
        view = self._outlet.view
        standing = view.override
        if standing is not None and standing.command is None:
            return say_of_platform.person_has_asked(order=standing.words, until_at=self._local(standing.until))
        setpoint = view.setpoint
        if setpoint is None or setpoint.rung is Rung.RELEASE:
            why = agent_starts() if setpoint is None else setpoint.reason
            return say_of_platform.battery_not_there(why=why)
        return None

    def words(self, override: Override) -> str:
        """What is asked for, until when and by whom."""
        begun = say.override_begun if override.command is None else say_of_platform.override_begun_by_platform
        return begun(order=override.words, until_at=self._local(override.until))

    def end(self) -> None:
        """A person wants the agent to decide again."""
        if self._outlet.view.override is not None:
            self._end(self._outlet.view.override, say.ended_by_person(), CommandState.SUPERSEDED)

    def end_of_platform(self) -> str | None:
        """The platform wants the agent to decide again. Why it may not, else None."""
        standing = self._outlet.view.override
        if standing is None:
            return None
        if standing.command is None:
            return say_of_platform.person_has_asked(order=standing.words, until_at=self._local(standing.until))
        self._end(standing, say_of_platform.ended_by_platform(), CommandState.SUPERSEDED)
        return None

    def step(self) -> None:
        """End what is over."""
        now_s, view = self._clock.monotonic(), self._outlet.view
        override = view.override
        if override is None:
            return
        not_steered = _not_steered(view.setpoint, view.outcome)
        if not_steered is None:
            self._followed_s = now_s
        unfollowed_s = now_s - self._followed_s
        if now_s >= self._ends_s or (self._clock.trusted() and self._clock.now() >= override.until):
            self._end(override, say.time_has_passed(), CommandState.SUCCEEDED)
        elif override.command is not None and not_steered is not None and unfollowed_s >= UNFOLLOWED_S:
            why = say_of_platform.not_followed(after_s=unfollowed_s, why=not_steered)
            self._end(override, why, CommandState.FAILED)

    def _begin(self, override: Override) -> None:
        """For as long as was asked for at most: the clock may have been set back while nobody ran."""
        left = override.until - max(self._clock.now(), override.asked_at)
        self._followed_s = self._clock.monotonic()
        self._ends_s = self._followed_s + left.total_seconds()
        self._outlet.show(replace(self._outlet.view, override=override))

    def _supersede(self, why: str) -> None:
        """The platform's command that is in force gives way."""
        command = self.command
        if command is not None:
            self.endings.append(OverrideEnding(command, CommandState.SUPERSEDED, why))

    def _end(self, override: Override, why: str, state: CommandState) -> None:
        """``state`` is what becomes of the platform's command."""
        self._outlet.show(replace(self._outlet.view, override=None))
        self._pending.keep(OVERRIDE.name, NONE)
        self._alarms.note(EventKind.OVERRIDE, say.override_over(order=override.words, why=why))
        if override.command is not None:
            self.endings.append(OverrideEnding(override.command, state, why))

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)


def _not_steered(setpoint: Setpoint | None, outcome: Outcome | None) -> str | None:
    """Why the battery is not steered by the override; None where it is, and before the first control step."""
    if setpoint is None:
        return None
    if setpoint.rung is not Rung.OVERRIDE:
        return setpoint.reason
    return outcome.reason if isinstance(outcome, Refused | Unreachable) else None
