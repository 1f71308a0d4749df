"""What is known about a step of solar power when it is forecast. One piece of code for training and serving.

Everything is in units of the array under a clear sky: its own best ratio of power to clear-sky irradiance at that time
of day in the last 28 days, times the clear-sky irradiance of the step. So tilt, shade and size need not be known, and
one model serves a roof and a field. Missing is NaN, for which each split of the trees has a branch.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.features.feature_rows import FeatureRows
from agent.forecasting.features.solar_feed import SolarFeed, feed_guess, feed_index, feed_skill, solar_feed
from agent.forecasting.features.solar_window import DAYS_AGO, SolarWindow, habit_index, solar_quantiles, solar_window
from agent.forecasting.features.weather_series import WeatherSeries
from agent.forecasting.forecaster import LEVELS, WINDOW_DAYS, FloatArray
from agent.forecasting.seasonal import solar_kernel, weighted_mean
from agent.forecasting.series import Series
from agent.forecasting.sun import sun_elevation

_FEED_FEATURES = (
    "feed",
    "feed_before",
    "feed_after",
    "feed_day",
    "feed_skill",
    "feed_bias",
    "feed_bias_day",
    "feed_move",
    "warmth",
)
SOLAR_FEATURES = (
    "lead_h",
    "elevation_deg",
    "before_noon",
    "clear_to_day",
    "clear_to_rated",
    "ramp",
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
    "known_days",
    "q05",
    "q25",
    "q50",
    "q75",
    "q95",
    *_FEED_FEATURES,
)
_NARROWEST, _WIDEST = 0.1, 1.0  # of the clear-sky power: a correction is in units of the doubt


def solar_features(
    series: Series,
    origins: Sequence[datetime],
    steps: int,
    place: Place,
    rated_w: float,
    weather: WeatherSeries | None = None,
) -> FeatureRows:
    """Rows of SOLAR_FEATURES, all steps of the first origin first.

    The scale is the width of the centre's own 90 % interval, so that little is corrected where little is in doubt.
    Nothing measured at or after an origin is looked at; ``weather`` is a forecast, known ahead.
    """
    window = solar_window(series, origins, steps, place, rated_w)
    feed = solar_feed(weather, series, origins, window)
    quantiles, index, feed_columns = _centre(window, feed)
    slot = np.arange(steps) % window.slots
    starts = series.start_s + series.step_s * (series.index_of(origins)[:, None] + np.arange(steps))
    columns = [
        np.broadcast_to((np.arange(steps) + 0.5) * series.step_s / 3600.0, starts.shape),
        *_sky_columns(starts.astype(np.float64), series.step_s, place, window.ahead_w, rated_w),
        *(window.index[:, -ago, slot] for ago in (1, 2, 3)),
        *_day_columns(window),
        *(column[:, slot] for column in _same_time_columns(window)),
        *_recent_columns(window),
        *np.moveaxis(index, -1, 0),
        *feed_columns,
    ]
    matrix = np.stack(columns, axis=-1).reshape(-1, len(columns)).astype(np.float32)
    doubt = np.clip(np.nan_to_num(index[:, :, -1] - index[:, :, 0]), _NARROWEST, _WIDEST)
    return FeatureRows(matrix, quantiles.reshape(-1, len(LEVELS)), (window.ahead_w * doubt).reshape(-1))


def _centre(window: SolarWindow, feed: SolarFeed | None) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """The centre, W and in parts of the clear sky (NaN by night), (origins, steps, LEVELS); the feed's columns."""
    habits = habit_index(window)
    if feed is None:
        quantiles = solar_quantiles(window, habits)
        columns = [np.full(window.ahead_w.shape, np.nan)] * len(_FEED_FEATURES)
    else:
        skill = feed_skill(window, feed)
        said = feed_index(window, feed, skill)
        quantiles = solar_quantiles(window, np.where(np.isfinite(said), said, habits), feed_guess(feed))
        bias = skill.mean_index - skill.mean_feed
        columns = _feed_columns(window, feed, bias, (skill.correlation, skill.mean_feed))
    lit = window.ahead_w[:, :, None] > 0
    index = np.where(lit, quantiles / np.where(lit, window.ahead_w[:, :, None], 1.0), np.nan)
    return quantiles, index, columns


