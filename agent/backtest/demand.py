"""Demand: the highest mean import of each calendar month over the case's billing intervals."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agent.backtest.case import Case, Floats
from agent.domain.demand_charge import DemandCharge
from agent.domain.request import Demand

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Intervals:
    """The billing intervals and calendar months (site's clock) that are played.

    ``interval`` is that of each step, counted from 0, shape (steps,); ``steps_in`` and ``month`` have shape
    (intervals,): how many steps an interval has, and which month it belongs to, counted from 0.
    """

    interval: Ints
    steps_in: Ints
    month: Ints

    @classmethod
    def of(cls, case: Case) -> "Intervals":
        zone = ZoneInfo(case.place.timezone)
        times = case.times()
        numbers = [int(at.timestamp()) // case.demand_interval_s for at in times]
        firsts = [i for i in range(len(numbers)) if i == 0 or numbers[i] != numbers[i - 1]]
        interval = np.searchsorted(np.array(firsts), np.arange(len(numbers)), side="right") - 1
        months = [_month(times[i].astimezone(zone)) for i in firsts]
        number = {month: k for k, month in enumerate(dict.fromkeys(months))}
        return cls(interval.astype(np.int64), np.bincount(interval), np.array([number[month] for month in months]))

    @property
    def months(self) -> int:
        return int(self.month[-1]) + 1

    def import_kw(self, grid_w: Floats) -> Floats:
        """Mean import of every interval, kW, not below zero; ``grid_w`` per step, > 0 imports."""
        mean_w = np.bincount(self.interval, weights=grid_w) / self.steps_in
        return np.asarray(np.maximum(mean_w, 0.0) / 1000.0)

    def peaks_kw(self, grid_w: Floats) -> Floats:
        """The highest mean import of every month, kW, shape (months,)."""
        peaks = np.zeros(self.months)
        np.maximum.at(peaks, self.month, self.import_kw(grid_w))
        return peaks


class MonthSoFar:
    """The highest import of the running month and what the running interval has imported, step by step of a play."""

    def __init__(self, case: Case, per_kw: float) -> None:
        self._case, self._charge = case, DemandCharge(per_kw, case.demand_interval_s)
        self._zone = ZoneInfo(case.place.timezone)
        self._month: tuple[int, int] | None = None
        self._interval = -1
        self._peak_w = 0.0
        self.interval_wh = 0.0

    def demand(self, index: int) -> Demand:
        """What is known before step ``index``; to be asked for at every step before ``add``."""
        at, interval_s = self._case.at(index), self._case.demand_interval_s
        interval, month = int(at.timestamp()) // interval_s, _month(at.astimezone(self._zone))
        if interval != self._interval:
            self._peak_w = max(self._peak_w, self.interval_wh * 3600.0 / interval_s)
            self._interval, self.interval_wh = interval, 0.0
        if month != self._month:
            self._month, self._peak_w = month, 0.0
        return Demand(self._charge, self._peak_w, max(0.0, self.interval_wh))

    def add(self, grid_w: float) -> None:
        self.interval_wh += grid_w * self._case.horizon.step_h


def _month(local: datetime) -> tuple[int, int]:
    return local.year, local.month
