"""Calibration of intervals: each level is moved by how often it was passed. Pure arrays.

Every level is tracked by online gradient steps on its own pinball loss, for both tails apart (A. Angelopoulos,
E. Candes and R. Tibshirani, "Conformal PID control for time series prediction", NeurIPS 2023, quantile tracking; it
generalises I. Gibbs and E. Candes, "Adaptive conformal inference under distribution shift", NeurIPS 2021). The move is
a shift of the forecast's own quantiles (Y. Romano, E. Patterson and E. Candes, "Conformalized quantile regression",
NeurIPS 2019), but in units of the interval there, so that a narrow hour stays narrow. Two days pass between a forecast
and its verdict; so what is judged is the move that was in force then.
"""

import numpy as np
from numpy.typing import NDArray

from agent.domain.forecast_corrections import BUCKETS, LEAD_EDGES_H, LOW_OUTPUT
from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray, IntArray

# A tail aims at a little less than its level: the errors drift on between the verdict and the next forecast.
_AIMS = np.array([0.047, 0.25, 0.5, 0.75, 0.953])
# Half-widths by which a level of a normal error moves for a whole unit of coverage, 1 / (1.645 * density at the level).
# The median stays: moved, it lost on every site.
_REACH = np.array([5.9, 1.9, 0.0, 1.9, 5.9])
_FIRST_MEMORY_H, _MEMORY_H = 24.0 * 7.0, 24.0 * 15.0  # hours of origins after which a third of the past is left
_SCALE = 0.2, 4.0
_LOW_OUTPUT_HASTE = 2.0  # dawn and dusk are few
_ENOUGH = 0.5  # the share of a bucket's hours that makes a full verdict
_LOW_OUTPUT_H = 4.0
_MOST_INWARDS, _MOST_OUTWARDS = 0.9, 3.0
_PUBLISHED_H = 48.0

_LOW_OUTPUT_SHARE = 0.05  # of the highest value of the horizon
_THINNEST = 0.01  # half-width of an interval, as a share of the same
_TELLING_SHARE = 0.6  # of the same: errors of higher values are believed wholly
_NOTHING_W = 1e-6
_GROWTH_PER_DAY = 0.04  # beyond the leads that are compared with what came


class Raster:
    """Where the steps of some forecasts stand: their buckets, and what is next to nothing there.

    ``bucket`` is (origins, steps); ``alight`` the same, false where every member expects nothing, as at night;
    ``thinnest_w`` the same, the least half-width of an interval; ``trust`` the same, 0..1, how much an error there says
    about the hours after; ``late_days`` is (steps,), days beyond the last edge.
    """

    def __init__(self, members: FloatArray, step_s: int, peak_w: FloatArray | None = None) -> None:
        """``members`` is (members, origins, LEVELS, steps), W.

        ``peak_w`` (origins,) is the highest value of a whole horizon, where the steps are only the beginning of one.
        """
        highest = members[:, :, -1, :].max(axis=0)
        peak = highest.max(axis=-1, keepdims=True) if peak_w is None else peak_w[:, None]
        lead_h = (np.arange(highest.shape[-1]) + 0.5) * step_s / 3600.0
        by_lead = np.minimum(np.searchsorted(LEAD_EDGES_H, lead_h), LOW_OUTPUT - 1)
        self.step_h = step_s / 3600.0
        self.alight: NDArray[np.bool_] = highest > _NOTHING_W
        self.bucket: IntArray = np.where(highest < _LOW_OUTPUT_SHARE * peak, LOW_OUTPUT, by_lead).astype(np.int64)
        self.thinnest_w: FloatArray = np.where(self.alight, _THINNEST * peak, 0.0)
        self.trust: FloatArray = np.minimum(highest / np.maximum(_TELLING_SHARE * peak, _NOTHING_W), 1.0)
        self.late_days: FloatArray = np.maximum(lead_h - LEAD_EDGES_H[-1], 0.0) / 24.0

    def half_widths(self, quantiles: FloatArray) -> tuple[FloatArray, FloatArray]:
        """From the median down to the lowest and up to the highest level, W, each (origins, steps)."""
        median = quantiles[:, MEDIAN]
        down = np.maximum(median - quantiles[:, 0], self.thinnest_w)
        return down, np.maximum(quantiles[:, -1] - median, self.thinnest_w)

    def _units(self, quantiles: FloatArray) -> FloatArray:
        """What levels are moved in, W, (origins, LEVELS, steps): half-widths, halfway (geometrically) to their mean.

        Wholly proportional moves widen wide hours, where little is missed, for the sake of narrow ones.
        """
        counted = self.alight & (self.bucket != LOW_OUTPUT)
        sides = []
        for half in self.half_widths(quantiles):
            total = np.where(counted, half, 0.0).sum(axis=-1, keepdims=True)
            mean = total / np.maximum(counted.sum(axis=-1, keepdims=True), 1)
            sides.append(np.where(counted, np.sqrt(half * mean), half))
        down, up = sides
        levels = [down] * MEDIAN + [(down + up) / 2.0] + [up] * (len(LEVELS) - MEDIAN - 1)
        return np.stack(levels, axis=1)

    def moved(self, quantiles: FloatArray, quantile_offsets: FloatArray) -> FloatArray:
        """The quantiles after ``quantile_offsets`` (BUCKETS, LEVELS).

        They are not negative, in order, and wider where no verdict reaches.
        """
        shifted = quantiles + quantile_offsets[self.bucket].transpose(0, 2, 1) * self._units(quantiles)
        median = shifted[:, MEDIAN : MEDIAN + 1]
        wider = median + (shifted - median) * (1.0 + _GROWTH_PER_DAY * self.late_days)
        ordered: FloatArray = np.maximum(np.sort(wider, axis=1), 0.0)
        return ordered


