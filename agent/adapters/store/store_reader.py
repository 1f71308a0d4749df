"""Reading the store from another process: the planner and the commands. Read-only, standard library only.

Rows of the streams are read by ``row_reader``.
"""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.adapters.store.minute_blocks import REACH
from agent.adapters.store.schema_version import FIRST_TABLE, SCHEMA_VERSION
from agent.adapters.store.side_reader import read_flags, read_weather
from agent.domain.history import History
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.printable import readable
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.domain.weather_raster import hours_between
from agent.ports import StoreFailure

if TYPE_CHECKING:
    from agent.domain.document import Document

T = TypeVar("T")
BUSY_TIMEOUT_S = 2.0
LEAST_COVERAGE = 0.5
STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine: well below a millisecond
_UNTIL: ContextVar[float | None] = ContextVar("until", default=None)


class NoStore(StoreFailure):
    """The agent has not run yet."""


class StoreOlder(StoreFailure):
    """The agent of this version has not run on it yet."""


class ReadTooLong(StoreFailure):
    """It was interrupted, see ``read_within``."""


def history(path: Path, start: datetime, end: datetime, step_s: int, doubtful: bool = False) -> History:
    """Mean load and solar power in equal steps of ``step_s`` seconds from ``start`` to ``end`` (UTC).

    The load is without what was switched on: when that runs is planned, and not forecast.

    ``start`` is moved down to the raster of ``step_s``, which must be a multiple of 60 s that divides an hour, or a
    multiple of an hour; a last step that is not whole is left out. A step measured for less than half of its time is
    None, and so is one that is flagged as a data fault, unless ``doubtful`` asks for those too. The weather is what the
    feed said of these hours as they began. Raises StoreFailure when the store cannot be read and ValueError for a
    raster that does not fit.
    """
    if step_s < 60 or step_s % 60 or (3600 % step_s and step_s % 3600):
        raise ValueError(f"a step of {step_s} s is neither a part of an hour in minutes nor a multiple of an hour")
    first = floor_to_step(start, step_s)
    horizon = Horizon(first, step_s, max(1, int((end - first).total_seconds() // step_s)))
    load_w: list[float | None] = [None] * horizon.steps
    pv_w: list[float | None] = [None] * horizon.steps
    curtailed = [False] * horizon.steps
    with reading(path) as connection:
        for step, covered_s, load, pv, curtailed_s in _steps(connection, horizon):
            if covered_s >= LEAST_COVERAGE * step_s:
                load_w[step], pv_w[step], curtailed[step] = load, pv, curtailed_s > 0
        suspects = [] if doubtful else read_flags(connection, horizon.start)
        weather = read_weather(connection, hours_between(horizon.start, horizon.end))
    _leave_out(suspects, "load_w", load_w, horizon)
    _leave_out(suspects, "pv_w", pv_w, horizon)
    return History(horizon, tuple(load_w), tuple(pv_w), tuple(curtailed), weather)


def flags(path: Path, start: datetime) -> list[Suspect]:
    """The measurements after ``start`` that are doubted, oldest first."""
    with reading(path) as connection:
        return read_flags(connection, start)


def kept(path: Path, name: str) -> str | None:
    """A named JSON document, or None."""
    with reading(path) as connection:
        row = connection.execute("SELECT body FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])


def read_kept(path: Path, document: "Document[T]") -> T | None:
    """What ``document`` says, None where it was never kept. Raises StoreFailure, and WireError for another shape."""
    text = kept(path, document.name)
    return None if text is None else document.read(text)


def kept_documents(path: Path) -> dict[str, str]:
    """Every named JSON document."""
    with reading(path) as connection:
        return dict(connection.execute("SELECT name, body FROM kept ORDER BY name").fetchall())


def backlog(path: Path) -> dict[str, tuple[int, int]]:
    """Per stream: (highest acknowledged seq, highest seq). Between them is what waits for the platform."""
    with reading(path) as connection:
        found = {}
        for name, acked, last in connection.execute("SELECT name, acked, last FROM stream").fetchall():
            highest = connection.execute(f"SELECT max(seq) FROM {name}").fetchone()[0]  # noqa: S608 - our own names
            found[str(name)] = (int(acked), max(int(last), int(highest or 0)))
        return found


# Roll-ups, and the minutes that are not in them yet, in one statement: no minute can slip through between the two.
# A mean is weighted by the seconds that were measured.
_STEPS = f"""{REACH}
SELECT (at - :first) / :step_s, sum(covered_s),
  sum(load_w * covered_s) / nullif(sum(iif(load_w IS NULL, 0, covered_s)), 0),
  sum(pv_w * covered_s) / nullif(sum(iif(pv_w IS NULL, 0, covered_s)), 0),
  sum(curtailed_s)
FROM (
  SELECT at, covered_s, max(0.0, load_w - ifnull(switched_w, 0.0)) AS load_w, pv_w, curtailed_s FROM rollup
    WHERE :span IS NOT NULL AND span = :span AND at >= :first AND at < :end
  UNION ALL
  SELECT at, covered_s, max(0.0, load_w - ifnull(switched_w, 0.0)), pv_w, iif(curtailed, covered_s, 0)
    FROM reach CROSS JOIN minute ON seq BETWEEN
      max(low, iif(:span IS NULL, 0, (SELECT rolled + 1 FROM stream WHERE name = 'minute'))) AND high
    WHERE at >= :first AND at < :end
      AND (time_trusted OR seq <= (SELECT rolled FROM stream WHERE name = 'minute'))
)
GROUP BY 1
"""  # noqa: S608 - a constant


def _leave_out(suspects: Sequence[Suspect], quantity: str, values: list[float | None], horizon: Horizon) -> None:
    """Every step that a data fault touches becomes missing."""
    for fault in suspects:
        if (fault.quantity, fault.kind) == (quantity, DATA_FAULT):
            first = int((fault.start - horizon.start).total_seconds() // horizon.step_s)
            last = -int((horizon.start - fault.end).total_seconds() // horizon.step_s)
            span = slice(max(0, first), min(max(0, last), horizon.steps))
            values[span] = [None] * len(values[span])


def _steps(
    connection: sqlite3.Connection, horizon: Horizon
) -> Iterator[tuple[int, float, float | None, float | None, float]]:
    """Per step that was measured at all: its index, seconds measured, mean load and solar power, seconds curtailed."""
    span = None if horizon.step_s % 900 else "quarter" if horizon.step_s % 3600 else "hour"
    terms = {
        "first": int(horizon.start.timestamp()),
        "end": int(horizon.end.timestamp()),
        "last": int(horizon.end.timestamp()),
        "step_s": horizon.step_s,
        "span": span,
    }
    return connection.execute(_STEPS, terms)


@contextmanager
def read_within(seconds: float) -> Iterator[None]:
    """Every statement of ``reading`` in this block is interrupted once ``seconds`` have passed."""
    before = _UNTIL.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _UNTIL.reset(before)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads the store. Raises StoreFailure."""
    if not path.is_file():
        raise NoStore(f"there is no store at {path}")
    try:
        with closing(_opened(path)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version != SCHEMA_VERSION:
                raise _not_to_be_read(path, version, _is_the_agents(connection))
            until = _UNTIL.get()
            if until is not None:
                connection.set_progress_handler(lambda: time.monotonic() > until, STEPS_BETWEEN_LOOKS)
            yield connection
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT":
            raise ReadTooLong(f"the store {path} was not read in time: ask for less at once") from error
        reason = str(error) if os.access(path, os.R_OK) else f"{os.strerror(errno.EACCES)}; it is the agent's user's"
        raise StoreFailure(f"the store {path} cannot be read: {reason}") from error


def _not_to_be_read(path: Path, version: int, is_the_agents: bool) -> StoreFailure:
    """A database of another program has any ``version``."""
    if version <= 0 or not is_the_agents:
        return StoreFailure(f"{path} is no store of the agent")
    if version > SCHEMA_VERSION:
        return StoreFailure(f"the store {path} has schema {version}, not {SCHEMA_VERSION}")
    return StoreOlder(
        f"the store {path} is of an older version (schema {version}); the agent updates it when it starts"
    )


def _is_the_agents(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (FIRST_TABLE,)).fetchone() is not None


def _opened(path: Path) -> sqlite3.Connection:
    """Where the folder is mounted read-only, a store whose agent has stopped opens as one that nobody writes alone."""
    try:
        return _connected(path, "mode=ro")
    except sqlite3.OperationalError:
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return _connected(path, "mode=ro&immutable=1")


def _connected(path: Path, terms: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{terms}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    connection.text_factory = readable
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
