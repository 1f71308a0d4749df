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
from agent.planning.battery_arrays import Floats, stored_changes

POINTS = 129
# Above what every known day has kept below, the chance to pass a peak falls with this power of it: of measured months
# one in five passes what the month before could have kept below by a fifth.
TAIL_POWER = 4.0
TAIL = np.linspace(1.0, 2.0, 11)[1:]  # where the tail is told, times the highest peak of the past
WHOLE_DAY = 1.0


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

    def raised_kw(self, levels_kw: Floats, left_days: float) -> Floats:
        """By how much standing at each level is expected to raise the month's peak, kW, of the shape of ``levels_kw``.

        It is counted from the first of ``levels_kw``, which ascend, and is no more than the distance from there.
        """
        peak_kw, kept = self._kept(left_days)
        below = np.concatenate([[0.0], np.cumsum(np.diff(peak_kw) * (kept[1:] + kept[:-1]) / 2.0)])
        found = np.interp(levels_kw, peak_kw, below) + np.maximum(levels_kw - peak_kw[-1], 0.0) * kept[-1]
        return np.asarray(found - found[0])

    def _kept(self, left_days: float) -> tuple[Floats, Floats]:
        """The chance that no day left passes a peak, and the peaks, kW, with those above the past."""
        if left_days <= 0.0:
            return self.peak_kw, np.ones_like(self.peak_kw)
        kept = self.held_days / (self.held_days + left_days)
        above = 1.0 - (1.0 - kept[-1]) * TAIL**-TAIL_POWER
        return np.concatenate([self.peak_kw, self.peak_kw[-1] * TAIL]), np.concatenate([kept, above])


@dataclass(frozen=True, slots=True)
class MonthAhead:
    """What a billing month costs anyway, ``paid_kw``, how many days it has left, and what they may bring."""

    paid_kw: float
    left_days: float
    chances: PeakChances

    def least_kw(self, planned_days: float) -> float:
        """Below this import costs nothing, as far as the days after the ``planned_days`` ahead tell."""
        return max(self.paid_kw, self.chances.lowest_kw(self._left(planned_days)))

    def raised_kw(self, levels_kw: Floats, planned_days: float) -> Floats:
        """As ``PeakChances``: standing at each level after the ``planned_days`` ahead."""
        return self.chances.raised_kw(levels_kw, self._left(planned_days))

    def _left(self, planned_days: float) -> float:
        return max(0.0, self.left_days - planned_days)


def days_held(net_w: Floats, step_h: float, battery: Battery, peaks_w: Floats, counted: NDArray[np.bool_]) -> Floats:
    """For how many days up to its end the battery, empty at first, could have held ``net_w`` at each of ``peaks_w``.

    From the end backwards: what has to be stored before each step so that all later ones can be held. A peak that can
    be held for some days from a full battery alone is not held for a month.
    """
    over_w = np.where(counted[:, None], net_w[:, None] - peaks_w, -battery.charge_w)
    changes_wh = stored_changes(battery, np.maximum(over_w, -battery.charge_w), step_h)
    room_wh = battery.stored_wh(battery.soc_max_pct - battery.floor_pct)
    needed_wh, holds, held = np.zeros(len(peaks_w)), np.ones(len(peaks_w), dtype=bool), np.zeros(len(peaks_w))
    within = over_w <= battery.discharge_w
    for past, step in enumerate(reversed(range(len(net_w))), start=1):
        needed_wh = np.maximum(needed_wh - changes_wh[step], 0.0)
        holds &= within[step] & (needed_wh <= room_wh)
        held = np.where(holds & (needed_wh == 0.0), past, held)
    return np.asarray(held * step_h / 24.0)
