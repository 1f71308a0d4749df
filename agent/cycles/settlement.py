"""Once a day the days that have passed enter the savings ledger. When, and nothing else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.cycles.night import is_its_time
from agent.cycles.retry import NIGHTLY_RESTS_S, Retry
from agent.domain.alarms import EventKind
from agent.domain.documents import LEDGER
from agent.domain.horizon import floor_to_step
from agent.domain.ledger import LedgerCheckpoint, SettlementRequest
from agent.domain.sentence import sentence_of
from agent.domain.sentences.events import ledger_anew, ledger_not_settled
from agent.domain.wire import WireError, to_json
from agent.ports import Clock, Settlement, SettlementFailure
from agent.recording.pending_writes import PendingWrites

SOON = timedelta(hours=3)  # once a night, also where it failed; trials of models come first in the timetable
MISSING = timedelta(hours=71)  # a day that ended 48 h ago is not in the ledger; the shortest day has 23 h
HOUR_S = 3600


class NightlySettlement:
    """Run ``step`` every few minutes. Where the ledger ends is kept in the store, under ``ledger``.

    A new ledger begins now: what was measured before has no prices beside it. Days that are missing at the start are
    asked for soon, more of them at the next step, and all others once a night, where that fails ever more seldom. Rows
    and the kept document are given to the pending writes together, so they are written in one commit.
    """

    def __init__(
        self,
        clock: Clock,
        settlement: Settlement,
        question: Callable[[datetime, LedgerCheckpoint | None], SettlementRequest],
        pending: PendingWrites,
        zone: ZoneInfo,
    ) -> None:
        self._clock, self._settlement, self._question = clock, settlement, question
        self._pending, self._zone = pending, zone
        self._alarms = Alarms(clock, pending)
        self._retry = Retry(NIGHTLY_RESTS_S)
        self._carry: LedgerCheckpoint | None = None
        self._asked: datetime | None = None
        self._is_new = self._more = False

    def recall(self, document: str | None) -> None:
        """The kept document from before the start. One that cannot be read is told, and all days are settled anew."""
        self._is_new = document is None
        if document is None:
            return
        try:
            carry = LEDGER.read(document)
            if carry.until.tzinfo is None:
                raise WireError("LedgerCheckpoint.until: it has no time zone")
        except (WireError, RecursionError) as error:
            self._alarms.note(EventKind.LEDGER_FAILED, ledger_anew(cause=str(error)))
            return
        self._carry = carry

    async def step(self) -> None:
        """Settle when it is time. A failure is an event and is tried again in a night to come; nothing is raised."""
        now = self._clock.now()
        if not self._is_due(now):
            return
        self._asked, began_s = now, self._clock.monotonic()
        try:
            settled = await self._settlement.settle(self._question(now, self._carry))
        except SettlementFailure as failure:
            self._more = False
            self._retry.failed(began_s, self._clock.monotonic())
            self._alarms.note(EventKind.LEDGER_FAILED, ledger_not_settled(cause=sentence_of(failure)))
            return
        self._retry.succeeded()
        self._more = settled.more
        if settled.carry is not None and settled.carry != self._carry:
            self._carry = settled.carry
            self._pending.settle(settled.entries)
            self._pending.keep(LEDGER.name, to_json(settled.carry))

    def _is_due(self, now: datetime) -> bool:
        if not self._clock.trusted():
            return False
        if self._is_new:
            self._begin(now)
        if self._carry is not None and self._carry.until > now:  # the clock was wrong, and so were the days
            self._carry = None
        if self._carry is not None and now - self._carry.until < MISSING:
            self._asked = now  # nothing is missing, so the next night will do
            return False
        if self._retry.rests(self._clock.monotonic()):
            return False
        if self._asked is None or self._more or self._asked > now:
            return True
        return is_its_time(now, self._asked, SOON, self._zone)

    def _begin(self, now: datetime) -> None:
        battery = self._question(now, None).battery
        self._is_new, self._carry = False, LedgerCheckpoint(floor_to_step(now, HOUR_S), None, battery.usable_wh)
        self._pending.keep(LEDGER.name, to_json(self._carry))
