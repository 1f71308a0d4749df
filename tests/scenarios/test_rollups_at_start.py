"""What was measured before a start is in the roll-ups, which `report` reads, as soon as the store is open again."""

from datetime import timedelta
from pathlib import Path

from agent.domain.records import Batch
from tests.adapters.store.store_rows import new_store
from tests.scenarios.stage import MIDNIGHT, Stage, staged
from tests.workers.quarters import quarters


def quarters_of(stage: Stage) -> dict[int, float]:
    """The seconds that are known of each quarter in the roll-ups."""
    return dict(stage.rows("SELECT at, covered_s FROM rollup WHERE span = 'quarter'"))


async def test_the_roll_ups_of_before_the_start_are_made_at_once(tmp_path: Path) -> None:
    store = new_store(tmp_path / "site.sqlite3")
    await store.open()
    await store.write(Batch(minutes=tuple(quarters(1, MIDNIGHT - timedelta(days=1)))))
    await store.close()
    async with staged(tmp_path) as stage:
        assert quarters_of(stage) == {}
        await stage.play(2)
        assert len([at for at in quarters_of(stage) if at < MIDNIGHT.timestamp()]) == 96


async def test_an_hour_is_in_the_roll_ups_minutes_after_its_end_whenever_the_start_was(tmp_path: Path) -> None:
    async with staged(tmp_path, beginning=MIDNIGHT + timedelta(minutes=50)) as stage:
        await stage.play(14)
        assert quarters_of(stage)[int((MIDNIGHT + timedelta(minutes=45)).timestamp())] > 500.0
