"""From a forecaster and a history to the forecast of a horizon, and to how wrong it would have been on past days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agent.domain.forecast import Forecast
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.forecaster import (
    DAY_S,
    LEARNING_HOURS,
    LEVELS,
    MEDIAN,
    FloatArray,
    Forecaster,
    ModelUnusable,
)
from agent.forecasting.series import Series, bridge_short_gaps, load_series, solar_series

_BRIDGE_S = 3 * 3600
_FEWEST_PATHS = 3


@dataclass(frozen=True, slots=True)
class SiteForecast:
    """Both forecasts of a site and their errors on the same past days.

    ``load_errors`` and ``pv_errors`` are actual - median, W, (days, steps), newest day first. Where both are there, row
    d of both is the same day, so that a dull day's load meets a dull day's sun. None where too few days were measured
    completely. ``notes`` has a sentence for every forecaster that could not answer.
    """

    load: Forecast
    pv: Forecast
    load_errors: FloatArray | None
    pv_errors: FloatArray | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    forecast: Forecast
    errors: FloatArray  # one row a past day, NaN where incomplete
    refusals: tuple[str, ...] = ()


def forecast(forecaster: Forecaster, history: History, horizon: Horizon, quantity: str, now: datetime) -> Forecast:
    """The forecaster's quantiles for the steps of ``horizon``. Raises ModelUnusable."""
    return _answer(forecaster, history, horizon, quantity, now, days=0).forecast


def error_paths(forecaster: Forecaster, history: History, horizon: Horizon, days: int = 20) -> FloatArray | None:
    """Actual - median, W, (paths, steps), had ``horizon`` started on one of the last ``days`` days; newest first.

    Only days whose every step was measured count, gaps of up to 3 h being bridged, and only those with a week measured
    before them. None with fewer than three such days. Raises ModelUnusable.
    """
    answer = _answer(forecaster, history, horizon, forecaster.quantity, horizon.start, days)
    return _paths(answer.errors, _whole(answer.errors))


def forecast_site(
    load: Sequence[Forecaster],
    solar: Sequence[Forecaster],
    history: History,
    horizon: Horizon,
    now: datetime,
    days: int = 20,
) -> SiteForecast:
    """Both forecasts with paired error paths, one call of a forecaster each.

    ``load`` and ``solar`` are in order of preference; the first that answers counts. Raises the last one's
    ModelUnusable when none does, which cannot happen when persistence stands at the end.
    """
    of_load = _first_answer(load, history, horizon, "load_w", now, days)
    of_solar = _first_answer(solar, history, horizon, "pv_w", now, days)
    load_days, solar_days = _whole(of_load.errors), _whole(of_solar.errors)
    both = load_days & solar_days
    if both.sum() >= _FEWEST_PATHS:
        load_days = solar_days = both
    elif load_days.any():
        solar_days = both  # the load's errors stand alone: unpaired rows of different days must not be laid together
    return SiteForecast(
        of_load.forecast,
        of_solar.forecast,
        _paths(of_load.errors, load_days),
        _paths(of_solar.errors, solar_days),
        of_load.refusals + of_solar.refusals,
    )


def _first_answer(
    forecasters: Sequence[Forecaster], history: History, horizon: Horizon, quantity: str, now: datetime, days: int
) -> _Answer:
    refusals: list[str] = []
    for forecaster in forecasters[:-1]:
        try:
            answer = _answer(forecaster, history, horizon, quantity, now, days)
        except ModelUnusable as refusal:
            refusals.append(str(refusal))
        else:
            return _Answer(answer.forecast, answer.errors, tuple(refusals))
    answer = _answer(forecasters[-1], history, horizon, quantity, now, days)
    return _Answer(answer.forecast, answer.errors, tuple(refusals))


def _answer(
    forecaster: Forecaster, history: History, horizon: Horizon, quantity: str, now: datetime, days: int
) -> _Answer:
    """The forecast and the errors of past days in one call of the forecaster."""
    if forecaster.quantity != quantity:
        raise ValueError(f"{forecaster.name} forecasts {forecaster.quantity}, not {quantity}")
    series = (
        load_series(history, horizon.step_s) if quantity == "load_w" else solar_series(history, horizon.step_s, 0.0)
    )
    newest = -(-horizon.step_s * horizon.steps // DAY_S)  # its horizon has just ended when the new one starts
    past = [horizon.start - timedelta(days=ago) for ago in range(newest, newest + days)]
    known = series.measured_before(series.index_of(past)) * horizon.step_s >= LEARNING_HOURS * 3600
    origins = [origin for origin, enough in zip(past, known, strict=True) if enough]
    quantiles = forecaster.predict(history, [horizon.start, *origins], horizon.step_s, horizon.steps)
    values = tuple(tuple(float(value) for value in row) for row in quantiles[0])
    errors = np.full((days, horizon.steps), np.nan)
    errors[known] = _actual(series, horizon, origins) - quantiles[1:, MEDIAN, :]
    return _Answer(Forecast(quantity, horizon, LEVELS, values, forecaster.name, now), errors)


def _actual(series: Series, horizon: Horizon, origins: Sequence[datetime]) -> FloatArray:
    """What was measured over each past horizon, (origins, steps), NaN where a gap is too long."""
    bridged = Series(series.start_s, series.step_s, bridge_short_gaps(series.values, _BRIDGE_S // series.step_s))
    target = series.index_of(origins)[:, None] + np.arange(horizon.steps)
    return bridged.before(target, series.index_of([horizon.start])[0])


def _whole(errors: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(errors).all(axis=1), dtype=np.bool_)


def _paths(errors: FloatArray, days: NDArray[np.bool_]) -> FloatArray | None:
    return errors[days] if days.sum() >= _FEWEST_PATHS else None
