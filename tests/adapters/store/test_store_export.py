"""Every row of the store as its owner gets it, over the edges of pages."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.store import store_export
from agent.adapters.store.schema_sql import SCHEMA
from agent.domain.ledger import Amounts, Entry
from agent.domain.records import Batch
from tests.adapters.store.store_rows import NAMES, START, decision, event, minute, new_store

TABLES = {table.name: table for table in store_export.TABLES}


async def filled(path: Path, minutes: int) -> None:
    store = new_store(path)
    await store.open()
    rows = tuple(minute(index, points=len(NAMES) if index % 2 else 0) for index in range(minutes))
    entry = Entry(START, Amounts(1, 1_500_000, 2, 3, 4, 5, 6, 0), 7000.0)
    batch = Batch(minutes=rows, events=(event(0),), decisions=(decision(0),), catalogue=NAMES, ledger=(entry,))
    await store.write(batch)
    await store.close()


async def test_every_row_is_told_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_export, "ROWS_AT_ONCE", 4)
    path = tmp_path / "site.sqlite3"
    await filled(path, 8)  # two whole pages
    found = list(store_export.rows(path, TABLES["readings"]))
    expected = [START + timedelta(minutes=index) for index in range(8)]
    assert [row[0] for row in found] == [at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in expected]
    assert store_export.count(path, TABLES["readings"]) == 8


async def test_what_was_read_of_the_devices_has_a_column_each(tmp_path: Path) -> None:
    path = tmp_path / "site.sqlite3"
    await filled(path, 3)
    [(version, names)] = store_export.catalogues(path)
    assert names == NAMES
    found = list(store_export.points(path, version, names))
    assert [len(row) for row in found] == [len(NAMES) + 1] * 3
    assert found[0][1:] == (None,) * len(NAMES)
    assert found[1][1:3] == (1.0, pytest.approx(1 + 1 / 7, abs=0.001))


async def test_money_is_in_the_currency_and_an_hour_is_told_in_its_time(tmp_path: Path) -> None:
    path = tmp_path / "site.sqlite3"
    await filled(path, 1)
    [entry] = store_export.rows(path, TABLES["savings"])
    assert entry[:4] == ("2026-06-01T12:00:00Z", 1, 1.5, 2e-06)


def test_every_table_of_the_store_is_exported_or_is_about_sending() -> None:
    made = {statement.split()[2] for statement in SCHEMA if statement.startswith("CREATE TABLE")}
    assert made - {table.table for table in store_export.TABLES} == {"stream", "catalogue", "kept", "minute_block"}
