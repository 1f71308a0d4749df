"""The habits of a solar array: what it made of the sun on the days before, and what follows from it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from agent.domain.request import Place
from agent.forecasting.features.weather_series import LOW_LIGHT_W_M2
from agent.forecasting.forecaster import DAY_S, WINDOW_DAYS, FloatArray, IntArray
from agent.forecasting.seasonal import solar_kernel, weighted_quantiles, widened
from agent.forecasting.series import Series
from agent.forecasting.sun import clear_sky_steps

DAYS_AGO = np.arange(WINDOW_DAYS, 0, -1, dtype=np.int64)
"""Of the days of a SolarWindow, oldest first."""

_PERFORMANCE = 0.85  # of the rating at 1000 W/m2, until the array has shown its own
_ENOUGH = 6  # bright samples of a time of day that show the array's own ratio
_BEST = 0.92
_UNKNOWN_SKY = np.array([0.1, 0.35, 0.65, 0.9, 1.0])  # of the clear sky, without any history
_PRIOR_DAYS = np.array([2.0, 1.2, 0.7, 1.2, 2.0])  # for which an unknown sky counts, level by level
_FADES_DAYS = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class SolarWindow:
    """The last 28 days before each origin, cut into days that end there, and the clear sky of the steps ahead.

    ``pv_w`` and ``clear_w`` are (origins, days, steps of a day), oldest day first; ``clear_w`` is what the array would
    make under a clear sky. ``ahead_w`` is the same for the steps to forecast, (origins, steps). ``index`` is the
    clear-sky index pv / clear of each past step, NaN by night.
    """

    pv_w: FloatArray
    clear_w: FloatArray
    ahead_w: FloatArray
    index: FloatArray

    @property
    def slots(self) -> int:
        """Steps of a day."""
        return int(self.index.shape[2])

    @property
    def steps(self) -> int:
        """Steps to forecast."""
        return int(self.ahead_w.shape[1])


def solar_window(series: Series, origins: Sequence[datetime], steps: int, place: Place, rated_w: float) -> SolarWindow:
    """Measured and clear-sky power around each origin. Nothing at or after an origin is looked at.

    A model and persistence ask for the same one, one after the other.
    """
    return _solar_window(series, tuple(origins), steps, place, rated_w)


@lru_cache(maxsize=1)
def _solar_window(
    series: Series, origins: tuple[datetime, ...], steps: int, place: Place, rated_w: float
) -> SolarWindow:
    origin = series.index_of(origins)
    day = DAY_S // series.step_s
    at = origin[:, None] + np.arange(-WINDOW_DAYS * day, steps, dtype=np.int64)
    first = int(at.min())
    raster = (series.start_s + series.step_s * np.arange(first, int(at.max()) + 1)).astype(np.float64)
    ghi = clear_sky_steps(raster, series.step_s, place.latitude, place.longitude)[at - first]
    past = slice(None, WINDOW_DAYS * day)
    shape = (origin.size, WINDOW_DAYS, day)
    pv = series.before(at[:, past], origin[:, None]).reshape(shape)
    ghi_past = ghi[:, past].reshape(shape)
    ratio = _array_ratio(pv, ghi_past, rated_w, max(1, day // 24))
    clear = ghi_past * ratio[:, None, :]
    ahead = ghi[:, WINDOW_DAYS * day :] * np.take(ratio, np.arange(steps) % day, axis=1)
    if rated_w > 0:
        clear, ahead = np.minimum(clear, rated_w), np.minimum(ahead, rated_w)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = np.where(ghi_past >= LOW_LIGHT_W_M2, np.minimum(pv / clear, 2.0), np.nan)
    return SolarWindow(pv, clear, ahead, index)


@lru_cache(maxsize=1)
def habit_index(window: SolarWindow) -> FloatArray:
    """Quantiles of the clear-sky index at this time of day, (origins, steps, LEVELS), NaN where nothing is known."""
    same_time = window.index.transpose(0, 2, 1)
    days = np.isfinite(same_time).sum(axis=-1)
    found = settled(widened(weighted_quantiles(same_time, solar_kernel(DAYS_AGO))), _UNKNOWN_SKY, days)
    ahead: FloatArray = found[:, np.arange(window.steps) % window.slots]
    return ahead


def forget() -> None:
    """Let go of what the last call has left for the next one, some megabytes."""
    _solar_window.cache_clear()
    habit_index.cache_clear()


def settled(found: FloatArray, otherwise: FloatArray, days: IntArray) -> FloatArray:
    """Quantiles (..., LEVELS) that ``days`` (...) of history show, drawn to ``otherwise`` while those are few.

    The outer ones are drawn farther than the median: where a day was brighter than the clear sky they would pass it.
    """
    prior = _PRIOR_DAYS * np.exp(-days / _FADES_DAYS)[..., None]
    drawn: FloatArray = np.sort((days[..., None] * found + prior * otherwise) / (days[..., None] + prior), axis=-1)
    return drawn


def solar_quantiles(window: SolarWindow, index: FloatArray, unknown: FloatArray | None = None) -> FloatArray:
    """W, (origins, steps, LEVELS), finite, >= 0: the quantiles ``index`` of the clear-sky index, times the clear sky.

    Where ``index`` is NaN, ``unknown`` of the same shape is used, or the quantiles of an unknown sky.
    """
    otherwise = np.broadcast_to(_UNKNOWN_SKY, index.shape) if unknown is None else unknown
    otherwise = np.where(np.isfinite(otherwise), otherwise, _UNKNOWN_SKY)
    quantiles: FloatArray = np.maximum(np.where(np.isfinite(index), index, otherwise), 0.0) * window.ahead_w[:, :, None]
    return quantiles


def best_ratio(ratio: FloatArray, hour: int) -> tuple[FloatArray, FloatArray]:
    """What ``ratio`` (origins, days, slots) reaches on the best days at each time of day, and from how many samples.

    Both are (origins, slots). Samples of the hour before and after count too; NaN where there is none.
    """
    near = np.concatenate([np.roll(ratio, shift, axis=2) for shift in (-hour, 0, hour)], axis=1)
    known = np.isfinite(near).sum(axis=1)
    ordered = np.sort(near, axis=1)  # NaN last
    rank = np.maximum(np.ceil(_BEST * known).astype(np.int64) - 1, 0)
    return np.take_along_axis(ordered, rank[:, None, :], axis=1)[:, 0, :], known.astype(np.float64)


def _array_ratio(pv: FloatArray, ghi: FloatArray, rated_w: float, hour: int) -> FloatArray:
    """Watts per W/m2 that the array reaches on its best days at each time of day, (origins, slots).

    With few samples it is that of the nameplate, or the array's own best where there is no nameplate.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        best, known = best_ratio(np.where(ghi >= LOW_LIGHT_W_M2, pv / ghi, np.nan), hour)
    nameplate = rated_w * _PERFORMANCE / 1000.0
    if nameplate <= 0:
        own = np.where(np.isfinite(best), best, -1.0).max(axis=1, keepdims=True)
        return np.where(known >= _ENOUGH, best, np.maximum(own, 0.0))
    return np.where(known >= _ENOUGH, np.clip(best, 0.05 * nameplate, 6.0 * nameplate), nameplate)
