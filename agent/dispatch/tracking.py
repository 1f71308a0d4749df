"""Believed only when seen: does the measured power follow what was written?

Devices answer a write and do nothing, for many reasons (a portal's schedule, a calibration, a firmware fault). A
setpoint is verified when the measured battery power comes within tolerance. One that is not met within ``patience_s``
counts as a miss; after ``misses_allowed`` in a row the battery is out of our control, and is left alone for
``pause_s`` before the next try.
"""

from dataclasses import dataclass
from enum import Enum


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
            return Verdict.VERIFIED
        if _near_an_end(self._asked_w, battery_w, soc_pct):
            return Verdict.LIMITED
        if monotonic_s - self._asked_at < self.patience_s:
            return Verdict.WAITING
        return self._miss(monotonic_s)

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
