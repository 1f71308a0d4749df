"""What is known about a step of solar power when it is forecast. One piece of code for training and serving.

Everything is in units of the array under a clear sky: its own best ratio of power to clear-sky irradiance at that time
of day in the last 28 days, times the clear-sky irradiance of the step. So tilt, shade and size need not be known, and
one model serves a roof and a field. Missing is NaN, which the trees know how to route.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.feature_rows import FeatureRows
from agent.forecasting.forecaster import DAY_S, LEVELS, WINDOW_DAYS, FloatArray
from agent.forecasting.seasonal import solar_kernel, weighted_mean
from agent.forecasting.series import Series
from agent.forecasting.solar_window import SolarWindow, solar_quantiles, solar_window
from agent.forecasting.sun import sun_elevation

SOLAR_FEATURES = (
    "lead_h",
    "elevation_deg",
    "before_noon",
    "clear_to_day",
    "index_1st_day",
    "index_2nd_day",
    "index_3rd_day",
    "day_index_1",
    "day_index_2",
    "day_index_3",
    "week_index",
    "month_index",
    "day_index_spread",
    "same_time_index",
    "same_time_spread",
    "index_last_1h",
    "index_last_3h",
    "index_last_6h",
)


def solar_features(
    series: Series, origins: Sequence[datetime], steps: int, place: Place, rated_w: float
) -> FeatureRows:
    """Rows of SOLAR_FEATURES, all steps of the first origin first. The scale is the clear-sky power."""
    window = solar_window(series, origins, steps, place, rated_w)
    day = DAY_S // series.step_s
    slot = np.arange(steps) % day
    starts = (series.start_s + series.step_s * (series.index_of(origins)[:, None] + np.arange(steps))).astype(
        np.float64
    )
    columns = [
        np.broadcast_to((np.arange(steps) + 0.5) * series.step_s / 3600.0, starts.shape),
        *_sky_columns(starts, series.step_s, place, window.ahead_w),
        *(window.index[:, -ago, slot] for ago in (1, 2, 3)),
        *_day_columns(window, steps),
        *(column[:, slot] for column in _same_time_columns(window)),
        *_recent_columns(window, steps, day),
    ]
    matrix = np.stack(columns, axis=-1).reshape(-1, len(columns)).astype(np.float32)
    return FeatureRows(matrix, solar_quantiles(window).reshape(-1, len(LEVELS)), window.ahead_w.reshape(-1))


def _sky_columns(starts: FloatArray, step_s: int, place: Place, ahead_w: FloatArray) -> list[FloatArray]:
    middle = starts + step_s / 2
    elevation = sun_elevation(middle, place.latitude, place.longitude)
    hours_from_noon = (middle / 3600.0 + place.longitude / 15.0) % 24.0 - 12.0
    best = np.maximum(ahead_w.max(axis=1, keepdims=True), 1.0)
    return [elevation, hours_from_noon, ahead_w / best]


def _day_columns(window: SolarWindow, steps: int) -> list[FloatArray]:
    """Clear-sky index of whole days before the origin: the last three, means of a week and of all, and the spread."""
    per_day = _energy_ratio(window.pv_w, window.clear_w)
    week, _ = weighted_mean(per_day[:, -7:], np.ones(7))
    month, spread = weighted_mean(per_day, np.ones(WINDOW_DAYS))
    columns = (per_day[:, -1], per_day[:, -2], per_day[:, -3], week, month, spread)
    return [np.broadcast_to(column[:, None], (column.size, steps)) for column in columns]


def _same_time_columns(window: SolarWindow) -> tuple[FloatArray, FloatArray]:
    """Kernel mean and spread of the index at this time of day, (origins, steps of a day)."""
    days_ago = np.arange(WINDOW_DAYS, 0, -1, dtype=np.int64)
    return weighted_mean(window.index.transpose(0, 2, 1), solar_kernel(days_ago))


def _recent_columns(window: SolarWindow, steps: int, day: int) -> list[FloatArray]:
    columns = []
    for hours in (1, 3, 6):
        many = max(1, hours * day // 24)
        ratio = _energy_ratio(window.pv_w[:, -1, -many:], window.clear_w[:, -1, -many:])
        columns.append(np.broadcast_to(ratio[:, None], (ratio.size, steps)))
    return columns


def _energy_ratio(pv: FloatArray, clear: FloatArray) -> FloatArray:
    """Energy measured over energy under a clear sky along the last axis, of the steps measured; NaN by night."""
    lit = np.isfinite(pv) & (clear > 0)
    possible = np.where(lit, clear, 0.0).sum(axis=-1)
    made = np.where(lit, pv, 0.0).sum(axis=-1)
    return np.where(possible > 0, np.minimum(made / np.where(possible > 0, possible, 1.0), 2.0), np.nan)
