"""A weather feed becomes arrays beside a history's. Where it is silent, or has ended, is NaN.

Cloud cover becomes clearness by F. Kasten and G. Czeplak, "Solar and terrestrial radiation dependent on the amount and
type of cloud", Solar Energy 24 (1980) 177-189.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from agent.domain.history import History
from agent.domain.request import Place
from agent.domain.weather import Weather
from agent.forecasting.forecaster import DAY_S, FloatArray, IntArray
from agent.forecasting.sun import clear_sky_steps

LOW_LIGHT_W_M2 = 20.0
"""Clear-sky irradiance below which a ratio to it is noise."""

_ABSURD = 1e6


@dataclass(frozen=True, slots=True)
class WeatherSeries:
    """What a feed says per step from the Unix time ``start_s`` on, in the feed's own units, NaN where it is silent.

    ``temperature_day`` is the mean over the 24 h that end with a step, since walls follow slowly. ``clearness`` is the
    irradiance over that of a clear sky on level ground, NaN by night: a tilt, another unit or a feed that is always too
    high is a factor on it that belongs to the time of day.
    """

    start_s: int
    step_s: int
    temperature: FloatArray
    temperature_day: FloatArray
    clearness: FloatArray

    def at(self, column: FloatArray, start_s: int, index: IntArray) -> FloatArray:
        """``column`` at steps counted from the Unix time ``start_s``, NaN outside the feed; the shape of ``index``."""
        here = index + (start_s - self.start_s) // self.step_s
        inside = (here >= 0) & (here < column.size)
        return np.where(inside, column[np.where(inside, here, 0)], np.nan)


@lru_cache(maxsize=1)
def weather_series(history: History, step_s: int, place: Place) -> WeatherSeries | None:
    """The feed of ``history`` on the raster of multiples of ``step_s`` seconds, None without one."""
    weather = history.weather
    if weather is None:
        return None
    start_s, own_s = round(weather.horizon.start.timestamp()), weather.horizon.step_s
    temperature = _column(weather.temperature_c, weather.horizon.steps)
    columns = temperature, _trailing_mean(temperature, max(1, DAY_S // own_s)), _clearness(weather, start_s, place)
    first_s = start_s - start_s % step_s
    return WeatherSeries(first_s, step_s, *(_on_raster(column, start_s, own_s, step_s) for column in columns))


def _column(values: tuple[float | None, ...], steps: int) -> FloatArray:
    """(steps,), NaN where missing or absurd; a column may be shorter than its raster."""
    column = np.full(steps, np.nan)
    known = np.array(values[:steps], dtype=np.float64)  # None becomes NaN
    column[: known.size] = known
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(column) < _ABSURD, column, np.nan)


def _clearness(weather: Weather, start_s: int, place: Place) -> FloatArray:
    steps = weather.horizon.steps
    starts = start_s + weather.horizon.step_s * np.arange(steps, dtype=np.float64)
    clear = clear_sky_steps(starts, weather.horizon.step_s, place.latitude, place.longitude)
    lit = clear >= LOW_LIGHT_W_M2
    irradiance = _column(weather.ghi_w_m2, steps)
    if np.isfinite(irradiance).any():
        clearness = np.maximum(irradiance, 0.0) / np.where(lit, clear, 1.0)
    else:
        clearness = 1.0 - 0.75 * np.clip(_column(weather.cloud_pct, steps) / 100.0, 0.0, 1.0) ** 3.4
    return np.where(lit, clearness, np.nan)


def _trailing_mean(values: FloatArray, many: int) -> FloatArray:
    """Mean of the last ``many`` values up to each, NaN where fewer than half of them are known."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    end = np.arange(1, values.size + 1)
    since = np.maximum(end - many, 0)
    counted = count[end] - count[since]
    return np.where(counted * 2 >= many, (total[end] - total[since]) / np.maximum(counted, 1), np.nan)


def _on_raster(values: FloatArray, start_s: int, own_s: int, step_s: int) -> FloatArray:
    """Means over the steps of a coarser raster that the own one divides; on any other what holds in mid-step."""
    lead_s = start_s % step_s
    steps = -(-(lead_s + own_s * values.size) // step_s)
    if step_s <= own_s or step_s % own_s or lead_s % own_s:
        at = (step_s * np.arange(steps) + step_s // 2 - lead_s) // own_s
        inside = (at >= 0) & (at < values.size)
        return np.where(inside, values[np.where(inside, at, 0)], np.nan)
    padded = np.full((steps, step_s // own_s), np.nan)
    first = lead_s // own_s
    padded.reshape(-1)[first : first + values.size] = values
    known = np.isfinite(padded)
    total = np.where(known, padded, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
