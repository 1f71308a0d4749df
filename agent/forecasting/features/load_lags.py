"""What the same local time brought on past days: single days, and means over some of them."""

import numpy as np

from agent.forecasting.features.seasonal_load import SameTimes
from agent.forecasting.forecaster import WINDOW_DAYS, FloatArray, IntArray
from agent.forecasting.seasonal import weighted_mean

_FAST_DAYS = 4.0


def lags(same: SameTimes, leads: IntArray, day: int) -> list[FloatArray]:
    """W: the three newest days and the two newest same weekdays before the origin."""
    newest = leads // day
    newest_week = -(-(newest + 1) // 7) * 7 - 1
    found = []
    for column in (newest, newest + 1, newest + 2, newest_week, newest_week + 7):
        beyond = column >= WINDOW_DAYS
        lag = np.take_along_axis(same.values, np.where(beyond, 0, column)[None, :, None], axis=-1)[:, :, 0]
        found.append(np.where(beyond, np.nan, lag))
    return found


def smoothed(values: FloatArray, reach: int) -> FloatArray:
    """Means over ``reach`` steps to either side along the last axis, of what is known."""
    steps = values.shape[-1]
    known = np.isfinite(values)
    start = np.zeros((values.shape[0], 1))
    total = np.concatenate([start, np.cumsum(np.where(known, values, 0.0), axis=-1)], axis=-1)
    count = np.concatenate([start, np.cumsum(known, axis=-1)], axis=-1)
    end = np.minimum(np.arange(steps) + reach + 1, steps)
    since = np.maximum(np.arange(steps) - reach, 0)
    counted = count[:, end] - count[:, since]
    return np.where(counted > 0, (total[:, end] - total[:, since]) / np.maximum(counted, 1.0), np.nan)


def means(same: SameTimes) -> list[FloatArray]:
    """W: the newest day of the same kind, the mean of three such, of seven days of any kind, of a fast kernel."""
    known = np.isfinite(same.values)
    nth_kin = np.where(known & same.kin, np.cumsum(known & same.kin, axis=-1), 0)
    chosen = [nth_kin == 1, (nth_kin >= 1) & (nth_kin <= 3), np.cumsum(known, axis=-1) <= 7]
    weights = [choice.astype(np.float64) for choice in chosen]
    weights.append(same.weights * np.exp(-np.arange(WINDOW_DAYS) / _FAST_DAYS))
    return [weighted_mean(same.values, weight)[0] for weight in weights]
