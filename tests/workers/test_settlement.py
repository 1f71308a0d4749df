"""The settlement: whole days, each once, the same however often it is interrupted, holes and all."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.processes.settlement_process import SettlementProcess
from agent.adapters.store.row_reader import ledger
from agent.adapters.store.store_reader import kept
from agent.domain.ledger import Entry, LedgerCheckpoint, Settled
from agent.domain.records import Batch, MinuteRow
from agent.domain.wire import from_json, to_json
from agent.ports import SettlementFailure
from agent.workers.settlement import settle
from tests.adapters.processes.test_planner_process import script
from tests.adapters.store.store_rows import new_store
from tests.workers.quarters import START, quarters, request, without

DAYS = 6
NOW = START + timedelta(days=DAYS, hours=2)
DAY = timedelta(days=1)


async def filled(path: Path, rows: list[MinuteRow]) -> Path:
    store = new_store(path)
    await store.open()
    await store.write(Batch(minutes=tuple(rows)))
    await store.tidy(NOW)
    await store.close()
    return path


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    return await filled(tmp_path / "site.db", quarters(DAYS))


def always() -> bool:
    return True


def settled_of(path: Path) -> list[Entry]:
    return ledger(path, START - DAY, START + 1000 * DAY)


async def test_days_are_settled_when_they_and_the_two_after_them_have_passed(store: Path) -> None:
    found = settle(request(store, NOW), always)
    assert [entry.at for entry in found.entries] == [START + timedelta(hours=i) for i in range(24 * (DAYS - 2))]
    assert found.carry is not None
    assert (found.carry.until, found.more) == (START + (DAYS - 2) * DAY, False)
    assert settle(request(store, NOW, found.carry), always) == Settled((), found.carry)
    for day in range(DAYS - 2):
        saved = sum(entry.amounts.saved for entry in found.entries[24 * day : 24 * day + 24])
        # 5.415 kWh spared at .60 less 6 kWh bought at .08
        assert saved == 2_769_000


@pytest.mark.parametrize("holes", [(), (30,), tuple(range(80, 200)), tuple(range(96)), (0, 95, 96, 383)])
async def test_day_by_day_gives_what_one_go_gives_to_the_millionth(tmp_path: Path, holes: tuple[int, ...]) -> None:
    """Holes are within days, over midnight, of a whole day: their hours do not count, and nothing else changes."""
    store = await filled(tmp_path / "site.db", without(quarters(DAYS), *holes))
    at_once = settle(request(store, NOW), always)
    entries: list[Entry] = []
    carry: LedgerCheckpoint | None = None
    more = True
    while more:
        found = settle(request(store, NOW, carry), lambda: False)
        entries, carry, more = [*entries, *found.entries], found.carry, found.more
    assert (tuple(entries), carry) == (at_once.entries, at_once.carry)
    missing = {START + timedelta(hours=place // 4) for place in holes}
    whole = {START + timedelta(hours=i) for i in range(24 * (DAYS - 2))}
    assert {entry.at for entry in entries} == whole - missing


async def test_an_hour_without_a_known_price_does_not_count(tmp_path: Path) -> None:
    rows = quarters(DAYS)
    rows[10] = replace(rows[10], import_price=None)
    found = settle(request(await filled(tmp_path / "site.db", rows), NOW), always)
    assert START + timedelta(hours=2) not in {entry.at for entry in found.entries}
    assert len(found.entries) == 24 * (DAYS - 2) - 1


async def test_a_day_is_not_closed_before_something_was_measured_after_it(tmp_path: Path) -> None:
    """The gateway was off for a week: what its last minutes were may not be in the roll-ups yet."""
    store = await filled(tmp_path / "site.db", quarters(2))
    found = settle(request(store, START + 9 * DAY), always)
    assert found.carry is not None
    assert found.carry.until == START + DAY


async def test_an_empty_store_settles_nothing(tmp_path: Path) -> None:
    assert settle(request(await filled(tmp_path / "site.db", []), NOW), always) == Settled((), None)


async def test_the_process_answers_what_the_function_does(store: Path) -> None:
    asked = request(store, NOW)
    assert await SettlementProcess(400).settle(asked) == settle(asked, always)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("answer.write('hello')", "the settlement's answer is no ledger: Settled: not JSON: "),
        (
            (
                'answer.write(\'{"entries": [], "carry": {"until": "2026-01-01T00:00:00", "rule_soc_pct": 1,\'\n'
                "'\"usable_wh\": 1}}')"
            ),
            "the settlement's answer is no ledger: a time has no time zone",
        ),
        ("import sys; sys.exit('no memory')", "no memory"),
    ],
)
async def test_a_failure_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettlementFailure) as failure:
        await SettlementProcess(400, 20.0, script(text)).settle(request(tmp_path / "no.db", NOW))
    assert str(failure.value).startswith(sentence)


async def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettlementFailure, match="there is no store at"):
        await SettlementProcess(400).settle(request(tmp_path / "no.db", NOW))


async def settle_and_write(path: Path) -> None:
    """As the controller does: one day after the carry that is kept, rows and carry in one commit, and again."""
    store = new_store(path)
    await store.open()
    print("open", flush=True)
    while True:
        document = await store.kept("ledger")
        carry = None if document is None else from_json(LedgerCheckpoint, document)
        found = settle(request(path, NOW, carry), lambda: False)
        assert found.carry is not None
        await store.write(Batch(ledger=found.entries, kept=(("ledger", to_json(found.carry)),)))
        if not found.more:
            break
    await store.close()
    print("done", flush=True)


async def test_killed_at_any_moment_it_loses_nothing_and_doubles_nothing(store: Path, tmp_path: Path) -> None:
    expected = settle(request(store, NOW), always)
    command = [sys.executable, "-m", "tests.workers.test_settlement", str(store)]
    chance, ended, kills = random.Random(7), False, 0
    while not ended:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(chance.uniform(0.0, 0.12))
            if kills < 4:
                process.send_signal(signal.SIGKILL)
                kills += 1
            ended = process.stdout.read().endswith("done\n")  # before it the solver may print
        rows = settled_of(store)
        document = kept(store, "ledger")
        carry = None if document is None else from_json(LedgerCheckpoint, document)
        assert rows == [entry for entry in expected.entries if carry is not None and entry.at < carry.until]
    assert (settled_of(store), carry) == (list(expected.entries), expected.carry)
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT count(*), sum(hours) FROM ledger").fetchone() == (96, 96)


if __name__ == "__main__":
    asyncio.run(settle_and_write(Path(sys.argv[1])))
