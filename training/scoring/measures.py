"""How good a forecast was, by definitions that every site shares."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agent.forecasting.forecaster import LEVELS, FloatArray, Forecaster, IntArray
from agent.forecasting.series import load_series, solar_series
from agent.forecasting.sun import clear_sky_steps
from training.sites.measured_site import MeasuredSite

HORIZON_H = 48
HOUR_S = 3600
BAND = (0.05, 0.5, 0.95)
"""The levels that are scored: the middle and the ends of the 90 % interval."""

BAND_OF_LEVELS = [LEVELS.index(level) for level in BAND]
_EVERY_H = 30  # so that the hour of the day at which a forecast starts goes round
_TEST_SHARE = 0.4
_BATCH = 64
_MAPE_FLOOR = 0.1


@dataclass(frozen=True, slots=True)
class Measures:
    """Errors over ``n`` measured steps. Shares of 1, but ``rmse`` and ``bias``, which have the unit of the values.

    ``mape`` is over values of at least 10 % of the mean, of which there is the share ``mape_kept``. ``bias`` > 0 is a
    forecast that is too high. ``width`` is the mean width of the 90 % interval over the mean value, ``cover`` the
    share of values in it; ``pinball`` the mean of the losses of BAND over the mean value. None: undefined.
    """

    n: int
    mape: float | None
    mape_kept: float
    wape: float
    rmse: float
    r2: float | None
    bias: float
    cover: float
    width: float
    pinball: float


@dataclass(frozen=True, slots=True)
class Score:
    """Errors over a site's test period; shares of 1. ``scored`` steps had a measured value."""

    site: str
    forecaster: str
    step_s: int
    scored: int
    wape: float
    mape: float | None
    r2: float | None
    cover_90: float
    pinball: float


def measure(actual: FloatArray, band: FloatArray) -> Measures | None:
    """``actual`` (N,) and the forecast's quantiles at BAND (N, 3), both finite. None where the mean is not above 0."""
    if actual.size == 0 or not actual.mean() > 0:
        return None
    mean = float(actual.mean())
    error = band[:, 1] - actual
    worth = actual >= _MAPE_FLOOR * mean
    square = float((error**2).mean())
    variance = float(((actual - mean) ** 2).mean())
    miss = actual[:, None] - band
    level = np.array(BAND)
    return Measures(
        n=int(actual.size),
        mape=float((np.abs(error[worth]) / actual[worth]).mean()) if worth.any() else None,
        mape_kept=float(worth.mean()),
        wape=float(np.abs(error).sum() / actual.sum()),
        rmse=math.sqrt(square),
        r2=1.0 - square / variance if variance > 0 else None,
        bias=float(error.mean()),
        cover=float(((actual >= band[:, 0]) & (actual <= band[:, 2])).mean()),
        width=float((band[:, 2] - band[:, 0]).mean()) / mean,
        pinball=float(np.maximum(level * miss, (level - 1.0) * miss).mean()) / mean,
    )


def score(forecaster: Forecaster, site: MeasuredSite, step_s: int = HOUR_S) -> Score | None:
    """Forecasts of 48 h from the scored origins. None where nothing can be scored."""
    steps = HORIZON_H * HOUR_S // step_s
    origins = scored_origins(site)
    if not origins:
        return None
    quantiles = np.concatenate(
        [
            forecaster.predict(site.history, origins[first : first + _BATCH], step_s, steps)
            for first in range(0, len(origins), _BATCH)
        ]
    )
    actual, counted = actual_ahead(site, forecaster.quantity, origins, step_s, steps)
    if counted.sum() < steps:
        return None
    found = measure(actual[counted], quantiles[:, BAND_OF_LEVELS].transpose(0, 2, 1)[counted])
    if found is None:
        return None
    shares = (found.wape, found.mape, found.r2, found.cover, found.pinball)
    return Score(site.name, forecaster.name, step_s, found.n, *shares)


def scored_period(site: MeasuredSite) -> tuple[datetime, datetime]:
    """What is scored, on whole hours: as the site's description says, else the last 40 % of its rows."""
    horizon = site.history.horizon
    start = site.test_start or horizon.start + (horizon.end - horizon.start) * (1 - _TEST_SHARE)
    start = datetime.fromtimestamp(math.floor(start.timestamp() / HOUR_S) * HOUR_S, UTC)
    return max(start, horizon.start), min(site.test_end or horizon.end, horizon.end)


def scored_origins(site: MeasuredSite) -> list[datetime]:
    """Every 30 h through the test period, on whole hours, as long as 48 h are left in it."""
    start, end = scored_period(site)
    count = (end - timedelta(hours=HORIZON_H) - start) // timedelta(hours=_EVERY_H) + 1
    return [start + timedelta(hours=_EVERY_H) * i for i in range(max(0, count))]


def actual_ahead(
    site: MeasuredSite, quantity: str, origins: list[datetime], step_s: int, steps: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """What came after each origin, W, NaN where not measured, and what of it counts: (origins, steps) both.

    Solar counts by day only: where a clear sky would let light through, by the site's own column where it has one.
    """
    series = load_series(site.history, step_s) if quantity == "load_w" else solar_series(site.history, step_s, 0.0)
    target = series.index_of(origins)[:, None] + np.arange(steps)
    actual = series.before(target, target + 1)
    counted = np.isfinite(actual)
    if quantity == "pv_w":
        counted &= clear_sky(site, step_s, series.start_s, target) > 0
    return actual, counted


def clear_sky(site: MeasuredSite, step_s: int, start_s: int, index: IntArray) -> FloatArray:
    """Clear-sky irradiance of the steps ``index`` counted from ``start_s``, W/m2: the site's column, else our own."""
    starts = (start_s + index * step_s).astype(np.float64)
    own = clear_sky_steps(starts, step_s, site.place.latitude, site.place.longitude)
    if not site.clear_sky_w_m2:
        return own
    series = load_series(replace(site.history, load_w=site.clear_sky_w_m2), step_s)
    at = index + (start_s - series.start_s) // step_s
    column = series.before(at, at + 1)
    return np.where(np.isfinite(column), column, own)
