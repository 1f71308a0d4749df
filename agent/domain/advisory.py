"""A recommendation to the people of the site, what became of it, and what they ask of it."""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import Enum


class AdvisoryType(Enum):
    CHARGE = "charge_battery"
    HOLD = "hold_battery"
    SHIFT_LOAD = "shift_load"
    RAISE_RESERVE = "raise_reserve"
    COMING_PEAK = "coming_peak"
    DATA_FAULT = "data_fault"
    SICK_BATTERY = "sick_battery"


class AdvisoryState(Enum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DISMISSED = "dismissed"
    SCHEDULED = "scheduled"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Support:
    """The numbers behind a recommendation, in ``unit``.

    ``forecast`` is what is expected without it, ``optimum`` what is expected with it, ``accuracy`` the mean error that
    the figure has had or has by its own scatter; None where that is not known.
    """

    forecast: float
    optimum: float
    unit: str
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a recommendation. ``came_true`` None: nobody can tell, and nothing is learnt from it.

    ``saved`` is money, None where it was not about money or was not measured.
    """

    at: datetime
    came_true: bool | None
    saved: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Advisory:
    """``key`` names it for good: type, subject and day. It is about the time from ``start`` to ``end`` (UTC).

    ``chance`` is the maker's own confidence, ``confidence`` that one corrected by how earlier ones of the type turned
    out; both 0..1. ``cost_saving`` is money and ``co2_saving_kg`` kg, None where it is not about that; what a kWh left
    in the battery counts in it is ``energy_value_per_kwh``. ``scheduled_for`` is set in the state SCHEDULED.
    """

    key: str
    kind: AdvisoryType
    headline: str
    description: str
    chance: float
    confidence: float
    cost_saving: float | None
    co2_saving_kg: float | None
    support: Support
    created: datetime
    start: datetime
    end: datetime
    expires: datetime
    energy_value_per_kwh: float | None = None
    state: AdvisoryState = AdvisoryState.OPEN
    scheduled_for: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class FlexibleLoad:
    """A machine that can run at another time: ``power_w`` for ``duration_s``, whole within ``earliest``..``latest``.

    The window is the site's local time and may reach over midnight. ``usual`` is when it starts if nobody says
    anything, so that the load forecast holds it there; None: it is not in the forecast and would start at ``earliest``.
    """

    name: str
    power_w: float
    duration_s: int
    earliest: time
    latest: time
    usual: time | None = None

    def __post_init__(self) -> None:
        if not self.power_w > 0 or self.duration_s <= 0:
            raise ValueError(f"the flexible load {self.name} has no power or no duration")


@dataclass(frozen=True, slots=True)
class Outage:
    """The grid was away from ``start`` to ``end`` (UTC)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class PricedSpan:
    """What energy cost in the quarter that began ``at`` (UTC), money per kWh."""

    at: datetime
    import_price: float
    export_price: float


@dataclass(frozen=True, slots=True)
class AdviceQuestion:
    """What recommendations rest on besides a plan's own question.

    ``outages`` are those of the last ``outage_days``; a kWh that is missing in one is worth ``outage_value_per_kwh``,
    for ``critical_load_w`` of the load. ``due`` are earlier recommendations whose outcome is wanted, ``paid`` the
    prices around them, oldest first; a quarter whose price is not known is left out.
    """

    loads: tuple[FlexibleLoad, ...] = ()
    outages: tuple[Outage, ...] = ()
    outage_days: float = 365.0
    outage_value_per_kwh: float = 0.0
    critical_load_w: float = 0.0
    due: tuple[Advisory, ...] = ()
    paid: tuple[PricedSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """``outcome`` belongs to the recommendation ``key``."""

    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Advice:
    """The planner's answer to an AdviceQuestion."""

    proposals: tuple[Advisory, ...] = ()
    settled: tuple[Settled, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """One recommendation that turned out true or false, with the confidence its maker had."""

    kind: AdvisoryType
    chance: float
    came_true: bool


@dataclass(frozen=True, slots=True)
class AdviceBook:
    """All that is known about recommendations: one document, kept in the store."""

    advisories: tuple[Advisory, ...] = field(default=())
    past: tuple[Past, ...] = field(default=())


class Verb(Enum):
    ACKNOWLEDGE = "acknowledge"
    DISMISS = "dismiss"
    SCHEDULE = "schedule"
