"""A state of charge is believed while the energy that was moved explains it, and counted while it does not.

Gauges are recalibrated, swapped, misread and stuck. Since the last value that was believed the battery's measured
power is counted. The count is never exact: it is off by ``JUMP_PCT`` (``END_JUMP_PCT`` where a gauge says that it is
full or empty), by ``METER_PART`` of all energy that was moved, by what flows below the noise of a power meter, and by
the whole rating for as long as the power was not measured; the sum is its *margin*. A gauge that differs from the
count by more than the margin is doubted, whether it jumped or has stayed while energy was moved. Meanwhile the count
is acted on, within a window that is narrower by its margin at the top and by it and at least ``CAUTION_PCT`` at the
bottom: that costs less than a release, and no discharge is forced on a guess. A count whose margin has passed
``MOST_MARGIN_PCT`` is no better than nothing: the battery is left to its own device.

A doubted gauge is believed again when it
- comes back into the count's margin, by a move of its own: one that only stays until the count passes it shows nothing;
- has followed the measured power over ``PROOF_PCT`` of net energy, as one that was recalibrated does and a stuck one
  cannot;
- has held together with the measured power for ``PROOF_S``: by then a count says little.

A battery that gives nothing is empty, and one that takes nothing is full, whatever the gauge says (``found_end``): the
count begins there, and the gauge has to prove itself as above. Since a battery may also have been blocked for a while,
time proves it after ``END_PROOF_S`` here, and after twice as long each time it comes to nothing, up to ``PROOF_S``. One
that neither gives nor takes is switched off, and its gauge may be right.
"""

from dataclasses import dataclass, field

from agent.domain.battery import Battery, stored_w
from agent.domain.sentences import alarms as say

JUMP_PCT = 5.0
END_JUMP_PCT, EMPTY_PCT, FULL_PCT = 15.0, 3.0, 98.0  # a gauge is calibrated where it is full or empty
CAUTION_PCT = 10.0
MOST_MARGIN_PCT = 20.0
METER_PART = 0.1  # efficiency and meter together
NOISE_PART = 0.02  # of the rating
PROOF_PCT, PROOF_OFF_PCT = 10.0, 3.0
PROOF_S, END_PROOF_S = 6.0 * 3600.0, 3600.0
MOVED_PCT = 1.0  # a smaller move of a gauge is none
SETTLED_S = 3600.0  # a gauge at rest is believed anew this often, so that noise does not add up for days
LONGEST_STEP_S = 60.0  # over a longer gap the power in between is not known, so the rating is taken


@dataclass(frozen=True, slots=True)
class SocJudgement:
    """What to act on. ``soc_pct`` None: nothing. ``doubt`` is one sentence where it is not the gauge that is believed.

    ``margin_pct`` is how far the truth may lie from a counted ``soc_pct``, 0 where the gauge is believed.
    """

    soc_pct: float | None
    doubt: str | None = None
    margin_pct: float = 0.0

    def cautious(self, battery: Battery) -> Battery:
        """``battery`` with the window that a counted state of charge leaves."""
        if not self.margin_pct:
            return battery
        return battery.with_caution(max(CAUTION_PCT, self.margin_pct), self.margin_pct)


@dataclass(slots=True)
class _Count:
    """A state of charge, and what was moved since: net, and how far off that may be. In percent of the capacity."""

    soc_pct: float
    net_pct: float = 0.0
    off_pct: float = 0.0
    age_s: float = 0.0

    @property
    def now_pct(self) -> float:
        return min(100.0, max(0.0, self.soc_pct + self.net_pct))

    @property
    def margin_pct(self) -> float:
        return JUMP_PCT + self.off_pct

    def add(self, net_pct: float, off_pct: float, seconds: float) -> None:
        self.net_pct += net_pct
        self.off_pct += off_pct
        self.age_s += seconds

    def differs(self, soc_pct: float) -> float:
        return abs(soc_pct - self.soc_pct - self.net_pct)

    def explains(self, soc_pct: float) -> bool:
        """A gauge finds its ends anew by more than that, and one that says it is at an end asks for nothing there."""
        at_an_end = soc_pct >= FULL_PCT or soc_pct <= EMPTY_PCT
        return self.differs(soc_pct) <= max(self.margin_pct, END_JUMP_PCT if at_an_end else 0.0)


