"""What is written down: one row per minute, per decision and per event. A row of a stream is also its outbox entry."""

from dataclasses import dataclass
from datetime import datetime

from agent.domain.ledger import Entry
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
    redates: tuple[Redate, ...] = ()  # of rows that are in the store already
