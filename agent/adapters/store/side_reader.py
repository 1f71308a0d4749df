"""The flags on what is doubted and the weather feed's words, read from the store."""

import sqlite3
from datetime import UTC, datetime

from agent.adapters.store.schema_version import FLAG_COLUMNS, WEATHER_COLUMNS
from agent.domain.horizon import Horizon
from agent.domain.suspect import Suspect
from agent.domain.weather import Weather
from agent.domain.weather_raster import HOUR_S


def read_flags(connection: sqlite3.Connection, start: datetime | None = None) -> list[Suspect]:
    """The flags on measurements that end after ``start``, oldest first; all without it."""
    after = 0 if start is None else int(start.astimezone(UTC).timestamp())
    select = f"SELECT {', '.join(FLAG_COLUMNS)} FROM flag WHERE until > ? ORDER BY start, quantity"  # noqa: S608
    return [_suspect(*row) for row in connection.execute(select, (after,))]


def _suspect(quantity: str, kind: str, start: int, until: int, reason: str) -> Suspect:
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (start, until))
    return Suspect(quantity, begin, end, kind, reason)


def read_weather(connection: sqlite3.Connection, hours: Horizon) -> Weather | None:
    """What was said of each of ``hours``; None where nothing ever was."""
    select = f"SELECT (at - ?) / ?, {', '.join(WEATHER_COLUMNS)} FROM weather WHERE at >= ? AND at < ?"  # noqa: S608
    first, end = int(hours.start.timestamp()), int(hours.end.timestamp())
    found = connection.execute(select, (first, HOUR_S, first, end)).fetchall()
    if not found:
        return None
    columns: list[list[float | None]] = [[None] * hours.steps for _ in WEATHER_COLUMNS]
    for hour, *values in found:
        for column, value in zip(columns, values, strict=True):
            column[hour] = value
    return Weather(hours, *(tuple(column) if any(v is not None for v in column) else () for column in columns))