@dataclass(slots=True)
class SocWatch:
    """One instance a battery."""

    battery: Battery
    _count: _Count | None = None
    _doubted: _Count | None = None  # what the gauge would be, if it were right
    _refused_pct: float = 0.0  # what it said when it was first doubted
    _sentence: str | None = None
    _last_at: float | None = None
    _last_w: float | None = None
    _last_pct: float | None = None
    _ends: set[bool] = field(default_factory=set)  # found since energy was moved last: True takes nothing
    _since_end_pct: float = 0.0
    _end_proof_s: float = END_PROOF_S
    _proof_s: float = PROOF_S

    def update(self, monotonic_s: float, soc_pct: float | None, battery_w: float | None) -> SocJudgement:
        """Take in a gauge's value and the power, None where not measured. A value outside 0..100 is never believed."""
        self._move(monotonic_s, battery_w)
        if soc_pct is None:
            return SocJudgement(None, self._sentence)
        self._last_pct = soc_pct
        count = self._count
        if count is None:
            if not 0.0 <= soc_pct <= 100.0:
                return SocJudgement(None, say.soc_reads(soc_pct=soc_pct))
            return self._believe(soc_pct)
        if self._doubted is None and 0.0 <= soc_pct <= 100.0 and count.explains(soc_pct):
            return self._follow(count, soc_pct)
        if self._doubted is None:
            self._sentence = _sentence(count, soc_pct)
            self._doubted, self._refused_pct, self._proof_s = _Count(soc_pct), soc_pct, PROOF_S
        if self._is_proven(count, self._doubted, soc_pct):
            return self._believe(soc_pct)
        return self._counted(count)

    def recall(self, counted_pct: float, age_s: float) -> None:
        """Go on from what an earlier agent had counted ``age_s`` ago, when it did not believe the gauge."""
        rating_w = max(self.battery.charge_w, self.battery.discharge_w)
        self._count = _Count(counted_pct, off_pct=rating_w * age_s / 36.0 / self.battery.usable_wh)

    def found_end(self, charging: bool) -> None:
        """The battery takes nothing (``charging``) or gives nothing: it is full or empty, whatever its gauge says."""
        end_pct = self.battery.soc_max_pct if charging else self.battery.floor_pct
        gauge_pct = self._last_pct
        self._ends.add(charging)
        self._since_end_pct = 0.0
        if len(self._ends) > 1 and gauge_pct is not None and 0.0 <= gauge_pct <= 100.0:
            self._believe(gauge_pct)
            return
        if gauge_pct is None or (gauge_pct >= end_pct if charging else gauge_pct <= end_pct):
            return
        self._count = _Count(end_pct)
        if self._doubted is None and abs(gauge_pct - end_pct) > JUMP_PCT:
            self._sentence = (say.counts_as_full if charging else say.counts_as_empty)(soc_pct=gauge_pct)
            self._doubted, self._refused_pct, self._proof_s = _Count(gauge_pct), gauge_pct, self._end_proof_s
            self._end_proof_s = min(2.0 * self._end_proof_s, PROOF_S)

    def _believe(self, soc_pct: float) -> SocJudgement:
        self._count, self._doubted, self._sentence = _Count(soc_pct), None, None
        return SocJudgement(soc_pct)

    def _follow(self, count: _Count, soc_pct: float) -> SocJudgement:
        """Gauges move in steps; what was moved counts from the last step on."""
        rested = count.age_s >= SETTLED_S and abs(count.net_pct) <= MOVED_PCT
        if soc_pct != count.soc_pct or rested:
            self._count = _Count(soc_pct)
        return SocJudgement(soc_pct)

    def _counted(self, count: _Count) -> SocJudgement:
        if count.margin_pct > MOST_MARGIN_PCT:
            return SocJudgement(None, self._sentence)
        return SocJudgement(count.now_pct, self._sentence, count.margin_pct)

    def _is_proven(self, count: _Count, doubted: _Count, soc_pct: float) -> bool:
        if not 0.0 <= soc_pct <= 100.0:
            return False
        if count.explains(soc_pct) and abs(soc_pct - self._refused_pct) >= MOVED_PCT:
            return True
        if doubted.differs(soc_pct) > PROOF_OFF_PCT + doubted.off_pct:
            self._doubted = _Count(soc_pct)
            return False
        followed = abs(doubted.net_pct) >= PROOF_PCT and abs(soc_pct - doubted.soc_pct) >= MOVED_PCT
        return followed or doubted.age_s >= self._proof_s

    def _move(self, monotonic_s: float, battery_w: float | None) -> None:
        """Count the energy since the last call, at the mean of its two powers."""
        span_s = 0.0 if self._last_at is None else max(0.0, monotonic_s - self._last_at)
        rating_w = max(self.battery.charge_w, self.battery.discharge_w)
        net_w, off_w = 0.0, rating_w
        if battery_w is not None and self._last_w is not None and span_s <= LONGEST_STEP_S:
            mean_w = (battery_w + self._last_w) / 2.0
            net_w = stored_w(self.battery, mean_w) if abs(mean_w) > NOISE_PART * rating_w else 0.0
            off_w = METER_PART * abs(mean_w) if net_w else NOISE_PART * rating_w
            off_w += abs(battery_w - self._last_w) / 2.0  # where between the two it changed is not known
        percent = span_s / 36.0 / self.battery.usable_wh
        for count in (self._count, self._doubted):
            if count is not None:
                count.add(net_w * percent, off_w * percent, span_s)
        self._since_end_pct += abs(net_w) * percent
        if self._since_end_pct >= JUMP_PCT:
            self._ends.clear()
            self._end_proof_s = END_PROOF_S
        self._last_at, self._last_w = monotonic_s, battery_w


def _sentence(count: _Count, soc_pct: float) -> str:
    if soc_pct == count.soc_pct:
        return say.soc_stays(soc_pct=soc_pct, moved_pct=abs(count.net_pct))
    return say.soc_jumped(from_pct=count.now_pct, to_pct=soc_pct)
