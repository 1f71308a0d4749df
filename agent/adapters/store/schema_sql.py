"""The database's schema, its version, and the one place where rows and nouns are turned into each other.

Each stream is an append-only table whose ``seq`` is also the number of its outbox entry. Times are whole seconds of
UTC for minutes and roll-ups, and decimal seconds for decisions and events, since 1970.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from agent.adapters.store.schema_version import FLAG_COLUMNS, SCHEMA_VERSION, WEATHER_COLUMNS
from agent.domain.ledger import Amounts, Entry, PredictedDay
from agent.domain.records import MINUTE_FIELDS, Averaged, DecisionRow, EventRow, MinuteField, MinuteRow, WeatherRow
from agent.domain.sentence import coded, read_coded
from agent.domain.setpoint import Rung
from agent.domain.suspect import Suspect
from agent.recording.rollups import COLUMNS, Rollup

STREAMS = ("minute", "decision", "event")

MINUTE_COLUMNS = ("at", *(field.name for field in MINUTE_FIELDS))
# ``said`` is the list of code and values of the reason or text as JSON, null without (agent.domain.sentence).
DECISION_COLUMNS = ("at", "battery_w", "hold_s", "rung", "reason", "outcome", "detail", "said")
_FIELDS = {field.name: field for field in MINUTE_FIELDS}
DIGITS = 3  # decimal places of a number that goes to the platform
EVENT_COLUMNS = ("at", "kind", "severity", "text", "said")
ROLLUP_COLUMNS = tuple(field.name for field in fields(Rollup))
AMOUNT_COLUMNS = ("hours", "no_battery", "rule", "paid", "hindsight", "plan", "execution", "unsolved")
LEDGER_COLUMNS = ("at", *AMOUNT_COLUMNS, "stored_wh")
PREDICTED_COLUMNS = ("at", "made_at", "no_battery", "plan")
COMMAND_COLUMNS = (
    "id", "name", "door", "key", "counter", "came_at", "state", "reason", "at", "trusted", "told"
)  # fmt: skip
SENT_COLUMNS = {
    "minute": ("at", *(field.name for field in MINUTE_FIELDS if field.sent)),
    "decision": DECISION_COLUMNS[:-1],
    "event": EVENT_COLUMNS[:-1],
}

# What is new in a version, for a file of the version before; the fields of a minute that are new come before it.
ALSO_NEW: dict[int, tuple[str, ...]] = {
    2: (
        # what the weather feed said of each UTC hour when it began
        f"CREATE TABLE weather (at INTEGER PRIMARY KEY, {', '.join(WEATHER_COLUMNS)})",
        # measurements that are doubted, from start to before until
        f"CREATE TABLE flag ({', '.join(FLAG_COLUMNS)}, PRIMARY KEY (quantity, kind, start)) WITHOUT ROWID",
    ),
    3: (
        # settled hours of the savings ledger, in millionths of the currency
        f"CREATE TABLE ledger (at INTEGER PRIMARY KEY, {', '.join(LEDGER_COLUMNS[1:])})",
    ),
    4: (),  # the points of the minutes that follow are bytes and no text (points_blob.py)
    # between which times the minutes of a block of seqs lie (minute_blocks.py)
    5: ("CREATE TABLE minute_block (first_seq INTEGER PRIMARY KEY, last_seq, first_at, until)",),
    # what the last plan before a day expected of it, in millionths of the currency
    6: (f"CREATE TABLE predicted (at INTEGER PRIMARY KEY, {', '.join(PREDICTED_COLUMNS[1:])})",),
    7: ("ALTER TABLE decision ADD COLUMN said", "ALTER TABLE event ADD COLUMN said"),
    # the last state of each command (command_table.py), in the order in which they came in
    8: (f"CREATE TABLE command (id TEXT PRIMARY KEY, {', '.join(COMMAND_COLUMNS[1:])})",),
}


def _minute_columns(since: int) -> list[str]:
    return [field.name for field in MINUTE_FIELDS if field.since == since]


def _rollup_columns(since: int) -> list[str]:
    """In the order of ROLLUP_COLUMNS."""
    made_of = {column.name: column.of for column in COLUMNS}
    return [name for name in ROLLUP_COLUMNS[1:] if made_of[name] in _minute_columns(since)]


def _migration(version: int) -> tuple[str, ...]:
    tables = {"minute": _minute_columns(version), "rollup": _rollup_columns(version)}
    added = [f"ALTER TABLE {table} ADD COLUMN {name}" for table, names in tables.items() for name in names]
    return (*added, *ALSO_NEW.get(version, ()))


MIGRATIONS = {version: _migration(version) for version in range(2, SCHEMA_VERSION + 1)}

# A new file is one of the first version and all that came since.
SCHEMA = (
    (
        f"CREATE TABLE minute (seq INTEGER PRIMARY KEY, at, {', '.join(_minute_columns(1))}, catalogue INTEGER, "
        "points TEXT)"
    ),
    f"CREATE TABLE decision (seq INTEGER PRIMARY KEY, {', '.join(DECISION_COLUMNS[:-1])})",
    f"CREATE TABLE event (seq INTEGER PRIMARY KEY, {', '.join(EVENT_COLUMNS[:-1])})",
    # acked: everything up to it is at the platform; last: no seq up to it is given again; rolled: is in the roll-ups
    "CREATE TABLE stream (name TEXT PRIMARY KEY, acked INTEGER, last INTEGER, rolled INTEGER)",
    "CREATE TABLE catalogue (version INTEGER PRIMARY KEY, names TEXT NOT NULL)",
    "CREATE TABLE kept (name TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL)",
    f"CREATE TABLE rollup (span TEXT, at, {', '.join(_rollup_columns(1))}, PRIMARY KEY (span, at)) WITHOUT ROWID",
    *(statement for migration in MIGRATIONS.values() for statement in migration),
)


def insert_sql(table: str, columns: Sequence[str], verb: str = "INSERT") -> str:
    """``INSERT INTO table (columns) VALUES (?, ...)``."""
    marks = ", ".join("?" * len(columns))
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def moment(stored: object) -> datetime:
    """When a row was written; the beginning of 1970 where no time can be what a flipped bit has left."""
    try:
        return datetime.fromtimestamp(float(str(stored)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0.0, UTC)


def minute_values(row: MinuteRow) -> tuple[object, ...]:
    """In the order of MINUTE_COLUMNS."""
    return (int(row.at.timestamp()), *(_written(getattr(row, name)) for name in MINUTE_COLUMNS[1:]))


def minute_row(values: Sequence[object]) -> MinuteRow:
    """From a row in the order of MINUTE_COLUMNS, without its points."""
    at, *others = values
    named: dict[str, Any] = {
        field.name: _read(field, value) for field, value in zip(MINUTE_FIELDS, others, strict=True)
    }
    return MinuteRow(at=moment(at), points=(), **named)


def _written(value: object) -> object:
    if isinstance(value, Rung):
        return value.value
    return int(value) if isinstance(value, bool) else value


def _read(field: MinuteField, value: object) -> object:
    if field.averaged is Averaged.LONGEST:
        return _rung(value)
    return bool(value) if field.averaged in (Averaged.ANY, Averaged.ALL) else value


def _rung(value: object) -> Rung | None:
    """None also for one of a later release, whose rows this one reads after it was installed over it."""
    return next((rung for rung in Rung if rung.value == value), None)


def decision_values(row: DecisionRow) -> tuple[object, ...]:
    """In the order of DECISION_COLUMNS."""
    said = _said(row.reason)
    return (row.at.timestamp(), row.battery_w, row.hold_s, row.rung.value, row.reason, row.outcome, row.detail, said)


def decision_row(values: Sequence[object]) -> DecisionRow:
    """From a row in the order of DECISION_COLUMNS. Of a rung that is not known the reason says what it was."""
    at, battery_w, hold_s, rung, reason, outcome, detail, said = values
    return DecisionRow(
        moment(at),
        None if battery_w is None else float(str(battery_w)),
        float(str(hold_s)),
        _rung(rung) or (Rung.RELEASE if battery_w is None else Rung.RULES),
        sentence(reason, said),
        str(outcome),
        str(detail),
    )


def event_values(row: EventRow) -> tuple[object, ...]:
    """In the order of EVENT_COLUMNS."""
    return (row.at.timestamp(), row.kind, row.severity, row.text, _said(row.text))


def event_row(values: Sequence[object]) -> EventRow:
    """From a row in the order of EVENT_COLUMNS."""
    at, kind, severity, text, said = values
    return EventRow(moment(at), str(kind), str(severity), sentence(text, said))


def _said(text: str) -> str | None:
    found = coded(text)
    return None if found is None else json.dumps(list(found.values()), separators=(",", ":"), ensure_ascii=False)


def sentence(text: object, said: object) -> str:
    """``text`` with what the column ``said`` holds; of a row of an earlier version, or of a damaged file, the text."""
    try:
        found = [] if said is None else json.loads(str(said))
    except (ValueError, RecursionError):
        return str(text)
    match found:
        case [code, values]:
            return read_coded(str(text), {"code": code, "values": values})
        case _:
            return str(text)


def rollup_values(rollup: Rollup) -> tuple[object, ...]:
    """In the order of ROLLUP_COLUMNS."""
    return (int(rollup.at.timestamp()), *(getattr(rollup, name) for name in ROLLUP_COLUMNS[1:]))


def rollup_row(values: Sequence[object]) -> Rollup:
    """From a row in the order of ROLLUP_COLUMNS."""
    at: Any = values[0]
    return Rollup(datetime.fromtimestamp(at, UTC), *values[1:])  # type: ignore[arg-type]  # as they were written


def weather_values(row: WeatherRow) -> tuple[object, ...]:
    """``at`` and the WEATHER_COLUMNS."""
    return (int(row.at.timestamp()), *(getattr(row, name) for name in WEATHER_COLUMNS))


def flag_values(suspect: Suspect) -> tuple[object, ...]:
    """In the order of FLAG_COLUMNS."""
    start, until = int(suspect.start.timestamp()), int(suspect.end.timestamp())
    return (suspect.quantity, suspect.kind, start, until, suspect.reason)


def ledger_values(entry: Entry) -> tuple[object, ...]:
    """In the order of LEDGER_COLUMNS."""
    amounts = (getattr(entry.amounts, name) for name in AMOUNT_COLUMNS)
    return (int(entry.at.timestamp()), *amounts, entry.stored_wh)


def ledger_entry(values: Sequence[object]) -> Entry:
    """From a row in the order of LEDGER_COLUMNS."""
    at: Any = values[0]
    amounts: Any = values[1:-1]
    return Entry(datetime.fromtimestamp(at, UTC), Amounts(*amounts), float(str(values[-1])))


def predicted_values(day: PredictedDay) -> tuple[object, ...]:
    """In the order of PREDICTED_COLUMNS."""
    return (int(day.at.timestamp()), int(day.made_at.timestamp()), day.no_battery, day.plan)


def predicted_day(values: Sequence[object]) -> PredictedDay:
    """From a row in the order of PREDICTED_COLUMNS."""
    at, made_at, no_battery, plan = (int(str(value)) for value in values)
    return PredictedDay(datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(made_at, UTC), no_battery, plan)


def sent_values(stream: str, values: Sequence[object]) -> tuple[object, ...]:
    """A row in the order of SENT_COLUMNS as JSON has it: ISO times, numbers rounded as MINUTE_FIELDS says."""
    at = moment(values[0]).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (at, *map(_sent, values[1:], _DIGITS[stream]))


def _sent(value: object, digits: int | None) -> object:
    """``digits`` is None for what is true or false."""
    if digits is None:
        return bool(value)
    return round(value, digits) if isinstance(value, float) else value


def _digits(name: str) -> int | None:
    field = _FIELDS.get(name)
    if field is not None and field.averaged in (Averaged.ANY, Averaged.ALL):
        return None
    return DIGITS if field is None else field.digits


_DIGITS = {stream: tuple(map(_digits, columns[1:])) for stream, columns in SENT_COLUMNS.items()}
