"""Opening the database file: checked, of our version, and with the settings that make a commit last."""

import json
import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.edges.schema_sql import MIGRATIONS, SCHEMA, SCHEMA_VERSION, STREAMS
from agent.ports import StoreFailure

KEPT_DAMAGED_FILES = 2
BUSY_TIMEOUT_MS = 5000
CHECKPOINT_PAGES = 1000  # 4 MB of WAL: a page that changes every minute reaches the database file a few times a day
CACHE_KB = 500  # a commit touches a few pages; SQLite's own two megabytes would only grow the daemon
SEQ_PER_SECOND = 1000


class StoreTooNew(StoreFailure):
    """The file was made by a newer version of this program. It was not changed."""


@dataclass(slots=True)
class Marks:
    """``acked``: the platform has everything up to here. ``last``: the highest seq ever given."""

    acked: int
    last: int


@dataclass(frozen=True, slots=True)
class Opened:
    connection: sqlite3.Connection
    marks: dict[str, Marks]
    catalogue: tuple[int, tuple[str, ...]]
    sentences: list[str]


class Transaction:
    """BEGIN IMMEDIATE, then COMMIT, or ROLLBACK when anything in between, or the commit itself, fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def open_file(path: Path, now: datetime) -> Opened:
    """Open, check and if need be make the file. ``now`` dates a new file and names a damaged one.

    Raises StoreTooNew, and StoreFailure when the folder or the file cannot be used.
    """
    if not path.parent.is_dir():
        raise StoreFailure(f"the folder {path.parent} for the store does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreFailure(f"the folder {path.parent} for the store cannot be written to")
    sentences: list[str] = []
    try:
        connection = _checked(path)
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise StoreFailure(f"the store {path} cannot be opened: {error}") from error
        sentences.append(_move_aside(path, now, str(error)))
        connection = _checked(path)
    try:
        _prepare(connection, path, now)
        return Opened(connection, _read_marks(connection), _read_catalogue(connection), sentences)
    except sqlite3.Error as error:
        connection.close()
        raise StoreFailure(f"the store {path} cannot be used: {error}") from error
    except StoreFailure:
        connection.close()
        raise


def _checked(path: Path) -> sqlite3.Connection:
    """A connection to a file that passed quick_check. Nothing has been changed."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if verdict != "ok":
            damage = sqlite3.DatabaseError(verdict)
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _move_aside(path: Path, now: datetime, reason: str) -> str:
    aside = path.with_name(f"{path.name}.corrupt-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    older = sorted(path.parent.glob(f"{path.name}.corrupt-*Z"), reverse=True)[KEPT_DAMAGED_FILES:]
    for old in older:
        for suffix in ("", "-wal", "-shm"):
            old.with_name(old.name + suffix).unlink(missing_ok=True)
    return f"The store {path} was damaged ({reason}); it was moved to {aside.name} and a new one was started."


def _prepare(connection: sqlite3.Connection, path: Path, now: datetime) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"the store {path} was made by a newer version (schema {version}, this program knows {SCHEMA_VERSION}); "
            "it was not changed"
        )
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", 2):
        raise StoreFailure(f"the store {path} cannot be made to last (journal {mode}, synchronous {synchronous})")
    if version == 0:
        _create(connection, now)
    elif version < SCHEMA_VERSION:
        _migrate(connection, version)


def _create(connection: sqlite3.Connection, now: datetime) -> None:
    """Make the tables. Numbering begins at the time, so that no seq of a file that was lost is given again."""
    first = int(now.timestamp()) * SEQ_PER_SECOND
    with Transaction(connection):
        for statement in SCHEMA:
            connection.execute(statement)
        for name in STREAMS:
            connection.execute("INSERT INTO stream VALUES (?, ?, ?, ?)", (name, first, first, first))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the file of an older version to ours in one transaction: what is in it stays as it is."""
    with Transaction(connection):
        for newer in range(version + 1, SCHEMA_VERSION + 1):
            for statement in MIGRATIONS[newer]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _read_marks(connection: sqlite3.Connection) -> dict[str, Marks]:
    marks: dict[str, Marks] = {}
    for name, acked, last in connection.execute("SELECT name, acked, last FROM stream").fetchall():
        highest = connection.execute(f"SELECT max(seq) FROM {name}").fetchone()[0]  # noqa: S608 - our own stream names
        marks[name] = Marks(acked, max(last, highest or 0))
    return marks


def _read_catalogue(connection: sqlite3.Connection) -> tuple[int, tuple[str, ...]]:
    row = connection.execute("SELECT version, names FROM catalogue ORDER BY version DESC LIMIT 1").fetchone()
    return (0, ()) if row is None else (int(row[0]), tuple(json.loads(row[1])))
