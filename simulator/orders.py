"""What a device has been told to do, for how long, and what came of it."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Ending = Literal["replaced", "released", "lapsed", "reboot"]


@dataclass(frozen=True, slots=True)
class Band:
    """The battery's own rule is kept inside ``low_w``..``high_w``, W, > 0 discharges; a setpoint has both equal.

    ``grid_w`` is what that rule brings the grid to, W, > 0 imports. ``lapses_at`` is seconds since 1970, None for
    ever. Then ``after`` holds, None being the device's own rule.
    """

    low_w: float
    high_w: float
    lapses_at: float | None = None
    after: "Band | None" = None
    grid_w: float = 0.0

    @property
    def is_setpoint(self) -> bool:
        return self.low_w == self.high_w


@dataclass(frozen=True, slots=True)
class Cap:
    """Sun and battery together deliver at most ``output_w`` until ``lapses_at`` (s since 1970); then ``after``."""

    output_w: float
    lapses_at: float | None = None
    after: "Cap | None" = None


@dataclass(slots=True)
class Accepted:
    """The record of one band that the device accepted.

    ``in_force_s`` is how long it has ruled the battery. ``reached`` is true once the battery's real power was inside
    it, to 2 % of the battery's rating. ``ending`` is None while it rules.
    """

    at: datetime
    band: Band
    in_force_s: float = 0.0
    reached: bool = False
    ended: datetime | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Ramp:
    """How real power follows an order: not for ``dead_time_s``, then ``pct_per_s`` of the battery's rating.

    Each order acts so much later, also where another has followed it by then. Steps longer than ``longest_step_s`` jump
    to the end of the ramp.
    """

    dead_time_s: float = 1.0
    pct_per_s: float = 20.0
    longest_step_s: float = 5.0


class UnderWay:
    """The orders that wait for their dead time, behind the one that acts. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._orders: deque[tuple[float, Band]] = deque()

    @property
    def acts_s(self) -> list[float]:
        """When each of them begins to act, or began."""
        return [acts_s for acts_s, _ in self._orders]

    def add(self, acts_s: float, band: Band) -> None:
        self._orders.append((acts_s, band))

    def clear(self) -> None:
        self._orders.clear()

    def acting(self, at_s: float) -> Band | None:
        """The newest whose dead time is over at ``at_s``; None while no order's is."""
        while len(self._orders) > 1 and self._orders[1][0] <= at_s:
            self._orders.popleft()
        return self._orders[0][1] if self._orders and self._orders[0][0] <= at_s else None
