"""What the trees fitted to one site see. In watts: they never meet another site.

Direct forecasts of every lead with one model: the lead is a feature, lags are the newest that exist at it.
"""

import numpy as np

from agent.forecasting.forecaster import FloatArray, IntArray
from training.peers.hours import WEEK_H, Hours
from training.scoring.measures import HORIZON_H

_DAY_H = 24


def peer_rows(hours: Hours, origins: IntArray, leads: IntArray) -> FloatArray:
    """Features of the hours ``origins[o] + leads[o, k]``, (O, K, features); what is missing is NaN."""
    origin = origins[:, None]
    target = origin + leads
    lags = _lags(hours, target, origin, leads)
    columns = [leads.astype(np.float64), *_calendar(hours, target), *lags, *_recent(hours, origin, target)]
    if hours.quantity == "pv_w":
        columns += _sky(hours, origin, target)
    columns += _weather(hours, target, leads)
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def newest_same_hour(leads: IntArray) -> IntArray:
    """Hours back from a target to the newest same hour before the origin."""
    return (leads // _DAY_H + 1) * _DAY_H


def hour_of_week_mean(hours: Hours, target: IntArray, origin: IntArray, weeks: int = 4) -> FloatArray:
    """Mean of the same hour in the last weeks."""
    back = WEEK_H * np.arange(1, weeks + 1)
    return known_mean(hours.lag(target[..., None] - back, origin[..., None]))


def known_mean(values: FloatArray) -> FloatArray:
    """Over the last axis, NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _calendar(hours: Hours, target: IntArray) -> list[FloatArray]:
    calendar = hours.calendar
    return [calendar.hour[target], *(c[target].astype(np.float64) for c in (calendar.weekday, calendar.day_kind))]


def _lags(hours: Hours, target: IntArray, origin: IntArray, leads: IntArray) -> list[FloatArray]:
    newest = newest_same_hour(leads)
    back = [newest, newest + _DAY_H, newest + 2 * _DAY_H, np.full_like(leads, WEEK_H), np.full_like(leads, 2 * WEEK_H)]
    same = [hours.lag(target - many, origin) for many in back]
    days = hours.lag(target[..., None] - newest[..., None] - _DAY_H * np.arange(7), origin[..., None])
    return [*same, hour_of_week_mean(hours, target, origin), known_mean(days)]


def _recent(hours: Hours, origin: IntArray, target: IntArray) -> list[FloatArray]:
    """The last hours, and how far the last day lay from the week before it."""
    last = [hours.lag(origin - many, origin) for many in (1, 2, 3)]
    means = [
        known_mean(hours.lag(origin[..., None] - np.arange(1, many + 1), origin[..., None]))
        for many in (3, _DAY_H, WEEK_H)
    ]
    now = hours.lag(origin - 1, origin) - hours.lag(origin - 1 - WEEK_H, origin)
    shape = np.zeros(target.shape)
    return [column + shape for column in (*last, *means, now)]


def _sky(hours: Hours, origin: IntArray, target: IntArray) -> list[FloatArray]:
    """The sun at the target, and how clear the last day and the last hours were."""
    back = np.arange(1, _DAY_H + 1)
    shape = np.zeros(target.shape)
    clearness = []
    for many in (3, _DAY_H):
        index = origin[..., None] - back[:many]
        light = np.where(index >= 0, hours.clear[np.maximum(index, 0)], 0.0).sum(axis=-1)
        power = np.nan_to_num(hours.lag(index, origin[..., None])).sum(axis=-1)
        clearness.append(np.where(light > 50.0, power / np.maximum(light, 50.0), np.nan) + shape)
    days = hours.lag(target[..., None] - _DAY_H * np.arange(1, 15), origin[..., None])
    best = np.where(np.isfinite(days), days, -1.0).max(axis=-1)
    return [hours.clear[target], hours.elevation[target], *clearness, np.where(best >= 0, best, np.nan)]


def _weather(hours: Hours, target: IntArray, leads: IntArray) -> list[FloatArray]:
    """Weather at the target, around it, and against the days that the lags come from. Known ahead."""
    columns = []
    for values in (hours.temperature, hours.irradiance):
        if np.isnan(values).all():
            continue
        last = values.size - 1

        def at(index: IntArray, values: FloatArray = values, last: int = last) -> FloatArray:
            return np.where(index >= 0, values[np.clip(index, 0, last)], np.nan)

        day = known_mean(at(target[..., None] - np.arange(_DAY_H)))
        columns += [at(target), at(target - 1), at(target + 1), at(target - newest_same_hour(leads))]
        columns += [at(target - WEEK_H), day]
    return columns


ALL_LEADS = np.arange(HORIZON_H)
