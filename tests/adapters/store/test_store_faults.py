"""What the store does when the disk, the file or the power lets it down."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.adapters.store import ballast, row_reader
from agent.adapters.store.retention import Retention
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from agent.ports import StoreFailure
from tests.adapters.store.store_rows import BERLIN, NAMES, START, decision, event, minute, new_store

ROOT = Path(__file__).parents[3]
KILLS = 25


async def _fill(store: SqliteStore, rows: int = 300) -> None:
    await store.write(Batch(minutes=tuple(minute(i, 50) for i in range(rows)), catalogue=NAMES))


async def _write_until_full(store: SqliteStore) -> int:
    for index in range(2000):
        try:
            await store.write(Batch(events=(event(index),), minutes=(minute(index),)))
        except StoreFailure:
            return index
    raise AssertionError("2000 commits fitted on a disk without room")


async def test_a_full_disk_writes_nothing_and_the_next_write_works(tmp_path: Path) -> None:
    store = new_store(tmp_path / "site.db")
    await store.open()
    await _fill(store, 10)
    connection = store._file.connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    big = Batch(minutes=tuple(minute(i, 50) for i in range(10, 400)), events=(event(0),), kept=(("plan", "new"),))
    with pytest.raises(StoreFailure, match=r"is full: nothing was written$"):
        await store.write(big)
    assert len(await store.pending("minute", 0, 1000)) == 10
    assert (await store.pending("event", 0, 10), await store.kept("plan")) == ([], None)
    connection.execute("PRAGMA max_page_count = 1000000")
    await store.write(big)
    seqs = [row.seq for row in await store.pending("minute", 0, 1000)]
    assert seqs == list(range(seqs[0], seqs[0] + 400))
    await store.close()


ALONE = Retention(keep_days=300, ring_days=300, waits=False)


async def _days(path: Path) -> SqliteStore:
    """Two of them, on a site without a platform."""
    store = new_store(path, ALONE)
    await store.open()
    await store.write(Batch(minutes=tuple(minute(i, 50) for i in range(2880)), catalogue=NAMES, events=(event(0),)))
    await store.write(Batch(decisions=tuple(decision(i) for i in range(100))))
    await store.tidy(START + timedelta(days=2))
    return store


async def test_on_a_full_disk_a_site_without_a_platform_gives_up_its_oldest_minutes_for_new_ones(
    tmp_path: Path,
) -> None:
    path = tmp_path / "site.db"
    store = await _days(path)
    connection = store._file.connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    first = (await store.pending("minute", 0, 1))[0].seq
    for index in range(2880, 2880 + 600, 60):
        await store.write(Batch(minutes=tuple(minute(index + i, 50) for i in range(60))))
        await store.tidy(START + timedelta(minutes=index))
    rows = await store.pending("minute", 0, 5000)
    assert rows[-1].seq - first == 2880 + 600 - 1
    assert 300 < rows[0].seq - first < 1200, "a fifth at a time, as it is needed"
    assert len(await store.pending("event", 0, 10)) == 1
    assert 0 < len(await store.pending("decision", 0, 200)) < 100
    hours = row_reader.rollups(path, "hour", START, START + timedelta(days=2))
    assert sum(hour.covered_s for hour in hours) == 2 * 86400.0
    await store.close()


async def test_while_the_disk_is_full_the_hourly_upkeep_makes_room_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await _days(tmp_path / "site.db")
    before = len(await store.pending("minute", 0, 5000))
    monkeypatch.setattr(ballast, "free_bytes", lambda _: 1_000_000)
    await store.tidy(START + timedelta(days=2))
    assert len(await store.pending("minute", 0, 5000)) == before, "there is the ballast yet"
    (tmp_path / "site.db.ballast").unlink()
    left = []
    for _ in range(3):
        await store.tidy(START + timedelta(days=2))
        left.append(len(await store.pending("minute", 0, 5000)))
    assert 0.7 * before < left[0] < before
    assert left == [left[0]] * 3, "what is free in the file is enough"
    assert "the oldest minutes, whose quarters of an hour stay" in (store.shortage or "")
    monkeypatch.undo()
    await store.tidy(START + timedelta(days=2))
    assert store.shortage is None
    await store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
async def test_a_file_system_without_room(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True).returncode:
        pytest.skip("this machine does not allow a tmpfs to be mounted")
    try:
        store = new_store(small / "site.db")
        await store.open()
        ballast = small / "ballast"
        ballast.write_bytes(b"x" * 700_000)
        written = await _write_until_full(store)
        ballast.unlink()
        await store.write(Batch(events=(event(written),)))
        assert len(await store.pending("event", 0, 5000)) == written + 1
        await store.close()
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("damage", ["header", "pages", "text"])
async def test_a_damaged_file_is_moved_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "site.db"
    store = new_store(path)
    await store.open()
    await _fill(store)
    _, last = (await store.backlog())["minute"]
    await store.close()
    raw = bytearray(path.read_bytes())
    if damage == "header":
        raw[0:16] = b"not a database!!"
    elif damage == "pages":
        raw[4096:40960] = random.Random(1).randbytes(36864)
    else:
        raw = bytearray(b"hello\n" * 100)
    path.write_bytes(raw)
    again = new_store(path)
    sentence, salvaged = await again.open()
    assert "was damaged" in sentence
    assert "a new one was started" in sentence
    assert salvaged.endswith("rows of it could still be read and were taken over.")
    assert bytes(raw) == next(tmp_path.glob("site.db.corrupt-*Z")).read_bytes()
    assert (await again.backlog())["minute"][0] <= last
    await again.write(Batch(events=(event(0),)))
    await again.close()


async def test_two_damaged_files_are_kept(tmp_path: Path) -> None:
    for _ in range(4):
        (tmp_path / "site.db").write_bytes(b"junk" * 200)
        store = SqliteStore(tmp_path / "site.db", BERLIN, lambda: datetime.now(UTC))
        await store.open()
        await store.close()
    assert len(list(tmp_path.glob("site.db.corrupt-*Z"))) == 2


async def test_damage_found_while_running_costs_one_write(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    store = new_store(path)
    await store.open()
    await _fill(store)
    assert store._file.connection is not None
    store._file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store._file.connection.execute("PRAGMA cache_size = 0")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (os.path.getsize(path) - 4096))
    with pytest.raises(StoreFailure):
        await _fill(store)
    await store.write(Batch(minutes=(minute(0, 50),)))
    assert len(await store.pending("minute", 0, 1000)) == 1
    sentence, _ = store.remarks()
    assert "was damaged" in sentence
    await store.close()


@pytest.mark.parametrize("version", [0, 3, 99])
async def test_a_database_of_another_program_is_left_as_it_is(tmp_path: Path, version: int) -> None:
    path = tmp_path / "site.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE states (state)")
        connection.execute(f"PRAGMA user_version = {version}")
    content = path.read_bytes()
    with pytest.raises(StoreFailure, match="is no store of the agent: it has tables of another program"):
        await new_store(path).open()
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir() if not one.name.endswith(".ballast")] == [path.name]


async def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(StoreFailure, match="may not write to"):
        await new_store(tmp_path / "site.db").open()


async def test_a_read_only_file_system_is_said(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root and a machine that allows it")
    try:
        store = new_store(tmp_path / "site.db")
        await store.open()
        await store.close()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(StoreFailure, match="read-only file system"):
            await new_store(tmp_path / "site.db").open()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def _run_and_kill(path: Path, after_s: float) -> list[list[str]]:
    """Start the writer, kill it ``after_s`` seconds after its first commit, and return the whole lines it said."""
    command = [sys.executable, "-m", "tests.adapters.store.store_rows", str(path)]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline(), writer.stdout.readline()]
    assert said[1].startswith("commit"), "".join(said) + writer.stdout.read()
    time.sleep(after_s)
    writer.kill()
    said += writer.stdout.read().splitlines(keepends=True)
    writer.wait()
    # A kill may cut the last line off anywhere, also behind a space.
    return [line.split() for line in said if line.count(" ") == 2 and line.endswith("\n")]


def test_no_commit_is_lost_and_no_seq_reused_when_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    chance = random.Random(7)
    highest = {"minute": 0, "event": 0}
    for _ in range(KILLS):
        (_, *opened), *commits = _run_and_kill(path, chance.uniform(0.0, 0.05))
        # A seq once said is never given again: numbering goes on at or above the last commit that was seen.
        assert int(opened[0]) >= highest["minute"]
        assert int(opened[1]) >= highest["event"]
        highest = {"minute": int(commits[-1][1]), "event": int(commits[-1][2])}
        copy = tmp_path / "copy.db"
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        connection = sqlite3.connect(copy)
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        for stream in ("minute", "event"):
            select = f"SELECT count(*), min(seq), max(seq) FROM {stream}"  # noqa: S608 - our own stream names
            rows, first, last = connection.execute(select).fetchone()
            assert last >= highest[stream]
            assert rows == last - first + 1
        connection.close()
