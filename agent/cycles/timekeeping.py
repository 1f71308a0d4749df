"""Keeps the wall clock: sees its steps, says whether it can be trusted, and dates again what was measured without.

A gateway without a battery-backed clock starts in 1970 or at its last shutdown. Until the time is known our own rule
holds and minutes are marked; what was measured until then moves with the step to the right time.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from agent.cycles.alarms import Alarms
from agent.domain.alarms import AlarmKind, EventKind
from agent.domain.documents import CLOCK
from agent.domain.horizon import floor_to_step
from agent.domain.records import Redate
from agent.domain.sentences import alarms as say
from agent.domain.sentences import events
from agent.domain.time_trust import LONGEST_UNSYNCED_S, Doubt, TimeEvidence, doubt_of
from agent.domain.undated import Undated
from agent.domain.wire import WireError, to_json
from agent.ports import Clock, Store, TimeSource
from agent.recording.minute_means import MinuteMeans
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet

STEP_S = 1.0  # a service that disciplines the clock slews what is less
LEAP_S = 24 * 3600.0  # nobody corrects a clock that was right by so much
# of the boot, where nobody says whether a service sets the clock: a leap is the time that was found
FOUND_WITHIN_S = 3600.0
JUDGE_EVERY_S = 5.0
WORTH_A_WORD_S = 10.0
TELL_EVERY_S = 600.0  # of smaller steps, where two services set the clock against each other
SLACK = timedelta(minutes=1)


class Timekeeping:
    """The only one that adopts the system's wall time. ``look`` comes before every control step and waits for nothing.

    ``source`` None takes the clock as it is (the virtual one); ``given`` does so from ``EARLIEST`` on, whatever the
    source says.
    """

    def __init__(
        self,
        clock: Clock,
        pending: PendingWrites,
        outlet: Outlet,
        means: MinuteMeans,
        source: TimeSource | None,
        given: bool = False,
    ) -> None:
        self._clock, self._pending, self._outlet, self._means = clock, pending, outlet, means
        self._source, self._given = source, given
        self._alarms = Alarms(clock, pending)
        self._newest: datetime | None = None
        self._after: tuple[tuple[str, int], ...] = ()
        self._undated: Undated | None = None
        self._doubt: Doubt | None = None
        self._is_kept = False
        self._synced_at: float | None = None
        self._leap_s, self._leapt_at = 0.0, -LONGEST_UNSYNCED_S
        self._judged_at, self._told_at = -JUDGE_EVERY_S, -TELL_EVERY_S

    async def start(self, store: Store) -> None:
        """Judge the time at the start. A step that came while nobody ran, in the same boot, is found by the kept
        document. Raises StoreFailure."""
        self._newest = await store.newest()
        self._after = tuple((name, last) for name, (_, last) in (await store.backlog()).items())
        self._clock.adopt()
        missed_s = self._recall(await store.kept(CLOCK.name))
        if self._newest is not None and self._clock.now() - self._newest > timedelta(seconds=LEAP_S):
            self._leapt_at = self._clock.monotonic()
        if abs(missed_s) >= STEP_S:
            self._note_step(missed_s)
        self._judge()
        self._mark()

    def look(self) -> float:
        """Adopt the system's time, and act where it was set. How far it was set, s; 0 where it was not."""
        by_s = self._clock.adopt()
        stepped = abs(by_s) >= STEP_S
        if stepped:
            self._note_step(by_s)
        if stepped or self._clock.monotonic() - self._judged_at >= JUDGE_EVERY_S:
            self._judge()
            self._mark()
        return by_s if stepped else 0.0

    @property
    def tells_age(self) -> bool:
        """Whether things may be thrown away for their age: not in the first day after a leap that nothing confirms."""
        steady_s = self._clock.monotonic() - self._leapt_at
        return self._clock.trusted() and (self._is_synced() or steady_s >= LONGEST_UNSYNCED_S)

    def _note_step(self, by_s: float) -> None:
        if abs(by_s) >= LEAP_S:
            self._leapt_at = self._clock.monotonic()
        may_be_found = not self._is_kept and self._clock.monotonic() < FOUND_WITHIN_S
        was_trusted = self._doubt is None and self._undated is None
        if (was_trusted and not may_be_found) or self._leap_s:
            self._leap_s += by_s
        if self._undated is not None:
            self._redate(by_s)
        monotonic = self._clock.monotonic()
        if abs(by_s) >= WORTH_A_WORD_S or monotonic - self._told_at >= TELL_EVERY_S:
            self._told_at = monotonic
            told = events.clock_was_set if self._undated is None else events.clock_was_set_and_dates
            self._alarms.note(EventKind.CLOCK_STEPPED, told(step=say.clock_step(by_s)))

    def _judge(self) -> None:
        monotonic, now = self._clock.monotonic(), self._clock.now()
        self._judged_at = monotonic
        if self._source is None:
            return
        evidence = self._source.look()
        self._is_kept = evidence.is_kept
        if evidence.synced_s is not None:
            self._synced_at = monotonic - evidence.synced_s
        elif self._synced_at is not None:
            evidence = replace(evidence, synced_s=monotonic - self._synced_at)
        self._doubt = self._doubt_of(now, evidence)
        if self._doubt is None:
            self._newest = None  # from here on whoever sets the clock back is believed
        self._clock.believed = self._doubt is None or self._doubt.dated
        why = None if self._doubt is None else say.the_clock(doubt=self._doubt.reason)
        self._outlet.show(replace(self._outlet.view, clock_doubt=why))
        untrusted = None if why is None else say.clock_untrusted(why=why)
        self._alarms.alarm(AlarmKind.CLOCK_UNTRUSTED, untrusted)

    def _doubt_of(self, now: datetime, evidence: TimeEvidence) -> Doubt | None:
        if self._given:
            evidence = TimeEvidence()
        doubt = doubt_of(now, None if self._given else self._newest, evidence)
        lasts = self._clock.monotonic() - self._leapt_at < LONGEST_UNSYNCED_S
        if self._given or self._is_synced() or not lasts:
            self._leap_s = 0.0
        if (doubt is None or doubt.dated) and abs(self._leap_s) >= LEAP_S:
            return Doubt(say.was_set(step=say.clock_step(self._leap_s)))
        return doubt

    def _is_synced(self) -> bool:
        return self._synced_at is not None and self._clock.monotonic() - self._synced_at <= LONGEST_UNSYNCED_S

    def _mark(self) -> None:
        """Begin or end the stretch whose rows have no date."""
        if not self._clock.trusted() and self._undated is None:
            boot = "" if self._source is None else self._source.boot_id()
            since = floor_to_step(self._clock.now(), 60)
            self._undated = Undated(boot, self._ahead_s(), since, self._after, self._leap_s)
            self._pending.keep(CLOCK.name, to_json(self._undated))
        elif self._clock.trusted() and self._undated is not None:
            order = self._order(0.0, trusted=True)
            if self._undated.leap_s:
                order = replace(order, since=order.since + SLACK)
            self._pending.redate(order)
            self._means.trust(order.since)
            self._undated = None
            self._pending.keep(CLOCK.name, "null")

    def _redate(self, by_s: float) -> None:
        """What has no date yet moves with the clock, to whole minutes where it is a minute."""
        assert self._undated is not None
        order = self._order(by_s, trusted=False)
        self._pending.redate(order)
        self._means.redate(by_s)
        since = self._undated.since + timedelta(seconds=order.minutes_s)
        ahead_s = self._undated.ahead_s + by_s
        self._undated = replace(
            self._undated, ahead_s=ahead_s, since=since, leap_s=self._leap_s or self._undated.leap_s
        )
        self._pending.keep(CLOCK.name, to_json(self._undated))

    def _order(self, by_s: float, trusted: bool) -> Redate:
        assert self._undated is not None
        until = self._clock.now() - timedelta(seconds=by_s) + SLACK
        return Redate(self._undated.after, self._undated.since, until, by_s, trusted)

    def _recall(self, document: str | None) -> float:
        """Go on with what the last run of this boot left without a date. Returns the step that came in between, s."""
        try:
            kept = CLOCK.read(document or "null")
        except (WireError, RecursionError):
            return 0.0
        if self._source is None or kept.boot_id != self._source.boot_id():
            return 0.0
        self._undated, self._leap_s = kept, kept.leap_s
        if kept.leap_s:
            self._leapt_at = self._clock.monotonic()
        return self._ahead_s() - kept.ahead_s

    def _ahead_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
