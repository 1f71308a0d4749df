"""A store of an earlier version is brought to ours when it is opened, and nothing in it is lost."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.store import row_reader, schema_sql, store_reader
from agent.adapters.store.schema_version import SCHEMA_VERSION
from agent.domain.command_record import CommandRecord, CommandState, Door
from agent.domain.records import MINUTE_FIELDS, Batch, WeatherRow
from agent.domain.setpoint import Rung
from agent.ports import StoreFailure
from tests.adapters.store.store_rows import START, decision, event, minute, new_store

# What version 1 made, word for word.
VERSION_1 = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE minute (seq INTEGER PRIMARY KEY, at, span_s, covered_s, grid_w, pv_w, battery_w, load_w, soc_pct, import_wh, export_wh, charge_wh, discharge_wh, cost, co2_kg, curtailed, rung, time_trusted, catalogue INTEGER, points TEXT);
CREATE TABLE decision (seq INTEGER PRIMARY KEY, at, battery_w, hold_s, rung, reason, outcome, detail);
CREATE TABLE event (seq INTEGER PRIMARY KEY, at, kind, severity, text);
CREATE TABLE stream (name TEXT PRIMARY KEY, acked INTEGER, last INTEGER, rolled INTEGER);
CREATE TABLE catalogue (version INTEGER PRIMARY KEY, names TEXT NOT NULL);
CREATE TABLE kept (name TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE rollup (span TEXT, at, covered_s, curtailed_s, grid_w, pv_w, battery_w, load_w, soc_pct, soc_min_pct, soc_max_pct, import_wh, export_wh, charge_wh, discharge_wh, cost, co2_kg, PRIMARY KEY (span, at)) WITHOUT ROWID;
INSERT INTO stream VALUES ('minute', 1000, 1000, 1003), ('decision', 1000, 1000, 1000), ('event', 1001, 1000, 1000);
INSERT INTO catalogue VALUES (1, '["meter.grid_w"]');
INSERT INTO kept VALUES ('plan', 1780315000, '{"old": 1}');
INSERT INTO event VALUES (1001, 1780315200.0, 'started', 'info', 'the agent has started');
INSERT INTO decision VALUES (1001, 1780315200.5, 1500.0, 60.0, 'rules', 'why', 'applied', '');
INSERT INTO rollup VALUES ('hour', 1780311600, 3600.0, 0.0, 400.0, 200.0, -100.0, 700.0, 50.0, 49.0, 51.0, 400.0, 0.0, 100.0, 0.0, 0.1, 0.2);
PRAGMA user_version = 1;
"""  # noqa: E501
# What version 2 made beside that, word for word.
VERSION_2 = """
CREATE TABLE weather (at INTEGER PRIMARY KEY, temperature_c, ghi_w_m2, cloud_pct);
CREATE TABLE flag (quantity, kind, start, until, reason, PRIMARY KEY (quantity, kind, start)) WITHOUT ROWID;
INSERT INTO weather VALUES (1780308000, 14.0, 200.0, 50.0);
INSERT INTO flag VALUES ('load_w', 'data_fault', 1780300000, 1780303600, 'stuck');
PRAGMA user_version = 2;
"""
# What version 3 made beside that, word for word.
VERSION_3 = """
ALTER TABLE minute ADD COLUMN import_price;
ALTER TABLE minute ADD COLUMN export_price;
ALTER TABLE rollup ADD COLUMN import_price;
ALTER TABLE rollup ADD COLUMN export_price;
CREATE TABLE ledger (at INTEGER PRIMARY KEY, hours, no_battery, rule, paid, hindsight, plan, execution, unsolved, stored_wh);
PRAGMA user_version = 3;
"""  # noqa: E501
# What version 4 called itself: its points are bytes, its tables those of version 3.
VERSION_4 = "PRAGMA user_version = 4;"
LATER_COLUMNS = 22  # of a minute since version 3
TABLES = ("minute", "decision", "event", "stream", "catalogue", "kept", "rollup")


