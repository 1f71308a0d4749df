"""Rows that get other numbers: nothing else of them changes, and no number is given twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.adapters.store import row_reader
from agent.domain.records import Batch
from agent.ports import StoreFailure
from tests.adapters.store.store_rows import START, event, minute, new_store

OVER_ALL = "SELECT * FROM rollup ORDER BY span, at"
WITHOUT_NUMBERS = "SELECT at, load_w, soc_pct FROM minute ORDER BY seq"
MANY = 10**7


def asked(path: Path, select: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(select).fetchall()


@pytest.mark.parametrize("acked", [0, 70, 150, 200], ids=["nothing", "in a roll-up", "after it", "all"])
@pytest.mark.parametrize("ahead", [-50, 0, 40, MANY])
async def test_what_is_not_acknowledged_goes_on_above(tmp_path: Path, acked: int, ahead: int) -> None:
    path = tmp_path / "site.db"
    store = new_store(path)
    await store.open()
    first = (await store.backlog())["minute"][1]
    await store.write(Batch(minutes=tuple(minute(index) for index in range(120))))
    await store.tidy(None)  # in roll-ups and blocks
    await store.write(Batch(minutes=tuple(minute(index) for index in range(120, 200)), events=(event(0),)))
    await store.write(Batch(acknowledged=(("minute", first + acked),)))
    before, known = asked(path, WITHOUT_NUMBERS), max(first + acked, first + 200 + ahead)
    events = await store.pending("event", 0, 10)

    assert await store.number_above("minute", known) == 200 - acked
    assert (await store.backlog())["minute"][0] == first + acked
    moved = await store.pending("minute", first + acked, 500)
    start = max(known, first + 200)
    assert [row.seq for row in moved] == list(range(start + 1, start + 201 - acked))
    assert asked(path, WITHOUT_NUMBERS) == before
    assert await store.pending("event", 0, 10) == events

    await store.write(Batch(minutes=(minute(200),)))
    assert (await store.backlog())["minute"][1] == start + 201 - acked
    await store.tidy(None)
    for at in (0, 100, 199):
        _, row = row_reader.decision_at(path, minute(at).at)
        assert row is not None
        assert row.at == minute(at).at
    await store.close()

    other = new_store(tmp_path / "other.db")
    await other.open()
    await other.write(Batch(minutes=tuple(minute(index) for index in range(201))))
    await other.tidy(None)
    assert asked(path, OVER_ALL) == asked(tmp_path / "other.db", OVER_ALL), "each minute counts once"
    await other.close()


async def test_the_numbers_of_before_this_run_stay_what_they_were(tmp_path: Path) -> None:
    store = new_store(tmp_path / "site.db")
    await store.open()
    first = dict(await store.before_start())
    assert first["event"] == int(START.timestamp()) * 1000
    await store.write(Batch(events=(event(0), event(1))))
    assert await store.before_start() == first
    await store.close()
    again = new_store(tmp_path / "site.db")
    await again.open()
    assert (await again.before_start())["event"] == first["event"] + 2
    await again.close()


async def test_a_store_that_cannot_be_written_costs_numbers_and_no_row(tmp_path: Path) -> None:
    """Tried again with every acknowledgement: the numbers grow by what is there and no more."""
    store = new_store(tmp_path / "site.db")
    await store.open()
    first = (await store.backlog())["event"][1]
    await store.write(Batch(events=tuple(event(index) for index in range(10))))
    texts = [row.values for row in await store.pending("event", first, 20)]
    for _ in range(40):
        await store.write(Batch())  # opens the file again
        assert store._file.connection is not None
        store._file.connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreFailure):
            await store.number_above("event", first + 5)
    await store.write(Batch())
    assert await store.number_above("event", first + 5) == 10
    assert [row.values for row in await store.pending("event", first, 20)] == texts
    assert (await store.backlog())["event"][1] <= first + 10 * 50
    await store.close()
