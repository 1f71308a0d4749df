"""The seasonal kernel: the weight of each of the last days for a step of a day to come. Pure arrays."""

import numpy as np

from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray, IntArray

# Rows: kind of the day to forecast; columns: kind of the day in the past (workday, Saturday, Sunday or holiday).
_KINSHIP = np.array([[1.0, 0.06, 0.03], [0.06, 1.0, 0.4], [0.03, 0.4, 1.0]])
_SAME_WEEKDAY = 1.3
_MEMORY_DAYS = 12.0
_SOLAR_MEMORY_DAYS = 14.0
_WIDEN = 1.25  # two dozen days show less than the whole spread of the next


def load_kernel(days_ago: IntArray, kind: IntArray, kind_then: IntArray) -> FloatArray:
    """Weights > 0 of past days; arguments broadcast. ``kind`` as in local_calendar."""
    weekly = np.where(days_ago % 7 == 0, _SAME_WEEKDAY, 1.0)
    weights: FloatArray = _KINSHIP[kind, kind_then] * weekly * np.exp(-days_ago / _MEMORY_DAYS)
    return weights


def solar_kernel(days_ago: IntArray) -> FloatArray:
    """Weights > 0 of past days, by their age alone."""
    weights: FloatArray = np.exp(-days_ago / _SOLAR_MEMORY_DAYS)
    return weights


def weighted_mean(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation along the last axis without the NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    mass = np.where(known, weights, 0.0)
    filled = np.where(known, values, 0.0)
    total = mass.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (mass * filled).sum(axis=-1) / total
        square = (mass * filled * filled).sum(axis=-1) / total
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0))


def weighted_quantiles(values: FloatArray, weights: FloatArray) -> FloatArray:
    """The LEVELS of a weighted sample along the last axis, shape (..., LEVELS); NaN where nothing is known.

    A sorted value stands at the middle of its own weight; between two of them the quantile is a straight line.
    """
    sample = values.reshape(-1, values.shape[-1])
    masses = np.broadcast_to(weights, values.shape).reshape(sample.shape)
    row = np.arange(sample.shape[0])
    order = np.argsort(sample, axis=1)  # NaN last
    ordered = sample[row[:, None], order]
    known = np.isfinite(ordered)
    mass = np.where(known, masses[row[:, None], order], 0.0)
    upto = np.cumsum(mass, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        position = np.where(known, (upto - mass / 2.0) / upto[:, -1:], np.inf)
    highest = np.maximum(known.sum(axis=1) - 1, 0)
    columns = [_at_level(level, ordered, position, highest) for level in LEVELS]
    return np.stack(columns, axis=-1).reshape(*values.shape[:-1], len(LEVELS))


def _at_level(level: float, ordered: FloatArray, position: FloatArray, highest: IntArray) -> FloatArray:
    """The value at one level of each row's sorted sample; ``highest`` is the last known column of a row."""
    row = np.arange(ordered.shape[0])
    above = np.minimum((position < level).sum(axis=1), highest)
    below = np.maximum(above - 1, 0)
    low, high, left, right = ordered[row, below], ordered[row, above], position[row, below], position[row, above]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(right > left, np.clip((level - left) / (right - left), 0.0, 1.0), 1.0)
    return np.where(np.isfinite(high), low + share * (high - low), np.nan)


def widened(quantiles: FloatArray) -> FloatArray:
    """Quantiles of a small sample, moved away from their median. The last axis is LEVELS."""
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    return median + _WIDEN * (quantiles - median)
