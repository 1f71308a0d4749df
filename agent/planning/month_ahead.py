"""What a higher peak costs a billing month and what it saves there, in the days after those that are planned."""

from dataclasses import dataclass, field

import numpy as np

from agent.planning.battery_arrays import Floats
from agent.planning.day_savings import DaySavings
from agent.planning.peak_chances import PeakChances

SAME_COST = 1e-6  # of the charge: peaks whose costs differ by less cost the same


@dataclass(frozen=True, slots=True)
class MonthAhead:
    """What a month costs anyway, ``paid_kw``, how many days it has left, what they may bring, and what a peak saves.

    A kW of peak is paid for with the chance that the days left keep below it, since otherwise they set it anyway. For
    as long as they keep below it the battery may import so much more where energy is cheap, every day. And a peak that
    is not raised now may be raised on any later day, when more is known.
    """

    paid_kw: float
    left_days: float
    chances: PeakChances
    savings: DaySavings
    # By the days planned and the charge: a plan asks three times, for its thresholds and for the levels of its table.
    _worths: dict[tuple[float, float], Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def least_kw(self, planned_days: float, per_kw: float) -> float:
        """Up to this a higher peak costs nothing, or less than it saves after the ``planned_days`` ahead."""
        lowest_kw = self.chances.lowest_kw if self._left(planned_days) > 0.0 else 0.0
        start, peak_kw = max(self.paid_kw, lowest_kw), self.chances.all_kw
        levels_kw = np.concatenate([[start], peak_kw[peak_kw > start]])
        costs = self.cost(levels_kw, planned_days, per_kw)
        return float(levels_kw[np.flatnonzero(costs <= costs.min() + SAME_COST * per_kw)[-1]])

    def cost(self, levels_kw: Floats, planned_days: float, per_kw: float) -> Floats:
        """Money that standing at each level after the ``planned_days`` ahead costs, ``per_kw`` being the charge.

        It is counted from the first of ``levels_kw``, which ascend.
        """
        peak_kw, asked = self.chances.all_kw, (planned_days, per_kw)
        if asked not in self._worths:
            self._worths[asked] = self._worth(planned_days, per_kw)
        beyond_kw = np.maximum(levels_kw - peak_kw[-1], 0.0)
        found = per_kw * beyond_kw - np.interp(levels_kw, peak_kw, self._worths[asked])
        return np.asarray(found - found[0])

    def _worth(self, planned_days: float, per_kw: float) -> Floats:
        """What the days left bring to a month that stands at each of ``all_kw``, less the charge, money.

        Backwards from the end of the month, day by day. Of a day the highest import that it needs is not known when
        the peak is raised for it; if it needs more, the month stands there.
        """
        peak_kw, left_days = self.chances.all_kw, self._left(planned_days)
        saved = self.savings.at(peak_kw)
        worth = -per_kw * peak_kw
        for begins in np.arange(np.ceil(left_days) - 1.0, -1.0, -1.0).tolist():
            days = min(1.0, left_days - begins)
            kept = self.chances.kept(planned_days + begins, days)
            needed = np.diff(kept, prepend=0.0) * worth  # where the day needs just this peak
            higher = needed[::-1].cumsum()[::-1] - needed
            worth = np.maximum.accumulate((days * saved + kept * worth + higher)[::-1])[::-1]
        return np.asarray(worth)

    def _left(self, planned_days: float) -> float:
        return max(0.0, self.left_days - planned_days)
