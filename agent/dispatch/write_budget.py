"""How often registers that wear may be written: counted by day and register, coarser as it is used up, then not at all.

EEPROM lasts about 100,000 writes: a hundred a day are three years of one cell, and devices spread them. A tenth of the
budget is kept for releases. Renewing a setpoint is a write too, so on such a device a setpoint holds for long: renewals
take at most half of the budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from agent.domain.steering import DailyWrites

DAY_S = 86400.0
FOR_RELEASES = 0.1
LEAST_DEADBAND = 0.02  # of the rating, with the budget untouched


@dataclass(slots=True)
class WriteBudget:
    """One instance a device. ``rating_w`` scales the dead-band. Days are UTC; one that lies back counts on."""

    per_day: int = 100
    rating_w: float = 0.0
    day: date = date.min
    used: dict[str, int] = field(default_factory=dict)

    @property
    def hold_s(self) -> float:
        """How long a setpoint holds: renewed at half of it, that is half of the budget."""
        return 4.0 * DAY_S / self.per_day

    def spend(self, writes: Mapping[str, int], today: date) -> None:
        """``writes`` by register were made."""
        self._turn(today)
        for name, count in writes.items():
            self.used[name] = self.used.get(name, 0) + count

    def used_today(self, today: date) -> int:
        """Of the register that was written most."""
        self._turn(today)
        return max(self.used.values(), default=0)

    def may_steer(self, today: date) -> bool:
        """False when what is left is for releases."""
        return self.used_today(today) < self._for_setpoints

    def deadband_w(self, today: date) -> float:
        """The least change that is worth a write: 2 % of the rating at first, all of it at the end."""
        share = min(1.0, self.used_today(today) / self._for_setpoints)
        return self.rating_w * (LEAST_DEADBAND + (1.0 - LEAST_DEADBAND) * share * share)

    def today(self, today: date) -> DailyWrites:
        return DailyWrites(today.isoformat(), self.used_today(today), self.per_day)

    @property
    def _for_setpoints(self) -> int:
        return max(1, self.per_day - max(1, round(FOR_RELEASES * self.per_day)))

    def _turn(self, today: date) -> None:
        if today > self.day:
            self.day, self.used = today, {}
