"""The habits of a solar array: what it made of the sun on the days before, and what follows from it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.forecaster import DAY_S, WINDOW_DAYS, FloatArray
from agent.forecasting.seasonal import solar_kernel, weighted_quantiles, widened
from agent.forecasting.series import Series
from agent.forecasting.sun import clear_sky_steps

_FAINT_W_M2 = 20.0  # below it the ratio of power to clear-sky irradiance is noise
_PERFORMANCE = 0.85  # of the rating at 1000 W/m2, until the array has shown its own
_ENOUGH = 6  # bright samples of a time of day that show the array's own ratio
_BEST = 0.92
_UNKNOWN_SKY = np.array([0.1, 0.35, 0.65, 0.9, 1.0])  # of the clear sky, without any history


@dataclass(frozen=True, slots=True)
class SolarWindow:
    """The last 28 days before each origin, cut into days that end there, and the clear sky of the steps ahead.

    ``pv_w`` and ``clear_w`` are (origins, days, steps of a day), oldest day first; ``clear_w`` is what the array would
    make under a clear sky. ``ahead_w`` is the same for the steps to forecast, (origins, steps).
    """

    pv_w: FloatArray
    clear_w: FloatArray
    ahead_w: FloatArray
    index: FloatArray  # clear-sky index pv / clear of each past step, NaN by night


def solar_window(series: Series, origins: Sequence[datetime], steps: int, place: Place, rated_w: float) -> SolarWindow:
    """Measured and clear-sky power around each origin. Nothing at or after an origin is looked at."""
    origin = series.index_of(origins)
    day = DAY_S // series.step_s
    back = np.arange(-WINDOW_DAYS * day, steps, dtype=np.int64)
    at = origin[:, None] + back
    first = int(at.min())
    raster = (series.start_s + series.step_s * np.arange(first, int(at.max()) + 1)).astype(np.float64)
    ghi = clear_sky_steps(raster, series.step_s, place.latitude, place.longitude)[at - first]
    past = slice(None, WINDOW_DAYS * day)
    shape = (origin.size, WINDOW_DAYS, day)
    pv = series.before(at[:, past], origin[:, None]).reshape(shape)
    ghi_past = ghi[:, past].reshape(shape)
    ratio = _best_ratio(pv, ghi_past, rated_w, max(1, day // 24))
    clear = ghi_past * ratio[:, None, :]
    ahead = ghi[:, WINDOW_DAYS * day :] * np.take(ratio, np.arange(steps) % day, axis=1)
    if rated_w > 0:
        clear, ahead = np.minimum(clear, rated_w), np.minimum(ahead, rated_w)
    with np.errstate(invalid="ignore", divide="ignore"):
        index = np.where(ghi_past >= _FAINT_W_M2, np.minimum(pv / clear, 2.0), np.nan)
    return SolarWindow(pv, clear, ahead, index)


def solar_quantiles(window: SolarWindow) -> FloatArray:
    """Seasonal persistence, W, (origins, steps, LEVELS), finite, >= 0.

    The quantiles of the clear-sky index at this time of day, times the clear-sky power to come.
    """
    days_ago = np.arange(WINDOW_DAYS, 0, -1, dtype=np.int64)
    index = widened(weighted_quantiles(window.index.transpose(0, 2, 1), solar_kernel(days_ago)))
    index = np.maximum(np.where(np.isfinite(index), index, _UNKNOWN_SKY), 0.0)
    slot = np.arange(window.ahead_w.shape[1]) % index.shape[1]
    quantiles: FloatArray = index[:, slot, :] * window.ahead_w[:, :, None]
    return quantiles


def _best_ratio(pv: FloatArray, ghi: FloatArray, rated_w: float, hour: int) -> FloatArray:
    """Watts per W/m2 that the array reaches on its best days at each time of day, (origins, steps of a day).

    Samples of the hour before and after count too. With few of them the nameplate speaks, or the array's own best
    where there is no nameplate.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(ghi >= _FAINT_W_M2, pv / ghi, np.nan)
    near = np.concatenate([np.roll(ratio, shift, axis=2) for shift in (-hour, 0, hour)], axis=1)
    known = np.isfinite(near).sum(axis=1)
    ordered = np.sort(near, axis=1)  # NaN last
    rank = np.maximum(np.ceil(_BEST * known).astype(np.int64) - 1, 0)
    best = np.take_along_axis(ordered, rank[:, None, :], axis=1)[:, 0, :]
    nameplate = rated_w * _PERFORMANCE / 1000.0
    if nameplate <= 0:
        own = np.where(np.isfinite(best), best, -1.0).max(axis=1, keepdims=True)
        return np.where(known >= _ENOUGH, best, np.maximum(own, 0.0))
    return np.where(known >= _ENOUGH, np.clip(best, 0.05 * nameplate, 6.0 * nameplate), nameplate)
