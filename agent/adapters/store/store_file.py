"""Opening the database file: checked, of our version, and with the settings that make a commit last."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.adapters.host.durable_files import sync_file, sync_folder
from agent.adapters.store.before_migration import copy_before, keep_copy
from agent.adapters.store.minute_blocks import forget_blocks
from agent.adapters.store.moved_file import Identity, identity
from agent.adapters.store.salvage import salvage
from agent.adapters.store.schema_sql import MIGRATIONS, SCHEMA, STREAMS
from agent.adapters.store.schema_version import FIRST_TABLE, SCHEMA_VERSION
from agent.adapters.store.set_aside import PARTS, finish_setting_aside, new_file, set_aside
from agent.adapters.store.transaction import Transaction
from agent.domain.documents import CLOCK, SETTINGS
from agent.domain.printable import readable
from agent.domain.sentences import store as say
from agent.ports import StoreFailure
from agent.settings.store_path import path_trouble

BUSY_TIMEOUT_MS = 5000
PAGE_BYTES = 1024  # a minute's commit then changes one page of a thousand bytes; older files keep their 4096
CHECKPOINT_BYTES = 4_096_000  # of WAL: a page that changes every minute reaches the database file a few times a day
CACHE_KB = 500  # a commit touches a few pages; SQLite's own two megabytes would only grow the daemon
SEQ_PER_SECOND = 1000
# Of what a newer version has kept: the seqs of its rows, and its settings, which this one reads only from itself.
ITS_OWN = (CLOCK.name, SETTINGS.name)

KeptRows = list[tuple[str, int, str]]


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
    identity: Identity | None
    salvaged: bool


def open_file(path: Path, now: datetime, failing: str | None = None) -> Opened:
    """Open, check and if need be make the file. ``now`` dates a new file and names one that is moved aside.

    A damaged file, one that is ``failing`` (why), and one that a newer version has made is moved aside as it is and a
    new one is made; what can still be read of one that is damaged or failing is taken over, and of one that is newer
    the copy that was made before, and what it keeps by name. Raises StoreFailure when folder or file cannot be used.
    """
    trouble = path_trouble(path)
    if trouble is not None and trouble.lasting:
        raise StoreFailure(say.store_misplaced(reason=trouble.reason, remedy=trouble.remedy))
    sentences: list[str] = []
    try:
        finish_setting_aside(path)
        connection, salvaged = _checked_or_new(path, now, sentences, failing)
    except OSError as error:
        raise StoreFailure(say.store_unusable(path=str(path), cause=error.strerror or str(error))) from error
    except sqlite3.Error as error:
        raise StoreFailure(say.store_not_opened(path=str(path), cause=str(error))) from error
    try:
        _prepare(connection, path, now, sentences)
        marks, catalogue = _read_marks(connection), _read_catalogue(connection)
        return Opened(connection, marks, catalogue, sentences, identity(path), salvaged)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise StoreFailure(say.store_unusable(path=str(path), cause=str(error))) from error
    except StoreFailure:
        connection.close()
        raise


def _checked_or_new(
    path: Path, now: datetime, sentences: list[str], failing: str | None
) -> tuple[sqlite3.Connection, bool]:
    """A connection, and whether its file is new and holds what was salvaged of another."""
    try:
        newer = _newer_version(path)
        if newer is not None:
            sentences += _without_newer(path, *newer, now)
        elif failing is not None and path.exists():
            sentences += _replace(path, "failed", failing, now)
            return _checked(path), True
        return _checked(path), False
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        sentences += _replace(path, "corrupt", say.was_damaged(cause=str(error)), now)
        return _checked(path), True


def _replace(path: Path, label: str, reason: str, now: datetime) -> list[str]:
    """Make a new file of what can be read of ``path``, then move that aside, then put the new one in its place.

    A power cut in between leaves the old file, or one that is whole. Returns sentences.
    """
    aside, salvaged = _renewed(path, path, label, now)
    return [say.store_set_aside(path=str(path), why=reason, aside=aside.name), salvaged]


def _without_newer(path: Path, newer: int, kept: KeptRows, now: datetime) -> list[str]:
    """Move the file of a newer version aside; what was there before that one came is taken up. Returns sentences.

    What was ``kept`` by name since then counts: what was found at the devices, the month's peak, counters of commands.
    """
    copy = copy_before(path, newer)
    has_copy = copy.exists()
    aside, salvaged = _renewed(path, copy if has_copy else None, f"schema{newer}", now, kept)
    told = say.copy_from_before_taken if has_copy else say.newer_store_set_aside
    moved = told(path=str(path), number=newer, newest=SCHEMA_VERSION, aside=aside.name)
    return [moved, salvaged] if has_copy else [moved]


def _renewed(
    path: Path, source: Path | None, label: str, now: datetime, kept: KeptRows | None = None
) -> tuple[Path, str]:
    """Where ``path`` was moved, and a sentence about the rows of ``source`` that are in its place now."""
    new = new_file(path)
    for part in PARTS:
        new.with_name(new.name + part).unlink(missing_ok=True)
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        _prepare(connection, new, now, [])
        salvaged = "" if source is None else salvage(connection, source)
        with Transaction(connection):
            connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", kept or ())
    sync_file(new)
    aside = set_aside(path, label, now)
    new.rename(path)
    sync_folder(path.parent)
    return aside, salvaged


def _newer_version(path: Path) -> tuple[int, KeptRows] | None:
    """The schema of a file that is newer than ours, and what it keeps by name. It is looked at without writing, so not
    even its log moves.

    Raises StoreFailure where it is another program's.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
        reader.text_factory = readable
        try:
            version = _version(reader)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            # After a power cut the log's index must be written first. The reader is the last one to close it, and may
            # not move the log into the database.
            with closing(sqlite3.connect(path)) as recovering:
                _version(recovering)
                version = _version(reader)
        if version <= SCHEMA_VERSION:
            return None
        _refuse_another_programs(reader, path)
        return version, _kept_rows(reader)


