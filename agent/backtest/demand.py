"""Demand: the highest hourly import of each calendar month, which a demand charge is asked for."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agent.backtest.case import Case, Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours and calendar months (site's clock) that are played.

    ``hour`` is the hour of each step, counted from 0, shape (steps,); ``steps_in`` and ``month`` have shape (hours,):
    how many steps an hour has, and which month it belongs to, counted from 0.
    """

    hour: Ints
    steps_in: Ints
    month: Ints

    @classmethod
    def of(cls, case: Case) -> "Hours":
        zone = ZoneInfo(case.place.timezone)
        times = case.times()
        hours = [int(at.timestamp()) // 3600 for at in times]
        firsts = [i for i in range(len(hours)) if i == 0 or hours[i] != hours[i - 1]]
        hour = np.searchsorted(np.array(firsts), np.arange(len(hours)), side="right") - 1
        months = [_month(times[i].astimezone(zone)) for i in firsts]
        number = {month: k for k, month in enumerate(dict.fromkeys(months))}
        return cls(hour.astype(np.int64), np.bincount(hour), np.array([number[month] for month in months]))

    @property
    def months(self) -> int:
        return int(self.month[-1]) + 1

    def import_kw(self, grid_w: Floats) -> Floats:
        """Mean import of every hour, kW, not below zero; ``grid_w`` per step, > 0 imports."""
        mean_w = np.bincount(self.hour, weights=grid_w) / self.steps_in
        return np.asarray(np.maximum(mean_w, 0.0) / 1000.0)

    def peaks_kw(self, grid_w: Floats) -> Floats:
        """The highest hourly import of every month, kW, shape (months,)."""
        peaks = np.zeros(self.months)
        np.maximum.at(peaks, self.month, self.import_kw(grid_w))
        return peaks


def _month(local: datetime) -> tuple[int, int]:
    return local.year, local.month
