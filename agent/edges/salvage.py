"""What can still be read of a database that was moved aside goes into the new one, row by row, in its old numbers."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from agent.edges.schema_sql import SCHEMA_VERSION, STREAMS, insert_sql
from agent.edges.transaction import Transaction

# The key in whose order a table is read, from both ends: between the two lies what is damaged.
TABLES = {
    "kept": "name", "catalogue": "version", "rollup": "span, at", "ledger": "at", "weather": "at",
    "flag": "quantity, kind, start", "event": "seq", "decision": "seq", "minute": "seq",
}  # fmt: skip
ROWS_AT_ONCE = 2000


def salvage(connection: sqlite3.Connection, aside: Path) -> str:
    """Copy the rows of ``aside`` into the new, empty tables of ``connection``. Returns a sentence; raises nothing."""
    rows = 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)) as old:
        if int(old.execute("PRAGMA user_version").fetchone()[0]) <= SCHEMA_VERSION:
            for table, key in TABLES.items():
                with suppress(sqlite3.Error):
                    rows += _copy(connection, old, table, key)
            with suppress(sqlite3.Error):
                _take_up_marks(connection, old)
    return f"{rows} rows of it could still be read and were taken over."


def _copy(connection: sqlite3.Connection, old: sqlite3.Connection, table: str, key: str) -> int:
    known = _columns(connection, table)
    columns = [name for name in _columns(old, table) if name in known]
    before = connection.total_changes
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{name} {direction}" for name in key.split(", "))
        select = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}"  # noqa: S608 - our own names
        if _pour(connection, insert_sql(table, columns, "INSERT OR IGNORE"), old, select):
            break
    return connection.total_changes - before


def _pour(connection: sqlite3.Connection, insert: str, old: sqlite3.Connection, select: str) -> bool:
    """Copy as far as can be read. True when that was everything."""
    try:
        found = old.execute(select)
        while rows := found.fetchmany(ROWS_AT_ONCE):
            with Transaction(connection):
                connection.executemany(insert, rows)
    except sqlite3.DatabaseError:
        return False
    return True


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]


def _take_up_marks(connection: sqlite3.Connection, old: sqlite3.Connection) -> None:
    """What the platform has of the old rows. Where that cannot be read it gets all again, and drops what it knows."""
    known: dict[str, tuple[int, int]] = {}
    with suppress(sqlite3.Error):
        for name, acked, rolled in old.execute("SELECT name, acked, rolled FROM stream"):
            known[str(name)] = (int(acked), int(rolled))
    with Transaction(connection):
        for stream in STREAMS:
            lowest, highest = connection.execute(f"SELECT min(seq), max(seq) FROM {stream}").fetchone()  # noqa: S608
            if lowest is not None:
                acked, rolled = known.get(stream, (int(lowest) - 1, int(highest)))
                update = "UPDATE stream SET acked = ?, rolled = ? WHERE name = ?"
                connection.execute(update, (acked, rolled, stream))
