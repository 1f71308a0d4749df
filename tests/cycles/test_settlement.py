"""Days enter the ledger once a night, soon after a start that comes late, and as often as there are more of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.adapters.host.clock import VirtualClock
from agent.cycles.settlement import NightlySettlement
from agent.domain.documents import LEDGER
from agent.domain.ledger import Amounts, Entry, LedgerCheckpoint, Settled, SettlementRequest
from agent.domain.wire import to_json
from agent.ports import SettlementFailure
from agent.recording.pending_writes import PendingWrites
from tests.workers.quarters import BATTERY, request

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BRISBANE = ZoneInfo("Australia/Brisbane")  # ten hours ahead: its night is our afternoon
FIRST = datetime(2026, 5, 27, 14, tzinfo=UTC)  # midnight
STEP, DAY = timedelta(minutes=15), timedelta(days=1)


def carry(until: datetime) -> LedgerCheckpoint:
    return LedgerCheckpoint(until, 40.0, 10_000.0)


class OneDayAtATime:
    """Settles every whole day of Brisbane that ended 48 h ago, one an answer."""

    def __init__(self) -> None:
        self.asked: list[SettlementRequest] = []
        self.failure: SettlementFailure | None = None

    async def settle(self, request: SettlementRequest) -> Settled:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        begin = FIRST if request.carry is None else request.carry.until
        last = request.now - timedelta(hours=48)
        if begin + DAY > last:
            return Settled((), request.carry)
        return Settled((Entry(begin, Amounts(1), 0.0),), carry(begin + DAY), more=begin + 2 * DAY <= last)


class NightStage:
    def __init__(self) -> None:
        self.clock, self.pending, self.settlement = VirtualClock(NOON), PendingWrites(), OneDayAtATime()
        self.times: list[datetime] = []
        self.again(to_json(carry(FIRST)))

    def again(self, document: str | None = None) -> None:
        """The agent starts."""
        self.cycle = NightlySettlement(
            self.clock, self.settlement, lambda now, carry: request("x", now, carry), self.pending, BRISBANE
        )
        self.cycle.recall(document)

    async def pass_hours(self, hours: float) -> None:
        end = self.clock.now() + timedelta(hours=hours)
        while self.clock.now() < end:
            before = len(self.settlement.asked)
            await self.cycle.step()
            if len(self.settlement.asked) > before:
                self.times.append(self.clock.now())
            self.clock.advance_to(self.clock.now() + STEP)


async def test_what_is_missing_is_settled_at_once_and_then_a_day_a_night() -> None:
    stage = NightStage()
    await stage.pass_hours(80)
    first, second, *nights = [at.astimezone(BRISBANE) for at in stage.times]
    assert (first, second) == (NOON, NOON + STEP), "there was more at once"
    assert [(at.hour, at.minute) for at in nights] == [(2, 0)] * 4
    assert len({at.date() for at in nights}) == 4
    batch = stage.pending.take(stage.clock.now())
    assert [entry.at for entry in batch.ledger] == [FIRST + DAY * i for i in range(6)]
    assert dict(batch.kept) == {LEDGER.name: to_json(carry(datetime(2026, 6, 2, 14, tzinfo=UTC)))}
    assert batch.events == ()


async def test_a_new_ledger_begins_now_and_asks_when_its_first_day_is_past() -> None:
    stage = NightStage()
    stage.again(None)
    await stage.pass_hours(0.25)
    assert dict(stage.pending.take(NOON).kept) == {
        LEDGER.name: to_json(LedgerCheckpoint(NOON, None, BATTERY.usable_wh))
    }
    await stage.pass_hours(90)
    assert stage.times == [NOON + timedelta(hours=76)], "two in the night"
    assert stage.settlement.asked[0].carry == LedgerCheckpoint(NOON, None, BATTERY.usable_wh)


async def test_an_end_in_the_future_is_a_clock_that_was_wrong() -> None:
    stage = NightStage()
    stage.again(to_json(carry(NOON + 400 * DAY)))
    await stage.pass_hours(0.25)
    assert [asked.carry for asked in stage.settlement.asked] == [None]


async def test_a_restart_asks_again_only_where_days_are_missing() -> None:
    stage = NightStage()
    stage.again(to_json(carry(NOON - timedelta(hours=70))))
    await stage.pass_hours(0.5)
    assert stage.times == []
    stage.again(to_json(carry(NOON - timedelta(hours=80))))
    await stage.pass_hours(0.5)
    assert [asked.carry for asked in stage.settlement.asked] == [carry(NOON - timedelta(hours=80))]


async def test_a_failure_is_told_and_tried_again_the_next_night() -> None:
    stage = NightStage()
    stage.settlement.failure = SettlementFailure("there is no store at x")
    await stage.pass_hours(20)
    assert [at.astimezone(BRISBANE).hour for at in stage.times] == [22, 2]
    batch = stage.pending.take(stage.clock.now())
    assert [(row.kind, row.text) for row in batch.events] == [
        ("ledger_failed", "the savings ledger was not settled: there is no store at x")
    ] * 2
    assert (batch.ledger, batch.kept) == ((), ())
    await stage.pass_hours(12)
    assert len(stage.times) == 3


@pytest.mark.parametrize("document", ["", "{", '{"until": "2026-06-01T00:00:00", "rule_soc_pct": 1, "usable_wh": 1}'])
async def test_an_end_that_cannot_be_read_is_told_and_the_ledger_begins_again(document: str) -> None:
    stage = NightStage()
    stage.again(document)
    await stage.pass_hours(0.25)
    assert stage.settlement.asked[0].carry is None
    assert [row.kind for row in stage.pending.take(NOON).events] == ["ledger_failed"]


async def test_what_could_not_be_written_is_given_back_and_counts_once() -> None:
    pending = PendingWrites()
    old, new = Entry(NOON, Amounts(1, 5), 0.0), Entry(NOON, Amounts(1, 7), 0.0)
    pending.settle((old, Entry(NOON + DAY, Amounts(1), 0.0)))
    batch = pending.take(NOON)
    pending.settle((new,))
    pending.give_back(batch)
    assert set(pending.take(NOON).ledger) == {new, Entry(NOON + DAY, Amounts(1), 0.0)}
    assert pending.take(NOON).ledger == ()
