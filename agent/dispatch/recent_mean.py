"""The exponential mean of a power: the newest seconds count most."""

import math
from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class RecentMean:
    """An exponential mean: what is ``memory_s`` old counts for a third (1 / e) of what is new."""

    at: datetime | None = None
    mean: float = 0.0

    def after(self, at: datetime, value: float, memory_s: float) -> float:
        """The mean with ``value``, which was measured at ``at``. The first value, and one after a long gap, is it."""
        if self.at is None or at < self.at:
            self.mean = value
        else:
            old = math.exp(-(at - self.at).total_seconds() / memory_s)
            self.mean = old * self.mean + (1.0 - old) * value
        self.at = at
        return self.mean