def made_by(version: int, path: Path) -> Path:
    """A store with rows in every table, five minutes of them not rolled up."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("".join((VERSION_1, VERSION_2, VERSION_3, VERSION_4)[:version]))
        for index in range(5):
            values = (1001 + index, 1780315200 + 60 * index, 60, 60.0, 400.0, 200.0, -100.0, 500.0 + index, 50.0)
            rest = (6.0, 0.0, 1.0, 0.0, 0.002, 0.001, 0, "plan", 1, 1, f"[{index}]")
            prices = (None, None) if version >= 3 else ()
            row = (*values, *rest, *prices)
            connection.execute(f"INSERT INTO minute VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    return path


@pytest.fixture(params=[1, 2, 3, 4])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return made_by(request.param, tmp_path / "site.db")


def contents(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}  # noqa: S608


def with_new_columns(before: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """``before`` with what version 3 adds, the prices of minutes, and version 7, unknown."""
    priced = len(before["minute"][0]) == LATER_COLUMNS
    prices = 0 if priced else 2
    added = {"decision": 1, "event": 1, "minute": prices + 1, "rollup": prices + 1}
    return {table: [(*row, *[None] * added.get(table, 0)) for row in rows] for table, rows in before.items()}


def schema(path: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        return {(name, " ".join(text.split())) for name, text in rows}


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_version_is_that_of_what_came_last() -> None:
    assert max(*schema_sql.ALSO_NEW, *(field.since for field in MINUTE_FIELDS)) == SCHEMA_VERSION


async def test_nothing_is_lost_and_the_tables_are_those_of_a_new_file(old: Path, tmp_path: Path) -> None:
    before = contents(old)
    assert all(before.values()), "a table without a row proves nothing"
    store = new_store(old)
    assert await store.open() == []
    await store.close()
    assert contents(old) == with_new_columns(before)
    fresh = new_store(tmp_path / "fresh.db")
    await fresh.open()
    await fresh.close()
    assert schema(old) == schema(tmp_path / "fresh.db")
    assert version(old) == version(tmp_path / "fresh.db") == SCHEMA_VERSION


async def test_it_goes_on_where_the_old_one_ended(old: Path) -> None:
    store = new_store(old)
    await store.open()
    assert await store.kept("plan") == '{"old": 1}'
    row = WeatherRow(START, 15.0, None, None)
    await store.write(Batch(minutes=(minute(5, 1),), events=(event(0),), weather=(row,)))
    assert [row.seq for row in await store.pending("minute", 0, 10)] == [1001, 1002, 1003, 1004, 1005, 1006]
    assert [row.seq for row in await store.pending("event", 0, 10)] == [1001, 1002]
    await store.tidy(START + timedelta(hours=1))
    await store.close()
    found = store_reader.history(old, START - timedelta(hours=1), START + timedelta(hours=1), 3600)
    assert found.load_w == (700.0, None), "six minutes are no hour"
    assert found.weather is not None
    assert found.weather.temperature_c == (None, 15.0)


async def test_weather_and_flags_of_the_second_version_stay(tmp_path: Path) -> None:
    old = made_by(2, tmp_path / "site.db")
    store = new_store(old)
    await store.open()
    assert [(flag.quantity, flag.reason) for flag in await store.flags()] == [("load_w", "stuck")]
    await store.close()
    found = store_reader.history(old, START - timedelta(hours=2), START - timedelta(hours=1), 3600)
    assert found.weather is not None
    assert found.weather.temperature_c == (14.0,)


@pytest.mark.parametrize("table", ["flag", "ledger"])
async def test_an_update_that_fails_leaves_the_old_version(tmp_path: Path, table: str) -> None:
    """The last of the new tables cannot be made, when the others and the columns are there already."""
    old = made_by(1, tmp_path / "site.db")
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(f"CREATE TABLE {table} (theirs)")
        connection.commit()
    before, tables = contents(old), schema(old)
    with pytest.raises(StoreFailure, match=rf"cannot be used: table {table} already exists"):
        await new_store(old).open()
    assert (contents(old), schema(old), version(old)) == (before, tables, 1)


def test_a_reader_that_comes_before_the_update_says_so(old: Path) -> None:
    with pytest.raises(
        StoreFailure, match=r"of an older version \(schema [1-4]\); the agent updates it when it starts"
    ):
        store_reader.kept(old, "plan")


async def test_points_that_were_written_as_text_are_sent_like_those_that_are_bytes(tmp_path: Path) -> None:
    old = made_by(2, tmp_path / "site.db")
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.executescript(VERSION_3)
    store = new_store(old)
    assert await store.open() == []
    await store.write(Batch(minutes=(minute(5, 1),)))
    sent = [row.named()["points"] for row in await store.pending("minute", 0, 10)]
    assert sent == [{"meter.grid_w": value} for value in (0, 1, 2, 3, 4, 5.0)]
    await store.close()
    assert version(old) == SCHEMA_VERSION
    with closing(sqlite3.connect(old)) as connection:
        kinds = [row[0] for row in connection.execute("SELECT typeof(points) FROM minute ORDER BY seq")]
    assert kinds == ["text"] * 5 + ["blob"]


async def test_a_file_that_version_4_made_new_goes_on(tmp_path: Path) -> None:
    """It had the prices behind the points and among the roll-up's columns, not added to a table of version 1."""
    old, prices = tmp_path / "site.db", "import_price, export_price"
    made = (VERSION_1 + VERSION_2 + VERSION_3 + VERSION_4).splitlines()
    made = [line for line in made if not line.startswith("ALTER TABLE") and "INTO rollup" not in line]
    text = (
        "\n".join(made)
        .replace("points TEXT)", f"points TEXT, {prices})")
        .replace("co2_kg, PRIM", f"co2_kg, {prices}, PRIM")
    )
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.executescript(text)
    store = new_store(old)
    assert await store.open() == []
    await store.write(Batch(minutes=tuple(minute(index, 1) for index in range(90))))
    await store.tidy(START + timedelta(hours=2))
    await store.close()
    assert version(old) == SCHEMA_VERSION
    found = store_reader.history(old, START, START + timedelta(hours=1), 60)
    assert found.load_w == (500.0,) * 60
    assert [row.load_w for row in row_reader.rollups(old, "hour", START, START + timedelta(hours=1))] == [500.0]


