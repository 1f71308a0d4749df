"""What is written down: one row per minute, per decision and per event. A row of a stream is also its outbox entry."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from agent.domain.command_record import CommandRecord
from agent.domain.ledger import Entry, PredictedDay
from agent.domain.setpoint import Rung
from agent.domain.suspect import Suspect


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """Means over the ``span_s`` seconds from ``at`` (UTC). None where nothing usable was measured.

    ``covered_s`` says for how many seconds the site's power balance was known. ``points`` are the means of every
    reading, and the last of counters and codes, in the order of the catalogue in force (``device.quantity`` names);
    None is missing. The prices are those that were known, money per kWh; ``cost`` may also count prices that were
    assumed.
    """

    at: datetime
    span_s: int
    covered_s: float
    grid_w: float | None
    pv_w: float | None
    battery_w: float | None
    load_w: float | None
    soc_pct: float | None
    import_wh: float
    export_wh: float
    charge_wh: float
    discharge_wh: float
    cost: float | None
    co2_kg: float | None
    curtailed: bool
    rung: Rung | None
    time_trusted: bool
    points: tuple[float | None, ...]
    import_price: float | None = None
    export_price: float | None = None
    switched_w: float | None = None

    @classmethod
    def known_from_elsewhere(cls, at: datetime, span_s: int, load_w: float | None, pv_w: float | None) -> "MinuteRow":
        """Load and solar power of a time that was not metered by the agent; covered where both are known."""
        return cls(
            at=at,
            span_s=span_s,
            covered_s=span_s if load_w is not None and pv_w is not None else 0.0,
            grid_w=None,
            pv_w=pv_w,
            battery_w=None,
            load_w=load_w,
            soc_pct=None,
            import_wh=0.0,
            export_wh=0.0,
            charge_wh=0.0,
            discharge_wh=0.0,
            cost=None,
            co2_kg=None,
            curtailed=False,
            rung=None,
            time_trusted=True,
            points=(),
        )


class Averaged(Enum):
    """How the control steps of a minute become its value."""

    SPAN = auto()  # the length of the minute itself
    MEAN = auto()  # weighted by the seconds in which it was known; None where it never was
    TOTAL = auto()  # of what was known, 0 where nothing was
    KNOWN_TOTAL = auto()  # of what was known, None where nothing was
    ANY = auto()  # true where any step was
    ALL = auto()  # true where every step was
    LONGEST = auto()  # the one that held for most of the minute


class RolledUp(Enum):
    """How minutes become quarters, hours, days and months. LOWEST, HIGHEST and SECONDS have columns of their own."""

    MEAN = auto()  # weighted by ``covered_s``
    TOTAL = auto()
    KNOWN_TOTAL = auto()  # None where nothing was known
    LOWEST = auto()  # ``soc_pct`` as ``soc_min_pct``
    HIGHEST = auto()  # ``soc_pct`` as ``soc_max_pct``
    SECONDS = auto()  # ``covered_s`` of the minutes in which it was true: ``curtailed`` as ``curtailed_s``


@dataclass(frozen=True, slots=True)
class MinuteField:
    """One value of a minute: a field of MinuteRow and a column of the store.

    ``digits`` decimal places go to the platform, none of it where ``sent`` is false. ``since`` is the schema version
    of the store that first had the column.
    """

    name: str
    unit: str
    averaged: Averaged
    rolled_up: tuple[RolledUp, ...] = ()
    digits: int = 3
    sent: bool = True
    since: int = 1


MEAN, TOTAL, KNOWN_TOTAL = (RolledUp.MEAN,), (RolledUp.TOTAL,), (RolledUp.KNOWN_TOTAL,)

# In the order of the store's columns; ``at`` comes before them, ``points`` after.
MINUTE_FIELDS = (
    MinuteField("span_s", "s", Averaged.SPAN),
    MinuteField("covered_s", "s", Averaged.TOTAL, TOTAL),
    MinuteField("grid_w", "W", Averaged.MEAN, MEAN),
    MinuteField("pv_w", "W", Averaged.MEAN, MEAN),
    MinuteField("battery_w", "W", Averaged.MEAN, MEAN),
    MinuteField("load_w", "W", Averaged.MEAN, MEAN),
    MinuteField("soc_pct", "%", Averaged.MEAN, (RolledUp.MEAN, RolledUp.LOWEST, RolledUp.HIGHEST)),
    MinuteField("import_wh", "Wh", Averaged.TOTAL, TOTAL),
    MinuteField("export_wh", "Wh", Averaged.TOTAL, TOTAL),
    MinuteField("charge_wh", "Wh", Averaged.TOTAL, TOTAL),
    MinuteField("discharge_wh", "Wh", Averaged.TOTAL, TOTAL),
    MinuteField("cost", "currency", Averaged.KNOWN_TOTAL, KNOWN_TOTAL, digits=6),
    MinuteField("co2_kg", "kg", Averaged.KNOWN_TOTAL, KNOWN_TOTAL, digits=6),
    MinuteField("curtailed", "", Averaged.ANY, (RolledUp.SECONDS,)),
    MinuteField("rung", "", Averaged.LONGEST),
    MinuteField("time_trusted", "", Averaged.ALL),
    # Of what was known; the platform, which sent the prices, is not sent them back.
    MinuteField("import_price", "currency/kWh", Averaged.MEAN, MEAN, sent=False, since=3),
    MinuteField("export_price", "currency/kWh", Averaged.MEAN, MEAN, sent=False, since=3),
    # Of the loads that were switched on, by the power that the site file gives them: it is part of ``load_w``.
    MinuteField("switched_w", "W", Averaged.MEAN, MEAN, since=7),
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row of a stream as the platform gets it: plain JSON values, not yet text.

    ``values`` are those of ``columns``, times as ISO text (UTC), numbers rounded; ``points`` those of ``point_names``.
    """

    seq: int
    columns: tuple[str, ...]
    values: tuple[object, ...]
    point_names: tuple[str, ...] = ()
    points: tuple[float | None, ...] = ()

    def named(self) -> dict[str, object]:
        """By column; its points, where it has any, under ``points`` by name."""
        named: dict[str, object] = dict(zip(self.columns, self.values, strict=True))
        points = dict(zip(self.point_names, self.points, strict=True))
        return named | {"points": points} if points else named


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A setpoint whose power, rung or outcome differs from the one before."""

    at: datetime
    battery_w: float | None
    hold_s: float
    rung: Rung
    reason: str
    outcome: str  # applied, clamped, refused, unreachable
    detail: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something a person may want to know: an alarm raised or cleared, a start, a stop, a fallback."""

    at: datetime
    kind: str  # a word of domain/alarms.py and its subject: no_plan, device_lost/meter
    severity: str  # info, warning, alarm
    text: str


