"""What can still be read of a database that was moved aside goes into the new one, row by row, in its old numbers."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from agent.adapters.store.schema_sql import STREAMS, insert_sql
from agent.adapters.store.transaction import Transaction
from agent.domain.printable import readable
from agent.domain.sentences import store as say

# The key in whose order a table is read, from both ends: between the two lies what is damaged.
TABLES = {
    "kept": "name", "catalogue": "version", "rollup": "span, at", "ledger": "at", "weather": "at",
    "predicted": "at", "flag": "quantity, kind, start", "command": "rowid", "event": "seq", "decision": "seq",
    "minute": "seq",
}  # fmt: skip
ROWS_AT_ONCE = 2000


def salvage(connection: sqlite3.Connection, damaged: Path) -> str:
    """Copy the rows of ``damaged`` into the new, empty tables of ``connection``. Returns a sentence.

    What cannot be read is left out; what cannot be written raises sqlite3.Error.
    """
    rows = 0
    with closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old:
        old.text_factory = readable
        for table, key in TABLES.items():
            rows += _copy(connection, old, table, key)
        _take_up_marks(connection, old)
    return say.rows_taken_over(rows=rows)


def _copy(connection: sqlite3.Connection, old: sqlite3.Connection, table: str, key: str) -> int:
    known, before = _columns(connection, table), connection.total_changes
    try:
        columns = [name for name in _columns(old, table) if name in known]
    except sqlite3.Error:
        return 0
    for direction in ("ASC", "DESC") if columns else ():
        order = ", ".join(f"{name} {direction}" for name in key.split(", "))
        select = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}"  # noqa: S608 - our own names
        if _pour(connection, insert_sql(table, columns, "INSERT OR IGNORE"), old, select):
            break
    return connection.total_changes - before


def _pour(connection: sqlite3.Connection, insert: str, old: sqlite3.Connection, select: str) -> bool:
    """Copy as far as can be read. True when that was everything."""
    found: sqlite3.Cursor | None = None
    while True:
        try:
            found = found or old.execute(select)
            rows = found.fetchmany(ROWS_AT_ONCE)
        except sqlite3.Error:
            return False
        if not rows:
            return True
        with Transaction(connection):
            connection.executemany(insert, rows)


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
