"""What stands beside the measurements in the store: the weather feed's words, flags on what is doubted, the ledger,
what plans expect of a day.

None of it is a stream: nothing waits for the platform.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from agent.adapters.store import schema_sql as sql
from agent.domain.horizon import Horizon
from agent.domain.ledger import Entry, PredictedDay
from agent.domain.records import Flags, WeatherRow
from agent.domain.suspect import Suspect
from agent.domain.weather import Weather
from agent.domain.weather_raster import HOUR_S

# The first word of an hour stays; a later one only adds what that one did not say.
_NOTE_WEATHER = (
    sql.insert_sql("weather", ("at", *sql.WEATHER_COLUMNS))
    + " ON CONFLICT (at) DO UPDATE SET "
    + ", ".join(f"{name} = coalesce({name}, excluded.{name})" for name in sql.WEATHER_COLUMNS)
    + " WHERE "
    + " OR ".join(f"{name} IS NULL AND excluded.{name} IS NOT NULL" for name in sql.WEATHER_COLUMNS)
)
_EXTEND_FLAG = """
UPDATE flag SET until = max(until, :until), reason = :reason
WHERE quantity = :quantity AND kind = :kind AND start < :since AND until >= :since
"""


def note_weather(connection: sqlite3.Connection, rows: Sequence[WeatherRow]) -> None:
    """Write down what the feed said. Inside the caller's transaction, as all that writes here."""
    connection.executemany(_NOTE_WEATHER, [sql.weather_values(row) for row in rows])


def read_weather(connection: sqlite3.Connection, hours: Horizon) -> Weather | None:
    """What was said of each of ``hours``; None where nothing ever was."""
    select = f"SELECT (at - ?) / ?, {', '.join(sql.WEATHER_COLUMNS)} FROM weather WHERE at >= ? AND at < ?"  # noqa: S608
    first, end = int(hours.start.timestamp()), int(hours.end.timestamp())
    found = connection.execute(select, (first, HOUR_S, first, end)).fetchall()
    if not found:
        return None
    columns: list[list[float | None]] = [[None] * hours.steps for _ in sql.WEATHER_COLUMNS]
    for hour, *values in found:
        for column, value in zip(columns, values, strict=True):
            column[hour] = value
    return Weather(hours, *(tuple(column) if any(v is not None for v in column) else () for column in columns))


def prune_weather(connection: sqlite3.Connection, before: datetime) -> None:
    """Forget what was said of hours before ``before``."""
    connection.execute("DELETE FROM weather WHERE at < ?", (int(before.timestamp()),))


def note_flags(connection: sqlite3.Connection, flags: Flags | None) -> None:
    """Replace the flags since ``flags.since``. Older ones stay, and grow where a stretch goes on beyond that."""
    if flags is None:
        return
    since = int(flags.since.timestamp())
    connection.execute("DELETE FROM flag WHERE start >= ?", (since,))
    replace = sql.insert_sql("flag", sql.FLAG_COLUMNS, "REPLACE")
    for suspect in flags.suspects:
        values = sql.flag_values(suspect)
        named = dict(zip(sql.FLAG_COLUMNS, values, strict=True)) | {"since": since}
        if suspect.start <= flags.since and connection.execute(_EXTEND_FLAG, named).rowcount:
            continue
        connection.execute(replace, values)


def read_flags(connection: sqlite3.Connection, start: datetime | None = None) -> list[Suspect]:
    """The flags on measurements that end after ``start``, oldest first; all without it."""
    after = 0 if start is None else int(start.astimezone(UTC).timestamp())
    select = f"SELECT {', '.join(sql.FLAG_COLUMNS)} FROM flag WHERE until > ? ORDER BY start, quantity"  # noqa: S608
    return [sql.flag_row(row) for row in connection.execute(select, (after,))]


def prune_flags(connection: sqlite3.Connection, before: datetime) -> None:
    """Forget flags on measurements before ``before``."""
    connection.execute("DELETE FROM flag WHERE until < ?", (int(before.timestamp()),))


def note_ledger(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Write settled hours down. An hour that is settled again replaces itself."""
    replace = sql.insert_sql("ledger", sql.LEDGER_COLUMNS, "REPLACE")
    connection.executemany(replace, [sql.ledger_values(entry) for entry in entries])


def read_ledger(connection: sqlite3.Connection, start: datetime, end: datetime) -> list[Entry]:
    """The settled hours that begin in [``start``, ``end``), oldest first."""
    select = f"SELECT {', '.join(sql.LEDGER_COLUMNS)} FROM ledger WHERE at >= ? AND at < ? ORDER BY at"  # noqa: S608
    found = connection.execute(select, (int(start.timestamp()), int(end.timestamp())))
    return [sql.ledger_entry(row) for row in found]


def note_predicted(connection: sqlite3.Connection, days: Sequence[PredictedDay]) -> None:
    """Write down what a plan expects of days to come, in place of what was expected before."""
    replace = sql.insert_sql("predicted", sql.PREDICTED_COLUMNS, "REPLACE")
    connection.executemany(replace, [sql.predicted_values(day) for day in days])


def read_predicted(connection: sqlite3.Connection, start: datetime, end: datetime) -> list[PredictedDay]:
    """What was expected of the days that begin in [``start``, ``end``), oldest first."""
    select = f"SELECT {', '.join(sql.PREDICTED_COLUMNS)} FROM predicted WHERE at >= ? AND at < ? ORDER BY at"  # noqa: S608
    found = connection.execute(select, (int(start.timestamp()), int(end.timestamp())))
    return [sql.predicted_day(row) for row in found]
