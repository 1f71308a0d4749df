"""Days that were missing at the start enter the ledger by its own process, once, and a restart adds nothing."""

from datetime import timedelta
from pathlib import Path

from agent.domain.documents import LEDGER
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.records import Batch
from agent.domain.wire import from_json, to_json
from tests.adapters.store.store_rows import new_store
from tests.scenarios.stage import MIDNIGHT, staged
from tests.workers.quarters import BATTERY, quarters

DAYS = 5
FIRST = MIDNIGHT - timedelta(days=DAYS)


async def fill(path: Path) -> None:
    """What an agent that ran for five days has left, none of them settled."""
    store = new_store(path)
    await store.open()
    carry = LedgerCheckpoint(FIRST, None, BATTERY.usable_wh)
    await store.write(Batch(minutes=tuple(quarters(DAYS, FIRST)), kept=((LEDGER.name, to_json(carry)),)))
    await store.tidy(MIDNIGHT)
    await store.close()


async def test_days_that_are_missing_at_the_start_are_settled_soon_and_once(tmp_path: Path) -> None:
    await fill(tmp_path / "site.sqlite3")
    async with staged(tmp_path) as stage:
        await stage.play(9)
        assert stage.rows("SELECT count(*) FROM ledger") == [(0,)]
        await stage.play(12)
        found = stage.rows("SELECT at, hours, no_battery - paid, stored_wh FROM ledger ORDER BY at")
        [(document,)] = stage.rows("SELECT body FROM kept WHERE name = 'ledger'")
    assert [row[0] for row in found] == [int(FIRST.timestamp()) + 3600 * i for i in range(24 * 3)]
    assert {row[1] for row in found} == {1}
    for day in range(3):
        # 5.415 kWh spared at .60 less 6 kWh bought at .08
        assert sum(row[2] for row in found[24 * day : 24 * day + 24]) == 2_769_000
    carry = from_json(LedgerCheckpoint, document)
    assert carry.until == MIDNIGHT - timedelta(days=2)
    assert carry.rule_soc_pct is not None

    async with staged(tmp_path, beginning=MIDNIGHT + timedelta(minutes=30)) as stage:
        await stage.play(12)
        assert stage.rows("SELECT at, hours, no_battery - paid, stored_wh FROM ledger ORDER BY at") == found
        assert [kind for kind, _, _ in await stage.events() if kind == "ledger_failed"] == []


async def test_a_new_store_begins_its_ledger_with_the_hour_it_is_in(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.play(12)
        [(document,)] = stage.rows("SELECT body FROM kept WHERE name = 'ledger'")
        prices = stage.rows("SELECT DISTINCT round(import_price, 9), round(export_price, 9) FROM minute")
    assert from_json(LedgerCheckpoint, document) == LedgerCheckpoint(MIDNIGHT, None, 40_000.0)
    assert prices == [(0.08, 0.05)]
