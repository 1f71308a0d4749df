"""What the alerts need of the store and of the live file."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.adapters.store.schema_sql import sentence
from agent.adapters.store.store_reader import reading
from agent.console.alerts.alert import Event, mark
from agent.console.alerts.outbox import EXPIRES
from agent.console.alerts.thresholds import Values
from agent.console.live import Now
from agent.domain.alarms import Severity
from agent.domain.documents import STATE
from agent.domain.wire import WireError

MOST_EVENTS = 200
ALWAYS = -1e12  # seconds since 1970: before any event
RECENT = timedelta(minutes=5)  # a minute that ended before says nothing of now

_LAST = "SELECT max(ifnull((SELECT max(seq) FROM event), 0), ifnull((SELECT last FROM stream WHERE name = 'event'), 0))"
_EVENTS = "SELECT seq, at, kind, severity, text, said FROM event WHERE seq > ? AND at >= ? ORDER BY seq LIMIT ?"
_MINUTE = "SELECT at + span_s, soc_pct, grid_w, import_price FROM minute ORDER BY seq DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Minute:
    """The newest one that was committed; ``end`` is UTC."""

    end: datetime
    soc_pct: float | None
    grid_w: float | None
    import_price: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """``events`` after the last one that was read, oldest first; ``last`` is the highest seq there is, and
    ``last_mark`` by what the event of that number is known again.

    ``is_another``: the store is not the one that was read before, and ``events`` are the first of its last day.
    """

    last: int
    last_mark: str | None
    events: tuple[Event, ...]
    minute: Minute | None
    is_another: bool = False


def found(path: Path, seq: int | None, known_mark: str | None, now: datetime) -> Found:
    """Events after ``seq``, none where that is None. Raises StoreFailure.

    A store that ends before ``seq``, or whose event of that number is another one, was made anew or restored.
    """
    with reading(path) as connection:
        last = int(connection.execute(_LAST).fetchone()[0])
        row = connection.execute(_MINUTE).fetchone()
        minute = None if row is None else Minute(datetime.fromtimestamp(row[0], UTC), *row[1:])
        last_mark = _mark_at(connection, last)
        if seq is None:
            return Found(last, last_mark, (), minute)
        here = _mark_at(connection, seq)
        is_another = last < seq or (here is not None and known_mark is not None and here != known_mark)
        first = (0, (now - EXPIRES).timestamp()) if is_another else (seq, ALWAYS)
        rows = connection.execute(_EVENTS, (*first, MOST_EVENTS)).fetchall()
    return Found(last, last_mark, tuple(_event(*row) for row in rows), minute, is_another)


def _mark_at(connection: sqlite3.Connection, seq: int) -> str | None:
    """None where there is no event of that number."""
    here = connection.execute("SELECT kind, severity, text FROM event WHERE seq = ?", (seq,)).fetchone()
    return None if here is None else mark(*here)


def _event(seq: int, at: float, kind: str, severity: str, text: str, said: str | None) -> Event:
    known = Severity(severity) if severity in set(Severity) else Severity.WARNING
    return Event(seq, datetime.fromtimestamp(at, UTC), kind, known, sentence(text, said))


def values(shown: Now, minute: Minute | None, now: datetime) -> Values:
    """Of the live file while the agent writes it, else of a minute that has just been committed."""
    ages = [] if shown.age_s is None else [shown.age_s]
    if minute is not None:
        ages.append(max(0.0, (now - minute.end).total_seconds()))
    is_recent = minute is not None and now - minute.end <= RECENT
    soc_pct, grid_w = (minute.soc_pct, minute.grid_w) if minute is not None and is_recent else (None, None)
    if shown.running:
        soc_pct, grid_w = _live(shown)
    return Values(
        soc_pct,
        None if grid_w is None else max(0.0, grid_w),
        minute.import_price if minute is not None and is_recent else None,
        min(ages, default=None),
    )


def _live(shown: Now) -> tuple[float | None, float | None]:
    try:
        state = STATE.read((shown.documents or {}).get(STATE.name, "null"))
    except WireError:
        return None, None
    return state.soc_pct.known, state.grid_w.known
