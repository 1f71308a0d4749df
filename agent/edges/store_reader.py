"""Reading the store from another process: the planner and the commands. Read-only, standard library only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from agent.domain.history import History
from agent.domain.horizon import Horizon, floor_to_step
from agent.edges import schema_sql as sql
from agent.ports import StoreFailure
from agent.recording.rollups import Rollup, merge, of_minute

BUSY_TIMEOUT_S = 2.0
LEAST_COVERAGE = 0.5


def history(path: Path, start: datetime, end: datetime, step_s: int) -> History:
    """Mean load and solar power in equal steps of ``step_s`` seconds from ``start`` to ``end`` (UTC).

    ``start`` is moved down to the raster of ``step_s``, which must be a multiple of 60 s that divides an hour, or a
    multiple of an hour; a last step that is not whole is left out. A step measured for less than half of its time is
    None. Raises StoreFailure when the store cannot be read and ValueError for a raster that does not fit.
    """
    if step_s < 60 or step_s % 60 or (3600 % step_s and step_s % 3600):
        raise ValueError(f"a step of {step_s} s is neither a part of an hour in minutes nor a multiple of an hour")
    first = floor_to_step(start, step_s)
    horizon = Horizon(first, step_s, max(1, int((end - first).total_seconds() // step_s)))
    groups: dict[int, list[Rollup]] = {}
    for part in _parts(path, horizon):
        index = horizon.index_of(part.at)
        if index is not None:
            groups.setdefault(index, []).append(part)
    steps = [merge(groups[index], first) if index in groups else None for index in range(horizon.steps)]
    good = [step if step and step.covered_s >= LEAST_COVERAGE * step_s else None for step in steps]
    return History(
        horizon=horizon,
        load_w=tuple(step.load_w if step else None for step in good),
        pv_w=tuple(step.pv_w if step else None for step in good),
        curtailed=tuple(bool(step and step.curtailed_s > 0) for step in good),
    )


def kept(path: Path, name: str) -> str | None:
    """A named JSON document, or None."""
    with _reading(path) as connection:
        row = connection.execute("SELECT body FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])


def backlog(path: Path) -> dict[str, tuple[int, int]]:
    """Per stream: (highest acknowledged seq, highest seq). Between them is what waits for the platform."""
    with _reading(path) as connection:
        found = {}
        for name, acked, last in connection.execute("SELECT name, acked, last FROM stream").fetchall():
            highest = connection.execute(f"SELECT max(seq) FROM {name}").fetchone()[0]  # noqa: S608 - our own names
            found[str(name)] = (int(acked), max(int(last), int(highest or 0)))
        return found


def rollups(path: Path, span: str, start: datetime, end: datetime) -> list[Rollup]:
    """The roll-ups of ``span`` (quarter, hour, day, month) that begin in [``start``, ``end``), oldest first."""
    with _reading(path) as connection:
        return _rollups(connection, span, start, end)


def _parts(path: Path, horizon: Horizon) -> Iterator[Rollup]:
    """Everything measured within the horizon: roll-ups, and the minutes that are not in them yet."""
    with _reading(path) as connection:
        connection.execute("BEGIN")  # one picture: no minute may move into a roll-up between the two queries
        if horizon.step_s % 900:
            yield from _minutes(connection, horizon, only_new=False)
        else:
            span = "quarter" if horizon.step_s % 3600 else "hour"
            yield from _rollups(connection, span, horizon.start, horizon.end)
            yield from _minutes(connection, horizon, only_new=True)


def _rollups(connection: sqlite3.Connection, span: str, start: datetime, end: datetime) -> list[Rollup]:
    columns = ", ".join(sql.ROLLUP_COLUMNS)
    select = f"SELECT {columns} FROM rollup WHERE span = ? AND at >= ? AND at < ? ORDER BY at"  # noqa: S608 - own names
    found = connection.execute(select, (span, start.timestamp(), end.timestamp()))
    return [sql.rollup_row(row) for row in found]


def _minutes(connection: sqlite3.Connection, horizon: Horizon, only_new: bool) -> Iterator[Rollup]:
    columns = ", ".join(sql.MINUTE_COLUMNS)
    select = f"SELECT {columns} FROM minute WHERE seq > ? AND at >= ? AND at < ?"  # noqa: S608 - our own names
    rolled = connection.execute("SELECT rolled FROM stream WHERE name = 'minute'").fetchone()[0] if only_new else 0
    for row in connection.execute(select, (rolled, horizon.start.timestamp(), horizon.end.timestamp())):
        minute = sql.minute_row(dict(zip(sql.MINUTE_COLUMNS, row, strict=True)))
        yield of_minute(minute, minute.at)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise StoreFailure(f"there is no store at {path}")
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version != sql.SCHEMA_VERSION:
                raise StoreFailure(f"the store {path} has schema {version}, not {sql.SCHEMA_VERSION}")
            yield connection
    except sqlite3.Error as error:
        raise StoreFailure(f"the store {path} cannot be read: {error}") from error
