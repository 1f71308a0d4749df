"""Believed only when seen: does the measured power follow what was written?

Devices answer a write and do nothing, for many reasons (a portal's schedule, a calibration, a firmware fault). A
setpoint is verified when the measured battery power comes within tolerance. One that is not met within ``patience_s``
counts as a miss; after ``misses_allowed`` in a row the battery is out of our control, and is left alone for
``pause_s`` before the next try.

A battery that delivers a part of what is asked for (it is hot, cold or ageing) is in control, but limited: for
``pause_s`` no more is asked than it delivered, then it is tried in full again.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from agent.domain.site import Battery

LEAST_PART = 0.2  # of what was asked; less is not a limit but no obedience


class Verdict(Enum):
    NOTHING_ASKED = "nothing asked"
    WAITING = "waiting"
    VERIFIED = "verified"
    LIMITED = "limited by the battery itself"
    MISSED = "missed"
    NO_CONTROL = "no control"


@dataclass(slots=True)
class Tracking:
    """One instance a battery. ``rating_w`` sets the tolerance: 5 % of it, and at least 100 W."""

    rating_w: float
    patience_s: float = 30.0
    misses_allowed: int = 3
    pause_s: float = 600.0
    _asked_w: float | None = None
    _asked_at: float = 0.0
    _misses: int = 0
    _paused_until: float | None = None
    _short: dict[bool, tuple[float, float]] = field(default_factory=dict)  # charging -> (most W, until)
    weak: str | None = None  # one sentence while less is delivered than asked for

    @property
    def tolerance_w(self) -> float:
        return max(100.0, 0.05 * self.rating_w)

    def asked(self, monotonic_s: float, battery_w: float | None) -> None:
        """A setpoint was written and read back. Refreshing the same power does not restart the patience."""
        if battery_w is None:
            self._asked_w = None
        elif self._asked_w is None or abs(battery_w - self._asked_w) > self.tolerance_w:
            self._asked_w, self._asked_at = battery_w, monotonic_s
        else:
            self._asked_w = battery_w

    def seen(self, monotonic_s: float, battery_w: float | None, soc_pct: float | None) -> Verdict:
        """Judge a measurement of the battery power (None: not measured)."""
        if self.out_of_control(monotonic_s):
            return Verdict.NO_CONTROL
        if self._asked_w is None:
            return Verdict.NOTHING_ASKED
        if battery_w is None:
            return Verdict.WAITING
        if abs(battery_w - self._asked_w) <= self.tolerance_w:
            self._misses = 0
            self._recovered(battery_w)
            return Verdict.VERIFIED
        if _near_an_end(self._asked_w, battery_w, soc_pct):
            return Verdict.LIMITED
        if monotonic_s - self._asked_at < self.patience_s:
            return Verdict.WAITING
        if battery_w * self._asked_w > 0.0 and LEAST_PART <= abs(battery_w / self._asked_w) < 1.0:
            return self._fell_short(monotonic_s, battery_w, self._asked_w)
        return self._miss(monotonic_s)

    def delivered(self, battery: Battery, monotonic_s: float) -> Battery:
        """``battery`` with its ratings cut to what it delivered lately."""
        held = {charging: most_w for charging, (most_w, until) in self._short.items() if monotonic_s < until}
        return replace(
            battery,
            charge_w=min(battery.charge_w, held.get(True, battery.charge_w)),
            discharge_w=min(battery.discharge_w, held.get(False, battery.discharge_w)),
        )

    def _fell_short(self, monotonic_s: float, battery_w: float, asked_w: float) -> Verdict:
        self._misses = 0
        self._short[asked_w < 0.0] = (abs(battery_w), monotonic_s + self.pause_s)
        self.weak = f"the battery delivers {abs(battery_w):.0f} W of the {abs(asked_w):.0f} W asked for"
        return Verdict.LIMITED

    def _recovered(self, battery_w: float) -> None:
        """More than the limit was delivered, so it is one no more."""
        charging = battery_w < 0.0
        if charging in self._short and abs(battery_w) > self._short[charging][0] + 2.0 * self.tolerance_w:
            del self._short[charging]
        if not self._short:
            self.weak = None

    def out_of_control(self, monotonic_s: float) -> bool:
        """True while the battery is left alone because it did not follow."""
        return self._paused_until is not None and monotonic_s < self._paused_until

    def _miss(self, monotonic_s: float) -> Verdict:
        self._misses += 1
        self._asked_at = monotonic_s
        if self._misses < self.misses_allowed:
            return Verdict.MISSED
        self._misses, self._asked_w = 0, None
        self._paused_until = monotonic_s + self.pause_s
        return Verdict.NO_CONTROL


def _near_an_end(asked_w: float, measured_w: float, soc_pct: float | None) -> bool:
    """A battery tapers its power near full and near empty by itself; that is no disobedience."""
    if soc_pct is None:
        return False
    tapers = (asked_w < 0 and soc_pct >= 88.0) or (asked_w > 0 and soc_pct <= 12.0)
    return tapers and abs(measured_w) < abs(asked_w) and measured_w * asked_w >= 0.0
