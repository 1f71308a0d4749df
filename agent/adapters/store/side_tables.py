"""What stands beside the measurements in the store: the weather feed's words, flags on what is doubted, the ledger,
what plans expect of a day.

None of it is a stream: nothing waits for the platform. Flags and weather are read by ``side_reader``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.schema_version import FLAG_COLUMNS, WEATHER_COLUMNS
from agent.domain.ledger import Entry, PredictedDay
from agent.domain.records import Flags, WeatherRow

# The first word of an hour stays; a later one only adds what that one did not say.
_NOTE_WEATHER = (
    sql.insert_sql("weather", ("at", *WEATHER_COLUMNS))
    + " ON CONFLICT (at) DO UPDATE SET "
    + ", ".join(f"{name} = coalesce({name}, excluded.{name})" for name in WEATHER_COLUMNS)
    + " WHERE "
    + " OR ".join(f"{name} IS NULL AND excluded.{name} IS NOT NULL" for name in WEATHER_COLUMNS)
)
_EXTEND_FLAG = """
UPDATE flag SET until = max(until, :until), reason = :reason
WHERE quantity = :quantity AND kind = :kind AND start < :since AND until >= :since
"""


def note_weather(connection: sqlite3.Connection, rows: Sequence[WeatherRow]) -> None:
    """Write down what the feed said. Inside the caller's transaction, as all that writes here."""
    connection.executemany(_NOTE_WEATHER, [sql.weather_values(row) for row in rows])


def prune_weather(connection: sqlite3.Connection, before: datetime) -> None:
    """Forget what was said of hours before ``before``."""
    connection.execute("DELETE FROM weather WHERE at < ?", (int(before.timestamp()),))


def note_flags(connection: sqlite3.Connection, flags: Flags | None) -> None:
    """Replace the flags since ``flags.since``. Older ones stay, and grow where a stretch goes on beyond that."""
    if flags is None:
        return
    since = int(flags.since.timestamp())
    connection.execute("DELETE FROM flag WHERE start >= ?", (since,))
    replace = sql.insert_sql("flag", FLAG_COLUMNS, "REPLACE")
    for suspect in flags.suspects:
        values = sql.flag_values(suspect)
        named = dict(zip(FLAG_COLUMNS, values, strict=True)) | {"since": since}
        if suspect.start <= flags.since and connection.execute(_EXTEND_FLAG, named).rowcount:
            continue
        connection.execute(replace, values)


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
