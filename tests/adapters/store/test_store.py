"""The store keeps its promises on a real file."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.store import store_reader
from agent.adapters.store.console_reader import highest_import
from agent.adapters.store.schema_version import FIRST_TABLE
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from agent.ports import StoreFailure
from tests.adapters.store.store_rows import BERLIN, NAMES, START, decision, event, minute, new_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = new_store(tmp_path / "site.db")
    assert await opened.open() == []
    yield opened
    await opened.close()


async def test_rows_come_back_in_order_as_they_are_sent(store: SqliteStore) -> None:
    batch = Batch(
        minutes=(minute(0, 2), minute(1, 1)), decisions=(decision(0),), events=(event(0),), catalogue=("m.a", "m.b")
    )
    await store.write(batch)
    row, other = await store.pending("minute", 0, 10)
    assert other.seq == row.seq + 1
    read = row.named()
    assert read["at"] == "2026-06-01T12:00:00.000Z"
    assert (read["load_w"], read["rung"], read["curtailed"], read["time_trusted"]) == (500.0, "plan", False, True)
    assert (read["cost"], read["points"]) == (0.002, {"m.a": 0.0, "m.b": 0.143})
    assert other.named()["points"] == {"m.a": 1.0, "m.b": None}
    (said,) = await store.pending("decision", 0, 10)
    assert said.named()["reason"] == "wärm"
    (told,) = await store.pending("event", 0, 10)
    assert told.named() == {
        "at": "2026-06-01T12:00:00.000Z", "kind": "start", "severity": "info", "text": "event 0",
    }  # fmt: skip
    assert await store.pending("minute", other.seq, 10) == []
    assert len(await store.pending("minute", 0, 1)) == 1


async def test_every_row_keeps_the_names_it_was_written_with(store: SqliteStore, tmp_path: Path) -> None:
    await store.write(Batch(minutes=(minute(0, 1),), catalogue=("m.a",)))
    await store.write(Batch(minutes=(minute(1, 2),), catalogue=("m.b", "m.a")))
    await store.close()
    again = new_store(tmp_path / "site.db")
    await again.open()
    await again.write(Batch(minutes=(minute(2, 2),)))
    names = [list(row.point_names) for row in await again.pending("minute", 0, 10)]
    await again.close()
    assert names == [["m.a"], ["m.b", "m.a"], ["m.b", "m.a"]]


async def test_more_points_than_names_are_refused_and_nothing_of_the_batch_stays(store: SqliteStore) -> None:
    with pytest.raises(StoreFailure, match="has 2 points, but the catalogue names 1"):
        await store.write(Batch(minutes=(minute(0, 1), minute(1, 2)), events=(event(0),), catalogue=("m.a",)))
    assert await store.pending("event", 0, 10) == []
    await store.write(Batch(minutes=(minute(0, 1),)))
    assert len(await store.pending("minute", 0, 10)) == 1


async def test_kept_documents_are_replaced(store: SqliteStore, tmp_path: Path) -> None:
    assert await store.kept("plan") is None
    await store.write(Batch(kept=(("plan", "1"), ("state", "2"))))
    await store.write(Batch(kept=(("plan", "3"),)))
    assert (await store.kept("plan"), await store.kept("state")) == ("3", "2")
    assert store_reader.kept(tmp_path / "site.db", "plan") == "3"
    assert store_reader.kept(tmp_path / "site.db", "nothing") is None


async def test_acknowledgements_only_rise_and_outlive_a_restart(store: SqliteStore, tmp_path: Path) -> None:
    await store.write(Batch(events=tuple(event(i) for i in range(5))))
    acked, last = (await store.backlog())["event"]
    assert last == acked + 5
    await store.write(Batch(acknowledged=(("event", acked + 3),)))
    await store.write(Batch(acknowledged=(("event", acked + 1),)))
    await store.close()
    again = new_store(tmp_path / "site.db")
    await again.open()
    assert (await again.backlog())["event"] == (acked + 3, last)
    assert store_reader.backlog(tmp_path / "site.db")["event"] == (acked + 3, last)
    await again.close()


async def test_an_acknowledgement_from_the_future_moves_the_numbers_beyond_it(store: SqliteStore) -> None:
    _, last = (await store.backlog())["event"]
    await store.write(Batch(acknowledged=(("event", last + 1000),)))
    await store.write(Batch(events=(event(0),)))
    assert [row.seq for row in await store.pending("event", 0, 10)] == [last + 1001]


async def test_a_newer_file_numbers_above_an_older_one(tmp_path: Path) -> None:
    lasts = []
    for index in range(2):
        store = SqliteStore(tmp_path / f"{index}.db", BERLIN, lambda at=START + timedelta(seconds=index): at)
        await store.open()
        await store.write(Batch(events=tuple(event(i) for i in range(100))))
        lasts.append([row.seq for row in await store.pending("event", 0, 100)])
        await store.close()
    assert lasts[0][-1] < lasts[1][0]


@pytest.mark.parametrize("stream", ["minutes", "", "kept; DROP TABLE kept"])
async def test_an_unknown_stream_is_refused(store: SqliteStore, stream: str) -> None:
    with pytest.raises(StoreFailure, match="no stream called"):
        await store.pending(stream, 0, 10)


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = new_store(tmp_path / "site.db")
    await store.open()
    await store.close()
    with pytest.raises(StoreFailure, match="is closed"):
        await store.write(Batch(events=(event(0),)))


async def test_a_commit_is_one_sync_of_few_pages(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    store = new_store(path)
    await store.open()
    await store.write(Batch(minutes=(minute(0, 50),), catalogue=NAMES, kept=(("state", "x" * 900),)))
    wal = path.with_name("site.db-wal")
    before = wal.stat().st_size
    for index in range(1, 31):
        await store.write(Batch(minutes=(minute(index, 50),), kept=(("state", "x" * 900 + str(index)),)))
    pages = (wal.stat().st_size - before) / (1024 + 24) / 30
    await store.close()
    assert pages <= 5.0


async def test_the_file_of_a_newer_version_is_moved_aside_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"CREATE TABLE {FIRST_TABLE} (x)")  # what it holds is not known here
        connection.execute("CREATE TABLE new_in_it (x)")
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    before = {part: path.with_name(path.name + part).read_bytes() for part in ("", "-wal")}
    connection.close()
    for part, content in before.items():  # as a crash would leave it: its last commits in the log alone
        path.with_name(path.name + part).write_bytes(content)
    with pytest.raises(StoreFailure, match="schema 99"):
        store_reader.backlog(path)
    store = new_store(path)
    (sentence,) = await store.open()
    assert "made by a newer version (schema 99" in sentence
    await store.write(Batch(events=(event(0),)))
    assert len(await store.pending("event", 0, 10)) == 1
    await store.close()
    (aside,) = tmp_path.glob("site.db.schema99-*Z")
    assert {part: aside.with_name(aside.name + part).read_bytes() for part in before} == before


async def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match="which is not there"):
        await new_store(tmp_path / "no" / "site.db").open()
    with pytest.raises(StoreFailure, match="no store at"):
        store_reader.kept(tmp_path / "no" / "site.db", "plan")


async def test_import_is_of_the_time_in_which_the_grid_was_seen_whatever_the_inverter_says(
    store: SqliteStore, tmp_path: Path
) -> None:
    """360 W throughout; for 7 of 15 minutes the inverter is silent and with it the balance, then the meter is, too."""
    lit = [replace(minute(i), grid_w=360.0) for i in range(30)]
    alone = [replace(one, load_w=None, battery_w=None, covered_s=0.0) for one in lit]
    await store.write(Batch(minutes=(*lit[:8], *alone[8:15], *lit[15:24])))
    for _ in range(2):
        rows = await store.imports(START)
        assert sum(row[2] for row in rows) == pytest.approx(24 * 60.0)
        assert sum(row[3] for row in rows) == pytest.approx(24 * 6.0)
        await store.tidy(START + timedelta(minutes=40))
    peak = highest_import(tmp_path / "site.db", START, START + timedelta(hours=1), 900)
    assert peak is not None
    assert peak.import_w == pytest.approx(360.0)


async def test_what_was_imported_is_whole_before_in_and_after_the_roll_ups(store: SqliteStore) -> None:
    """6 Wh a minute, asked for from the second quarter on."""
    await store.write(Batch(minutes=tuple(minute(i) for i in range(40)), catalogue=NAMES))
    since = START + timedelta(minutes=15)
    before = await store.imports(since)
    await store.tidy(START + timedelta(minutes=40))
    await store.write(Batch(minutes=tuple(minute(i) for i in range(40, 50))))
    after = await store.imports(since)
    assert len(after) < len(before) + 10
    assert [sum(row[3] for row in rows) for rows in (before, after)] == pytest.approx([150.0, 210.0])
    assert [sum(row[2] for row in rows) for rows in (before, after)] == pytest.approx([1500.0, 2100.0])
    assert [row[0] for row in after] == sorted(row[0] for row in after)
    assert after[0][0] == since
