"""Measured weather made into what a weather model would have said: with its errors, drawn from a seed.

A model fitted on weather that is never wrong would believe every feed. Here some weeks are nearly perfect and some are
poor, so that the trees learn to look at how good this site's feed has been. Sizes are those of day-ahead forecasts in
general (irradiance: E. Lorenz et al., "Benchmarking of different approaches to forecast solar irradiance", 24th
European Photovoltaic Solar Energy Conference (2009); temperature: 1 to 2 K).
"""

import zlib
from dataclasses import replace

import numpy as np

from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.forecasting.features.weather_series import LOW_LIGHT_W_M2
from agent.forecasting.forecaster import FloatArray
from agent.forecasting.sun import clear_sky_steps
from training.sites.measured_site import MeasuredSite

_REGIME_H = 21 * 24  # how long a feed is as good as it is
_CLEAREST_QUANTILE = 0.9
_CLEAREST = 0.75


def with_forecast(site: MeasuredSite, seed: int) -> MeasuredSite:
    """The site with a forecast in the place of its measured weather; without weather it stays as it is."""
    weather = site.history.weather
    if weather is None:
        return site
    random = np.random.default_rng([seed, zlib.crc32(site.name.encode())])
    temperature = _temperature(weather, random) if weather.temperature_c else ()
    irradiance = _irradiance(site, weather, random) if weather.ghi_w_m2 else ()
    made = Weather(weather.horizon, temperature, irradiance)
    return replace(site, history=replace(site.history, weather=made))


def sky_of(neighbour: MeasuredSite, site: MeasuredSite) -> MeasuredSite:
    """``site`` with the light that the solar output of an hourly ``neighbour`` under the same sky gives away."""
    horizon = neighbour.history.horizon
    clear = _clear_sky(horizon, site)
    power = np.array(neighbour.history.pv_w, dtype=np.float64)
    index = np.where(clear > LOW_LIGHT_W_M2, power / np.maximum(clear, LOW_LIGHT_W_M2), np.nan)
    slot = np.arange(horizon.steps) % 24
    best = np.ones(24)
    for hour in range(24):
        known = index[(slot == hour) & np.isfinite(index)]
        best[hour] = np.quantile(known, _CLEAREST_QUANTILE) if known.size and known.max() > 0 else 1.0
    light = np.clip(index / np.maximum(best[slot], 1e-9), 0.0, 1.1) * clear * _CLEAREST
    light = np.where(clear > LOW_LIGHT_W_M2, light, 0.0)
    return replace(site, history=replace(site.history, weather=Weather(horizon, (), _column(light))))


def _temperature(weather: Weather, random: np.random.Generator) -> tuple[float | None, ...]:
    measured = np.array(weather.temperature_c, dtype=np.float64)
    size = _regimes(measured.size, 0.4, 1.6, random)
    error = size * (1.2 * _drift(measured.size, 0.97, random) + 0.6 * _drift(measured.size, 0.6, random))
    return _column(_smooth(measured) + error + 1.5 * random.normal())


def _irradiance(site: MeasuredSite, weather: Weather, random: np.random.Generator) -> tuple[float | None, ...]:
    """Smoothed, drawn to the middle and wrong about fronts (slow) and clouds (fast); tilted and scaled as feeds are."""
    clear = _clear_sky(weather.horizon, site)
    measured = np.array(weather.ghi_w_m2, dtype=np.float64)
    lit = (clear > LOW_LIGHT_W_M2) & np.isfinite(measured)
    clearness = np.where(lit, np.minimum(measured / np.maximum(clear, LOW_LIGHT_W_M2), 1.3), np.nan)
    size = _regimes(measured.size, 0.0, 1.5, random)
    dull = np.minimum(size, 1.0)
    said = dull * _smooth(clearness) + (1.0 - dull) * clearness
    said = 0.15 * dull + (1.0 - 0.15 * dull) * said
    said += size * (0.16 * _drift(measured.size, 0.9, random) + 0.10 * _drift(measured.size, 0.3, random))
    hour = np.arange(measured.size) % 24
    tilt = 1.0 + 0.25 * random.uniform() * np.sin((hour - random.uniform(9, 15)) * (2 * np.pi / 24))
    light = np.clip(said, 0.03, 1.15) * clear * tilt * random.uniform(0.8, 1.4)
    return _column(np.where(lit, light, np.where(np.isfinite(measured), np.maximum(measured, 0.0), np.nan)))


def _clear_sky(horizon: Horizon, site: MeasuredSite) -> FloatArray:
    starts = horizon.start.timestamp() + horizon.step_s * np.arange(horizon.steps, dtype=np.float64)
    return clear_sky_steps(starts, horizon.step_s, site.place.latitude, site.place.longitude)


def _regimes(steps: int, least: float, most: float, random: np.random.Generator) -> FloatArray:
    sizes = random.uniform(least, most, steps // _REGIME_H + 1)
    found: FloatArray = np.repeat(sizes, _REGIME_H)[:steps]
    return found


def _drift(steps: int, memory: float, random: np.random.Generator) -> FloatArray:
    """An autoregressive process of the first order, standard deviation 1."""
    shocks = random.normal(size=steps) * np.sqrt(1.0 - memory * memory)
    values = np.empty(steps)
    latest = random.normal()
    for step in range(steps):
        latest = memory * latest + shocks[step]
        values[step] = latest
    return values


def _smooth(values: FloatArray) -> FloatArray:
    """Means over three steps of what is known."""
    padded = np.concatenate([[np.nan], values, [np.nan]])
    table = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    known = np.isfinite(table)
    count = known.sum(axis=0)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(np.isfinite(values), total / np.maximum(count, 1), np.nan)


def _column(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)
