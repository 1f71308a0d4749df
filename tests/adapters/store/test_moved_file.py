"""A store whose file is moved, removed or replaced while it is open: nothing goes to where nobody looks."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.records import Batch
from agent.domain.sentence import coded, sentence_of
from agent.ports import StoreFailure
from tests.adapters.store.store_rows import NAMES, event, minute, new_store

PARTS = ("", "-wal", "-shm")


async def _running(path: Path) -> SqliteStore:
    store = new_store(path)
    await store.open()
    await store.write(Batch(minutes=tuple(minute(i, 50) for i in range(20)), catalogue=NAMES, kept=(("plan", "{}"),)))
    return store


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return int(connection.execute("SELECT count(*) FROM minute").fetchone()[0])


@pytest.mark.parametrize("parts", [("",), PARTS, ("", "-wal")], ids=["file alone", "all parts", "file and log"])
@pytest.mark.parametrize("how", ["removed", "moved"])
async def test_what_it_held_is_put_back(tmp_path: Path, how: str, parts: tuple[str, ...]) -> None:
    path = tmp_path / "site.db"
    store = await _running(path)
    for part in parts:
        if how == "removed":
            os.unlink(f"{path}{part}")
        else:
            os.rename(f"{path}{part}", f"{tmp_path / 'elsewhere.db'}{part}")
    await store.write(Batch(minutes=(minute(20, 50),)))
    (sentence,) = store.remarks()
    assert sentence.endswith("was moved or removed while the agent ran; a copy of all it held was put there.")
    seqs = [row.seq for row in await store.pending("minute", 0, 100)]
    assert seqs == list(range(seqs[0], seqs[0] + 21))
    assert await store.kept("plan") == "{}"
    await store.close()
    assert _count(path) == 21
    if how == "moved":
        assert _count(tmp_path / "elsewhere.db") == 20


@pytest.mark.parametrize("parts", [("-wal",), ("-wal", "-shm")], ids=["log alone", "log and index"])
async def test_what_is_in_a_log_that_was_removed_is_put_into_the_file(tmp_path: Path, parts: tuple[str, ...]) -> None:
    """As by whoever puts a backup back. The log holds hours; without it a kill would leave none of them."""
    path = tmp_path / "site.db"
    store = await _running(path)
    for part in parts:
        os.unlink(f"{path}{part}")
    await store.write(Batch(minutes=(minute(20, 50),)))
    (sentence,) = store.remarks()
    assert sentence.startswith(f"The log of the store {path} was moved or removed")
    assert _count(path) == 21  # seen from beside, as after a kill
    await store.write(Batch(minutes=(minute(21, 50),)))
    assert store.remarks() == []
    await store.close()
    assert _count(path) == 22


async def test_a_file_that_was_put_there_instead_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    store = await _running(path)
    other = new_store(tmp_path / "other.db")
    await other.open()
    await other.write(Batch(minutes=tuple(minute(i, 50) for i in range(7)), catalogue=NAMES))
    await other.close()
    os.rename(path, tmp_path / "elsewhere.db")
    os.rename(tmp_path / "other.db", path)
    await store.write(Batch(minutes=(minute(20, 50),)))
    (sentence,) = store.remarks()
    assert "was replaced by another file" in sentence
    await store.close()
    assert (_count(path), _count(tmp_path / "elsewhere.db")) == (8, 20)


async def test_a_folder_that_went_away_is_said_until_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    store = await _running(folder / "site.db")
    shutil.rmtree(folder)
    for _ in range(3):
        with pytest.raises(StoreFailure, match="was moved or removed, and no copy can be made there: ") as failure:
            await store.write(Batch(events=(event(0),)))
        said = coded(sentence_of(failure.value))
        assert said is not None, "it can be said in another language"
        assert said["code"] == "store_not_put_back"
    folder.mkdir()
    await store.write(Batch(events=(event(0),), minutes=(minute(20, 50),)))
    await store.close()
    assert _count(folder / "site.db") == 21