def _kept_rows(reader: sqlite3.Connection) -> KeptRows:
    """Name, time and text of each document; none where that version keeps them in another way."""
    try:
        rows = reader.execute("SELECT name, at, body FROM kept").fetchall()
    except sqlite3.Error:
        return []
    return [(str(name), int(at), str(body)) for name, at, body in rows if name not in ITS_OWN]


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _checked(path: Path) -> sqlite3.Connection:
    """A connection to a file that passed quick_check. Nothing has been changed."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.text_factory = readable
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if verdict != "ok":
            damage = sqlite3.DatabaseError(verdict)
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage
        _refuse_another_programs(connection, path)
    except (sqlite3.Error, StoreFailure):
        connection.close()
        raise
    return connection


def _refuse_another_programs(connection: sqlite3.Connection, path: Path) -> None:
    """Nothing is written into it: it may be anybody's."""
    names = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if names and FIRST_TABLE not in names:
        raise StoreFailure(say.store_of_another_program(path=str(path)))


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _prepare(connection: sqlite3.Connection, path: Path, now: datetime, sentences: list[str]) -> None:
    version = _version(connection)
    if version == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_BYTES // page_bytes}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", 2):
        raise StoreFailure(f"the store {path} cannot be made to last (journal {mode}, synchronous {synchronous})")
    if version == 0:
        _create(connection, now)
    elif version < SCHEMA_VERSION:
        no_copy = keep_copy(connection, path, SCHEMA_VERSION)
        sentences += [] if no_copy is None else [no_copy]
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


def drop_unconfirmed(connection: sqlite3.Connection, known: dict[str, Marks]) -> dict[str, Marks]:
    """After a commit that failed at its last step its rows may be in the file all the same: they are written again."""
    with Transaction(connection):
        for stream, marks in known.items():
            connection.execute(f"DELETE FROM {stream} WHERE seq > ?", (marks.last,))  # noqa: S608 - our own names
        if "minute" in known:
            forget_blocks(connection, known["minute"].last)
    return _read_marks(connection)


def _read_catalogue(connection: sqlite3.Connection) -> tuple[int, tuple[str, ...]]:
    row = connection.execute("SELECT version, names FROM catalogue ORDER BY version DESC LIMIT 1").fetchone()
    return (0, ()) if row is None else (int(row[0]), tuple(json.loads(row[1])))
