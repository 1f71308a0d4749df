"""A weather feed's irradiance as power of this array: what it made when the feed said about the same.

An analog ensemble: L. Delle Monache, F. Eckel, D. Rife, B. Nagarajan and K. Searight, "Probabilistic weather prediction
with an analog ensemble", Monthly Weather Review 141 (2013) 3498-3516. Past steps are moved along the site's own line of
power over feed before they count, since 28 days hold few good analogs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from agent.forecasting.features.solar_window import DAYS_AGO, SolarWindow, best_ratio, settled
from agent.forecasting.features.weather_series import WeatherSeries
from agent.forecasting.forecaster import DAY_S, LEVELS, WINDOW_DAYS, FloatArray
from agent.forecasting.seasonal import weighted_quantiles, widened
from agent.forecasting.series import Series

_HIGHEST = 1.5  # of the feed's own clear sky
_ENOUGH = 12  # samples of a time of day that show the feed's own clear sky
_LIKELY_CLEAR = 0.8  # of our clear sky: what a feed in W/m2 reaches, until it has shown more
_LIKELY_UNIT = 0.1  # a feed above it is one in W/m2
_BELIEVED = (0.03, 2.0)  # a mean outside is no sky but another unit
_LIKENESS = 0.2  # standard deviation of the kernel, in parts of the clear sky
_ANYWAY = 0.005  # weight of a step under quite another sky
_MEMORY_DAYS = 28.0
_BESIDE = 0.6  # weight of the hours before and after
_PRIOR_SLOPE, _PRIOR_DAYS, _PRIOR_SPREAD = 0.8, 3.0, 0.06
_GUESS = np.array([-0.35, -0.12, 0.0, 0.12, 0.3])  # an array of which nothing is known, about what the feed says


@dataclass(frozen=True, slots=True)
class SolarFeed:
    """The feed's clearness in parts of the best that it says at this time of day, NaN by night and where silent.

    ``past`` is (origins, days, slots) as a SolarWindow is, ``ahead`` is (origins, steps). ``warmth`` (origins, steps)
    is the temperature ahead less the usual of the time of day, in its standard deviations.
    """

    past: FloatArray
    ahead: FloatArray
    warmth: FloatArray


@dataclass(frozen=True, slots=True)
class FeedSkill:
    """How index and feed went together in the window, weighted by the clear-sky power, (origins,); NaN if unknown."""

    mean_feed: FloatArray
    mean_index: FloatArray
    correlation: FloatArray
    slope: FloatArray


def solar_feed(
    weather: WeatherSeries | None, series: Series, origins: Sequence[datetime], window: SolarWindow
) -> SolarFeed | None:
    """The feed around each origin; None without one. It is known ahead."""
    if weather is None:
        return None
    day, steps = window.slots, window.steps
    at = series.index_of(origins)[:, None] + np.arange(-WINDOW_DAYS * day, steps, dtype=np.int64)
    clearness = weather.at(weather.clearness, series.start_s, at)
    shape = window.index.shape
    past = slice(None, WINDOW_DAYS * day)
    whole_days = slice(None, (WINDOW_DAYS + steps // day) * day)
    clear = _clear_of_feed(clearness[:, whole_days].reshape(len(at), -1, day), max(1, day // 24))
    ahead = clearness[:, WINDOW_DAYS * day :] / clear[:, np.arange(steps) % day]
    ahead = np.where(_believed(ahead[:, : DAY_S // series.step_s]), ahead, np.nan)
    temperature = weather.at(weather.temperature, series.start_s, at)
    warmth = _warmth(temperature[:, past].reshape(shape), temperature[:, WINDOW_DAYS * day :])
    return SolarFeed(
        np.minimum(clearness[:, past].reshape(shape) / clear[:, None, :], _HIGHEST),
        np.minimum(ahead, _HIGHEST),
        warmth,
    )


def feed_skill(window: SolarWindow, feed: SolarFeed) -> FeedSkill:
    """What the window shows about the feed."""
    both = np.isfinite(window.index) & np.isfinite(feed.past)
    mass = np.where(both, window.clear_w, 0.0)
    said, made = np.where(both, feed.past, 0.0), np.where(both, window.index, 0.0)
    total = np.maximum(mass.sum(axis=(1, 2)), 1e-9)
    mean_said, mean_made = (mass * said).sum(axis=(1, 2)) / total, (mass * made).sum(axis=(1, 2)) / total
    said, made = said - mean_said[:, None, None], made - mean_made[:, None, None]
    xx, yy, xy = ((mass * product).sum(axis=(1, 2)) / total for product in (said * said, made * made, said * made))
    days = both.any(axis=2).sum(axis=1)
    ridge = _PRIOR_DAYS * _PRIOR_SPREAD
    slope = np.clip((xy * days + _PRIOR_SLOPE * ridge) / (xx * days + ridge), 0.0, 1.2)
    spread = np.sqrt(xx * yy)
    known = days > 0
    return FeedSkill(
        np.where(known, mean_said, np.nan),
        np.where(known, mean_made, np.nan),
        np.where(spread > 1e-6, xy / np.maximum(spread, 1e-6), np.nan),
        slope,
    )


def feed_index(window: SolarWindow, feed: SolarFeed, skill: FeedSkill) -> FloatArray:
    """Quantiles of the clear-sky index, (origins, steps, LEVELS), NaN where the feed is silent or nothing is known."""
    hour = max(1, window.slots // 24)
    made, said = _samples(window.index, hour), _samples(feed.past, hour)
    memory = np.tile(np.exp(-DAYS_AGO / _MEMORY_DAYS), 3) * np.repeat([_BESIDE, 1.0, _BESIDE], WINDOW_DAYS)
    row, step = np.nonzero(np.isfinite(feed.ahead) & (window.ahead_w > 0))
    off = said[row, step % window.slots] - feed.ahead[row, step][:, None]
    near = np.isfinite(off)
    off = np.where(near, off, 0.0)
    weights = memory * (np.where(near, np.exp(-0.5 * (off / _LIKENESS) ** 2), 0.0) + _ANYWAY)
    moved = np.clip(made[row, step % window.slots] - skill.slope[row][:, None] * off, 0.0, 1.3)
    days = np.isfinite(window.index).any(axis=2).sum(axis=1)[row]
    found = np.full((*feed.ahead.shape, len(LEVELS)), np.nan)
    found[row, step] = settled(widened(weighted_quantiles(moved, weights)), feed_guess(feed)[row, step], days)
    return found


def feed_guess(feed: SolarFeed) -> FloatArray:
    """The index of an array that has shown nothing yet, (origins, steps, LEVELS), NaN where the feed is silent."""
    guess: FloatArray = np.clip(feed.ahead[:, :, None] + _GUESS, 0.0, 1.1)
    return guess


def _samples(column: FloatArray, hour: int) -> FloatArray:
    """The same time of day and the hours beside it on all days: (origins, slots, 3 * days)."""
    return np.concatenate([np.roll(column, -shift, axis=2) for shift in (-hour, 0, hour)], axis=1).transpose(0, 2, 1)


def _clear_of_feed(clearness: FloatArray, hour: int) -> FloatArray:
    """What the feed says under its clearest skies at each time of day, (origins, slots), NaN where it is silent."""
    best, known = best_ratio(clearness, hour)
    own = np.where(known > 0, best, 0.0).max(axis=1, keepdims=True)
    young = np.maximum(own, np.where(own > _LIKELY_UNIT, _LIKELY_CLEAR, 0.0))
    best = np.where(known >= _ENOUGH, best, young)
    return np.where(best > 0, best, np.nan)


def _believed(first_day: FloatArray) -> FloatArray:
    """Whether the mean of a feed's next day is possible, (origins, 1)."""
    known = np.isfinite(first_day)
    mean = np.where(known, first_day, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    believed: FloatArray = ((mean >= _BELIEVED[0]) & (mean <= _BELIEVED[1]))[:, None]
    return believed


def _warmth(past: FloatArray, ahead: FloatArray) -> FloatArray:
    known = np.isfinite(past)
    days = np.maximum(known.sum(axis=1), 1)
    usual = np.where(known, past, 0.0).sum(axis=1) / days
    square = np.where(known, past - usual[:, None, :], 0.0) ** 2
    spread = np.sqrt((square.sum(axis=1) / days).mean(axis=1, keepdims=True))
    move = ahead - usual[:, np.arange(ahead.shape[1]) % past.shape[2]]
    return np.where(spread > 0, move / np.where(spread > 0, spread, 1.0), np.nan)
