"""What is known about a step of consumption when it is forecast. One piece of code for training and serving.

Everything is in units of the site itself: distances from the kernel mean of the same local time on the last 28 days, in
scales, where the scale is how far a step usually lies from the day and the week before. So one model serves a home and
a factory. Missing is NaN, for which each split of the trees has a branch.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.features.feature_rows import FeatureRows
from agent.forecasting.features.load_lags import lags, means, smoothed
from agent.forecasting.features.load_moves import MOVE_FEATURES, move_columns
from agent.forecasting.features.load_weather import TEMPERATURE_FEATURES, temperature_columns
from agent.forecasting.features.local_calendar import LocalCalendar
from agent.forecasting.features.seasonal_load import SeasonalLoad, load_quantiles, seasonal_load
from agent.forecasting.features.weather_series import WeatherSeries
from agent.forecasting.forecaster import DAY_S, LEVELS, FloatArray, IntArray
from agent.forecasting.seasonal import weighted_mean
from agent.forecasting.series import Series

LOAD_FEATURES = (
    "lead_h",
    "hour_sin",
    "hour_cos",
    "weekday",
    "day_kind",
    "holiday",
    "kind_before",
    "kind_after",
    "lag_1st_day",
    "lag_2nd_day",
    "lag_3rd_day",
    "lag_1st_week",
    "lag_2nd_week",
    "lag_1st_smooth",
    "lag_1st_kin",
    "kin_mean_3",
    "day_mean_7",
    "fast_mean",
    "kin_days",
    "same_time_spread",
    "ramp_before",
    "ramp_after",
    "q05",
    "q25",
    "q50",
    "q75",
    "q95",
    "centre_to_level",
    "scale_to_level",
    "week_to_level",
    "day_to_level",
    "hour_move",
    "day_move",
    "week_move",
    "last_1h",
    "last_3h",
    "last_6h",
    "last_12h",
    "last_24h",
    "same_time_recent",
    *MOVE_FEATURES,
    *TEMPERATURE_FEATURES,
)


def load_features(
    series: Series, origins: Sequence[datetime], steps: int, place: Place, weather: WeatherSeries | None = None
) -> FeatureRows:
    """Rows of LOAD_FEATURES, all steps of the first origin first.

    Nothing measured at or after an origin is looked at; ``weather`` is a forecast, known ahead.
    """
    season = seasonal_load(series, origins, steps, place)
    day = DAY_S // series.step_s
    leads = np.arange(steps, dtype=np.int64)
    target = series.index_of(origins)[:, None] + leads
    same = season.same.since(day)
    centre, scale = season.centre_w[:, day:], season.scale_w[:, None]
    quantiles = load_quantiles(season, series.step_s)
    days = lags(same, leads, day)
    distances = [*days, smoothed(days[0], max(1, day // 24)), *means(same)]
    now, now_move, *moved = move_columns(series, same, series.index_of(origins), leads)
    columns = [
        *_calendar_columns(season.calendar, target - season.first, leads, series.step_s),
        *((value - centre) / scale for value in distances),
        np.where(np.isfinite(same.values), same.weights, 0.0).sum(axis=-1),
        season.spread_w[:, day:] / scale,
        *(ramp / scale for ramp in _ramps(season.centre_w, leads, day)),
        *np.moveaxis((quantiles - centre[:, :, None]) / scale[:, :, None], -1, 0),
        *_level_columns(season, centre),
        *_recent_columns(season.recent_w / scale, leads, day),
        (now - centre) / scale,
        now_move / scale,
        *((value - centre) / scale for value in moved),
        *temperature_columns(season, same, series.start_s, target, weather),
    ]
    matrix = np.stack(columns, axis=-1).reshape(-1, len(columns)).astype(np.float32)
    return FeatureRows(matrix, quantiles.reshape(-1, len(LEVELS)), np.repeat(season.scale_w, steps))


def _calendar_columns(calendar: LocalCalendar, at: IntArray, leads: IntArray, step_s: int) -> list[FloatArray]:
    """Of the step and of the days before and after its own."""
    day = DAY_S // step_s
    angle = calendar.hour[at] * (2 * np.pi / 24)
    lead_h = np.broadcast_to((leads + 0.5) * step_s / 3600.0, at.shape)
    kinds = [column[at] for column in (calendar.weekday, calendar.day_kind, calendar.holiday)]
    kinds += [calendar.day_kind[at - day], calendar.day_kind[at + day]]
    return [lead_h, np.sin(angle), np.cos(angle), *(kind.astype(np.float64) for kind in kinds)]


def _ramps(centre_w: FloatArray, leads: IntArray, day: int) -> list[FloatArray]:
    """How far the centre lies above the one an hour before, and below the one an hour after, W."""
    hour = max(1, day // 24)
    at = day + leads
    after = np.minimum(at + hour, centre_w.shape[1] - 1)
    return [centre_w[:, at] - centre_w[:, at - hour], centre_w[:, after] - centre_w[:, at]]


def _level_columns(season: SeasonalLoad, centre: FloatArray) -> list[FloatArray]:
    level, scale = season.level, season.scale_w
    mean = np.maximum(level.mean_w, 1.0)
    of_site = (
        scale / mean,
        (level.week_w - level.mean_w) / scale,
        (level.day_w - level.mean_w) / scale,
        level.hour_move_w / scale,
        level.day_move_w / scale,
        level.week_move_w / scale,
    )
    return [centre / mean[:, None], *(np.broadcast_to(value[:, None], centre.shape) for value in of_site)]


def _recent_columns(recent: FloatArray, leads: IntArray, day: int) -> list[FloatArray]:
    """How far the last hours lay from their own centre, in scales, and the step of the last day at the same time."""
    columns = []
    for hours in (1, 3, 6, 12, 24):
        last = recent[:, day - max(1, hours * day // 24) :]
        mean, _ = weighted_mean(last, np.ones_like(last))
        columns.append(np.broadcast_to(mean[:, None], (recent.shape[0], leads.size)))
    return [*columns, recent[:, leads % day]]
