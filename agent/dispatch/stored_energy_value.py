"""What stored energy is worth at the end of the running step, read from the table of a plan."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain.plan import ValueByNetLoad, ValueTable


@dataclass(frozen=True, slots=True)
class StoredEnergyValue:
    """Value of stored energy at the end of the running step, money by SoC, linear between the points.

    It lies between two rows of the table, ``share`` of the way from ``low`` to ``high``. ``between`` are the entries
    that these are of, where the table tells the value by net load.
    """

    soc_pct: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    share: float = 0.0
    between: tuple[ValueByNetLoad, ValueByNetLoad] | None = None

    def at(self, soc_pct: float) -> float:
        k = min(max(bisect_right(self.soc_pct, soc_pct) - 1, 0), len(self.soc_pct) - 2)
        return self._point(k) + self._slope(k) * (soc_pct - self.soc_pct[k])

    def per_kwh(self, soc_pct: float, usable_wh: float) -> float:
        """What one more stored kWh is worth at ``soc_pct``, money."""
        k = min(max(bisect_left(self.soc_pct, soc_pct) - 1, 0), len(self.soc_pct) - 2)
        return self._slope(k) * 100_000.0 / usable_wh

    def soc_up_to(self, price_per_kwh: float, usable_wh: float) -> float:
        """The SoC up to which one more stored kWh is worth more than ``price_per_kwh``, by bisection of the slopes."""
        price_per_pct, soc_pct = price_per_kwh * usable_wh / 100_000.0, self.soc_pct
        low, high, share = self.low, self.high, self.share
        first, last = 0, len(soc_pct) - 1
        while first < last:  # the slope is written out: calling it costs more than it
            k = (first + last) // 2
            rise = low[k + 1] - low[k]
            if share:
                rise += share * (high[k + 1] - high[k] - rise)
            if rise / (soc_pct[k + 1] - soc_pct[k]) > price_per_pct:
                first = k + 1
            else:
                last = k
        return soc_pct[first]

    def _point(self, k: int) -> float:
        return self.low[k] + self.share * (self.high[k] - self.low[k])

    def _slope(self, k: int) -> float:
        """Money per point of SoC between points k and k + 1."""
        low, high = self.low, self.high
        rise = low[k + 1] - low[k]
        if self.share:
            rise += self.share * (high[k + 1] - high[k] - rise)
        return rise / (self.soc_pct[k + 1] - self.soc_pct[k])


def value_after(table: ValueTable, step: int, net_load_w: float) -> StoredEnergyValue:
    """The value of stored energy at the end of ``step``, given its mean net load where the table tells it by that."""
    by_net_load = table.by_net_load[step] if step < len(table.by_net_load) else ()
    if not by_net_load:
        return StoredEnergyValue(table.soc_pct, table.value[step], table.value[step])
    low, high, share = around(by_net_load, net_load_w)
    return StoredEnergyValue(table.soc_pct, low.value, high.value, share, (low, high))


def around(by_net_load: Sequence[ValueByNetLoad], net_load_w: float) -> tuple[ValueByNetLoad, ValueByNetLoad, float]:
    """The entries below and above a net load, and how far it is from the one to the other, 0..1."""
    above = min(max(bisect_left(by_net_load, net_load_w, key=lambda one: one.net_load_w), 1), len(by_net_load) - 1)
    low, high = by_net_load[above - 1], by_net_load[above]
    share = (net_load_w - low.net_load_w) / (high.net_load_w - low.net_load_w) if len(by_net_load) > 1 else 0.0
    return low, high, min(max(share, 0.0), 1.0)
