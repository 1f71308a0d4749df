"""For how long the grid meter's value stands while the battery moves: many work a new one out every few seconds."""

from dataclasses import dataclass

from agent.dispatch.power_trace import PowerTrace

LONGEST_S = 30.0
MOVED_W = 50.0  # a battery that moves by less may leave the meter's value as it was
FADES = 0.9  # what was seen counts for so much less with each new value of the meter


@dataclass(slots=True)
class HeldValue:
    """One instance a site. ``held_s`` is the longest that a value has stood lately, ``LONGEST_S`` before."""

    held_s: float = LONGEST_S
    _value_w: float | None = None
    _since_s: float = 0.0

    def see(self, seen_s: float, grid_w: float, battery: PowerTrace) -> None:
        """The meter shows ``grid_w`` at the monotonic ``seen_s``, beside the powers of the battery until now."""
        if grid_w == self._value_w:
            return
        if self._value_w is not None and battery.spread_w(self._since_s) > MOVED_W:
            self.held_s = max(min(seen_s - self._since_s, LONGEST_S), FADES * self.held_s)
        self._value_w, self._since_s = grid_w, seen_s