async def test_the_way_back_is_a_copy_from_before_and_rows_keep_their_numbers(
    old: Path,
) -> None:
    """A version that finds the store of a newer one takes up what was there before that one came."""
    before = contents(old)
    (old.parent / f"{old.name}.before-schema2").write_text("of an earlier update")
    store = new_store(old)
    assert await store.open() == []
    await store.close()
    (copy,) = old.parent.glob(f"{old.name}.before-schema*")
    assert (copy.name, copy.stat().st_mode & 0o777) == (f"{old.name}.before-schema{SCHEMA_VERSION}", 0o600)
    assert contents(copy) == before
    copy.rename(copy.with_name(f"{old.name}.before-schema99"))
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version = 99")
    again = new_store(old)
    moved, taken = await again.open()
    assert "the copy from before was taken up" in moved
    assert "rows of it could still be read" in taken
    assert [row.seq for row in await again.pending("minute", 0, 10)] == [1001, 1002, 1003, 1004, 1005]
    await again.write(Batch(minutes=(minute(5, 1),)))
    assert (await again.pending("minute", 1005, 10))[0].seq > 1_000_000  # none that the newer one may have given
    await again.close()
    assert len(list(old.parent.glob(f"{old.name}.schema99-*Z"))) == 1


@pytest.mark.parametrize("has_copy", [True, False])
async def test_on_the_way_back_what_is_kept_by_name_is_the_newest(old: Path, has_copy: bool) -> None:
    """The newer version may have begun to steer since the copy: what it found at the device is to be given back."""
    store = new_store(old)
    await store.open()
    (copy,) = old.parent.glob(f"{old.name}.before-schema*")
    if has_copy:
        copy.rename(copy.with_name(f"{old.name}.before-schema99"))
    else:
        copy.unlink()
    kept = {"plan": '{"new": 1}', "steering": '{"an address": {"steering": true}}', "settings": '{"its": "own"}'}
    await store.write(Batch(kept=tuple(kept.items())))
    await store.close()
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version = 99")
    again = new_store(old)
    await again.open()
    assert {name: await again.kept(name) for name in kept} == kept | {"settings": None}
    await again.close()


async def test_rows_of_a_later_release_with_words_that_are_not_known_here_stop_nothing(tmp_path: Path) -> None:
    path, came_at = tmp_path / "site.db", START
    store = new_store(path)
    await store.open()
    command = CommandRecord("c1", "hold", Door.PLATFORM, "k", 7, came_at, CommandState.EXECUTING, "", came_at, True)
    rows = Batch(minutes=tuple(minute(i) for i in range(60)), decisions=(decision(0),), commands=(command,))
    await store.write(rows)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE minute SET rung = 'of a later release' WHERE seq % 2")
        connection.execute("UPDATE decision SET rung = 'of a later release'")
        connection.execute("UPDATE command SET state = 'of a later release', door = 'of a later release'")
    await store.tidy(START + timedelta(hours=1))
    end = START + timedelta(hours=1)
    [hour] = row_reader.rollups(path, "hour", START, end)
    assert (hour.covered_s, hour.load_w) == (3600.0, 500.0)
    assert {row.rung for row in row_reader.minutes(path, START, end)} == {None, Rung.PLAN}
    assert [(row.rung, row.reason) for row in row_reader.decisions(path, START, end)] == [(Rung.RULES, "wärm")]
    [found] = await store.commands(10)
    assert (found.counter, found.state.is_final) == (7, False)
    await store.close()


@pytest.mark.parametrize("version", [0, 3, 99])
def test_what_is_no_store_is_not_told_as_one_of_another_version(tmp_path: Path, version: int) -> None:
    empty, theirs = tmp_path / "empty.sqlite3", tmp_path / "theirs.sqlite3"
    empty.touch()
    with closing(sqlite3.connect(theirs)) as connection:
        connection.executescript(f"CREATE TABLE theirs (x); PRAGMA user_version = {version}")
    for path in (empty, theirs):
        with pytest.raises(StoreFailure) as caught:
            store_reader.backlog(path)
        assert str(caught.value) == f"{path} is no store of the agent"


async def test_without_room_for_a_copy_it_is_told_and_the_update_goes_on(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.adapters.store.before_migration.free_bytes", lambda folder: 1000)
    store = new_store(old)
    [told] = await store.open()
    assert "has no room for a copy of it" in told
    await store.close()
    assert version(old) == SCHEMA_VERSION
