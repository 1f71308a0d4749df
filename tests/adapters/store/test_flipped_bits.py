"""SQLite keeps no checksums: a bit that has flipped in a value passes every check of the file."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.store import row_reader, store_reader
from agent.adapters.store.retention import Retention
from agent.domain.command_record import CommandRecord, CommandState, Door
from agent.domain.records import Batch
from tests.adapters.store.store_rows import START, decision, event, minute, new_store


async def test_a_bit_that_has_flipped_in_a_text_costs_that_text_alone(tmp_path: Path) -> None:
    """It is no UTF-8 any more."""
    path = tmp_path / "site.db"
    store = new_store(path)
    await store.open()
    await store.write(Batch(events=(event(0), event(1)), kept=(("alarms", '["of the store"]'), ("plan", "whole"))))
    await store.close()
    raw = bytearray(path.read_bytes())
    for text in (b"of the store", b"event 0"):
        raw[raw.index(text)] ^= 0x80
    path.write_bytes(raw)
    again = new_store(path)
    assert await again.open() == []
    assert [await again.kept(name) for name in ("alarms", "plan")] == ['["�f the store"]', "whole"]
    assert [row.values[-1] for row in await again.pending("event", 0, 10)] == ["�vent 0", "event 1"]
    assert store_reader.kept_documents(path)["plan"] == "whole"
    await again.close()


@pytest.mark.parametrize("stored", [1e300, -1e15, None, "noon"])
async def test_a_time_that_cannot_be_stops_neither_the_sending_nor_the_upkeep(tmp_path: Path, stored: object) -> None:
    path = tmp_path / "site.db"
    store = new_store(path, Retention(keep_days=1, ring_days=1))
    await store.open()
    rows = Batch(minutes=tuple(minute(i) for i in range(3)), events=(event(0), event(1)), decisions=(decision(0),))
    done = CommandRecord("c1", "hold", Door.SITE, "", None, START, CommandState.SUCCEEDED, "", START, True)
    await store.write(replace(rows, commands=(done,)))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table in ("minute", "event", "decision", "command"):
            first = f"SELECT min(rowid) FROM {table}"  # noqa: S608 - own names
            connection.execute(f"UPDATE {table} SET at = ? WHERE rowid IN ({first})", (stored,))  # noqa: S608
    for stream, many in (("minute", 3), ("event", 2), ("decision", 1)):
        sent = await store.pending(stream, 0, 10)
        assert [row.values[0] for row in sent][:1] == ["1970-01-01T00:00:00.000Z"]
        assert len(sent) == many
    assert [one.id for one in await store.commands(10)] == ["c1"]
    assert await store.tidy(START + timedelta(hours=1)) is not None
    assert len(row_reader.decisions(path, START - timedelta(days=30000), START + timedelta(days=1))) <= 1
    await store.tidy(START + timedelta(days=30))
    await store.close()
