"""What stored energy is worth by the month's peak too, for a site that pays for the highest import of a month.

An import that raises the peak is paid for once, and what comes later may then import as much: both are in the plan's
value at the level that the peak comes to stand at.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.dispatch.stored_energy_value import StoredEnergyValue, around
from agent.domain.plan import PeakPrice, ValueTable

BENDS = 4  # levels above the import that sets no peak: what lies beyond is paid for and not chosen


@dataclass(frozen=True, slots=True)
class PeakValue:
    """Money by SoC and by the peak, linear between the levels.

    ``levels_w`` ascends and ``values`` has one entry a level. ``imported_wh`` is what the running interval has imported
    by ``at``, ``peak_w`` the month's highest mean import before it, ``per_kw`` what is asked above the highest level.
    """

    peak: PeakPrice
    at_time: datetime
    imported_wh: float
    peak_w: float
    per_kw: float
    levels_w: Sequence[float]
    values: Sequence[StoredEnergyValue]

    def at(self, soc_pct: float, grid_w: float) -> float:
        """The value at ``soc_pct`` when ``grid_w`` (> 0 imports) is held until the running interval ends."""
        mean_w = max(self.peak_w, self.peak.mean_w(max(grid_w, 0.0), self.at_time, self.imported_wh))
        above = bisect_right(self.levels_w, mean_w)
        if above == 0:
            return self.values[0].at(soc_pct)
        low_w, low = self.levels_w[above - 1], self.values[above - 1].at(soc_pct)
        if above == len(self.levels_w):
            return low - self.per_kw * (mean_w - low_w) / 1000.0
        share = (mean_w - low_w) / (self.levels_w[above] - low_w)
        return low + share * (self.values[above].at(soc_pct) - low)

    def bends(self, soc_pct: float, most_w: float, look_h: float) -> list[tuple[float, float]]:
        """Imports up to ``most_w`` at which the value bends, W, and what a kWh above each of them counts, money.

        The price is that at ``soc_pct``, for power that is held for ``look_h`` hours.
        """
        found: list[tuple[float, float]] = []
        first = max(0, bisect_right(self.levels_w, self.peak_w) - 1)
        for level in range(first, len(self.levels_w)):
            mean_w = max(self.levels_w[level], self.peak_w)
            import_w = self.peak.import_w(mean_w, self.at_time, self.imported_wh)
            if import_w >= most_w or len(found) == BENDS:
                break
            found.append((import_w, self._per_kw(level, soc_pct) * self._per_kwh(look_h)))
        return found

    def _per_kw(self, level: int, soc_pct: float) -> float:
        """What a kW of peak costs from ``level`` to the next one."""
        if level + 1 == len(self.levels_w):
            return self.per_kw
        rise_kw = (self.levels_w[level + 1] - self.levels_w[level]) / 1000.0
        return (self.values[level].at(soc_pct) - self.values[level + 1].at(soc_pct)) / rise_kw

    def _per_kwh(self, look_h: float) -> float:
        """How much a kW of import adds to the mean of the interval, by the kWh that it imports in ``look_h``."""
        at, imported_wh = self.at_time, self.imported_wh
        return (self.peak.mean_w(1.0, at, imported_wh) - self.peak.mean_w(0.0, at, imported_wh)) / look_h


def value_by_peak(
    table: ValueTable, step: int, net_load_w: float, at: datetime, imported_wh: float, peak_w: float
) -> PeakValue | None:
    """The value at the end of ``step`` given its mean net load; None where the table does not tell it by the peak."""
    peak = table.peak
    if peak is None or peak.per_kw[step] <= 0.0 or step >= min(len(peak.levels_w), len(table.by_net_load)):
        return None
    low, high, share = around(table.by_net_load[step], net_load_w)
    values = [
        StoredEnergyValue(table.soc_pct, lower, higher, share)
        for lower, higher in zip(low.at_levels, high.at_levels, strict=True)
    ]
    return PeakValue(peak, at, imported_wh, peak_w, peak.per_kw[step], peak.levels_w[step], values)
