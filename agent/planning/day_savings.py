"""What a higher peak saves in energy: how much less a day costs where the battery may import more."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from agent.planning.battery_arrays import Floats


@dataclass(frozen=True, slots=True)
class DaySavings:
    """``per_day[i]`` is money that a mean day costs less at ``peak_kw[i]`` than at the first; both (levels,) ascend."""

    peak_kw: Floats
    per_day: Floats

    @classmethod
    def nothing(cls) -> Self:
        """Of a site of which no day is known."""
        return cls(np.zeros(1), np.zeros(1))

    def at(self, peak_kw: Floats) -> Floats:
        """Money that a day costs less at these peaks."""
        return np.interp(peak_kw, self.peak_kw, self.per_day)
