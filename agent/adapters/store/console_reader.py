"""What the console reads of the store: pages of what happened, the newest points, how far it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.store import schema_sql as sql
from agent.adapters.store.energy_imports import QUARTER_S, SEEN_S
from agent.adapters.store.points_blob import from_blob
from agent.adapters.store.side_tables import read_predicted
from agent.adapters.store.store_reader import reading
from agent.domain.ledger import PredictedDay
from agent.domain.records import DecisionRow, EventRow

LIKE_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\%_"})


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the store is. ``committed_at`` (UTC) is when a document was written last; None: never."""

    minute: int
    decision: int
    event: int
    rolled: int
    committed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which rows of a stream are wanted, newest first: those below the seq ``before``, at most ``limit``.

    ``start`` to before ``end`` (UTC) None is open. ``kind`` is a word of domain/alarms.py, with or without its subject;
    ``text`` is found anywhere in what the event says.
    """

    limit: int
    before: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    kind: str | None = None
    severity: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """What every device said in the minute from ``at`` (UTC), by ``device.quantity``; None is missing."""

    at: datetime
    span_s: int
    values: tuple[tuple[str, float | None], ...]


def first_at(path: Path, span: str) -> datetime | None:
    """When the oldest roll-up of ``span``, or for ``minute`` the oldest minute, begins. Raises StoreFailure."""
    with reading(path) as connection:
        if span == "minute":
            row = connection.execute("SELECT at FROM minute ORDER BY seq LIMIT 1").fetchone()
        else:
            row = connection.execute("SELECT at FROM rollup WHERE span = ? ORDER BY at LIMIT 1", (span,)).fetchone()
    return None if row is None else datetime.fromtimestamp(int(row[0]), UTC)


def marks(path: Path) -> Marks:
    """Raises StoreFailure."""
    with reading(path) as connection:
        last = {
            name: int(connection.execute(f"SELECT max(seq) FROM {name}").fetchone()[0] or 0)  # noqa: S608 - own names
            for name in sql.STREAMS
        }
        rolled = int(connection.execute("SELECT rolled FROM stream WHERE name = 'minute'").fetchone()[0])
        at = connection.execute("SELECT max(at) FROM kept").fetchone()[0]
    return Marks(**last, rolled=rolled, committed_at=None if at is None else datetime.fromtimestamp(int(at), UTC))


def decision_page(path: Path, sought: Sought) -> list[tuple[int, DecisionRow]]:
    """Seq and row. Raises StoreFailure."""
    return [(seq, sql.decision_row(row)) for seq, row in _page(path, "decision", sql.DECISION_COLUMNS, sought)]


def event_page(path: Path, sought: Sought) -> list[tuple[int, EventRow]]:
    """Seq and row. Raises StoreFailure."""
    return [(seq, sql.event_row(row)) for seq, row in _page(path, "event", sql.EVENT_COLUMNS, sought)]


def newest_points(path: Path) -> Points | None:
    """None before the first minute. Raises StoreFailure."""
    select = "SELECT at, span_s, catalogue, points FROM minute ORDER BY seq DESC LIMIT 1"
    with reading(path) as connection:
        row = connection.execute(select).fetchone()
        if row is None:
            return None
        names = connection.execute("SELECT names FROM catalogue WHERE version = ?", (row[2],)).fetchone()
    known: list[str] = [] if names is None else json.loads(names[0])
    values = zip(known, from_blob(row[3]), strict=False)  # a catalogue may have grown since
    return Points(datetime.fromtimestamp(int(row[0]), UTC), int(row[1]), tuple(values))


def predicted(path: Path, start: datetime, end: datetime) -> list[PredictedDay]:
    """What plans promised of the days that begin in [``start``, ``end``), oldest first. Raises StoreFailure."""
    with reading(path) as connection:
        return read_predicted(connection, start, end)


def _page(path: Path, stream: str, columns: tuple[str, ...], sought: Sought) -> list[tuple[int, tuple[object, ...]]]:
    terms: list[tuple[str, object]] = [
        ("seq < ?", sought.before),
        ("at >= ?", None if sought.start is None else sought.start.timestamp()),
        ("at < ?", None if sought.end is None else sought.end.timestamp()),
        ("(kind = ? OR substr(kind, 1, instr(kind, '/') - 1) = ?)", sought.kind),
        ("severity = ?", sought.severity),
        ("text LIKE ? ESCAPE '\\'", None if sought.text is None else f"%{sought.text.translate(LIKE_SIGNS)}%"),
    ]
    asked = [(term, value) for term, value in terms if value is not None]
    where = " AND ".join(term for term, _ in asked) or "1"
    values = [value for term, value in asked for _ in range(term.count("?"))]
    select = f"SELECT seq, {', '.join(columns)} FROM {stream} WHERE {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - own names
    with reading(path) as connection:
        return [(int(row[0]), tuple(row[1:])) for row in connection.execute(select, (*values, sought.limit))]


@dataclass(frozen=True, slots=True)
class Peak:
    """The interval from ``at`` (UTC) imported ``import_w`` on average, of what was measured of it."""

    at: datetime
    import_w: float


def highest_import(
    path: Path,
    start: datetime,
    end: datetime,
    interval_s: int,
    counts: Callable[[datetime], bool] = lambda at: True,
) -> Peak | None:
    """The worst interval that begins in [``start``, ``end``), of those in which the grid was seen for half of the time.

    Intervals are whole quarters of an hour, beginning on multiples of their length; ``counts`` says which are asked
    about by their start. Raises StoreFailure.
    """
    seen_s = f"sum({SEEN_S.format(span_s=QUARTER_S)})"
    select = (
        f"SELECT at / :length * :length, sum(import_wh) * 3600 / {seen_s} FROM rollup "  # noqa: S608 - a constant
        f"WHERE span = 'quarter' AND at >= :start AND at < :end GROUP BY 1 HAVING 2 * {seen_s} >= :length "
        "ORDER BY 2 DESC, 1"
    )
    terms = {"length": interval_s, "start": int(start.timestamp()), "end": int(end.timestamp())}
    with reading(path) as connection:
        rows = ((datetime.fromtimestamp(int(at), UTC), mean_w) for at, mean_w in connection.execute(select, terms))
        return next((Peak(at, float(mean_w)) for at, mean_w in rows if counts(at)), None)
