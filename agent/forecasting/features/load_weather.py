"""What the temperature ahead means for the load of this site, by what the same hours of the last days show.

The slope is a regression over the days behind each time of day, workdays and days off apart, so that neither the unit
of the feed nor the kind of heating need be known.
"""

import numpy as np

from agent.forecasting.features.seasonal_load import SameTimes, SeasonalLoad
from agent.forecasting.features.weather_series import WeatherSeries
from agent.forecasting.forecaster import DAY_S, FloatArray, IntArray
from agent.forecasting.seasonal import weighted_mean

TEMPERATURE_FEATURES = (
    "temp_effect",
    "temp_effect_near",
    "temp_move",
    "temp_skill",
    "temp_day_effect",
    "temp_day_move",
)
_RIDGE_DAYS = 3.0  # days without any slope that are added to those measured
_NEAR_H = 3
_NEAR_RIDGE = 0.3  # how much the slope of all hours counts beside that of the hours around
_LARGEST = 5.0


def temperature_columns(
    season: SeasonalLoad, same: SameTimes, feed_start_s: int, target: IntArray, weather: WeatherSeries | None
) -> list[FloatArray]:
    """TEMPERATURE_FEATURES, each (origins, steps), NaN where the feed is silent.

    An effect is the slope times the distance of the temperature from that of the days behind the centre, in scales of
    the load; a move is that distance in standard deviations; skill is the signed share of the load's variance that the
    temperature explains. ``target`` counts steps from the Unix time ``feed_start_s``.
    """
    if weather is None:
        return [np.full(target.shape, np.nan)] * len(TEMPERATURE_FEATURES)
    day = DAY_S // weather.step_s
    found = []
    for column in (weather.temperature, weather.temperature_day):
        then = weather.at(column, feed_start_s, same.index)
        known = np.isfinite(then) & np.isfinite(same.values)
        usual, _ = weighted_mean(then, np.where(known, same.weights, 0.0))
        found.append((weather.at(column, feed_start_s, target) - usual, *_sums(then, same, known, day)))
    scale = season.scale_w[:, None]
    (move, xx, xy, yy, days), (day_move, day_xx, day_xy, _, day_days) = found
    near = _near_slope(xx, xy, days, day)[:, np.arange(target.shape[1]) % xx.shape[1]]
    skill = _ratio(np.sign(_mean(xy)) * _mean(xy) ** 2, _mean(xx) * _mean(yy))
    return [
        _effect(_slope(xx, xy, days), move, scale),
        _effect(near, move, scale),
        _ratio(move, np.sqrt(_mean(xx) / days)),
        np.where(np.isfinite(move), skill, np.nan),
        _effect(_slope(day_xx, day_xy, day_days), day_move, scale),
        _ratio(day_move, np.sqrt(_mean(day_xx) / day_days)),
    ]


def _sums(
    then: FloatArray, same: SameTimes, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], day: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sums of squares and products about the means of each kind of day, at each time of the first day, (origins, day).

    And the mean number of days, (origins, 1), at least one.
    """
    first = slice(0, day)
    xx, xy, yy = (np.zeros(then[:, first].shape[:2]) for _ in range(3))
    for kind in (same.kin[:, first], ~same.kin[:, first]):
        chosen = known[:, first] & kind
        count = np.maximum(chosen.sum(axis=-1), 1)
        x, y = np.where(chosen, then[:, first], 0.0), np.where(chosen, same.values[:, first], 0.0)
        mean_x, mean_y = x.sum(axis=-1) / count, y.sum(axis=-1) / count
        x, y = x - np.where(chosen, mean_x[..., None], 0.0), y - np.where(chosen, mean_y[..., None], 0.0)
        xx += (x * x).sum(axis=-1)
        xy += (x * y).sum(axis=-1)
        yy += (y * y).sum(axis=-1)
    days = np.maximum(known[:, first].sum(axis=-1).mean(axis=1, keepdims=True), 1.0)
    return xx, xy, yy, days


def _slope(xx: FloatArray, xy: FloatArray, days: FloatArray) -> FloatArray:
    """W per degree over all times of day, (origins, 1), shrunk where few days are known."""
    return _ratio(_mean(xy), _mean(xx) * (1.0 + _RIDGE_DAYS / days))


def _near_slope(xx: FloatArray, xy: FloatArray, days: FloatArray, day: int) -> FloatArray:
    """W per degree of the hours around each time of day, (origins, day), shrunk towards that of all."""
    reach = min(_NEAR_H * day // 24, xx.shape[1] - 1)
    ridge = _NEAR_RIDGE * _mean(xx)
    return _ratio(_around(xy, reach) + ridge * _slope(xx, xy, days), _around(xx, reach) + ridge)


def _around(values: FloatArray, reach: int) -> FloatArray:
    """Means over ``reach`` steps to either side, round the clock."""
    wrapped = np.concatenate([values[:, values.shape[1] - reach :], values, values[:, :reach]], axis=1)
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(wrapped, axis=1)], axis=1)
    width = 2 * reach + 1
    means: FloatArray = (total[:, width:] - total[:, :-width]) / width
    return means


def _effect(slope: FloatArray, move: FloatArray, scale: FloatArray) -> FloatArray:
    return np.clip(slope * move / scale, -_LARGEST, _LARGEST)


def _mean(values: FloatArray) -> FloatArray:
    mean: FloatArray = values.mean(axis=1, keepdims=True)
    return mean


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """NaN where there is nothing to divide by."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)
