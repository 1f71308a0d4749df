"""The habits of a load: what the site did at the same local time on the days before, and what follows from it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.domain.request import Place
from agent.forecasting.features.local_calendar import WORKDAY, LocalCalendar, local_calendar
from agent.forecasting.forecaster import DAY_S, MEDIAN, WINDOW_DAYS, FloatArray, IntArray
from agent.forecasting.seasonal import load_kernel, weighted_mean, weighted_quantiles, widened
from agent.forecasting.series import Series, mean_before

_UNKNOWN_W = np.array([100.0, 250.0, 500.0, 1000.0, 3000.0])
_UNKNOWN_SHARE = np.array([0.3, 0.65, 0.95, 1.25, 2.2])  # of the level, where only the level is known
_HOURS_TO_DAY = 1.5  # how much further a step usually lies from the day before than from the hour before
_YOUNG_SCALE = 0.1  # of the level, at least, for a site of one day
_FEW_DAYS = 3.0  # days of its kind after which a third of the doubt about a young site is left
_DOUBT = np.array([-1.2, -0.4, 0.0, 0.5, 1.6])  # in scales
_PERSISTENCE = 0.5  # how much of the deviation of the last three hours is believed for the next minute
_PERSISTENCE_H = 8.0  # and after how many hours a third of that is left


@dataclass(frozen=True, slots=True)
class SameTimes:
    """The same local time on each of the last days: arrays (origins, steps, days); day j is j + 1 days ago.

    ``index`` is where in the series each value stands, ``kin`` whether its day was a workday as the target's is, or a
    day off as the target's is.
    """

    values: FloatArray
    weights: FloatArray
    index: IntArray
    kin: NDArray[np.bool_]

    def since(self, first: int) -> "SameTimes":
        """Those of the steps from ``first`` on."""
        return SameTimes(self.values[:, first:], self.weights[:, first:], self.index[:, first:], self.kin[:, first:])


@dataclass(frozen=True, slots=True)
class SiteLevel:
    """How much a site draws and how restless it is, W, one each an origin, NaN when unknown.

    Means of the last four weeks, the last week and the last day; how far a step lies from the one an hour, a day and a
    week before it; and the scale, the mean of the two last, at least 2 % of the level. On the second day, when nothing
    lies a day before anything, the hours stand in for the days.
    """

    mean_w: FloatArray
    week_w: FloatArray
    day_w: FloatArray
    hour_move_w: FloatArray
    day_move_w: FloatArray
    week_move_w: FloatArray
    scale_w: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SeasonalLoad:
    """The site's habits around each origin; steps run from one day before the origin to the end of the forecast.

    ``centre_w`` and ``spread_w`` are (origins, day + steps), the kernel's mean and standard deviation; ``recent_w`` is
    (origins, day), how far the last day lay from its own centre; ``level`` has one entry an origin. NaN where unknown.
    """

    calendar: LocalCalendar
    first: int  # position in the series at which the calendar begins
    same: SameTimes
    centre_w: FloatArray
    spread_w: FloatArray
    recent_w: FloatArray
    level: SiteLevel

    @property
    def scale_w(self) -> FloatArray:
        return self.level.scale_w


def seasonal_load(series: Series, origins: Sequence[datetime], steps: int, place: Place) -> SeasonalLoad:
    """The site's habits as known at each origin. Nothing at or after an origin is looked at.

    A model and persistence ask for the same ones, one after the other.
    """
    return _seasonal_load(series, tuple(origins), steps, place)


@lru_cache(maxsize=1)
def _seasonal_load(series: Series, origins: tuple[datetime, ...], steps: int, place: Place) -> SeasonalLoad:
    origin = series.index_of(origins)
    day = DAY_S // series.step_s
    calendar, first = _calendar_around(series, origin, steps, place)
    target = origin[:, None] + np.arange(-day, steps, dtype=np.int64)
    same = same_times(series, calendar, first, origin, target)
    centre, spread = weighted_mean(same.values, same.weights)
    level = site_level(series, origin)
    centre = np.where(np.isfinite(centre), centre, level.mean_w[:, None])
    recent = series.before(target[:, :day], origin[:, None]) - centre[:, :day]
    return SeasonalLoad(calendar, first, same, centre, spread, recent, level)


@lru_cache(maxsize=1)
def load_quantiles(season: SeasonalLoad, step_s: int) -> FloatArray:
    """Seasonal persistence, W, (origins, steps, LEVELS), finite and >= 0.

    The quantiles of the kernel's sample, moved by how far the last three hours lay from theirs, which fades out. Where
    the sample is empty they are of the site's level, and without that of a small flat load.
    """
    day = DAY_S // step_s
    ahead = season.same.since(day)
    quantiles = widened(weighted_quantiles(ahead.values, ahead.weights)) + _doubt(ahead, season.scale_w)
    newest = slice(day - max(1, day // 8), day)
    usual = weighted_quantiles(season.same.values[:, newest], season.same.weights[:, newest])[:, :, MEDIAN]
    unusual = season.recent_w[:, newest] + season.centre_w[:, newest] - usual
    deviation, _ = weighted_mean(unusual, np.ones_like(unusual))
    lead_h = (np.arange(quantiles.shape[1]) + 0.5) * step_s / 3600.0
    quantiles += _PERSISTENCE * np.nan_to_num(deviation)[:, None, None] * np.exp(-lead_h / _PERSISTENCE_H)[:, None]
    quantiles = np.where(np.isfinite(quantiles), quantiles, _plain_load(season.level.mean_w)[:, None, :])
    return np.maximum(quantiles, 0.0)


def forget() -> None:
    """Let go of what the last call has left for the next one, some megabytes."""
    _seasonal_load.cache_clear()
    load_quantiles.cache_clear()


def _doubt(same: SameTimes, scale_w: FloatArray) -> FloatArray:
    """By how much more the quantiles of a handful of days must spread, W, (origins, steps, LEVELS).

    The number of days is Kish's effective sample size of the kernel's weights.
    """
    weights = np.where(np.isfinite(same.values), same.weights, 0.0)
    total = weights.sum(axis=-1)
    days = total * total / np.maximum((weights * weights).sum(axis=-1), 1e-12)
    doubt: FloatArray = np.nan_to_num(scale_w)[:, None, None] * np.exp(-days / _FEW_DAYS)[:, :, None] * _DOUBT
    return doubt


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
    kind_then = calendar.day_kind[index - first]
    weights = load_kernel(days_ago, kind, kind_then)
    kin = (kind == WORKDAY) == (kind_then == WORKDAY)
    return SameTimes(series.before(index, origin[:, None, None]), weights, index, kin)


def site_level(series: Series, origin: IntArray) -> SiteLevel:
    """As known at each origin."""
    day = DAY_S // series.step_s
    window = WINDOW_DAYS * day
    mean, week, yesterday = (mean_before(series.values, origin, many) for many in (window, 7 * day, day))
    moves = [_moves(series.values, many) for many in (max(1, day // 24), day, 7 * day)]
    known = np.isfinite(moves[1]).astype(np.int64) + np.isfinite(moves[2])
    total = np.nan_to_num(moves[1]) + np.nan_to_num(moves[2])
    both = np.where(known > 0, total / np.maximum(known, 1), np.nan)
    by_hour, by_day, by_week, scale = (mean_before(values, origin, window) for values in (*moves, both))
    young = np.fmax(_HOURS_TO_DAY * by_hour, _YOUNG_SCALE * mean)
    scale = np.where(np.isfinite(scale), scale, young)
    return SiteLevel(mean, week, yesterday, by_hour, by_day, by_week, np.maximum(scale, 0.02 * mean + 1.0))


def _calendar_around(series: Series, origin: IntArray, steps: int, place: Place) -> tuple[LocalCalendar, int]:
    day = DAY_S // series.step_s
    first = int(origin.min()) - (WINDOW_DAYS + 3) * day
    last = int(origin.max()) + steps + day
    return local_calendar(series.start_s + first * series.step_s, series.step_s, last - first, place), first


def _moves(values: FloatArray, many: int) -> FloatArray:
    """Distance of every value from the one ``many`` steps before."""
    moves = np.full(values.size, np.nan)
    moves[many:] = np.abs(values[many:] - values[:-many]) if values.size > many else np.nan
    return moves


def _plain_load(level_w: FloatArray) -> FloatArray:
    """Quantiles of a load of which at most the mean is known, (origins, LEVELS)."""
    known = np.isfinite(level_w)[:, None]
    return np.where(known, np.where(known, level_w[:, None], 0.0) * _UNKNOWN_SHARE, _UNKNOWN_W)
