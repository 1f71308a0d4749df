"""Whether the grid's meter shows the battery's own moves. Where the battery's power changes, grid and sun change by the
opposite.

A firmware update or a clamp that is put on again turns the sign of a meter or moves its scale factor, and every value
after that looks sound. A *step* is a setpoint far from what the battery did, after a time at rest and before the next
change: between the two ends, both ``settle_s`` after what moved them (meter and inverter lag by up to ten seconds
each), the response is the change of grid and sun per watt of battery, which is 1 but for what the load did meanwhile.
A response of the wrong sign or above ``MOST`` is evidence against the meter; one between ``LEAST`` and ``MOST``
clears it. Hardly any response says nothing, since another battery or a wallbox that regulates the same grid to zero
makes the same, unless the grid power shrank to a tenth before. The load may step too, so ``PROOFS`` pieces of
evidence in a row are needed.

A battery that covers the load changes all the time, and by a meter whose sign is turned it runs away to its limit. So
changes in a row of ``LONGEST_RUN_S`` at most are judged as one, once they have come to rest: they clear the meter as a
step does, and are evidence where the grid power went further from zero, the way that the battery followed it.

To see more than chance brings, a *probe* holds the battery at 0 W for one step where there is a suspicion: a first
piece of evidence, a grid power that from one reading to the next becomes -1, 10 or 1/10 times what it was, or a load
that is negative for a minute. A probe costs a minute of battery at most, and the next one has to wait: an hour, and
twice as long each time that one shows nothing, up to a day; after a run away ten minutes at most.

A meter that is proven wrong is not acted on for ``PAUSE_S``; then one more step decides.
"""

from dataclasses import dataclass

from agent.domain.sentences.alarms import meter_contradicts

STEP_PART, STEP_W = 0.2, 500.0  # of the rating, and at least: what counts as a step
NEAR_PART, NEAR_W = 0.05, 100.0
LEAST, MOST = 0.3, 3.0
PROOFS = 3
PAUSE_S = 1800.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 3600.0, 86_400.0  # between probes
RUN_AWAY_PAUSE_S = 600.0
LONGEST_RUN_S = 120.0
NEGATIVE_S = 60.0
SHRINKS = 0.1
FACTORS = (-1.0, 10.0, SHRINKS)  # of a sign or a scale factor that has changed
ALIKE = 0.05


@dataclass(frozen=True, slots=True)
class _Picture:
    battery_w: float
    grid_w: float
    pv_w: float

    @property
    def others_w(self) -> float:
        return self.grid_w + self.pv_w

    def ran_away(self, now: "_Picture") -> bool:
        """Whether the battery has followed the grid power until ``now``, and drove it further from zero by that."""
        moved_w = now.battery_w - self.battery_w
        further_w = abs(now.grid_w) - abs(self.grid_w)
        return now.grid_w * moved_w > 0.0 and further_w >= LEAST * abs(moved_w)


