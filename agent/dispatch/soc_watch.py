"""A state of charge that jumps is not acted on until it has held for a while.

Battery gauges are recalibrated, swapped and misread. A reading may differ from the last believed one by what the
measured power can have moved, and ``JUMP_PCT`` on top. One that differs by more is doubted, and the battery is left
to its own device meanwhile. It is believed again when it returns, or after ``PROOF_S`` seconds without another jump.
"""

from dataclasses import dataclass

from agent.domain.site import Battery

JUMP_PCT = 5.0
PROOF_S = 60.0
LONGEST_STEP_S = 60.0  # over a longer gap the power in between is not known, so the rating is taken


@dataclass(slots=True)
class _Anchor:
    """A state of charge, and the most that can have been moved in Wh of the cells since it was read."""

    soc_pct: float
    moved_wh: float = 0.0

    def explains(self, soc_pct: float, usable_wh: float) -> bool:
        return abs(soc_pct - self.soc_pct) <= JUMP_PCT + 100.0 * self.moved_wh / usable_wh

    def follow(self, soc_pct: float) -> None:
        """Gauges move in steps; what was moved counts from the last step on."""
        if soc_pct != self.soc_pct:
            self.soc_pct, self.moved_wh = soc_pct, 0.0


@dataclass(slots=True)
class SocWatch:
    """One instance a battery."""

    battery: Battery
    _believed: _Anchor | None = None
    _doubted: _Anchor | None = None
    _doubted_since: float = 0.0
    _last_at: float | None = None
    _last_w: float | None = None

    def update(self, monotonic_s: float, soc_pct: float | None, battery_w: float | None) -> str | None:
        """One sentence while ``soc_pct`` must not be acted on, else None. ``battery_w`` None is not measured."""
        self._move(monotonic_s, battery_w)
        if soc_pct is None:
            return None if self._doubted is None else self._sentence()
        usable_wh = self.battery.usable_wh
        if self._believed is None or self._believed.explains(soc_pct, usable_wh):
            self._believe(soc_pct)
            return None
        if self._doubted is None or not self._doubted.explains(soc_pct, usable_wh):
            self._doubted, self._doubted_since = _Anchor(soc_pct), monotonic_s
        self._doubted.follow(soc_pct)
        if monotonic_s - self._doubted_since >= PROOF_S:
            self._believed = None
            self._believe(soc_pct)
            return None
        return self._sentence()

    def _believe(self, soc_pct: float) -> None:
        self._doubted = None
        if self._believed is None:
            self._believed = _Anchor(soc_pct)
        self._believed.follow(soc_pct)

    def _move(self, monotonic_s: float, battery_w: float | None) -> None:
        """Count the energy since the last call, at the larger of its two powers."""
        span_s = 0.0 if self._last_at is None else max(0.0, monotonic_s - self._last_at)
        rating_w = max(self.battery.charge_w, self.battery.discharge_w)
        watts = rating_w
        if battery_w is not None and self._last_w is not None and span_s <= LONGEST_STEP_S:
            watts = max(abs(battery_w), abs(self._last_w))
        moved_wh = watts * span_s / 3600.0 / self.battery.discharge_efficiency
        for anchor in (self._believed, self._doubted):
            if anchor is not None:
                anchor.moved_wh += moved_wh
        self._last_at, self._last_w = monotonic_s, battery_w

    def _sentence(self) -> str:
        before = 0.0 if self._believed is None else self._believed.soc_pct
        now = 0.0 if self._doubted is None else self._doubted.soc_pct
        return (
            f"the state of charge jumped from {before:.0f} to {now:.0f} %, which the battery's power does not explain"
        )
