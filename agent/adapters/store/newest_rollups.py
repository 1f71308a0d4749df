"""Roll-ups up to the last commit: minutes enter them once an hour, and count here at once."""

import sqlite3
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.dating import countable
from agent.adapters.store.minute_blocks import REACH
from agent.adapters.store.store_reader import reading
from agent.domain.records import MinuteRow
from agent.recording.rollups import Rollup, merge, merge_minutes

MOST_WAITING = 2 * 24 * 60  # as many as a store that could not be written may get at once


def spans(path: Path, span: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[Rollup]:
    """The roll-ups of ``span`` that begin in [``start``, ``end``), oldest first, with the minutes that wait for it.

    Those enter the roll-ups once an hour; here they count at once. Raises StoreFailure.
    """
    columns = ", ".join(sql.ROLLUP_COLUMNS)
    select = f"SELECT {columns} FROM rollup WHERE span = ? AND at >= ? AND at < ? ORDER BY at"  # noqa: S608 - own names
    with reading(path) as connection:
        connection.execute("BEGIN")  # no minute is in neither or in both
        found = {
            row.at: row
            for row in map(sql.rollup_row, connection.execute(select, (span, start.timestamp(), end.timestamp())))
        }
        waiting = _waiting(connection)
    for at, new in merge_minutes(waiting, span, zone).items():
        if start <= at < end:
            found[at] = merge((found[at], new), at) if at in found else new
    return [found[at] for at in sorted(found)]


def rolled_until(path: Path, span: str, zone: ZoneInfo) -> datetime | None:
    """The start of the oldest roll-up of ``span`` that minutes wait for; None where none wait. Raises StoreFailure."""
    with reading(path) as connection:
        waiting = _waiting(connection)
    return min(merge_minutes(waiting, span, zone), default=None)


def _waiting(connection: sqlite3.Connection) -> list[MinuteRow]:
    """The minutes that are in no roll-up yet, each once."""
    newer = f"SELECT {', '.join(sql.MINUTE_COLUMNS)} FROM minute WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - own names
    rolled = int(connection.execute("SELECT rolled FROM stream WHERE name = 'minute'").fetchone()[0])
    rows = [sql.minute_row(row) for row in connection.execute(newer, (rolled, MOST_WAITING))]
    return countable(connection, rolled, rows) if rows else []


def minutes(path: Path, start: datetime, end: datetime, zone: ZoneInfo) -> list[Rollup]:
    """The minutes that begin in [``start``, ``end``), oldest first, a roll-up each. Raises StoreFailure."""
    columns = ", ".join(sql.MINUTE_COLUMNS)
    select = (
        f"{REACH} SELECT {columns} FROM reach CROSS JOIN minute ON seq BETWEEN low AND high "  # noqa: S608 - own names
        "WHERE at >= :first AND at < :last AND time_trusted ORDER BY at"
    )
    with reading(path) as connection:
        terms = {"first": start.timestamp(), "last": end.timestamp()}
        rows: list[MinuteRow] = [sql.minute_row(row) for row in connection.execute(select, terms)]
    by_time: dict[datetime, list[MinuteRow]] = {}
    for row in rows:
        by_time.setdefault(row.at, []).append(row)
    return [merge(merge_minutes(found, "quarter", zone).values(), at) for at, found in by_time.items()]
