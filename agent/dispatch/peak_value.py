"""What stored energy is worth by the month's peak too, for a site that pays for the highest import of a month.

An import that raises the peak is paid for once, and what comes later may then import as much: both are in the plan's
value at the level that the peak comes to stand at.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.dispatch.stored_energy_value import StoredEnergyValue
from agent.domain.plan import ValueTable


@dataclass(frozen=True, slots=True)
class PeakValue:
    """Money by SoC and by the peak, linear between the levels.

    ``levels_w`` ascends; ``low`` and ``high`` have a row of value over ``soc_pct`` for each, and the value is ``share``
    of the way from the one to the other. The mean of the running interval is ``begun_w`` plus ``mean_per_w`` for each
    W that is imported until its end. ``peak_w`` is the month's highest mean before it, ``per_kw`` what is asked above
    the highest level.
    """

    lowest: StoredEnergyValue
    levels_w: Sequence[float]
    low: Sequence[Sequence[float]]
    high: Sequence[Sequence[float]]
    share: float
    begun_w: float
    mean_per_w: float
    peak_w: float
    per_kw: float

    def at(self, soc_pct: float, grid_w: float) -> float:
        """The value at ``soc_pct`` when ``grid_w`` (> 0 imports) is held until the running interval ends."""
        mean_w = self.begun_w + self.mean_per_w * grid_w if grid_w > 0.0 else self.begun_w
        mean_w = max(mean_w, self.peak_w)
        if mean_w <= self.levels_w[0]:
            return self.lowest.at(soc_pct)
        above, (k, onward) = bisect_right(self.levels_w, mean_w), self._place(soc_pct)
        low_w, low = self.levels_w[above - 1], self._at(above - 1, k, onward)
        if above == len(self.levels_w):
            return low - self.per_kw * (mean_w - low_w) / 1000.0
        return low + (mean_w - low_w) / (self.levels_w[above] - low_w) * (self._at(above, k, onward) - low)

    def bends_w(self, most_w: float) -> list[float]:
        """Imports up to ``most_w`` at which the value bends, W: the first sets no peak, the others a higher one."""
        found: list[float] = []
        first = self._level()
        for level_w in self.levels_w[first:]:
            import_w = max(0.0, (max(level_w, self.peak_w) - self.begun_w) / self.mean_per_w)
            if import_w >= most_w:
                break
            found.append(import_w)
        return found

    def per_kwh(self, soc_pct: float, look_h: float) -> float:
        """What a kWh above the first of the bends counts at ``soc_pct``, money, of power held for ``look_h`` hours."""
        return self._per_kw(self._level(), soc_pct) * self.mean_per_w / look_h

    def _level(self) -> int:
        """The highest level that the month has reached."""
        return max(0, bisect_right(self.levels_w, self.peak_w) - 1)

    def _per_kw(self, level: int, soc_pct: float) -> float:
        """What a kW of peak costs from ``level`` to the next one."""
        if level + 1 == len(self.levels_w):
            return self.per_kw
        rise_kw = (self.levels_w[level + 1] - self.levels_w[level]) / 1000.0
        k, onward = self._place(soc_pct)
        return (self._at(level, k, onward) - self._at(level + 1, k, onward)) / rise_kw

    def _place(self, soc_pct: float) -> tuple[int, float]:
        """The point of the grid at or below ``soc_pct``, and how far it is from there to the next."""
        grid = self.lowest.soc_pct
        k = min(max(bisect_right(grid, soc_pct) - 1, 0), len(grid) - 2)
        return k, (soc_pct - grid[k]) / (grid[k + 1] - grid[k])

    def _at(self, level: int, k: int, onward: float) -> float:
        low, high = self.low[level], self.high[level]
        value = low[k] + onward * (low[k + 1] - low[k])
        if not self.share:
            return value
        return value + self.share * (high[k] + onward * (high[k + 1] - high[k]) - value)


def value_by_peak(
    table: ValueTable,
    step: int,
    at: datetime,
    imported_wh: float,
    peak_w: float,
    lowest: StoredEnergyValue,
) -> PeakValue | None:
    """The value at the end of ``step``; None where the table does not tell it by the peak.

    ``imported_wh`` is what the running interval has imported by ``at``; ``lowest`` is the value at the lowest level,
    given the step's mean net load.
    """
    peak = table.peak
    if peak is None or lowest.between is None or step >= len(peak.levels_w) or peak.per_kw[step] <= 0.0:
        return None
    low, high = lowest.between
    begun_w, all_w = peak.mean_w(0.0, at, imported_wh), peak.mean_w(1.0, at, imported_wh)
    levels_w, per_kw = peak.levels_w[step], peak.per_kw[step]
    share, mean_per_w = lowest.share, all_w - begun_w
    return PeakValue(lowest, levels_w, low.at_levels, high.at_levels, share, begun_w, mean_per_w, peak_w, per_kw)
