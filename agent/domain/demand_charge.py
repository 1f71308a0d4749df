"""What the highest import of a billing month costs, and when import counts for it."""

import math
from dataclasses import dataclass
from datetime import datetime

from agent.domain.horizon import Horizon
from agent.domain.tariff import TimeOfUse, price_at

RATCHET_MONTHS = 11  # before the running one, whose peaks a ratchet holds against it


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """Money per kW of the highest mean import over any ``interval_s`` of a calendar month (site's clock).

    ``months`` are those it is asked in, 1 to 12. ``hours`` is 1 where an interval that begins there counts and 0
    elsewhere; None counts all. At least ``ratchet_share`` (0..1) of the highest of the last eleven months is paid.
    """

    per_kw: float
    interval_s: int = 3600
    months: tuple[int, ...] = tuple(range(1, 13))
    hours: TimeOfUse | None = None
    ratchet_share: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.per_kw) and self.per_kw >= 0.0):
            raise ValueError(f"a demand charge is a number of at least 0 per kW, not {self.per_kw}")
        if self.interval_s not in (900, 1800, 3600):
            raise ValueError(f"a demand charge is asked for 15, 30 or 60 minutes, not {self.interval_s} s")
        if any(not 1 <= month <= 12 for month in self.months):
            raise ValueError("the months of a demand charge are numbers from 1 to 12")
        if not 0.0 <= self.ratchet_share <= 1.0:
            raise ValueError(f"a ratchet holds a share from 0 to 1, not {self.ratchet_share}")

    def counts(self, at: datetime) -> bool:
        """Whether an interval that begins ``at`` (aware) counts in a month that is charged."""
        return self.hours is None or price_at(self.hours, at) == 1.0

    def counts_over(self, intervals: Horizon) -> tuple[bool, ...]:
        """As ``counts`` for every step of a horizon of intervals."""
        if self.hours is None:
            return (True,) * intervals.steps
        return tuple(self.counts(at) for at in intervals.times())
