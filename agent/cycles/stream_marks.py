"""How far one stream of rows has been sent and acknowledged, and how much of it the next envelope may carry."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.domain.records import OutboxRow

FIRST_ROWS = 8
MOST_ROWS = 500
REFUSALS_BEFORE_PARKING = 5
FIRST_PLAUSIBLE_SEQ = 1_577_836_800_000  # 2020-01-01: a file whose numbers begin before was made by a wrong clock
NUMBERS_AHEAD = timedelta(days=1)
MOST_BEHIND = 100_000_000  # rows: three years of one a second
SLOW_S, QUICK_S = 2.0, 1.0
FIRST_PATIENCE_S = 600.0
LONGEST_PATIENCE_S = 86400.0
UNHEARD_S = 6 * 3600.0  # a platform that is being mended for some hours is no fault of the site's
ROW_PAUSE_S = 30.0
LONGEST_PAUSE_S = 3600.0
REPLAY_PAUSE_S, LONGEST_REPLAY_PAUSE_S = 30.0, 3600.0  # the same replay is asked for with every batch under way
# MQTT 5.0, 2.4: not authorized, topic name invalid, quota exceeded. The row cannot help it; all others are its own.
NOT_THE_ROW = (0x87, 0x90, 0x97)


@dataclass(slots=True)
class StreamMarks:
    """``sent``, ``acked`` and ``prev`` are seqs; ``limit`` is how many rows the next envelope may have.

    ``fits`` is how many of them one envelope seems to hold by its size: more are not read from the store to no purpose.
    ``parked`` are rows that are not sent any more: each was refused again and again while it stood alone. One of the
    rows up to ``doubtful`` is to blame for what failed last; ``failures`` are those of the row ``blamed``.
    ``not_before`` is on the monotonic clock, in seconds. ``unheard_since`` is when the broker took the oldest row since
    the platform has acknowledged anything new of this stream; None where nothing waits for that.

    ``highest`` is the highest seq that can have been sent, in this run or ``before`` it. ``heard``: an acknowledgement
    that is believed has come in this run. ``wanted`` is from where on the platform wants to have all again, once the
    pause since the last replay is over; ``replayed`` was the seq of that, at ``replayed_at``.
    """

    sent: int
    acked: int
    prev: int
    limit: int = FIRST_ROWS
    fits: int = MOST_ROWS
    doubtful: int = 0
    blamed: int = 0
    failures: int = 0
    waiting_since: float | None = None
    unheard_since: float | None = None
    patience_s: float = FIRST_PATIENCE_S
    not_before: float = 0.0
    pause_s: float = 0.0
    parked: set[int] = field(default_factory=set)
    highest: int = 0
    before: int = 0
    heard: bool = False
    wanted: int | None = None
    replayed: int | None = None
    replayed_at: float = 0.0
    replay_not_before: float = 0.0
    replay_pause_s: float = 0.0

    def go_back(self, seq: int) -> None:
        """Send on from after ``seq``."""
        self.sent = self.prev = seq
        self.waiting_since = None

    def sendable(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        """``rows`` without parked ones, up to the first of them that stands between others.

        ``prev`` does not move over parked rows, which tells the platform that they will not come.
        """
        found = list(rows)
        while found and found[0].seq in self.parked:
            self.sent = found.pop(0).seq
        return found[: next((at for at, row in enumerate(found) if row.seq in self.parked), len(found))]

    def note_sending(self, seq_to: int) -> None:
        """The platform may acknowledge rows before the broker has."""
        self.highest = max(self.highest, seq_to)

    @property
    def to_read(self) -> int:
        """How many rows to read for the next envelope."""
        return min(self.limit, self.fits)

    def note_fit(self, offered: int, taken: int) -> None:
        """Of ``offered`` rows an envelope holds ``taken``. The next one is offered a few more where all went in."""
        self.fits = taken if taken < offered else min(MOST_ROWS, self.fits + self.fits // 8 + 1)

    def note_sent(self, seq_to: int, rows: int, took_s: float, now: float, released: bool) -> None:
        """``rows`` up to ``seq_to`` were taken after ``took_s`` seconds; ``released`` where that is enough.

        On a slow line a large envelope would hold up everything behind it, so the next one is smaller.
        """
        self.sent = self.prev = seq_to
        self.pause_s = 0.0
        if took_s > SLOW_S:
            self.limit = max(1, rows // 2)
        elif took_s < QUICK_S and seq_to >= self.doubtful:
            self.limit = min(2 * self.limit, MOST_ROWS)
        if released:
            self.acked = max(self.acked, seq_to)
            return
        if self.waiting_since is None:
            self.waiting_since = now
        if self.unheard_since is None:
            self.unheard_since = now

    def note_refusal(self, code: int, rows: Sequence[int], now: float) -> bool:
        """The broker refused the rows with these seqs. True when that row alone is to blame and is parked now.

        A topic that may not be written, or a quota, is waited out for longer and longer.
        """
        if code in NOT_THE_ROW:
            self.pause_s = min(max(ROW_PAUSE_S, 2 * self.pause_s), LONGEST_PAUSE_S)
            self.not_before = now + self.pause_s
            return False
        self.not_before = now + ROW_PAUSE_S
        return self._narrow_down(rows)

    def note_failure(self, rows: Sequence[int], took_s: float) -> bool:
        """The connection ended under the rows with these seqs. True when that row alone ends it, and is parked now.

        A line that did not acknowledge in time is no fault of a row; it gets less at a time.
        """
        if took_s >= SLOW_S:
            self.limit = max(1, len(rows) // 2)
            return False
        return self._narrow_down(rows)

    def _narrow_down(self, rows: Sequence[int]) -> bool:
        """Halve the envelope, so that only the row that cannot be sent stands alone in the end; then go on without.

        Rows before it may have to be sent again in between: that they were taken says nothing about it.
        """
        self.doubtful = rows[-1]
        if len(rows) > 1:
            self.limit = max(1, len(rows) // 2)
            return False
        self.failures = self.failures + 1 if rows[0] == self.blamed else 1
        self.blamed = rows[0]
        if self.failures < REFUSALS_BEFORE_PARKING:
            return False
        self.parked.add(rows[0])
        self.sent, self.failures, self.doubtful, self.limit, self.not_before = rows[0], 0, 0, FIRST_ROWS, 0.0
        return True

    def acknowledge(self, seq: int, now: float) -> None:
        """The platform has everything up to ``seq``."""
        self.heard = True
        if seq <= self.acked:
            return
        self.acked, self.patience_s = seq, FIRST_PATIENCE_S
        self.replay_pause_s = self.replay_not_before = 0.0
        self.waiting_since = self.unheard_since = None if seq >= self.sent else now
        self.parked = {one for one in self.parked if one > seq}
        if seq > self.sent:
            self.go_back(seq)

    def ask_again(self, seq: int, now: float) -> None:
        """The platform wants everything from ``seq`` on again; what was never sent is no replay.

        Replays that bring no acknowledgement on have ever longer pauses between them, so a platform that asks in a loop
        does not keep the line busy. Whatever it asks for in a pause waits for its end.
        """
        if seq > self.sent or (seq == self.replayed and now < self.replayed_at + REPLAY_PAUSE_S):
            return
        self.wanted = seq if self.wanted is None else min(seq, self.wanted)
        self.replay(now)

    def replay(self, now: float) -> None:
        """Go back to where the platform wants to have all again, where the pause is over."""
        if self.wanted is None or now < self.replay_not_before:
            return
        self.replayed, self.replayed_at, self.wanted = self.wanted, now, None
        self.replay_pause_s = min(max(REPLAY_PAUSE_S, 2 * self.replay_pause_s), LONGEST_REPLAY_PAUSE_S)
        self.replay_not_before = now + self.replay_pause_s
        self.go_back(max(0, self.replayed - 1))

    def lose_patience(self, now: float) -> None:
        """What the broker took and nobody acknowledges is sent again, each time after twice as long."""
        if self.waiting_since is not None and now - self.waiting_since > self.patience_s:
            self.patience_s = min(2 * self.patience_s, LONGEST_PATIENCE_S)
            self.go_back(self.acked)

    def is_unheard(self, now: float) -> bool:
        """Whether the broker takes rows and the platform says nothing to it for too long."""
        return self.unheard_since is not None and now - self.unheard_since >= UNHEARD_S

    def may_be_known(self, seq: int, of_before: bool) -> bool:
        """Whether the platform can have ``seq`` of this file; ``of_before``: it said so before this run sent a row."""
        return seq <= (self.before if of_before else self.highest)

    def may_be_of_another_store(self, seq: int, of_before: bool, now: datetime | None) -> bool:
        """Whether the platform has ``seq``, which this file has never sent, of another one: a later state of this
        file, or one that was lost; ``now`` None: unknown.

        What the broker has kept since before this run shows that, said while nothing of it was sent. One that is said
        now is believed where a wrong clock has made this file: numbers begin at the time, in milliseconds. No store is
        behind itself by more than ``MOST_BEHIND`` rows.
        """
        if self.heard or self.may_be_known(seq, of_before):
            return False
        latest = 0.0 if now is None else (now + NUMBERS_AHEAD).timestamp() * 1000.0
        if of_before:
            return seq <= max(self.before + MOST_BEHIND, latest)
        return self.highest < FIRST_PLAUSIBLE_SEQ and seq <= latest
