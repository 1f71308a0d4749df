"""What the daemon finds where its store should be, and how soon the battery is steered all the same."""

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from agent.domain.setpoint import Rung
from tests.faults.catalogue import Outcome, fault
from tests.scenarios.stage import Stage, staged

WITHIN_S = 10.0


async def _two_hours(folder: Path) -> None:
    async with staged(folder) as stage:
        await stage.play(120.0)


async def _goes_on(stage: Stage, began: float, minute: float) -> None:
    assert time.monotonic() - began < WITHIN_S
    await stage.play(minute)
    assert stage.at(minute).rung is Rung.PLAN


@fault(11, injected="the root page of a table overwritten with noise", alarm="store_replaced")
async def test_a_corrupt_database_is_moved_aside_and_salvaged(tmp_path: Path, outcome: Outcome) -> None:
    await _two_hours(tmp_path)
    path = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'decision'").fetchone()[0]
        minutes = connection.execute("SELECT seq, at, load_w, points FROM minute ORDER BY seq").fetchall()
        kept = dict(connection.execute("SELECT name, body FROM kept").fetchall())
    raw = bytearray(path.read_bytes())
    raw[(root - 1) * 1024 : root * 1024] = random.Random(1).randbytes(1024)
    path.write_bytes(raw)
    began = time.monotonic()
    async with staged(tmp_path) as stage:
        await _goes_on(stage, began, 5.0)
        told = [text for kind, _, text in await stage.events() if kind == "store_replaced"]
        assert len(told) == 2
        outcome.raised("store_replaced")
        assert stage.rows("SELECT seq, at, load_w, points FROM minute ORDER BY seq")[: len(minutes)] == minutes
        names = {row[0] for row in stage.rows("SELECT name FROM kept")}
        assert kept.keys() <= names
        assert (await stage.app.store.backlog())["minute"][0] < minutes[0][0], "what was not acknowledged is sent"
    (aside,) = tmp_path.glob("site.sqlite3.corrupt-*Z")
    assert aside.read_bytes() == bytes(raw)


@fault(11, injected="the header overwritten with noise", alarm="store_replaced")
async def test_a_database_without_a_header_is_replaced(tmp_path: Path, outcome: Outcome) -> None:
    await _two_hours(tmp_path)
    path = tmp_path / "site.sqlite3"
    path.write_bytes(random.Random(2).randbytes(4096) + path.read_bytes()[4096:])
    began = time.monotonic()
    async with staged(tmp_path) as stage:
        await _goes_on(stage, began, 5.0)
        told = [text for kind, _, text in await stage.events() if kind == "store_replaced"]
        assert told[1:] == ["0 rows of it could still be read and were taken over."]
        outcome.raised("store_replaced")


@fault(12, injected="user_version raised by one", rows_lost=0, alarm="store_replaced")
async def test_the_database_of_a_newer_version_is_never_written_to(tmp_path: Path, outcome: Outcome) -> None:
    await _two_hours(tmp_path)
    path = tmp_path / "site.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0] + 1
        connection.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    began = time.monotonic()
    async with staged(tmp_path) as stage:
        await _goes_on(stage, began, 5.0)
        (told,) = [text for kind, _, text in await stage.events() if kind == "store_replaced"]
        assert f"made by a newer version (schema {version}" in told
        outcome.raised("store_replaced")
    (aside,) = tmp_path.glob(f"site.sqlite3.schema{version}-*Z")
    outcome.lost(int(aside.read_bytes() != before))
