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
from agent.planning.held_peaks import PastPeaks

POINTS = 129
# Above what every known day has kept below, the chance to pass a peak falls with this power of it: of measured months
# one in five passes what the month before could have kept below by a fifth.
TAIL_POWER = 4.0
TAIL = np.linspace(1.0, 3.0, 21)[1:]  # where the tail is told, times the highest peak of the past; no day needs more
WHOLE_DAY = 1.0


@dataclass(frozen=True, slots=True)
class PeakChances:
    """``held_days[i]`` is for how long before now ``peak_kw[i]`` was kept; both (points,) ascend.

    Below ``lowest_kw`` import costs nothing: no day of the past could have been held there.
    """

    peak_kw: Floats
    held_days: Floats
    lowest_kw: float = 0.0

    @classmethod
    def of_past(cls, net_w: Floats, step_h: float, battery: Battery, counted: NDArray[np.bool_]) -> Self:
        """From the net load before now, W, gaps left out; where ``counted`` is False import is not asked for.

        What the last day needed counts that day. Below, down to what the mildest day needed, the count falls evenly: a
        day that passed a peak does not say that all that follow will.
        """
        highest_w = max(0.0, float(net_w[counted].max())) if counted.any() else 0.0
        peaks_w = np.linspace(0.0, highest_w, POINTS)
        past = PastPeaks.of(net_w, step_h, battery, peaks_w, counted)
        places, known_days = np.arange(POINTS), float(past.held_days[-1])
        lowest = int(np.argmax(past.longest_days >= min(WHOLE_DAY, float(past.longest_days[-1]))))
        last_day = int(np.argmax(past.held_days >= min(WHOLE_DAY, known_days)))
        evenly = np.interp(places, [lowest, last_day], [0.0, WHOLE_DAY])
        held_days = np.where(places < last_day, evenly, past.held_days)
        return cls(peaks_w / 1000.0, held_days, float(peaks_w[lowest]) / 1000.0)

    @property
    def all_kw(self) -> Floats:
        """Peaks of the past and beyond them, kW, ascending."""
        return np.concatenate([self.peak_kw, self.peak_kw[-1] * TAIL])

    def kept(self, since_days: float, days: float) -> Floats:
        """The chance that none of ``days`` passes each of ``all_kw``, kept for ``since_days`` more by then."""
        held = self.held_days + since_days
        kept = held / (held + days)
        above = 1.0 - (1.0 - kept[-1]) * TAIL**-TAIL_POWER
        return np.concatenate([kept, above[:-1], [1.0]])
