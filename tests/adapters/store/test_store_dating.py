"""The store dates again what a wrong clock has dated, and counts each minute once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store.retention import Retention
from agent.adapters.store.row_reader import rollups
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch, MinuteRow, Redate
from tests.adapters.store.store_rows import START, event, minute, new_store
from tests.security.items import security

LOST = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = new_store(tmp_path / "site.db", Retention(keep_days=30, ring_days=30, max_bytes=20_000_000))
    await opened.open()
    yield opened
    await opened.close()


def doubted(index: int, at: datetime) -> MinuteRow:
    return replace(minute(index), at=at, time_trusted=False)


async def written(store: SqliteStore) -> list[tuple[str, bool]]:
    rows = [row.named() for row in await store.pending("minute", 0, 1000)]
    return [(str(row["at"])[:16], row["time_trusted"] is True) for row in rows]


@security(15, shows="rows say whether their time was trusted, and are dated anew when it is found")
async def test_rows_of_this_boot_move_and_become_trusted(store: SqliteStore) -> None:
    await store.write(Batch(minutes=(doubted(0, LOST + timedelta(minutes=1)),)))  # an earlier boot, never dated
    after = tuple((name, last) for name, (_, last) in (await store.backlog()).items())
    lost = tuple(doubted(i, LOST + timedelta(minutes=i)) for i in range(3))
    told = replace(event(0), at=LOST + timedelta(seconds=20))
    await store.write(Batch(minutes=lost, events=(told,)))
    by_s = (START - LOST).total_seconds()
    move = Redate(after, LOST, LOST + timedelta(minutes=4), by_s, trusted=False)
    trust = Redate(after, START, START + timedelta(hours=1), 0.0, trusted=True)
    await store.write(Batch(redates=(move, trust), minutes=(minute(3),)))
    assert await written(store) == [
        ("1970-01-01T00:01", False),
        *((f"2026-06-01T12:0{i}", True) for i in range(4)),
    ]
    (moved,) = await store.pending("event", 0, 10)
    assert str(moved.named()["at"]).startswith("2026-06-01T12:00:20")
    assert await store.newest() == START + timedelta(minutes=3)


async def test_nothing_is_rolled_up_before_it_has_a_date_and_no_minute_counts_twice(
    store: SqliteStore, tmp_path: Path
) -> None:
    again = tuple(doubted(i, START + timedelta(minutes=i)) for i in range(5, 12))
    lost = doubted(0, LOST)
    await store.write(Batch(minutes=(lost, *(minute(i) for i in range(10)), *again)))

    def counted() -> list[float]:
        return [row.covered_s for row in rollups(tmp_path / "site.db", "hour", LOST, START + timedelta(days=1))]

    await store.tidy(START + timedelta(hours=1), dated=False)
    assert counted() == []
    await store.tidy(None)
    assert counted() == [12 * 60.0]  # the two that come again after what was there are only marked


async def test_without_a_time_nothing_is_pruned_by_its_age(store: SqliteStore) -> None:
    await store.write(Batch(minutes=tuple(minute(i) for i in range(10))))
    assert await store.tidy(None) == []
    assert len(await written(store)) == 10
    (sentence,) = await store.tidy(START + timedelta(days=60))
    assert "too old" in sentence
