"""What is known about a step of consumption when it is forecast. One piece of code for training and serving.

Everything is in units of the site itself: distances from the kernel mean of the same local time on the last 28 days,
in scales, where the scale is how far a step usually lies from the day and the week before. So one model serves a home
and a factory. Missing is NaN, which the trees know how to route.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.feature_rows import FeatureRows
from agent.forecasting.forecaster import DAY_S, LEVELS, WINDOW_DAYS, FloatArray, IntArray
from agent.forecasting.local_calendar import LocalCalendar
from agent.forecasting.seasonal import weighted_mean
from agent.forecasting.seasonal_load import SeasonalLoad, load_quantiles, seasonal_load
from agent.forecasting.series import Series

LOAD_FEATURES = (
    "lead_h",
    "hour_sin",
    "hour_cos",
    "weekday",
    "day_kind",
    "holiday",
    "lag_1st_day",
    "lag_2nd_day",
    "lag_3rd_day",
    "lag_1st_week",
    "lag_2nd_week",
    "same_time_spread",
    "centre_to_level",
    "scale_to_level",
    "week_to_level",
    "last_1h",
    "last_3h",
    "last_24h",
    "kin_days",
)


def load_features(series: Series, origins: Sequence[datetime], steps: int, place: Place) -> FeatureRows:
    """Rows of LOAD_FEATURES, all steps of the first origin first. Nothing at or after an origin is looked at."""
    season = seasonal_load(series, origins, steps, place)
    day = DAY_S // series.step_s
    leads = np.arange(steps, dtype=np.int64)
    at = series.index_of(origins)[:, None] + leads - season.first
    values, weights = season.same.values[:, day:], season.same.weights[:, day:]
    columns = [
        *_calendar_columns(season.calendar, at, leads, series.step_s),
        *_lag_columns(season, values, leads, day),
        *_level_columns(season, day),
        *_recent_columns(season.recent_w / season.scale_w[:, None], steps),
        np.where(np.isfinite(values), weights, 0.0).sum(axis=-1),
    ]
    quantiles = load_quantiles(season, series.step_s)
    matrix = np.stack(columns, axis=-1).reshape(-1, len(columns)).astype(np.float32)
    return FeatureRows(matrix, quantiles.reshape(-1, len(LEVELS)), np.repeat(season.scale_w, steps))


def _calendar_columns(calendar: LocalCalendar, at: IntArray, leads: IntArray, step_s: int) -> list[FloatArray]:
    angle = calendar.hour[at] * (2 * np.pi / 24)
    lead_h = np.broadcast_to((leads + 0.5) * step_s / 3600.0, at.shape)
    kinds = [column[at].astype(np.float64) for column in (calendar.weekday, calendar.day_kind, calendar.holiday)]
    return [lead_h, np.sin(angle), np.cos(angle), *kinds]


def _lag_columns(season: SeasonalLoad, values: FloatArray, leads: IntArray, day: int) -> list[FloatArray]:
    """The three newest days and the two newest same weekdays that lie before the origin."""
    newest = leads // day
    newest_week = -(-(newest + 1) // 7) * 7 - 1
    columns = []
    for column in (newest, newest + 1, newest + 2, newest_week, newest_week + 7):
        beyond = column >= WINDOW_DAYS
        lag = np.take_along_axis(values, np.where(beyond, 0, column)[None, :, None], axis=-1)[:, :, 0]
        lag = np.where(beyond, np.nan, lag)
        columns.append((lag - season.centre_w[:, day:]) / season.scale_w[:, None])
    return columns


def _level_columns(season: SeasonalLoad, day: int) -> list[FloatArray]:
    centre = season.centre_w[:, day:]
    level, scale = np.maximum(season.level_w, 1.0)[:, None], season.scale_w[:, None]
    return [
        season.spread_w[:, day:] / scale,
        centre / level,
        np.broadcast_to(scale / level, centre.shape),
        np.broadcast_to((season.week_level_w - season.level_w)[:, None] / scale, centre.shape),
    ]


def _recent_columns(recent: FloatArray, steps: int) -> list[FloatArray]:
    """How far the last hours lay from their own centre, in scales: (origins, steps), the same for every step."""
    origins, day = recent.shape
    columns = []
    for hours in (1, 3, 24):
        last = recent[:, day - max(1, hours * day // 24) :]
        mean, _ = weighted_mean(last, np.ones_like(last))
        columns.append(np.broadcast_to(mean[:, None], (origins, steps)))
    return columns
