"""Prophet as it is often set for a load, refitted every 28 days on up to a year.

changepoint_prior_scale .05, seasonality_prior_scale 10, multiplicative, a daily seasonality of Fourier order 8 beside
its own, regressors for temperature (where there is a forecast of it), weekend and holiday, interval of 90 %.
"""

import logging

import numpy as np
import pandas

from agent.forecasting.forecaster import FloatArray, IntArray
from training.peers.hours import Hours
from training.peers.lightgbm_peer import refit_blocks
from training.peers.naive import band_of_points, same_hour_yesterday
from training.peers.peer_features import ALL_LEADS
from training.scoring.measures import BAND, HORIZON_H, HOUR_S

_YEAR_H = 365 * 24
_FEWEST_HOURS = 7 * 24
_SAMPLES = 300
_CHATTER = ("cmdstanpy", "prophet", "prophet.plot", "prophet.models")
_FIELDS = ("yhat_lower", "yhat", "yhat_upper")


def prophet_band(hours: Hours, origins: IntArray) -> FloatArray:
    """Quantiles at BAND, W, (O, 3, HORIZON_H), of the ascending hours ``origins``; the middle is Prophet's mean."""
    found = np.empty((origins.size, len(BAND), HORIZON_H))
    for mine in refit_blocks(origins):
        first, last = int(origins[mine][0]), int(origins[mine][-1])
        past = np.arange(max(0, first - _YEAR_H), first)
        measured = past[np.isfinite(hours.values[past])]
        if measured.size < _FEWEST_HOURS:
            found[mine] = band_of_points(hours, origins[mine], same_hour_yesterday)
            continue
        ahead = _fitted_band(hours, measured, np.arange(first, last + HORIZON_H))
        found[mine] = ahead[origins[mine][:, None] - first + ALL_LEADS].transpose(0, 2, 1)
    return np.maximum(np.sort(found, axis=1), 0.0)


def _fitted_band(hours: Hours, measured: IntArray, ahead: IntArray) -> FloatArray:
    """(ahead, 3), W."""
    for name in _CHATTER:
        logging.getLogger(name).disabled = True
    from prophet import Prophet  # it speaks while it is imported

    given = hours.temperature[measured]
    temperature = float(np.nanmean(given)) if np.isfinite(given).any() else None
    model = Prophet(
        changepoint_prior_scale=0.05,
        seasonality_prior_scale=10.0,
        seasonality_mode="multiplicative",
        interval_width=0.9,
        uncertainty_samples=_SAMPLES,
    )
    model.add_seasonality("daily_fine", period=1, fourier_order=8)
    table = _regressors(hours, measured, temperature)
    for name in table.columns.drop("ds"):
        model.add_regressor(name)
    table["y"] = hours.values[measured] / 1000.0
    model.fit(table, seed=1)
    np.random.seed(1)  # Prophet draws its interval from numpy's own generator
    answer = model.predict(_regressors(hours, ahead, temperature))
    band: FloatArray = answer[list(_FIELDS)].to_numpy() * 1000.0
    return band


def _regressors(hours: Hours, index: IntArray, mean_temperature: float | None) -> pandas.DataFrame:
    """Local clock time and what Prophet may know ahead of it. A missing temperature is the mean one."""
    calendar = hours.calendar
    local_s = hours.start_s + index * HOUR_S + calendar.offset_s[index]
    table = pandas.DataFrame({"ds": pandas.to_datetime(local_s, unit="s")})
    table["weekend"] = (calendar.weekday[index] >= 5).astype(float)
    table["holiday"] = (calendar.holiday[index] > 0).astype(float)
    if mean_temperature is not None:
        given = hours.temperature[index]
        table["temperature"] = np.where(np.isfinite(given), given, mean_temperature)
    return table
