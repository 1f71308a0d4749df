"""Rows of a commit that failed at its last step are in the file, perhaps, and wait in memory: they are written once."""

import sqlite3
from pathlib import Path

import pytest

from agent.adapters.store import sqlite_store, store_connection
from agent.adapters.store.store_file import Marks, drop_unconfirmed
from agent.adapters.store.transaction import Transaction
from agent.domain.records import Batch
from agent.ports import StoreFailure
from tests.adapters.store.store_rows import event, new_store


def failure(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


class Unsure(Transaction):
    """Commits, and is told that it did not."""

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        super().__exit__(kind, error, trace)
        raise failure(sqlite3.SQLITE_IOERR)


async def test_they_are_taken_out_also_where_the_first_try_of_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path / "site.db")
    await store.open()
    await store.write(Batch(events=(event(0),)))
    with monkeypatch.context() as lost:
        lost.setattr(sqlite_store, "Transaction", Unsure)
        with pytest.raises(StoreFailure):
            await store.write(Batch(events=(event(1),)))

    def full(connection: sqlite3.Connection, known: dict[str, Marks]) -> dict[str, Marks]:
        raise failure(sqlite3.SQLITE_FULL)

    with monkeypatch.context() as short:
        short.setattr(store_connection, "drop_unconfirmed", full)
        with pytest.raises(StoreFailure, match="is full"):
            await store.write(Batch(events=(event(1),)))
    assert store_connection.drop_unconfirmed is drop_unconfirmed
    await store.write(Batch(events=(event(1),)))
    found = [row.values for row in await store.pending("event", 0, 10)]
    assert len(found) == 2
    await store.close()