class Verdict:
    """What was measured over one origin's forecast, summed up by bucket.

    ``weight`` (BUCKETS,) is 1 where enough of the bucket was measured, 0 where nothing was.
    """

    def __init__(self, raster: Raster, actual: FloatArray) -> None:
        """``raster`` of one origin; ``actual`` (steps,), W, NaN where missing."""
        self.known: NDArray[np.bool_] = np.isfinite(actual) & raster.alight[0]
        self.actual: FloatArray = np.where(self.known, actual, 0.0)
        in_bucket = raster.bucket[0][None, :] == np.arange(BUCKETS)[:, None]
        self._in_bucket: FloatArray = (in_bucket & self.known).astype(np.float64)
        self._steps: FloatArray = self._in_bucket.sum(axis=1)
        whole_h = np.append(np.diff(LEAD_EDGES_H, prepend=0), _LOW_OUTPUT_H)
        self.weight: FloatArray = np.minimum(self._steps * raster.step_h / (_ENOUGH * whole_h), 1.0)

    def means(self, values: FloatArray) -> FloatArray:
        """Means over the measured steps of each bucket, (..., steps) -> (..., BUCKETS); 0 where none was measured."""
        sums: FloatArray = np.where(self.known, values, 0.0) @ self._in_bucket.T
        return sums / np.maximum(self._steps, 1.0)

    def passed(self, quantiles: FloatArray) -> FloatArray:
        """The share of steps at or below each level, less its aim; ``quantiles`` (LEVELS, steps) -> (BUCKETS, LEVELS).

        A value on a lower level is inside: 0 W is inside an interval that begins at 0 W.
        """
        below = self.actual <= quantiles
        below[:MEDIAN] = self.actual < quantiles[:MEDIAN]
        return self.means(below - _AIMS[:, None]).T


def tracked(quantile_offsets: FloatArray, passed: FloatArray, weight: FloatArray, behind: FloatArray) -> FloatArray:
    """The moves after a verdict, each against how often its level was passed.

    ``weight`` (BUCKETS,) is the hours of origins that the verdict stands for, ``behind`` those learnt from before. A
    step is taken in proportion to the interval as it was moved, so that it matters little how wide that was at first.
    """
    memory = np.minimum(behind + _FIRST_MEMORY_H, _MEMORY_H)
    haste = np.where(np.arange(BUCKETS) == LOW_OUTPUT, _LOW_OUTPUT_HASTE, 1.0) * weight / memory
    down, up = (np.clip(side, *_SCALE) for side in (1.0 - quantile_offsets[:, 0], 1.0 + quantile_offsets[:, -1]))
    scale = np.stack([down] * MEDIAN + [np.ones(BUCKETS)] + [up] * (len(LEVELS) - MEDIAN - 1), axis=1)
    stepped: FloatArray = quantile_offsets - haste[:, None] * scale * _REACH * passed
    stepped[:, :MEDIAN] = np.clip(stepped[:, :MEDIAN], -_MOST_OUTWARDS, _MOST_INWARDS)
    stepped[:, MEDIAN:] = np.clip(stepped[:, MEDIAN:], -_MOST_INWARDS, _MOST_OUTWARDS)
    return stepped


def followed(published: FloatArray, quantile_offsets: FloatArray, hours: float) -> FloatArray:
    """What was in force about two days ago, ``hours`` later: the newest moves, late and smoothed."""
    late: FloatArray = published + (quantile_offsets - published) * (1.0 - np.exp(-hours / _PUBLISHED_H))
    return late