@dataclass(frozen=True, slots=True)
class WeatherRow:
    """What the weather feed said of the hour that begins ``at`` (UTC), as it began. None where it said nothing."""

    at: datetime
    temperature_c: float | None
    ghi_w_m2: float | None
    cloud_pct: float | None


@dataclass(frozen=True, slots=True)
class Flags:
    """What is doubted of all measurements from ``since`` on (UTC): these stretches, and no others."""

    since: datetime
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True)
class Redate:
    """Rows above the seqs of ``after`` that are dated ``since``..``until`` (UTC) belong ``by_s`` seconds later.

    Minutes move by whole minutes, and only those whose time was not trusted; ``trusted`` says that it now is.
    ``since`` is a whole minute.
    """

    after: tuple[tuple[str, int], ...]
    since: datetime
    until: datetime
    by_s: float
    trusted: bool

    @property
    def minutes_s(self) -> int:
        """How far minutes move, seconds."""
        return 60 * round(self.by_s / 60.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit writes. ``kept`` replaces named JSON documents (latest state, plan, inputs, acknowledgements)."""

    minutes: tuple[MinuteRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    catalogue: tuple[str, ...] | None = None  # set when the order of ``points`` has changed
    kept: tuple[tuple[str, str], ...] = ()
    acknowledged: tuple[tuple[str, int], ...] = ()  # stream, cumulative seq
    weather: tuple[WeatherRow, ...] = ()
    flags: Flags | None = None
    ledger: tuple[Entry, ...] = ()
    predicted: tuple[PredictedDay, ...] = ()
    redates: tuple[Redate, ...] = ()  # of rows that are in the store already
    commands: tuple[CommandRecord, ...] = ()  # the newest state of each
