"""How likely the days that a billing month has left keep below a peak, by how long the past has kept below it.

Where a peak could have been held for the last ``held`` days, it is passed by none of the ``left`` days to come with
chance held / (held + left): the highest of exchangeable days is equally likely to be any of them (N. Glick, "Breaking
records and breaking boards", American Mathematical Monthly 85, 1978).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery
from agent.planning.battery_arrays import Floats
from agent.planning.held_peaks import days_held

POINTS = 129
# Above what every known day has kept below, the chance to pass a peak falls with this power of it: of measured months
# one in five passes what the month before could have kept below by a fifth.
TAIL_POWER = 4.0
TAIL = np.linspace(1.0, 2.0, 11)[1:]  # where the tail is told, times the highest peak of the past
WHOLE_DAY = 1.0
LEAST_CHANCE = 1e-9


@dataclass(frozen=True, slots=True)
class PeakChances:
    """``held_days[i]`` is for how long before now the battery could have held ``peak_kw[i]``; both (points,) ascend."""

    peak_kw: Floats
    held_days: Floats

    @classmethod
    def of_past(cls, net_w: Floats, step_h: float, battery: Battery, counted: NDArray[np.bool_]) -> Self:
        """From the net load before now, W, gaps left out; where ``counted`` is False import is not asked for."""
        highest_w = max(0.0, float(net_w[counted].max())) if counted.any() else 0.0
        peaks_w = np.linspace(0.0, highest_w, POINTS)
        return cls(peaks_w / 1000.0, days_held(net_w, step_h, battery, peaks_w, counted))

    def lowest_kw(self, left_days: float) -> float:
        """Below this import costs nothing: it could not have been held for a day, or for as long as is left."""
        reached = self.held_days >= min(WHOLE_DAY, left_days, float(self.held_days[-1]))
        return float(self.peak_kw[np.argmax(reached)])

    def kept(self, left_days: float) -> tuple[Floats, Floats]:
        """Peaks, kW, ascending and beyond those of the past, and the chance that no day left passes each of them."""
        if left_days <= 0.0:
            return self.peak_kw, np.ones_like(self.peak_kw)
        kept = self.held_days / (self.held_days + left_days)
        above = 1.0 - (1.0 - kept[-1]) * TAIL**-TAIL_POWER
        return np.concatenate([self.peak_kw, self.peak_kw[-1] * TAIL]), np.concatenate([kept, above])


def days_kept(kept: Floats, left_days: float) -> Floats:
    """For how many of the ``left_days`` a peak is expected to be kept that none of them passes with chance ``kept``.

    The integral of held / (held + day) over the days left, with kept = held / (held + left_days).
    """
    chance = np.clip(kept, LEAST_CHANCE, 1.0 - LEAST_CHANCE)
    return np.asarray(left_days * chance * -np.log(chance) / (1.0 - chance))
