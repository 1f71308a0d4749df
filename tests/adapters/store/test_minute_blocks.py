"""A time is found by the blocks of minutes wherever a clock has put it, as if every row had been looked at."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store import row_reader, store_reader
from agent.adapters.store.retention import Retention
from agent.domain.records import Batch, MinuteRow, Redate
from tests.adapters.store.store_rows import START, decision, minute, new_store

LOST = datetime(1970, 1, 1, tzinfo=UTC)
ASKED = tuple(START + timedelta(minutes=minutes) for minutes in (-200, 0, 63, 64, 150, 260, 300, 420, 1000))


def minutes(first: int, count: int, by: timedelta = timedelta(0), trusted: bool = True) -> Sequence[MinuteRow]:
    return tuple(
        replace(row, at=row.at + by, load_w=float(first + i), time_trusted=trusted)
        for i, row in enumerate(minute(first + i) for i in range(count))
    )


def looked_up(path: Path, at: datetime) -> float | None:
    """Of every row, the way that needs no block."""
    select = "SELECT load_w FROM minute WHERE at <= ? AND at + span_s > ? ORDER BY seq DESC LIMIT 1"
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute(select, (at.timestamp(), at.timestamp())).fetchone()
    return None if row is None else float(row[0])


def found(path: Path, at: datetime) -> float | None:
    row = row_reader.decision_at(path, at)[1]
    return None if row is None else row.load_w


def blocks(path: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT first_at, until FROM minute_block ORDER BY first_seq").fetchall()


@pytest.mark.parametrize("tidied", [False, True], ids=["no block yet", "in blocks"])
async def test_a_clock_that_was_set_hides_no_minute(tmp_path: Path, tidied: bool) -> None:
    path, store = tmp_path / "site.db", new_store(tmp_path / "site.db", Retention(keep_days=9000, ring_days=9000))
    await store.open()
    parts = (
        minutes(0, 100),
        minutes(100, 100, timedelta(days=300)),  # ahead by most of a year
        minutes(200, 100),
        minutes(100, 60, trusted=False),  # set back: over again
        minutes(300, 40),
    )
    for part in parts:
        await store.write(Batch(minutes=tuple(part), decisions=(decision(-90_000),)))
        if tidied:
            await store.tidy(None)
    assert bool(blocks(path)) is tidied
    for at in (*ASKED, START + timedelta(days=300, minutes=150)):
        assert found(path, at) == looked_up(path, at), at
    steps = store_reader.history(path, START, START + timedelta(minutes=340), 60).load_w
    assert (steps[0], steps[250], steps[339]) == (0.0, 250.0, 339.0)
    await store.close()


async def test_minutes_that_are_dated_anew_are_found_where_they_belong(tmp_path: Path) -> None:
    path, store = tmp_path / "site.db", new_store(tmp_path / "site.db")
    await store.open()
    await store.write(Batch(minutes=tuple(minutes(0, 70)), decisions=(decision(-90_000),)))
    after = tuple((name, last) for name, (_, last) in (await store.backlog()).items())
    await store.write(Batch(minutes=tuple(minutes(70, 80, LOST - START, trusted=False))))
    await store.tidy(None, dated=False)
    before, moved = blocks(path), START + timedelta(minutes=100)
    assert found(path, moved) is None
    by_s = (START - LOST).total_seconds()
    await store.write(Batch(redates=(Redate(after, LOST, LOST + timedelta(days=1), by_s, trusted=True),)))
    assert found(path, moved) == 100.0
    assert len(blocks(path)) < len(before)
    await store.tidy(None)
    assert found(path, moved) == 100.0
    assert blocks(path)[-1][1] == int((START + timedelta(minutes=150)).timestamp())
    await store.close()


async def test_blocks_of_minutes_that_have_left_leave_too(tmp_path: Path) -> None:
    path, store = tmp_path / "site.db", new_store(tmp_path / "site.db", Retention(keep_days=1, ring_days=1))
    await store.open()
    await store.write(Batch(minutes=tuple(minutes(0, 3000))))
    await store.tidy(None)
    assert len(blocks(path)) >= 3000 // 64
    await store.tidy(START + timedelta(minutes=3000))
    assert len(blocks(path)) <= 24
    await store.close()
