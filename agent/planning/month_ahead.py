"""What a higher peak costs a billing month and what it saves there, in the days after those that are planned."""

from dataclasses import dataclass

import numpy as np

from agent.planning.battery_arrays import Floats
from agent.planning.day_savings import DaySavings
from agent.planning.peak_chances import PeakChances, days_kept


@dataclass(frozen=True, slots=True)
class MonthAhead:
    """What a month costs anyway, ``paid_kw``, how many days it has left, what they may bring, and what a peak saves.

    A kW of peak is paid for with the chance that the days left keep below it, since otherwise they set it anyway. And
    for as long as they keep below it the battery may import so much more where energy is cheap, every day.
    """

    paid_kw: float
    left_days: float
    chances: PeakChances
    savings: DaySavings

    def least_kw(self, planned_days: float, per_kw: float) -> float:
        """Up to this a higher peak costs nothing, or less than it saves after the ``planned_days`` ahead."""
        left_days = self._left(planned_days)
        start = max(self.paid_kw, self.chances.lowest_kw(left_days))
        peak_kw = self.chances.kept(left_days)[0]
        levels_kw = np.concatenate([[start], peak_kw[peak_kw > start]])
        return float(levels_kw[np.argmin(self.cost(levels_kw, planned_days, per_kw))])

    def cost(self, levels_kw: Floats, planned_days: float, per_kw: float) -> Floats:
        """Money that standing at each level after the ``planned_days`` ahead costs, ``per_kw`` being the charge.

        It is counted from the first of ``levels_kw``, which ascend, and is below zero where a level saves more.
        """
        left_days = self._left(planned_days)
        peak_kw, kept = self.chances.kept(left_days)
        raised_kw = _summed(peak_kw, kept)
        saved = _summed(self.savings.at(peak_kw), days_kept(kept, left_days))
        beyond_kw = np.maximum(levels_kw - peak_kw[-1], 0.0) * kept[-1]
        found = per_kw * (np.interp(levels_kw, peak_kw, raised_kw) + beyond_kw) - np.interp(levels_kw, peak_kw, saved)
        return np.asarray(found - found[0])

    def _left(self, planned_days: float) -> float:
        return max(0.0, self.left_days - planned_days)


def _summed(along: Floats, weights: Floats) -> Floats:
    """The integral of ``weights`` over ``along`` up to each point, by straight lines between them."""
    return np.concatenate([[0.0], np.cumsum(np.diff(along) * (weights[1:] + weights[:-1]) / 2.0)])
