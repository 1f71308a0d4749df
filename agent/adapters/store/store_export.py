"""All rows of the store as tables for its owner: read a page at a time, while the daemon writes.

A page is a short read of its own: a long one would keep SQLite's log from being emptied.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.points_blob import from_blob
from agent.adapters.store.schema_version import FLAG_COLUMNS, WEATHER_COLUMNS
from agent.adapters.store.store_reader import reading
from agent.domain.ledger import MICRO

ROWS_AT_ONCE = 2000
TIMES = {"at", "came_at", "start", "until", "made_at"}
MONEY = {"no_battery", "rule", "paid", "hindsight", "plan", "execution"}  # millionths in the store
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ExportTable:
    """``name`` is for people; ``columns`` are those of ``table``; ``key`` orders it and is its only sort of number."""

    name: str
    table: str
    columns: tuple[str, ...]
    key: str
    what: str


TABLES = (
    ExportTable("readings", "minute", sql.MINUTE_COLUMNS, "seq", "means of each minute"),
    ExportTable("decisions", "decision", sql.DECISION_COLUMNS[:-1], "seq", "orders to the battery, with their reasons"),
    ExportTable("events", "event", sql.EVENT_COLUMNS[:-1], "seq", "what happened, alarms among it"),
    ExportTable("commands", "command", sql.COMMAND_COLUMNS[:-1], "rowid", "what was asked, by whom, what became of it"),
    ExportTable("rollups", "rollup", ("span", *sql.ROLLUP_COLUMNS), "rowid", "quarters, hours, days and months"),
    ExportTable("savings", "ledger", sql.LEDGER_COLUMNS, "at", "settled hours: bills, and what was lost where"),
    ExportTable("plans_of_days", "predicted", sql.PREDICTED_COLUMNS, "at", "what the last plan before a day expected"),
    ExportTable("weather", "weather", ("at", *WEATHER_COLUMNS), "at", "what the weather feed said of each hour"),
    ExportTable("doubted", "flag", FLAG_COLUMNS, "start", "measurements that are not believed, or unusual"),
)
PAGED = {"seq", "at"}  # keys that are one number a row


def count(path: Path, table: ExportTable) -> int:
    """Raises StoreFailure, as all here."""
    with reading(path) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table.table}").fetchone()[0])  # noqa: S608 - own names


def rows(path: Path, table: ExportTable) -> Iterator[Row]:
    """Oldest first; times as ISO 8601 in UTC, money in the currency. Rows that come meanwhile may be among them."""
    columns = ", ".join(table.columns)
    for found in _pages(path, table, columns) if table.key in PAGED else _whole(path, table, columns):
        yield tuple(_told(table, name, value) for name, value in zip(table.columns, found, strict=True))


def catalogues(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    """Which quantities were read of the devices, by version: the columns of ``points``."""
    with reading(path) as connection:
        found = connection.execute("SELECT version, names FROM catalogue ORDER BY version").fetchall()
    return [(int(version), tuple(json.loads(names))) for version, names in found]


def points(path: Path, version: int, names: Sequence[str]) -> Iterator[Row]:
    """Of each minute its time and what was read of the devices, in the order of ``names``; None is missing."""
    last = -1
    select = "SELECT seq, at, points FROM minute WHERE catalogue = ? AND seq > ? ORDER BY seq LIMIT ?"
    while True:
        with reading(path) as connection:
            page = connection.execute(select, (version, last, ROWS_AT_ONCE)).fetchall()
        for _, at, blob in page:
            read = [] if blob is None else from_blob(blob)[: len(names)]
            yield (_time(at), *read, *[None] * (len(names) - len(read)))
        if len(page) < ROWS_AT_ONCE:
            return
        last = page[-1][0]


def _pages(path: Path, table: ExportTable, columns: str) -> Iterator[Row]:
    last = -1
    select = f"SELECT {table.key}, {columns} FROM {table.table} WHERE {table.key} > ? ORDER BY 1 LIMIT ?"  # noqa: S608
    while True:
        with reading(path) as connection:
            page = connection.execute(select, (last, ROWS_AT_ONCE)).fetchall()
        yield from (row[1:] for row in page)
        if len(page) < ROWS_AT_ONCE:
            return
        last = page[-1][0]


def _whole(path: Path, table: ExportTable, columns: str) -> Iterator[Row]:
    order = "span, at" if table.table == "rollup" else table.key
    with reading(path) as connection:
        page = connection.execute(f"SELECT {columns} FROM {table.table} ORDER BY {order}").fetchall()  # noqa: S608
    yield from page


def _told(table: ExportTable, name: str, value: object) -> object:
    if name in TIMES:
        return _time(value)
    if table.table in ("ledger", "predicted") and name in MONEY and isinstance(value, int):
        return value / MICRO
    return value


def _time(value: object) -> str:
    at = datetime.fromtimestamp(float(str(value)), UTC)
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
