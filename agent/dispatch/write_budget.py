"""How often registers that wear may be written: counted by day and register, coarser as it is used up, then not at all.

EEPROM lasts about 100,000 writes: a hundred a day are three years of one cell, and devices spread them. A tenth of the
budget is kept for releases; the rest is spread over the day. Renewing a setpoint is a write too, so on such a device a
setpoint holds for long: renewals take at most half of the budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from agent.dispatch.lease import Lease, cap_differs
from agent.domain.setpoint import Setpoint
from agent.domain.steering import DailyWrites
from agent.domain.time_trust import EARLIEST

DAY_S = 86400.0
FAR_AHEAD = timedelta(days=7)  # less is waited out, so that a clock which goes to and fro gives no new budget
FOR_RELEASES = 0.1
AT_MIDNIGHT = 0.2  # of what is for setpoints may be used at once; the rest comes with the hours
LEAST_DEADBAND, WIDEST_DEADBAND = 0.02, 2.0  # of the rating: two ratings are more than any change
LESS_POWER = 0.25  # of the rating: no dead-band is wider for a change to less power, which a limit may ask for


@dataclass(slots=True)
class WriteBudget:
    """One instance a device. ``rating_w`` scales the dead-band. Days are UTC; one that lies back counts on.

    Writes that a wrong clock has counted into a day far ahead count as of today, or that day would last until then.
    """

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

    def deadband_w(self, now: datetime, less: bool = False) -> float:
        """The least change that is worth a write at ``now``, wider the more of what the hours allow is used up.

        ``less``: the change is to a power that is nearer to zero.
        """
        at = now.astimezone(UTC)
        passed = (at.hour * 3600 + at.minute * 60 + at.second) / DAY_S
        allowed = self._for_setpoints * (AT_MIDNIGHT + (1.0 - AT_MIDNIGHT) * passed)
        share = self.used_today(at.date()) / allowed
        widest = LESS_POWER if less else WIDEST_DEADBAND
        return self.rating_w * min(widest, LEAST_DEADBAND + (WIDEST_DEADBAND - LEAST_DEADBAND) * share * share)

    def allows(self, wanted: Setpoint, lease: Lease, monotonic_s: float, now: datetime) -> bool:
        """``lease`` is renewed at half of its life, and changed by more than the dead-band of ``now``."""
        if lease.battery_w is None or wanted.battery_w is None:
            return True
        if lease.half_is_over(monotonic_s):
            return True
        less = abs(wanted.battery_w) < abs(lease.battery_w) and wanted.battery_w * lease.battery_w >= 0.0
        deadband_w = self.deadband_w(now, less)
        if cap_differs(wanted.pv_limit_w, lease.pv_limit_w, deadband_w):
            return True
        return abs(wanted.battery_w - lease.battery_w) > deadband_w

    def today(self, today: date) -> DailyWrites:
        return DailyWrites(today.isoformat(), self.used_today(today), self.per_day)

    @property
    def _for_setpoints(self) -> int:
        return max(1, self.per_day - max(1, round(FOR_RELEASES * self.per_day)))

    def _turn(self, today: date) -> None:
        if today > self.day:
            self.day, self.used = today, {}
        elif self.day - today > FAR_AHEAD and today >= EARLIEST.date():
            self.day = today
