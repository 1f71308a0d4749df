"""The habits of a load: what the site did at the same local time on the days before, and what follows from it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from agent.domain.request import Place
from agent.forecasting.forecaster import DAY_S, MEDIAN, WINDOW_DAYS, FloatArray, IntArray
from agent.forecasting.local_calendar import LocalCalendar, local_calendar
from agent.forecasting.seasonal import load_kernel, weighted_mean, weighted_quantiles, widened
from agent.forecasting.series import Series

_UNKNOWN_W = np.array([100.0, 250.0, 500.0, 1000.0, 3000.0])
_UNKNOWN_SHARE = np.array([0.3, 0.65, 0.95, 1.25, 2.2])  # of the level, where only the level is known
_CARRY = 0.5  # how much of the deviation of the last three hours is believed for the next minute
_CARRY_H = 8.0  # and after how many hours a third of that is left


@dataclass(frozen=True, slots=True)
class SameTimes:
    """The same local time on each of the last days: arrays (origins, steps, days); day j is j + 1 days ago."""

    values: FloatArray
    weights: FloatArray
    days_ago: IntArray


@dataclass(frozen=True, slots=True)
class SeasonalLoad:
    """The site's habits around each origin; steps run from one day before the origin to the end of the forecast.

    ``centre_w`` and ``spread_w`` are (origins, day + steps), the kernel's mean and standard deviation; ``recent_w`` is
    (origins, day), how far the last day lay from its own centre; ``level_w``, ``week_level_w`` and ``scale_w`` are
    (origins,). NaN where unknown.
    """

    calendar: LocalCalendar
    first: int  # position in the series at which the calendar begins
    same: SameTimes
    centre_w: FloatArray
    spread_w: FloatArray
    recent_w: FloatArray
    level_w: FloatArray
    week_level_w: FloatArray
    scale_w: FloatArray


def seasonal_load(series: Series, origins: Sequence[datetime], steps: int, place: Place) -> SeasonalLoad:
    """The site's habits as known at each origin. Nothing at or after an origin is looked at."""
    origin = series.index_of(origins)
    day = DAY_S // series.step_s
    calendar, first = _calendar_around(series, origin, steps, place)
    target = origin[:, None] + np.arange(-day, steps, dtype=np.int64)
    same = same_times(series, calendar, first, origin, target)
    centre, spread = weighted_mean(same.values, same.weights)
    level, week_level, scale = site_level(series, origin)
    centre = np.where(np.isfinite(centre), centre, level[:, None])
    recent = series.before(target[:, :day], origin[:, None]) - centre[:, :day]
    return SeasonalLoad(calendar, first, same, centre, spread, recent, level, week_level, scale)


def load_quantiles(season: SeasonalLoad, step_s: int) -> FloatArray:
    """Seasonal persistence, W, (origins, steps, LEVELS), finite and >= 0.

    The quantiles of the kernel's sample, moved by how far the last three hours lay from theirs, which fades
    out. Where the sample is empty the site's level speaks, and without that a small flat load.
    """
    day = DAY_S // step_s
    quantiles = widened(weighted_quantiles(season.same.values[:, day:], season.same.weights[:, day:]))
    newest = slice(day - max(1, day // 8), day)
    usual = weighted_quantiles(season.same.values[:, newest], season.same.weights[:, newest])[:, :, MEDIAN]
    unusual = season.recent_w[:, newest] + season.centre_w[:, newest] - usual
    deviation, _ = weighted_mean(unusual, np.ones_like(unusual))
    lead_h = (np.arange(quantiles.shape[1]) + 0.5) * step_s / 3600.0
    quantiles += _CARRY * np.nan_to_num(deviation)[:, None, None] * np.exp(-lead_h / _CARRY_H)[:, None]
    quantiles = np.where(np.isfinite(quantiles), quantiles, _plain_load(season.level_w)[:, None, :])
    return np.maximum(quantiles, 0.0)


def same_times(series: Series, calendar: LocalCalendar, first: int, origin: IntArray, target: IntArray) -> SameTimes:
    """The kernel's sample of each target, by the clock on the wall: a day of 23 or 25 hours shifts its lags.

    ``calendar`` begins at position ``first`` of the series and reaches over every target and its lags.
    """
    day = DAY_S // series.step_s
    days_ago = np.arange(1, WINDOW_DAYS + 1, dtype=np.int64)
    index = target[:, :, None] - day * days_ago
    shift = (calendar.offset_s[target - first][:, :, None] - calendar.offset_s[index - first]) // series.step_s
    index = index + shift
    kind = calendar.day_kind[target - first][:, :, None]
    weights = load_kernel(days_ago, kind, calendar.day_kind[index - first])
    return SameTimes(series.before(index, origin[:, None, None]), weights, days_ago)


def site_level(series: Series, origin: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean of the last four weeks, mean of the last week, and the scale, W, one each an origin, NaN when unknown.

    The scale is the mean distance of a step from the same time a day and a week before, at least 2 % of the level.
    """
    day = DAY_S // series.step_s
    level = _mean_before(series.values, origin, WINDOW_DAYS * day)
    week_level = _mean_before(series.values, origin, 7 * day)
    moves = np.stack([_moves(series.values, day), _moves(series.values, 7 * day)])
    known = np.isfinite(moves)
    both = np.where(
        known.any(axis=0), np.where(known, moves, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.nan
    )
    scale = _mean_before(both, origin, WINDOW_DAYS * day)
    return level, week_level, np.maximum(scale, 0.02 * level + 1.0)


def _calendar_around(series: Series, origin: IntArray, steps: int, place: Place) -> tuple[LocalCalendar, int]:
    day = DAY_S // series.step_s
    first = int(origin.min()) - (WINDOW_DAYS + 3) * day
    last = int(origin.max()) + steps + day
    return local_calendar(series.start_s + first * series.step_s, series.step_s, last - first, place), first


def _mean_before(values: FloatArray, origin: IntArray, many: int) -> FloatArray:
    """Mean of the ``many`` values before each origin, NaN when none is known."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    upto = np.clip(origin, 0, values.size)
    since = np.clip(origin - many, 0, values.size)
    counted = count[upto] - count[since]
    mean: FloatArray = np.where(counted > 0, (total[upto] - total[since]) / np.maximum(counted, 1), np.nan)
    return mean


def _moves(values: FloatArray, many: int) -> FloatArray:
    """Distance of every value from the one ``many`` steps before."""
    moves = np.full(values.size, np.nan)
    moves[many:] = np.abs(values[many:] - values[:-many]) if values.size > many else np.nan
    return moves


def _plain_load(level_w: FloatArray) -> FloatArray:
    """Quantiles of a load of which at most the mean is known, (origins, LEVELS)."""
    known = np.isfinite(level_w)[:, None]
    return np.where(known, np.where(known, level_w[:, None], 0.0) * _UNKNOWN_SHARE, _UNKNOWN_W)
