"""Rows of the store as nouns, read from another process: minutes, decisions, roll-ups and the ledger. Read-only."""

from datetime import datetime
from pathlib import Path

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.minute_blocks import REACH
from agent.adapters.store.side_tables import read_ledger
from agent.adapters.store.store_reader import reading
from agent.domain.ledger import Entry
from agent.domain.records import DecisionRow, MinuteRow
from agent.recording.rollups import Rollup


def decision_at(path: Path, at: datetime) -> tuple[DecisionRow | None, MinuteRow | None]:
    """The decision in force at ``at`` (UTC) and the minute that was measured then; None where nothing was written."""
    decisions, minutes = ", ".join(sql.DECISION_COLUMNS), ", ".join(sql.MINUTE_COLUMNS)
    last = f"SELECT {decisions} FROM decision WHERE at <= ? ORDER BY at DESC LIMIT 1"  # noqa: S608 - own names
    around = (
        f"{REACH} SELECT {minutes} FROM reach CROSS JOIN minute ON seq BETWEEN low AND high "  # noqa: S608 - own names
        "WHERE at <= :last AND at + span_s > :first ORDER BY seq DESC LIMIT 1"
    )
    with reading(path) as connection:
        decision = connection.execute(last, (at.timestamp(),)).fetchone()
        minute = connection.execute(around, {"first": at.timestamp(), "last": at.timestamp()}).fetchone()
    return (
        None if decision is None else sql.decision_row(decision),
        None if minute is None else sql.minute_row(minute),
    )


def minutes(path: Path, start: datetime, end: datetime) -> list[MinuteRow]:
    """The minutes that begin in [``start``, ``end``) and whose time was trusted, oldest first; without their points."""
    columns = ", ".join(sql.MINUTE_COLUMNS)
    select = (
        f"{REACH} SELECT {columns} FROM reach CROSS JOIN minute ON seq BETWEEN low AND high "  # noqa: S608 - own names
        "WHERE at >= :first AND at < :last AND time_trusted ORDER BY at"
    )
    with reading(path) as connection:
        found = connection.execute(select, {"first": start.timestamp(), "last": end.timestamp()}).fetchall()
    return [sql.minute_row(row) for row in found]


def newest_minute(path: Path) -> MinuteRow | None:
    """The minute that was written last; None where none was."""
    select = f"SELECT {', '.join(sql.MINUTE_COLUMNS)} FROM minute ORDER BY seq DESC LIMIT 1"  # noqa: S608 - own names
    with reading(path) as connection:
        row = connection.execute(select).fetchone()
    return None if row is None else sql.minute_row(row)


def decisions(path: Path, start: datetime, end: datetime) -> list[DecisionRow]:
    """The decisions from ``start`` to before ``end`` (UTC), oldest first, led by the one in force at ``start``."""
    columns = ", ".join(sql.DECISION_COLUMNS)
    since = "coalesce((SELECT max(at) FROM decision WHERE at <= ?), ?)"
    select = f"SELECT {columns} FROM decision WHERE at >= {since} AND at < ? ORDER BY at"  # noqa: S608 - own names
    with reading(path) as connection:
        found = connection.execute(select, (start.timestamp(), start.timestamp(), end.timestamp())).fetchall()
    return [sql.decision_row(row) for row in found]


def rollups(path: Path, span: str, start: datetime, end: datetime) -> list[Rollup]:
    """The roll-ups of ``span`` (quarter, hour, day, month) that begin in [``start``, ``end``), oldest first."""
    columns = ", ".join(sql.ROLLUP_COLUMNS)
    select = f"SELECT {columns} FROM rollup WHERE span = ? AND at >= ? AND at < ? ORDER BY at"  # noqa: S608 - own names
    with reading(path) as connection:
        return [sql.rollup_row(row) for row in connection.execute(select, (span, start.timestamp(), end.timestamp()))]


def ledger(path: Path, start: datetime, end: datetime) -> list[Entry]:
    """The settled hours that begin in [``start``, ``end``), oldest first. An hour that did not count is not there."""
    with reading(path) as connection:
        return read_ledger(connection, start, end)
