"""A history as arrays, in which NaN stands for missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from agent.domain.history import History
from agent.forecasting.forecaster import DAY_S, WINDOW_DAYS, FloatArray, IntArray

ABSURD_W = 1e8  # 100 MW: no site behind a gateway; a value beyond it is a broken reading
SOLAR_HEADROOM = 1.3  # an array may pass its rating for a moment at a cloud's edge


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Mean power per step, W, NaN where missing, >= 0 elsewhere. ``start_s`` is the Unix time of the first step.

    Two of them are the same only if they are one object, so that what is made of one can be kept by it.
    """

    start_s: int
    step_s: int
    values: FloatArray

    @property
    def highest(self) -> float:
        """The highest value, W; infinite where nothing was measured."""
        known = self.values[np.isfinite(self.values)]
        return float(known.max()) if known.size else np.inf

    def index_of(self, origins: Sequence[datetime]) -> IntArray:
        """Position of each origin on the raster; it may lie before the first or after the last value."""
        seconds = np.array([round(origin.timestamp()) for origin in origins], dtype=np.int64) - self.start_s
        if np.any(seconds % self.step_s):
            raise ValueError(f"a forecast must start on the raster of the history, a multiple of {self.step_s} s")
        return seconds // self.step_s

    def before(self, index: IntArray, origin: IntArray) -> FloatArray:
        """The values at ``index``, NaN outside the series and from ``origin`` on. Shapes broadcast."""
        seen = (index >= 0) & (index < self.values.size) & (index < origin)
        return np.where(seen, self.values[np.where(seen, index, 0)], np.nan)

    def measured_before(self, origin: IntArray) -> IntArray:
        """How many of the steps in the window before each origin were measured."""
        count = np.concatenate([[0], np.cumsum(np.isfinite(self.values))])
        window = WINDOW_DAYS * DAY_S // self.step_s
        upto, since = np.clip(origin, 0, self.values.size), np.clip(origin - window, 0, self.values.size)
        measured: IntArray = count[upto] - count[since]
        return measured


@lru_cache(maxsize=1)
def load_series(history: History, step_s: int) -> Series:
    """The site's consumption. What is not finite or beyond 100 MW is missing; below zero is zero."""
    return _series(history, step_s, _floats(history.load_w), ABSURD_W)


@lru_cache(maxsize=2)  # with and without the rating
def solar_series(history: History, step_s: int, rated_w: float) -> Series:
    """The solar output. Curtailed steps are missing: a capped value says nothing about the sun.

    With ``rated_w`` > 0, values beyond 1.3 of it are missing too.
    """
    values = _floats(history.pv_w)
    values[np.array(history.curtailed, dtype=bool)] = np.nan
    return _series(history, step_s, values, rated_w * SOLAR_HEADROOM if rated_w > 0 else ABSURD_W)


def mean_before(values: FloatArray, origin: IntArray, many: int) -> FloatArray:
    """Mean of the ``many`` values before each position, in the shape of ``origin``, NaN when none is known."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    upto = np.clip(origin, 0, values.size)
    since = np.clip(origin - many, 0, values.size)
    counted = count[upto] - count[since]
    mean: FloatArray = np.where(counted > 0, (total[upto] - total[since]) / np.maximum(counted, 1), np.nan)
    return mean


def bridge_short_gaps(values: FloatArray, longest: int) -> FloatArray:
    """Fill runs of at most ``longest`` NaN between two values along a straight line. Longer runs and ends stay."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2:
        return values
    steps = np.arange(values.size)
    after = np.searchsorted(known, steps)
    inside = (after > 0) & (after < known.size)
    gap = known[np.clip(after, 0, known.size - 1)] - known[np.clip(after - 1, 0, known.size - 1)] - 1
    bridged = np.interp(steps, known, values[known])
    return np.where(np.isnan(values) & inside & (gap <= longest), bridged, values)


def _floats(values: tuple[float | None, ...]) -> FloatArray:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _series(history: History, step_s: int, values: FloatArray, highest_w: float) -> Series:
    with np.errstate(invalid="ignore"):
        values = np.where(np.abs(values) <= highest_w, np.maximum(values, 0.0), np.nan)
    start_s = round(history.horizon.start.timestamp())
    own_s = history.horizon.step_s
    if own_s == step_s:
        return Series(start_s, step_s, values)
    if step_s % own_s == 0:
        return _coarser(start_s, own_s, step_s, values)
    if own_s % step_s == 0:
        return Series(start_s, step_s, np.repeat(values, own_s // step_s))
    raise ValueError(f"a history in steps of {own_s} s cannot be put on a raster of {step_s} s")


def _coarser(start_s: int, own_s: int, step_s: int, values: FloatArray) -> Series:
    """Means of the steps that were measured for at least half of their time."""
    lead = (start_s % step_s) // own_s
    many = step_s // own_s
    tail = -(lead + values.size) % many
    padded = np.concatenate([np.full(lead, np.nan), values, np.full(tail, np.nan)]).reshape(-1, many)
    known = np.isfinite(padded)
    count = known.sum(axis=1)
    total = np.where(known, padded, 0.0).sum(axis=1)
    means = np.where(count * 2 >= many, total / np.maximum(count, 1), np.nan)
    return Series(start_s - start_s % step_s, step_s, means)
