"""How good a forecast was, by definitions that every site shares."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray, Forecaster
from agent.forecasting.series import load_series, solar_series
from agent.forecasting.sun import clear_sky_steps
from training.sites import MeasuredSite

HORIZON_H = 48
_EVERY_H = 30  # so that the hour of the day at which a forecast starts goes round
_TEST_SHARE = 0.4
_BATCH = 64
_MAPE_FLOOR = 0.1
_BAND = (0, MEDIAN, len(LEVELS) - 1)


@dataclass(frozen=True, slots=True)
class Score:
    """Errors over a site's test period; shares of 1. ``scored`` steps had a measured value.

    ``mape`` is over values of at least 10 % of the mean. ``pinball`` is the mean loss of the levels .05, .5 and .95
    over the mean value. Solar counts by day only.
    """

    site: str
    forecaster: str
    step_s: int
    scored: int
    wape: float
    mape: float | None
    r2: float | None
    cover_90: float
    pinball: float


def score(forecaster: Forecaster, site: MeasuredSite, step_s: int = 3600) -> Score | None:
    """Forecasts of 48 h every 30 h over the last 40 % of the site's rows. None where nothing can be scored."""
    steps = HORIZON_H * 3600 // step_s
    origins = scored_origins(site)
    quantiles = np.concatenate(
        [
            forecaster.predict(site.history, origins[first : first + _BATCH], step_s, steps)
            for first in range(0, len(origins), _BATCH)
        ]
    )
    actual, counted = _actual(site, forecaster.quantity, origins, step_s, steps)
    if counted.sum() < steps or not actual[counted].sum() > 0:
        return None
    return _score(site.name, forecaster.name, step_s, actual[counted], quantiles.transpose(0, 2, 1)[counted])


def scored_origins(site: MeasuredSite) -> list[datetime]:
    """Every 30 h through the test period, on whole hours."""
    horizon = site.history.horizon
    start = horizon.start + (horizon.end - horizon.start) * (1 - _TEST_SHARE)
    start -= timedelta(seconds=start.timestamp() % 3600)
    last = horizon.end - timedelta(hours=HORIZON_H)
    return [start + timedelta(hours=_EVERY_H) * i for i in range(int((last - start) / timedelta(hours=_EVERY_H)) + 1)]


def _actual(
    site: MeasuredSite, quantity: str, origins: list[datetime], step_s: int, steps: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    series = load_series(site.history, step_s) if quantity == "load_w" else solar_series(site.history, step_s, 0.0)
    target = series.index_of(origins)[:, None] + np.arange(steps)
    actual = series.before(target, target + 1)
    counted = np.isfinite(actual)
    if quantity == "pv_w":
        starts = (series.start_s + target * step_s).astype(np.float64)
        counted &= clear_sky_steps(starts, step_s, site.place.latitude, site.place.longitude) > 0
    return actual, counted


def _score(site: str, forecaster: str, step_s: int, actual: FloatArray, quantiles: FloatArray) -> Score:
    """``actual`` (N,), ``quantiles`` (N, LEVELS), W."""
    error = actual - quantiles[:, MEDIAN]
    mean = float(actual.mean())
    worth = actual >= _MAPE_FLOOR * mean
    variance = float(((actual - mean) ** 2).sum())
    inside = (actual >= quantiles[:, 0]) & (actual <= quantiles[:, -1])
    losses = []
    for index in _BAND:
        miss = actual - quantiles[:, index]
        losses.append(np.maximum(LEVELS[index] * miss, (LEVELS[index] - 1) * miss).mean())
    return Score(
        site,
        forecaster,
        step_s,
        int(actual.size),
        float(np.abs(error).sum() / actual.sum()),
        float((np.abs(error[worth]) / actual[worth]).mean()) if worth.any() else None,
        1.0 - float((error**2).sum()) / variance if variance > 0 else None,
        float(inside.mean()),
        float(np.mean(losses) / mean),
    )
