"""The database's schema, its version, and the one place where rows and nouns are turned into each other.

Each stream is an append-only table whose ``seq`` is also the number of its outbox entry. Times are whole seconds of
UTC for minutes and roll-ups, and decimal seconds for decisions and events, since 1970.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from agent.adapters.store.points_blob import from_blob
from agent.domain.ledger import Amounts, Entry
from agent.domain.records import DecisionRow, EventRow, MinuteRow, WeatherRow
from agent.domain.setpoint import Rung
from agent.domain.suspect import Suspect
from agent.recording.rollups import Rollup

SCHEMA_VERSION = 4
STREAMS = ("minute", "decision", "event")

MINUTE_COLUMNS = (
    "at", "span_s", "covered_s", "grid_w", "pv_w", "battery_w", "load_w", "soc_pct", "import_wh", "export_wh",
    "charge_wh", "discharge_wh", "cost", "co2_kg", "curtailed", "rung", "time_trusted",
)  # fmt: skip
PRICE_COLUMNS = ("import_price", "export_price")  # of a minute; the platform, which sent them, is not sent them back
DECISION_COLUMNS = ("at", "battery_w", "hold_s", "rung", "reason", "outcome", "detail")
EVENT_COLUMNS = ("at", "kind", "severity", "text")
ROLLUP_COLUMNS = (
    "at", "covered_s", "curtailed_s", "grid_w", "pv_w", "battery_w", "load_w", "soc_pct", "soc_min_pct", "soc_max_pct",
    "import_wh", "export_wh", "charge_wh", "discharge_wh", "cost", "co2_kg", *PRICE_COLUMNS,
)  # fmt: skip
WEATHER_COLUMNS = ("temperature_c", "ghi_w_m2", "cloud_pct")
FLAG_COLUMNS = ("quantity", "kind", "start", "until", "reason")
AMOUNT_COLUMNS = ("hours", "no_battery", "rule", "paid", "hindsight", "plan", "execution", "unsolved")
LEDGER_COLUMNS = ("at", *AMOUNT_COLUMNS, "stored_wh")
STREAM_COLUMNS = {"minute": MINUTE_COLUMNS, "decision": DECISION_COLUMNS, "event": EVENT_COLUMNS}

# What is new in a version, for a file of the version before.
MIGRATIONS = {
    2: (
        # what the weather feed said of each UTC hour when it began
        f"CREATE TABLE weather (at INTEGER PRIMARY KEY, {', '.join(WEATHER_COLUMNS)})",
        # measurements that are doubted, from start to before until
        f"CREATE TABLE flag ({', '.join(FLAG_COLUMNS)}, PRIMARY KEY (quantity, kind, start)) WITHOUT ROWID",
    ),
    3: (
        *(f"ALTER TABLE {table} ADD COLUMN {name}" for table in ("minute", "rollup") for name in PRICE_COLUMNS),
        # settled hours of the savings ledger, in millionths of the currency
        f"CREATE TABLE ledger (at INTEGER PRIMARY KEY, {', '.join(LEDGER_COLUMNS[1:])})",
    ),
    4: (),  # the points of the minutes that follow are bytes and no text (points_blob.py)
}

SCHEMA = (
    (
        f"CREATE TABLE minute (seq INTEGER PRIMARY KEY, {', '.join(MINUTE_COLUMNS)}, catalogue INTEGER, points TEXT, "
        f"{', '.join(PRICE_COLUMNS)})"
    ),
    f"CREATE TABLE decision (seq INTEGER PRIMARY KEY, {', '.join(DECISION_COLUMNS)})",
    f"CREATE TABLE event (seq INTEGER PRIMARY KEY, {', '.join(EVENT_COLUMNS)})",
    # acked: everything up to it is at the platform; last: no seq up to it is given again; rolled: is in the roll-ups
    "CREATE TABLE stream (name TEXT PRIMARY KEY, acked INTEGER, last INTEGER, rolled INTEGER)",
    "CREATE TABLE catalogue (version INTEGER PRIMARY KEY, names TEXT NOT NULL)",
    "CREATE TABLE kept (name TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL)",
    f"CREATE TABLE rollup (span TEXT, {', '.join(ROLLUP_COLUMNS)}, PRIMARY KEY (span, at)) WITHOUT ROWID",
    *MIGRATIONS[2],
    MIGRATIONS[3][-1],
)


def insert_sql(table: str, columns: Sequence[str], verb: str = "INSERT") -> str:
    """``INSERT INTO table (columns) VALUES (?, ...)``."""
    marks = ", ".join("?" * len(columns))
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def minute_values(row: MinuteRow) -> tuple[object, ...]:
    """In the order of MINUTE_COLUMNS."""
    numbers = [getattr(row, name) for name in MINUTE_COLUMNS[1:14]]
    rung = None if row.rung is None else row.rung.value
    return (int(row.at.timestamp()), *numbers, int(row.curtailed), rung, int(row.time_trusted))


def price_values(row: MinuteRow) -> tuple[float | None, ...]:
    """In the order of PRICE_COLUMNS."""
    return (row.import_price, row.export_price)


def minute_row(values: Mapping[str, object]) -> MinuteRow:
    """A minute as it was written, without its points; ``values`` may lack the prices."""
    read = dict(values)
    rung = read.pop("rung")
    return MinuteRow(
        at=datetime.fromtimestamp(int(str(read.pop("at"))), UTC),
        rung=None if rung is None else Rung(rung),
        curtailed=bool(read.pop("curtailed")),
        time_trusted=bool(read.pop("time_trusted")),
        points=(),
        **{name: read[name] for name in (*MINUTE_COLUMNS[1:14], *PRICE_COLUMNS) if name in read},  # type: ignore[arg-type]
    )


def decision_values(row: DecisionRow) -> tuple[object, ...]:
    """In the order of DECISION_COLUMNS."""
    return (row.at.timestamp(), row.battery_w, row.hold_s, row.rung.value, row.reason, row.outcome, row.detail)


def decision_row(values: Sequence[object]) -> DecisionRow:
    """From a row in the order of DECISION_COLUMNS."""
    at, battery_w, hold_s, rung, reason, outcome, detail = values
    return DecisionRow(
        datetime.fromtimestamp(float(str(at)), UTC),
        None if battery_w is None else float(str(battery_w)),
        float(str(hold_s)),
        Rung(rung),
        str(reason),
        str(outcome),
        str(detail),
    )


def event_values(row: EventRow) -> tuple[object, ...]:
    """In the order of EVENT_COLUMNS."""
    return (row.at.timestamp(), row.kind, row.severity, row.text)


def rollup_values(rollup: Rollup) -> tuple[object, ...]:
    """In the order of ROLLUP_COLUMNS."""
    return (int(rollup.at.timestamp()), *(getattr(rollup, name) for name in ROLLUP_COLUMNS[1:]))


def rollup_row(values: Sequence[object]) -> Rollup:
    """From a row in the order of ROLLUP_COLUMNS."""
    named = dict(zip(ROLLUP_COLUMNS, values, strict=True))
    at = datetime.fromtimestamp(int(str(named.pop("at"))), UTC)
    return Rollup(at=at, **named)  # type: ignore[arg-type]


def weather_values(row: WeatherRow) -> tuple[object, ...]:
    """``at`` and the WEATHER_COLUMNS."""
    return (int(row.at.timestamp()), *(getattr(row, name) for name in WEATHER_COLUMNS))


def flag_values(suspect: Suspect) -> tuple[object, ...]:
    """In the order of FLAG_COLUMNS."""
    start, until = int(suspect.start.timestamp()), int(suspect.end.timestamp())
    return (suspect.quantity, suspect.kind, start, until, suspect.reason)


def flag_row(values: Sequence[object]) -> Suspect:
    """From a row in the order of FLAG_COLUMNS."""
    quantity, kind, start, until, reason = values
    begin, end = (datetime.fromtimestamp(int(str(at)), UTC) for at in (start, until))
    return Suspect(str(quantity), begin, end, str(kind), str(reason))


def ledger_values(entry: Entry) -> tuple[object, ...]:
    """In the order of LEDGER_COLUMNS."""
    amounts = (getattr(entry.amounts, name) for name in AMOUNT_COLUMNS)
    return (int(entry.at.timestamp()), *amounts, entry.stored_wh)


def ledger_entry(values: Sequence[object]) -> Entry:
    """From a row in the order of LEDGER_COLUMNS."""
    at, *amounts, stored_wh = values
    read = Amounts(*(int(str(amount)) for amount in amounts))
    return Entry(datetime.fromtimestamp(int(str(at)), UTC), read, float(str(stored_wh)))


def row_text(stream: str, values: Mapping[str, object], names: Sequence[str] = ()) -> str:
    """One row of a stream as JSON object text: ISO times, numbers to a thousandth (money and CO2 to a millionth).

    A minute's ``points`` become an object of ``names`` to values.
    """
    shown: dict[str, object] = {name: _shown(name, values[name]) for name in STREAM_COLUMNS[stream]}
    if stream == "minute":
        points = from_blob(values["points"])
        shown["points"] = dict(zip(names, points, strict=True))
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _shown(name: str, value: object) -> object:
    if name == "at":
        at = datetime.fromtimestamp(float(str(value)), UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if name in ("curtailed", "time_trusted"):
        return bool(value)
    if isinstance(value, float):
        return round(value, 6 if name in ("cost", "co2_kg") else 3)
    return value
