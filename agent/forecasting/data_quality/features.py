"""How far a step and a day of the load lie from what the site usually does. No feature has a unit.

A row holds the features of a step and those of a day; the half that does not apply is 0. So is a feature about which
too little is known: 0 is what an ordinary day has.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agent.forecasting.data_quality.trace import MAD_TO_SIGMA, BoolArray, Trace
from agent.forecasting.forecaster import FloatArray, IntArray

STEP_FEATURES = ("step_deviation", "step_of_peak", "step_jump", "step_same_h", "step_to_zero", "step_below_zero")
DAY_FEATURES = (
    "day_total",  # doublings of the expected energy
    "day_shape",  # 1 - correlation with the expected day
    "day_swing",  # doublings of the expected standard deviation
    "day_peak",  # doublings of the usual peak
    "day_base",  # doublings of the expected base
    "day_deviation",  # doublings of the mean distance from the expected day
    "day_like_other_kind",  # doublings of closeness: a workday that looks like a day off, or the reverse
)
"""Each by how much it differs from day to day on this site: a home may be more restless than an office."""

FEATURES = STEP_FEATURES + DAY_FEATURES
_LIMIT = 8.0
_FAR = 1e4  # spreads, beyond sinh(_LIMIT): what is further away is told the same
_FLOOR = 0.05  # of the level: smaller powers are the same as none
_LEAST_MEASURED = 0.5
_LEAST_DIFFERENCE = 0.05  # doublings: on a very regular site a deviation of 3 % is nothing


class Detector(Protocol):
    """Says how strange rows of FEATURES are."""

    @property
    def strange_above(self) -> tuple[float, float]:
        """The scores of a step and of a day above which it is strange."""
        ...

    def scores(self, rows: FloatArray) -> FloatArray:
        """``rows`` (N, FEATURES) to (N, 2): the score of the step and of the day, 0 to 1, high is strange."""
        ...


@dataclass(frozen=True, slots=True)
class DayRows:
    """``rows`` (days, FEATURES) for the detector; ``plain`` (days, DAY_FEATURES) in doublings, for a person.

    ``measured`` are the days of which at least half is known.
    """

    rows: FloatArray
    plain: FloatArray
    measured: BoolArray


def step_rows(trace: Trace, steps: IntArray) -> FloatArray:
    """Rows of some steps, (steps, FEATURES). Logarithms and hyperbolic sines keep the ratio of 1000 in sight."""
    values, usual = trace.values, trace.usual
    at = values[steps]
    expected, spread, level = usual.expected[steps], usual.spread[steps], usual.level[steps]
    before = values[np.maximum(steps - 1, 0)]
    after = values[np.minimum(steps + 1, values.size - 1)]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        jump = np.fmax(np.abs(at - before), np.abs(at - after))
        columns = [
            _inverse_sinh((at - expected) / spread),
            np.log2((np.abs(at) + _FLOOR * level) / usual.peak[steps]),
            _inverse_sinh(jump / spread),
            np.log1p(trace.same[steps] * trace.calendar.step_s / 3600),
            np.clip(1.0 - np.abs(at) / (_FLOOR * level), 0.0, 1.0) * np.minimum(expected / level, 1.0),
            _inverse_sinh(np.maximum(-at, 0.0) / level),
        ]
    return _padded(np.stack(columns, axis=1), 0)


def day_rows(trace: Trace) -> DayRows:
    """What the days of the load look like beside those that are usual."""
    calendar, usual = trace.calendar, trace.usual
    actual, expected = calendar.by_day(trace.values), calendar.by_day(usual.expected)
    both = np.isfinite(actual) & np.isfinite(expected)
    actual, expected = np.where(both, actual, np.nan), np.where(both, expected, np.nan)
    floor = _FLOOR * _mean(calendar.by_day(usual.level))
    peak = _mean(calendar.by_day(usual.peak))
    off, off_other = _mean(np.abs(actual - expected)), _mean(np.abs(actual - calendar.by_day(usual.other_kind)))
    swing, swing_usual = _deviation(actual), _deviation(expected)
    plain = np.stack(
        [
            _doublings(_mean(actual), _mean(expected), floor),
            np.where(swing_usual > floor, 1.0 - _correlation(actual, expected, floor), 0.0),
            _doublings(swing, swing_usual, floor),
            _doublings(np.where(both, actual, -np.inf).max(axis=1), peak, floor),
            _doublings(_low(actual), _low(expected), floor),
            _doublings(off, np.zeros_like(off), floor),
            _doublings(off, off_other, floor),
        ],
        axis=1,
    )
    measured = both.mean(axis=1) >= _LEAST_MEASURED
    return DayRows(_padded(_beside_other_days(plain, measured), len(STEP_FEATURES)), plain, measured)


def _beside_other_days(plain: FloatArray, measured: BoolArray) -> FloatArray:
    """Features in robust spreads of the days, as hyperbolic sines: ten spreads are not much stranger than nine."""
    if not measured.any():
        return np.zeros_like(plain)
    known = np.nan_to_num(plain[measured])
    middle = column_medians(known)
    spread = MAD_TO_SIGMA * column_medians(np.abs(known - middle))
    return _inverse_sinh((plain - middle) / (spread + _LEAST_DIFFERENCE))


def _inverse_sinh(spreads: FloatArray) -> FloatArray:
    """Of what is cut to a range in which it cannot overflow; ``_padded`` cuts it further."""
    far: FloatArray = np.arcsinh(np.clip(spreads, -_FAR, _FAR))
    return far


def column_medians(rows: FloatArray) -> FloatArray:
    """Of every column, all finite; numpy's own median would load all of numpy.ma."""
    ordered = np.sort(rows, axis=0)
    middle = len(rows) // 2
    return np.asarray((ordered[middle] + ordered[-1 - middle]) / 2.0)


def _padded(half: FloatArray, first: int) -> FloatArray:
    rows = np.zeros((len(half), len(FEATURES)))
    rows[:, first : first + half.shape[1]] = np.clip(
        np.nan_to_num(half, posinf=_LIMIT, neginf=-_LIMIT), -_LIMIT, _LIMIT
    )
    return rows


def _doublings(actual: FloatArray, usual: FloatArray, floor: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio: FloatArray = np.log2((np.maximum(actual, 0.0) + floor) / (np.maximum(usual, 0.0) + floor))
    return ratio


def _mean(table: FloatArray) -> FloatArray:
    known = np.isfinite(table)
    count = np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    mean: FloatArray = np.where(known, table, 0.0).sum(axis=1) / count
    return mean


def _deviation(table: FloatArray) -> FloatArray:
    deviation: FloatArray = np.sqrt(_mean((table - _mean(table)[:, None]) ** 2))
    return deviation


def _correlation(actual: FloatArray, expected: FloatArray, floor: FloatArray) -> FloatArray:
    """Of each day; a day without any swing of its own correlates with nothing."""
    together = _mean((actual - _mean(actual)[:, None]) * (expected - _mean(expected)[:, None]))
    swings = np.maximum(_deviation(actual), floor) * np.maximum(_deviation(expected), floor)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: FloatArray = together / swings
    return correlation


def _low(table: FloatArray) -> FloatArray:
    """The value that a tenth of each day's steps do not reach."""
    ordered = np.sort(table, axis=1)
    low: FloatArray = ordered[np.arange(len(ordered)), np.isfinite(table).sum(axis=1) // 10]
    return low
