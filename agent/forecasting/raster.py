"""Forecasts are made in quarters or hours, which the models know, and laid on the steps of a plan.

A market of half hours is planned in half hours.
"""

from dataclasses import replace
from math import gcd

import numpy as np

from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon, floor_to_step
from agent.forecasting.forecaster import FloatArray
from agent.forecasting.site_forecast import SiteForecast

MODEL_STEPS_S = (900, 3600)


def forecast_step_s(plan_step_s: int) -> int:
    """In which steps a site is forecast that is planned in those, s."""
    return plan_step_s if plan_step_s in MODEL_STEPS_S else MODEL_STEPS_S[0]


def covering(horizon: Horizon, step_s: int) -> Horizon:
    """The steps of ``step_s`` that ``horizon`` lies in."""
    start = floor_to_step(horizon.start, step_s)
    return Horizon(start, step_s, -(-round((horizon.end - start).total_seconds()) // step_s))


def laid_on(values: FloatArray, raster: Horizon, horizon: Horizon) -> FloatArray:
    """The means over the steps of ``horizon`` of ``values`` (..., steps), which are means over those of ``raster``.

    (..., steps); NaN in a step that is not wholly within ``raster``, or has a NaN in it.
    """
    offset_s = round((horizon.start - raster.start).total_seconds())
    unit_s = gcd(raster.step_s, horizon.step_s, offset_s)
    parts = np.repeat(values, raster.step_s // unit_s, axis=-1)
    wanted = offset_s // unit_s + np.arange(horizon.steps * (horizon.step_s // unit_s))
    inside = (wanted >= 0) & (wanted < parts.shape[-1])
    found = np.where(inside, parts[..., np.where(inside, wanted, 0)], np.nan)
    return np.asarray(found.reshape(*values.shape[:-1], horizon.steps, -1).mean(axis=-1))


def site_on(site: SiteForecast, horizon: Horizon) -> SiteForecast:
    """``site`` in the steps of ``horizon``, within what it was forecast for. What was learnt stays in its own.

    The quantiles of a longer step are the means of those of its parts, as if all went up and down together.
    """
    raster = site.load.horizon
    if raster == horizon:
        return site

    def laid(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else laid_on(values, raster, horizon)

    most_w = np.broadcast_to(np.asarray(site.pv_most_w), (raster.steps,))
    return replace(
        site,
        load=_forecast_on(site.load, horizon),
        pv=_forecast_on(site.pv, horizon),
        load_errors=laid(site.load_errors),
        pv_errors=laid(site.pv_errors),
        pv_most_w=laid_on(most_w, raster, horizon),
    )


def _forecast_on(forecast: Forecast, horizon: Horizon) -> Forecast:
    values = laid_on(np.array(forecast.values), forecast.horizon, horizon)
    return replace(forecast, horizon=horizon, values=tuple(map(tuple, values.tolist())))