@dataclass(slots=True)
class BalanceWatch:
    """One instance a site. Powers are W with the project's signs, times monotonic seconds."""

    rated_w: float
    settle_s: float = 30.0
    sentence: str | None = None  # what contradicts, while that stands
    _asked_w: float | None = None
    _asked_at: float = -float("inf")
    _before: _Picture | None = None  # of the step, or the run of changes, under way
    _run_began: float = -float("inf")
    _is_step: bool = False
    _last: _Picture | None = None
    _evidence: int = 0
    _shrunk: bool = False  # the grid power became a tenth at once
    _probe_at: float | None = None
    _last_probe: float = -float("inf")
    _next_probe: float = -float("inf")
    _pause_s: float = FIRST_PAUSE_S
    _negative_since: float | None = None
    _wrong_until: float = -float("inf")

    @property
    def is_probing(self) -> bool:
        """Whether the battery shall be held at 0 W now."""
        return self._probe_at is not None

    def is_wrong(self, monotonic_s: float) -> bool:
        """Whether the meter must not be acted on."""
        return monotonic_s < self._wrong_until

    def asked(self, monotonic_s: float, battery_w: float | None) -> None:
        """A setpoint was written; None is a release."""
        if battery_w is not None and self._asked_w is not None and self._is_near(battery_w, self._asked_w):
            return
        if battery_w is None:
            self._before = self._asked_w = self._probe_at = None
            return
        rested = self._asked_w is None or monotonic_s - self._asked_at >= self.settle_s
        self._is_step = rested and self._last is not None and abs(battery_w - self._last.battery_w) >= self._step_w
        if rested:
            self._before, self._run_began = self._last, monotonic_s
        elif monotonic_s - self._run_began > LONGEST_RUN_S:
            self._before = None
        self._asked_w, self._asked_at = battery_w, monotonic_s

    def seen(self, monotonic_s: float, battery_w: float | None, grid_w: float | None, pv_w: float | None) -> None:
        """Take in what is measured at one control step, None where it is not known."""
        if battery_w is None or grid_w is None or pv_w is None:
            self._before = self._last = self._negative_since = None
            return
        last, now = self._last, _Picture(battery_w, grid_w, pv_w)
        self._last = now
        if self._before is not None and monotonic_s - self._asked_at >= self.settle_s:
            before, self._before = self._before, None
            if self._asked_w is not None and self._is_near(now.battery_w, self._asked_w):
                self._judge(monotonic_s, before, now)
        if self._probe_at is not None and monotonic_s - self._probe_at > 2.0 * self.settle_s:
            self._probe_at = None
        if self._is_odd(monotonic_s, last, now):
            self._evidence = max(1, self._evidence)
            self._probe(monotonic_s)

    @property
    def _step_w(self) -> float:
        return max(STEP_W, STEP_PART * self.rated_w)

    def _is_near(self, one_w: float, other_w: float) -> bool:
        return abs(one_w - other_w) <= max(NEAR_W, NEAR_PART * self.rated_w)

    def _judge(self, monotonic_s: float, before: _Picture, now: _Picture) -> None:
        moved_w, answer_w = now.battery_w - before.battery_w, before.others_w - now.others_w
        if abs(moved_w) < self._step_w:
            return
        self._probe_at = None
        if LEAST <= answer_w / moved_w <= MOST:
            self._evidence, self._shrunk, self.sentence, self._wrong_until = 0, False, None, -float("inf")
            return
        if not (ran_away := before.ran_away(now)) and not self._is_evidence(answer_w / moved_w):
            return
        self._evidence += 1
        if self._evidence < PROOFS:
            self._probe(monotonic_s, ran_away)
            return
        self._evidence = PROOFS - 1
        self._wrong_until, self._pause_s = monotonic_s + PAUSE_S, FIRST_PAUSE_S
        self.sentence = meter_contradicts(moved_w=moved_w, shown_w=-answer_w, expected_w=-moved_w, times=PROOFS)

    def _is_evidence(self, response: float) -> bool:
        """Of one step: a run has the load's own changes in it."""
        return self._is_step and (abs(response) >= LEAST or self._shrunk)

    def _probe(self, monotonic_s: float, ran_away: bool = False) -> None:
        """Hold the battery at 0 W, where it is far from that; its way back is a step too."""
        far = self._asked_w is not None and abs(self._asked_w) >= self._step_w
        due = min(self._next_probe, self._last_probe + RUN_AWAY_PAUSE_S) if ran_away else self._next_probe
        if far and monotonic_s >= due:
            self._probe_at = self._last_probe = monotonic_s
            self._next_probe = monotonic_s + self._pause_s
            self._pause_s = min(2.0 * self._pause_s, LONGEST_PAUSE_S)

    def _is_odd(self, monotonic_s: float, last: _Picture | None, now: _Picture) -> bool:
        negative = now.others_w + now.battery_w < -self._step_w
        if not negative:
            self._negative_since = None
        elif self._negative_since is None:
            self._negative_since = monotonic_s
        if self._negative_since is not None and monotonic_s - self._negative_since >= NEGATIVE_S:
            return True
        if last is None or max(abs(last.grid_w), abs(now.grid_w)) < self._step_w:
            return False
        found = [factor for factor in FACTORS if abs(now.grid_w / factor - last.grid_w) <= ALIKE * abs(last.grid_w)]
        self._shrunk = self._shrunk or SHRINKS in found
        return bool(found)
