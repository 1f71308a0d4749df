"""Forecasts that only look back, and the interval that a forecaster of single values gets from its own past errors."""

from collections.abc import Callable

import numpy as np

from agent.forecasting.forecaster import FloatArray, IntArray
from training.peers.hours import WEEK_H, Hours
from training.peers.peer_features import ALL_LEADS, hour_of_week_mean, known_mean, newest_same_hour
from training.scoring.measures import BAND, HORIZON_H

PointForecast = Callable[[Hours, IntArray], FloatArray]
"""Single values, W, (O, HORIZON_H), finite, from the ascending hours ``origins`` (O,)."""

_DAY_H = 24
_EVERY_H = 30
_ORIGINS = 40
_FEWEST_ERRORS = 20


def same_hour_yesterday(hours: Hours, origins: IntArray) -> FloatArray:
    """The newest same hour of the day that lies before the origin."""
    target, origin = _targets(origins)
    return _known(hours, hours.lag(target - newest_same_hour(ALL_LEADS), origin), origin)


def same_hour_last_week(hours: Hours, origins: IntArray) -> FloatArray:
    """The newest same hour of the week that lies before the origin."""
    target, origin = _targets(origins)
    return _known(hours, hours.lag(target - WEEK_H, origin), origin)


def four_week_mean(hours: Hours, origins: IntArray) -> FloatArray:
    """The mean of the same hour of the last four weeks."""
    target, origin = _targets(origins)
    return _known(hours, hour_of_week_mean(hours, target, origin), origin)


def band_of_points(hours: Hours, origins: IntArray, points: PointForecast) -> FloatArray:
    """Single values as the median, with quantiles of the forecaster's own past errors around them: (O, 3, HORIZON_H).

    Errors of the last 40 forecasts whose 48 h had passed, one every 30 h, of the same lead day and the same hour of
    the day or the one beside it.
    """
    earlier = origins[0] - _EVERY_H * np.arange(_ORIGINS, 0, -1)
    every = np.concatenate([earlier[earlier >= 2 * WEEK_H], origins])
    values = points(hours, every)
    errors = _by_hour_of_day(hours.values[every[:, None] + ALL_LEADS] - values, every)
    first = every.size - origins.size
    band = np.stack([values[first:]] * len(BAND), axis=1)
    for index, origin in enumerate(origins):
        passed = np.flatnonzero(every + HORIZON_H <= origin)[-_ORIGINS:]
        hour = (origin + ALL_LEADS) % _DAY_H
        low, high = (_quantile(errors[passed], level)[ALL_LEADS // _DAY_H, hour] for level in (BAND[0], BAND[-1]))
        band[index, 0] += np.minimum(low, 0.0)
        band[index, 2] += np.maximum(high, 0.0)
    return np.maximum(band, 0.0)


def _by_hour_of_day(errors: FloatArray, origins: IntArray) -> FloatArray:
    """(O, HORIZON_H) by lead -> (O, lead day, hour of the UTC day)."""
    found = np.empty((origins.size, HORIZON_H // _DAY_H, _DAY_H))
    hour = (origins[:, None] + ALL_LEADS) % _DAY_H
    found[np.arange(origins.size)[:, None], ALL_LEADS // _DAY_H, hour] = errors
    return found


def _quantile(errors: FloatArray, level: float) -> FloatArray:
    """Of each lead day and hour with its neighbours, (lead day, hour); 0 where too little is known."""
    near = np.concatenate([errors, np.roll(errors, 1, axis=2), np.roll(errors, -1, axis=2)])
    enough = np.isfinite(near).sum(axis=0) >= _FEWEST_ERRORS
    if not enough.any():
        return np.zeros(enough.shape)
    return np.where(enough, np.nanquantile(np.where(enough, near, 0.0), level, axis=0), 0.0)


def _targets(origins: IntArray) -> tuple[IntArray, IntArray]:
    origin = origins[:, None]
    return origin + ALL_LEADS, origin


def _known(hours: Hours, values: FloatArray, origin: IntArray) -> FloatArray:
    """What is still missing is the mean of the last week, or 0 without any."""
    week = known_mean(hours.lag(origin[..., None] - np.arange(1, WEEK_H + 1), origin[..., None]))
    return np.where(np.isfinite(values), values, np.nan_to_num(week))
