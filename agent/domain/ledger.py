"""What the savings ledger is written in: an hour's bills, what is carried on, and the question that settles them."""

from dataclasses import dataclass
from datetime import datetime

from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.site import Connection

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Amounts:
    """Millionths of the currency over ``hours`` measured hours. The first four are bills, the others parts of a loss.

    ``unsolved`` of the hours had no answer of the solver: what was paid stands for hindsight there.
    """

    hours: int = 0
    no_battery: int = 0
    rule: int = 0
    paid: int = 0
    hindsight: int = 0
    plan: int = 0
    execution: int = 0
    unsolved: int = 0

    @property
    def saved(self) -> int:
        return self.no_battery - self.paid

    @property
    def saved_by_rule(self) -> int:
        """What the self-consumption rule would have saved."""
        return self.no_battery - self.rule

    @property
    def achievable(self) -> int:
        return self.no_battery - self.hindsight

    @property
    def forecast(self) -> int:
        return self.achievable - self.saved - self.plan - self.execution


@dataclass(frozen=True, slots=True)
class Entry:
    """The hour that begins ``at`` (UTC); ``stored_wh`` was in the battery when it began."""

    at: datetime
    amounts: Amounts
    stored_wh: float


@dataclass(frozen=True, slots=True)
class PredictedDay:
    """What the plan that was made ``made_at`` (UTC) expects of the site's day that begins ``at`` (UTC).

    Millionths of the currency at the meter: the bill without a battery and the plan's, both on the forecast's medians.
    """

    at: datetime
    made_at: datetime
    no_battery: int
    plan: int

    @property
    def saved(self) -> int:
        return self.no_battery - self.plan


@dataclass(frozen=True, slots=True)
class LedgerPeaks:
    """The highest mean imports of a month of the site's clock so far, kW, one a demand charge, by their bill."""

    year: int
    month: int
    no_battery_kw: tuple[float, ...]
    rule_kw: tuple[float, ...]
    paid_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LedgerCheckpoint:
    """What is carried from day to day: the rule's own SoC at ``until`` (UTC), for a battery of ``usable_wh``.

    ``peaks`` are those of the month that ``until`` is in or that ends there; None without a demand charge.
    """

    until: datetime
    rule_soc_pct: float | None
    usable_wh: float
    peaks: LedgerPeaks | None = None


@dataclass(frozen=True, slots=True)
class SettlementRequest:
    """Settle the whole days of the database ``store`` that are not in its ledger yet.

    ``carbon_price_per_kwh`` is what the planner adds to the price of an imported kWh; ``carry`` is where the ledger
    ends, None for one that begins.
    """

    now: datetime
    store: str
    timezone: str
    battery: Battery
    connection: Connection
    has_solar: bool
    carbon_price_per_kwh: float
    carry: LedgerCheckpoint | None = None
    charges: tuple[DemandCharge, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """The hours of the days that were settled, oldest first, and where the ledger now ends.

    ``more``: further days could have been settled, had there been time.
    """

    entries: tuple[Entry, ...]
    carry: LedgerCheckpoint | None
    more: bool = False
