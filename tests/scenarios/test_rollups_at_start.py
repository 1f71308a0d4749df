"""What was measured before a start is in the roll-ups, which `report` reads, as soon as the store is open again."""

from datetime import timedelta
from pathlib import Path

from agent.domain.records import Batch
from tests.adapters.store.store_rows import new_store
from tests.scenarios.stage import MIDNIGHT, staged
from tests.workers.quarters import quarters


async def test_the_roll_ups_of_before_the_start_are_made_at_once(tmp_path: Path) -> None:
    store = new_store(tmp_path / "site.sqlite3")
    await store.open()
    await store.write(Batch(minutes=tuple(quarters(1, MIDNIGHT - timedelta(days=1)))))
    await store.close()
    before = f"SELECT count(*) FROM rollup WHERE span = 'quarter' AND at < {int(MIDNIGHT.timestamp())}"
    async with staged(tmp_path) as stage:
        assert stage.rows(before) == [(0,)]
        await stage.play(2)
        assert stage.rows(before) == [(96,)]


async def test_an_hour_is_in_the_roll_ups_minutes_after_its_end_whenever_the_start_was(tmp_path: Path) -> None:
    async with staged(tmp_path, beginning=MIDNIGHT + timedelta(minutes=50)) as stage:
        await stage.play(14)
        hour = int((MIDNIGHT + timedelta(minutes=45)).timestamp())
        assert stage.rows(f"SELECT covered_s > 500 FROM rollup WHERE span = 'quarter' AND at = {hour}") == [(1,)]
