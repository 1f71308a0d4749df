"""A demand charge on the raster of a plan: which steps are billed together, and what their mean import costs."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.planning.month_ahead import MonthAhead

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Peak:
    """A demand charge: ``per_kw`` money for every kW of an interval's mean import above ``threshold_kw``.

    Arrays have shape (steps,). ``interval`` numbers the intervals from 0, ``month`` the billing months. An interval is
    never shorter than a step. The first one began ``begun_h`` hours before the horizon and imported ``begun_kwh`` then.
    Where a ratchet holds a peak against the months that follow, each kW above ``lasting_kw`` costs ``lasting_per_kw``
    in them. ``months``, one a billing month, tell how likely the days after the horizon keep below a peak; without
    them every kW above the threshold is paid for.
    """

    threshold_kw: Floats
    per_kw: Floats
    interval_h: float
    interval: Ints
    month: Ints
    begun_h: float = 0.0
    begun_kwh: float = 0.0
    lasting_kw: float = 0.0
    lasting_per_kw: float = 0.0
    months: tuple[MonthAhead, ...] = ()

    def after(self, first: int) -> "Peak":
        """The charge of the steps from ``first`` on; what the first interval of them has imported is left out,
        and what is told of the days after the horizon."""
        if first == 0:
            return self
        interval, month = self.interval[first:], self.month[first:]
        return replace(
            self,
            threshold_kw=self.threshold_kw[first:],
            per_kw=self.per_kw[first:],
            interval=interval - interval[0],
            month=month - month[0],
            begun_h=0.0,
            begun_kwh=0.0,
            months=(),
        )

    def before(self, last: int) -> "Peak":
        """The charge of the steps before ``last``."""
        cut = {name: getattr(self, name)[:last] for name in ("threshold_kw", "per_kw", "interval", "month")}
        return replace(self, **cut)

    @property
    def is_charged(self) -> bool:
        """Whether anything is asked within the horizon."""
        return bool((self.per_kw > 0.0).any())

    @property
    def firsts(self) -> Ints:
        """The first step of every interval, shape (intervals,)."""
        return np.flatnonzero(np.diff(self.interval, prepend=-1))

    def hours(self, step_h: float) -> Floats:
        """How much of every interval is known, hours, shape (intervals,): the last one may reach past the horizon."""
        known = np.bincount(self.interval) * step_h
        known[0] += self.begun_h
        return np.asarray(known)

    def begun_kw(self, step_h: float) -> Floats:
        """What the past adds to the mean of every interval, kW, shape (intervals,): nothing but in the first."""
        mean = np.zeros(int(self.interval[-1]) + 1)
        mean[0] = self.begun_kwh / self.hours(step_h)[0]
        return mean

    def means_kw(self, import_kw: Floats, step_h: float) -> Floats:
        """Mean import of every interval, kW, shape (intervals,), from that of the steps, shape (steps,)."""
        ahead = np.bincount(self.interval, weights=import_kw) * step_h / self.hours(step_h)
        return np.asarray(ahead + self.begun_kw(step_h))

    def over_kw(self, import_kw: Floats, step_h: float) -> Floats:
        """How far every billing month goes above its threshold, kW, shape (months,); 0 where nothing is charged."""
        first = self.firsts
        over = self.means_kw(import_kw, step_h) - self.threshold_kw[first]
        months = np.zeros(int(self.month.max()) + 1)
        np.maximum.at(months, self.month[first], np.where(self.per_kw[first] > 0.0, over, 0.0))
        return months

    def cost(self, import_kw: Floats, step_h: float) -> float:
        """Money for what the worst intervals of the months import above the thresholds."""
        rates = np.zeros(int(self.month.max()) + 1)
        np.maximum.at(rates, self.month[self.firsts], self.per_kw[self.firsts])
        return float(self.over_kw(import_kw, step_h) @ rates)
