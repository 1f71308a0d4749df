"""The billed intervals before a plan: their mean net load and whether they count."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.planning.battery_arrays import Floats


@dataclass(frozen=True, slots=True)
class Intervals:
    """Mean net load ``net_w``, W, NaN where not measured, and ``counted``: both (intervals,), oldest first."""

    net_w: Floats
    counted: NDArray[np.bool_]
    interval_s: int

    @classmethod
    def of(cls, net_w: Floats, start: int, step_s: int, charge: DemandCharge) -> Self:
        """The whole intervals of steps of ``step_s`` from ``start`` (seconds) on."""
        interval_s = max(charge.interval_s, step_s)
        many = interval_s // step_s
        lead = -start % interval_s // step_s
        means = net_w[lead : lead + (len(net_w) - lead) // many * many].reshape(-1, many).mean(axis=1)
        if not len(means):
            return cls(means, np.empty(0, dtype=bool), interval_s)
        times = Horizon(datetime.fromtimestamp(start + lead * step_s, UTC), interval_s, len(means))
        return cls(means, np.array(charge.counts_over(times), dtype=bool), interval_s)

    def last(self, days: float) -> "Intervals":
        """Those of the last ``days`` that were measured."""
        first = max(0, len(self.net_w) - round(days * 86_400 / self.interval_s))
        net_w = self.net_w[first:]
        known = np.isfinite(net_w)
        return Intervals(net_w[known], self.counted[first:][known], self.interval_s)

    def then(self, later: "Intervals") -> "Intervals":
        return Intervals(
            np.concatenate([self.net_w, later.net_w]), np.concatenate([self.counted, later.counted]), self.interval_s
        )

    @property
    def interval_h(self) -> float:
        return self.interval_s / 3600.0

    @property
    def known_s(self) -> int:
        """For how long they last."""
        return len(self.net_w) * self.interval_s