def _sky_columns(
    starts: FloatArray, step_s: int, place: Place, ahead_w: FloatArray, rated_w: float
) -> list[FloatArray]:
    middle = starts + step_s / 2
    elevation = sun_elevation(middle, place.latitude, place.longitude)
    hours_from_noon = (middle / 3600.0 + place.longitude / 15.0) % 24.0 - 12.0
    best = np.maximum(ahead_w.max(axis=1, keepdims=True), 1.0)
    hour = max(1, 3600 // step_s)
    ramp = (_shifted(ahead_w, hour) - _shifted(ahead_w, -hour)) / best
    return [elevation, hours_from_noon, ahead_w / best, ahead_w / max(rated_w, 1.0), ramp]


def _shifted(values: FloatArray, steps: int) -> FloatArray:
    """What comes ``steps`` later, at the ends the last there is."""
    at = np.clip(np.arange(values.shape[1]) + steps, 0, values.shape[1] - 1)
    return values[:, at]


def _day_columns(window: SolarWindow) -> list[FloatArray]:
    """Clear-sky index of whole days before the origin: the last three, means of a week and of all, and the spread."""
    per_day = _energy_ratio(window.pv_w, window.clear_w)
    week, _ = weighted_mean(per_day[:, -7:], np.ones(7))
    month, spread = weighted_mean(per_day, np.ones(WINDOW_DAYS))
    columns = (per_day[:, -1], per_day[:, -2], per_day[:, -3], week, month, spread)
    return [np.broadcast_to(column[:, None], window.ahead_w.shape) for column in columns]


def _same_time_columns(window: SolarWindow) -> tuple[FloatArray, FloatArray]:
    """Kernel mean and spread of the index at this time of day, (origins, steps of a day)."""
    return weighted_mean(window.index.transpose(0, 2, 1), solar_kernel(DAYS_AGO))


def _recent_columns(window: SolarWindow) -> list[FloatArray]:
    """The index of the last hours, and the number of days of which anything is known."""
    columns = []
    for hours in (1, 3, 6):
        many = max(1, hours * window.slots // 24)
        columns.append(_energy_ratio(window.pv_w[:, -1, -many:], window.clear_w[:, -1, -many:]))
    columns.append(np.isfinite(window.index).any(axis=2).sum(axis=1).astype(np.float64))
    return [np.broadcast_to(column[:, None], window.ahead_w.shape) for column in columns]


def _feed_columns(
    window: SolarWindow, feed: SolarFeed, bias: FloatArray, of_site: tuple[FloatArray, FloatArray]
) -> list[FloatArray]:
    """FEED_FEATURES, each (origins, steps), NaN where the feed is silent, but for the steps beside and the warmth."""
    said = np.isfinite(feed.ahead)
    correlation, mean_feed = of_site
    hour = max(1, window.slots // 24)
    both = np.isfinite(window.index[:, -1]) & np.isfinite(feed.past[:, -1])
    late, _ = weighted_mean(
        np.where(both, window.index[:, -1] - feed.past[:, -1], np.nan), np.maximum(window.clear_w[:, -1], 1e-9)
    )
    of_origin = (
        np.where(said, np.broadcast_to(value[:, None], said.shape), np.nan)
        for value in (correlation, bias, late - bias)
    )
    return [
        feed.ahead,
        _shifted(feed.ahead, -hour),
        _shifted(feed.ahead, hour),
        _around(feed.ahead, window),
        *of_origin,
        feed.ahead - mean_feed[:, None],
        feed.warmth,
    ]


def _around(ahead: FloatArray, window: SolarWindow) -> FloatArray:
    """The feed's mean over the twelve hours to either side, weighted by the clear-sky power."""
    half, steps = window.slots // 2, window.steps
    mass = np.where(np.isfinite(ahead), window.ahead_w, 0.0)
    end, since = np.minimum(np.arange(steps) + half, steps), np.maximum(np.arange(steps) - half, 0)
    sums = []
    for values in (mass * np.nan_to_num(ahead), mass):
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
        sums.append(total[:, end] - total[:, since])
    known = sums[1] > 1e-6
    return np.where(known & np.isfinite(ahead), sums[0] / np.where(known, sums[1], 1.0), np.nan)


def _energy_ratio(pv: FloatArray, clear: FloatArray) -> FloatArray:
    """Energy measured over energy under a clear sky along the last axis, of the steps measured; NaN by night."""
    lit = np.isfinite(pv) & (clear > 0)
    possible = np.where(lit, clear, 0.0).sum(axis=-1)
    made = np.where(lit, pv, 0.0).sum(axis=-1)
    return np.where(possible > 0, np.minimum(made / np.where(possible > 0, possible, 1.0), 2.0), np.nan)
