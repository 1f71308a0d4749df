"""Demand: the highest hourly import of each calendar month, which a demand charge is asked for."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agent.backtest.case import Case, Floats
from agent.domain.request import Demand
from agent.domain.tariff import DemandCharge

Ints = NDArray[np.int64]
HOUR_S = 3600


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


class DemandMeter:
    """The highest hourly import of the running month and the import of the running hour, step by step of a play."""

    def __init__(self, case: Case, charge: DemandCharge) -> None:
        self._case, self._charge = case, charge
        self._zone = ZoneInfo(case.place.timezone)
        self._month: tuple[int, int] | None = None
        self._hour = -1
        self._peak_w = 0.0
        self.interval_wh = 0.0

    def demand(self, index: int) -> Demand:
        """What the month has seen before step ``index``; to be asked for at every step before ``add``."""
        at = self._case.at(index)
        hour, month = int(at.timestamp()) // HOUR_S, _month(at.astimezone(self._zone))
        if hour != self._hour:
            self._peak_w = max(self._peak_w, self.interval_wh)  # Wh of an hour are its mean W
            self._hour, self.interval_wh = hour, 0.0
        if month != self._month:
            self._month, self._peak_w = month, 0.0
        return Demand(self._charge, self._peak_w)

    def add(self, grid_w: float) -> None:
        self.interval_wh += grid_w * self._case.horizon.step_h


def _month(local: datetime) -> tuple[int, int]:
    return local.year, local.month
