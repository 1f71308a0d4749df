"""Whether the measured power of the battery follows what was written.

Devices answer a write and do nothing, or do something else, for many reasons (a portal's schedule, a calibration, a
cold or empty battery, a firmware fault). A setpoint is verified when the measured battery power comes within the
tolerance. What is not within ``patience_s`` is one of three things, and a release, which may cost money, is the last:

1. A part in the direction asked for, above the noise: the battery is *limited*. For ``pause_s`` no more is asked in
   that direction than it gave, then it is tried in full again. One that has followed until now has its patience first.
2. Nothing at all: a miss, and written again. After ``misses_allowed`` misses in a row the direction is *held* at 0 W
   for ``pause_s``, and for twice as long each time after that, up to ``LONGEST_PAUSE_S``. The other direction is open.
   This never ends in a release.
3. Something else (the wrong direction, more than was asked for, power where none was asked for): a miss, and written
   again. After ``misses_allowed`` misses in a row both directions are held at 0 W for ``pause_s``. If the battery
   ignores that for ``patience_s`` too it is *out of control*: left alone for ``pause_s``, and planned without.

Where orders follow one another too fast for that, what is apart from all of them for ``patience_s`` is judged as well:
a load that never rests must not hide a battery that does as it likes.

A device that discharges for the load alone, by its own rule, gives what the load takes: more than was asked for is none
of these, nor less while nothing is imported.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum

from agent.domain.battery import Battery
from agent.domain.sentences import alarms as say

LONGEST_PAUSE_S = 3600.0
NOISE_W, NOISE_PART = 50.0, 0.01  # of the rating; an inverter's own needs look like a small charge or discharge


class Verdict(Enum):
    NOTHING_ASKED = "nothing asked"
    WAITING = "waiting"
    VERIFIED = "verified"
    LIMITED = "limited by the battery itself"
    MISSED = "missed"
    HELD = "held at 0 W"
    NO_CONTROL = "no control"


@dataclass(frozen=True, slots=True)
class _Limit:
    """The most that is asked for in one direction until ``until`` (monotonic seconds)."""

    most_w: float
    until: float
    sentence: str
    gave_nothing: bool = False


@dataclass(slots=True)
class Tracking:
    """One instance a battery.

    ``rating_w`` sets the tolerance: 5 % of it, and at least 100 W or what the battery is ``known_off_w`` to be off.
    Without ``feeds_grid`` it discharges for the load alone.
    """

    rating_w: float
    patience_s: float = 30.0
    misses_allowed: int = 3
    pause_s: float = 600.0
    feeds_grid: bool = True
    known_off_w: float = 0.0
    _asked_w: float | None = None
    _patient_since: float = 0.0
    _patient_with_w: float = 0.0  # what was asked for then: orders that creep away from it are another one in the end
    _followed_at: float = -float("inf")
    _lately: deque[tuple[float, float]] = field(default_factory=deque)  # orders of the last patience: when, W
    _apart_since: float | None = None
    _misses: int = 0
    _paused_until: float | None = None
    _limits: dict[bool, _Limit] = field(default_factory=dict)  # by direction: True charges
    _pauses_s: dict[bool, float] = field(default_factory=dict)  # the next pause after nothing was given

    @property
    def tolerance_w(self) -> float:
        return max(100.0, 0.05 * self.rating_w, self.known_off_w)

    @property
    def noise_w(self) -> float:
        return max(NOISE_W, NOISE_PART * self.rating_w)

    @property
    def weak(self) -> str | None:
        """One sentence while less is delivered than asked for, or was until the next try."""
        return next((limit.sentence for limit in self._limits.values()), None)

    def asked(self, monotonic_s: float, battery_w: float | None) -> None:
        """A setpoint was written and read back. Refreshing the same power does not restart the patience."""
        if battery_w is None:
            self._asked_w = self._apart_since = None
            self._lately.clear()
            return
        self._lately.append((monotonic_s, battery_w))
        self._forget_orders(monotonic_s)
        if self._asked_w is None or abs(battery_w - self._patient_with_w) > self.tolerance_w:
            self._be_patient(monotonic_s, battery_w)
        self._asked_w = battery_w

    def seen(
        self, monotonic_s: float, battery_w: float | None, soc_pct: float | None, grid_w: float | None = None
    ) -> Verdict:
        """Judge a measurement of the battery power (None: not measured), beside the import of the site."""
        self._forget_limits(monotonic_s)
        verdict = self._judged(monotonic_s, battery_w, soc_pct, grid_w)
        if verdict is not Verdict.WAITING or battery_w is None:
            self._apart_since = None
        return verdict

    def _judged(
        self, monotonic_s: float, battery_w: float | None, soc_pct: float | None, grid_w: float | None
    ) -> Verdict:
        if self.out_of_control(monotonic_s):
            return Verdict.NO_CONTROL
        if self._asked_w is None:
            return Verdict.NOTHING_ASKED
        if battery_w is None:
            return Verdict.WAITING
        if abs(battery_w - self._asked_w) <= self.tolerance_w or self._covers_more(battery_w, self._asked_w):
            self._misses, self._followed_at, self._paused_until = 0, monotonic_s, None
            self._recovered(battery_w)
            return Verdict.VERIFIED
        if grid_w is not None and self._covers_all(battery_w, self._asked_w, grid_w):
            self._misses = 0
            self._be_patient(monotonic_s, self._asked_w)  # once the load takes more, patience begins anew
            return Verdict.VERIFIED
        if _near_an_end(self._asked_w, battery_w, soc_pct):
            return Verdict.LIMITED
        if max(monotonic_s - self._patient_since, self._apart_s(monotonic_s, battery_w)) < self.patience_s:
            return Verdict.WAITING
        if battery_w * self._asked_w > 0.0 and self.noise_w < abs(battery_w) < abs(self._asked_w):
            if monotonic_s - self._followed_at < self.patience_s:
                return Verdict.WAITING
            return self._fell_short(monotonic_s, battery_w, self._asked_w)
        return self._miss(monotonic_s, battery_w, self._asked_w)

    def delivered(self, battery: Battery, monotonic_s: float) -> Battery:
        """``battery`` with its ratings cut to what it delivered lately."""
        most = {charging: limit.most_w for charging, limit in self._limits.items() if monotonic_s < limit.until}
        return replace(
            battery,
            charge_w=min(battery.charge_w, most.get(True, battery.charge_w)),
            discharge_w=min(battery.discharge_w, most.get(False, battery.discharge_w)),
        )

    def gave_nothing(self, charging: bool) -> bool:
        """True while a direction is held because nothing came of it: the battery may be empty (charging: full)."""
        limit = self._limits.get(charging)
        return limit is not None and limit.gave_nothing

    def out_of_control(self, monotonic_s: float) -> bool:
        """True while the battery is left alone because it did not follow."""
        return self._paused_until is not None and monotonic_s < self._paused_until

    def counts_as_lost(self, monotonic_s: float) -> bool:
        """True also after that, until a new try has had time to show whether it still does not follow."""
        retried_s = (self.misses_allowed + 2) * self.patience_s  # the last two: the hold at 0 W, and to begin
        return self._paused_until is not None and monotonic_s < self._paused_until + retried_s

    def _be_patient(self, monotonic_s: float, asked_w: float) -> None:
        self._patient_since, self._patient_with_w = monotonic_s, asked_w

    def _apart_s(self, monotonic_s: float, battery_w: float) -> float:
        """For how long the battery has had a power apart from everything that was asked within the patience, s."""
        self._forget_orders(monotonic_s)
        asked_w = [watts for _, watts in self._lately]
        if min(asked_w) - self.tolerance_w <= battery_w <= max(asked_w) + self.tolerance_w:
            self._apart_since = None
        elif self._apart_since is None:
            self._apart_since = monotonic_s
        return 0.0 if self._apart_since is None else monotonic_s - self._apart_since

    def _forget_orders(self, monotonic_s: float) -> None:
        """Those that another has replaced for longer than the patience."""
        while len(self._lately) > 1 and self._lately[1][0] <= monotonic_s - self.patience_s:
            self._lately.popleft()

    def _covers_more(self, battery_w: float, asked_w: float) -> bool:
        return not self.feeds_grid and 0.0 < asked_w < battery_w

    def _covers_all(self, battery_w: float, asked_w: float, grid_w: float) -> bool:
        """By its own rule it gives less than it may: nothing is imported, so the load takes no more."""
        return not self.feeds_grid and -self.noise_w <= battery_w < asked_w and grid_w <= self.noise_w

    def _fell_short(self, monotonic_s: float, battery_w: float, asked_w: float) -> Verdict:
        self._misses = 0
        sentence = say.delivers_less(power_w=abs(battery_w), asked_w=abs(asked_w))
        self._limits[asked_w < 0.0] = _Limit(abs(battery_w), monotonic_s + self.pause_s, sentence)
        return Verdict.LIMITED

    def _recovered(self, battery_w: float) -> None:
        """More than the limit was delivered, so it is one no more."""
        charging = battery_w < 0.0
        if abs(battery_w) > self.noise_w:
            self._pauses_s.pop(charging, None)
        limit = self._limits.get(charging)
        if limit is not None and abs(battery_w) > limit.most_w + 2.0 * self.tolerance_w:
            del self._limits[charging]

    def _forget_limits(self, monotonic_s: float) -> None:
        """One that has run out stands as long as a new try needs to show whether it still holds: a part shows within
        one patience, and nothing, or something else, is a miss so many times."""
        for charging, limit in tuple(self._limits.items()):
            tries = 1 if limit.most_w else self.misses_allowed
            if monotonic_s >= limit.until + (tries + 1) * self.patience_s:
                del self._limits[charging]

    def _miss(self, monotonic_s: float, battery_w: float, asked_w: float) -> Verdict:
        self._misses += 1
        self._be_patient(monotonic_s, asked_w)
        if self._misses < self.misses_allowed:
            return Verdict.MISSED
        if abs(battery_w) <= self.noise_w:
            self._misses = 0
            self._hold_direction(monotonic_s, asked_w)
            return Verdict.HELD
        if self._misses == self.misses_allowed:
            self._hold_both(monotonic_s, battery_w, asked_w)
            return Verdict.HELD
        self._misses, self._asked_w = 0, None
        self._limits.clear()
        self._paused_until = monotonic_s + self.pause_s
        return Verdict.NO_CONTROL

    def _hold_direction(self, monotonic_s: float, asked_w: float) -> None:
        charging = asked_w < 0.0
        pause_s = self._pauses_s.get(charging, self.pause_s)
        self._pauses_s[charging] = min(2.0 * pause_s, LONGEST_PAUSE_S)
        sentence = (say.takes_nothing if charging else say.gives_nothing)(asked_w=abs(asked_w))
        self._limits[charging] = _Limit(0.0, monotonic_s + pause_s, sentence, gave_nothing=True)

    def _hold_both(self, monotonic_s: float, battery_w: float, asked_w: float) -> None:
        sentence = say.delivers_other(asked_w=asked_w, power_w=battery_w)
        self._limits = dict.fromkeys((True, False), _Limit(0.0, monotonic_s + self.pause_s, sentence))


def _near_an_end(asked_w: float, measured_w: float, soc_pct: float | None) -> bool:
    """A battery tapers its power near full and near empty by itself; that counts as followed."""
    if soc_pct is None:
        return False
    tapers = (asked_w < 0 and soc_pct >= 88.0) or (asked_w > 0 and soc_pct <= 12.0)
    return tapers and abs(measured_w) < abs(asked_w) and measured_w * asked_w >= 0.0
