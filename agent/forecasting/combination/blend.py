"""Several forecasters of one quantity blended by recent loss at this site, and corrected by what was measured."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from agent.domain.forecast_corrections import BUCKETS, LOW_OUTPUT, PERSISTENT_BUCKETS, ForecastCorrections
from agent.forecasting.combination.calibration import Raster, Verdict, followed, tracked
from agent.forecasting.combination.correction_tables import Tables, corrections_of, tables_of, with_members
from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray

_POWER = 24.0  # weights go with loss ** -_POWER: 3 % more loss halve a weight
_HANDICAP = 1.08  # loss that a member is presumed to have over the first of the line, which is the preferred one
_PRESUMED_H = 72.0  # hours of origins that this presumption is worth
_MEMORY_H = 24.0 * 17.0  # of losses: a half-life of 12 days

_PERSISTENCE_MEMORY_H = 24.0 * 45.0
_PRIOR_PERSISTENCE = np.array([0.4, 0.24, 0.12, 0.06])  # share of the last error that comes again at first
_PRIOR_SQUARES = 20.0  # ten days of hours with errors of a third of a half-width
_MOST_PERSISTENCE = 0.9
_MOST_ERROR = 3.0  # half-widths

_MOST_HOURS = 12.0  # that one origin may stand for, where those between were not learnt from
_ABSURD = 5.0  # times the highest level of the horizon: a reading beyond it says no more than one at it


def blend(
    corrections: ForecastCorrections,
    names: Sequence[str],
    members: FloatArray,
    step_s: int,
    last_errors: FloatArray | None = None,
    most_w: float = np.inf,
) -> FloatArray:
    """One forecast of ``members`` (members, origins, LEVELS, steps), W: (origins, LEVELS, steps), in order and >= 0.

    Levels are averaged level by level (quantile averaging: K. Lichtendahl, Y. Grushka-Cockayne and R. Winkler,
    Management Science 59 (2013) 1594-1611) with weights by recent loss (after J. Bates and C. Granger, "The combination
    of forecasts", 1969), then moved by what the site's errors have shown. ``names`` are those of the members, the
    preferred one first. Without any corrections the first member is the forecast. ``last_errors`` (origins,) are those
    of the function, NaN where unknown; their share that is wont to come again is added to the hours ahead, but not
    above ``most_w``, the highest that was ever measured: a load that came early is not there twice.
    """
    tables = tables_of(corrections)
    raster = _raster(names, members, step_s)
    quantiles = _averaged(tables, names, members, raster)
    if last_errors is not None:
        moved = _with_persistence(quantiles, raster, tables.residual_persistence, np.nan_to_num(last_errors))
        quantiles = np.minimum(moved, np.maximum(quantiles, most_w))
    return raster.moved(quantiles, tables.quantile_offsets)


def last_errors(
    corrections: ForecastCorrections,
    names: Sequence[str],
    members: FloatArray,
    actual: FloatArray,
    step_s: int,
    peak_w: FloatArray | None = None,
) -> FloatArray:
    """How far hours just ended lay from their forecasts, (origins,), in half-widths; NaN where not measured.

    ``members`` (members, origins, LEVELS, steps) were made at each hour's beginning; ``actual`` (origins, steps) is
    what came since, W. ``peak_w`` (origins,) is the highest value of a whole horizon, where the steps are only the
    beginning of one.
    """
    raster = Raster(members, step_s, peak_w)
    quantiles = _averaged(tables_of(corrections), names, members, raster)
    return _errors_of_hour(quantiles, raster, actual, step_s)


def learn(
    corrections: ForecastCorrections,
    names: Sequence[str],
    members: FloatArray,
    actual: FloatArray,
    step_s: int,
    origin: datetime,
) -> ForecastCorrections:
    """The corrections after what came over ``origin``'s horizon, ``actual`` (steps,), W, NaN where missing.

    ``members`` (members, LEVELS, steps) is what each forecast then. Called in order of time, best every hour; an origin
    that is not newer than the last one learnt from changes nothing. Readings out of all proportion count as high ones.
    """
    if corrections.learnt_to is not None and origin <= corrections.learnt_to:
        return corrections
    raster = _raster(names, members[:, None], step_s)
    came = np.minimum(actual, _ABSURD * members.max())
    verdict = Verdict(raster, came)
    if not verdict.known.any():
        return replace(corrections, learnt_to=origin, last_error=None)
    hours = _hours_since(corrections, origin)
    tables = with_members(tables_of(corrections), names)
    quantiles = _averaged(tables, names, members[:, None], raster)
    residual_persistence, judged = tables.residual_persistence, quantiles
    last = corrections.last_error
    if last is not None and corrections.learnt_to == origin - timedelta(hours=1):
        judged = _with_persistence(quantiles, raster, residual_persistence, np.array([last]))
        residual_persistence = _persistence_after(residual_persistence, quantiles, raster, verdict, last)
    judged = raster.moved(judged, tables.published)[0]
    behind = tables.counted.max(axis=0)
    quantile_offsets = tracked(tables.quantile_offsets, verdict.passed(judged), hours * verdict.weight, behind)
    error = float(_errors_of_hour(quantiles, raster, came[None], step_s)[0])
    learnt = replace(
        _with_losses(tables, names, members, verdict, hours),
        quantile_offsets=quantile_offsets,
        published=followed(tables.published, quantile_offsets, hours),
        residual_persistence=residual_persistence,
    )
    return corrections_of(corrections, learnt, origin, error)


def shares(corrections: ForecastCorrections, names: Sequence[str]) -> FloatArray:
    """The mean weight of each of ``names`` over the leads, (members,); they add up to 1."""
    means: FloatArray = _weights(tables_of(corrections), names)[:, :LOW_OUTPUT].mean(axis=1)
    return means


def _raster(names: Sequence[str], members: FloatArray, step_s: int) -> Raster:
    if members.shape[0] != len(names) or members.shape[-2] != len(LEVELS):
        raise ValueError(f"{len(names)} members of {len(LEVELS)} levels do not have the shape {members.shape}")
    return Raster(members, step_s)


def _weights(tables: Tables, names: Sequence[str]) -> FloatArray:
    """(members, BUCKETS), adding up to 1 in each bucket."""
    rows = [tables.members.index(name) if name in tables.members else -1 for name in names]
    if max(rows, default=-1) < 0:
        return np.eye(len(names))[:, :1] * np.ones(BUCKETS)
    known = np.array(rows)[:, None] >= 0
    counted = np.where(known, tables.counted[rows], 0.0)
    losses = np.where(known, tables.losses[rows], 0.0)
    total = counted.sum(axis=0)
    mean = np.where(total > 0, (counted * losses).sum(axis=0) / np.maximum(total, 1e-9), 1.0)
    presumed = mean * np.where(np.arange(len(names)) == 0, 1.0, _HANDICAP)[:, None]
    expected = (counted * losses + _PRESUMED_H * presumed) / (counted + _PRESUMED_H)
    ratio = np.maximum(expected, 1e-12) / np.maximum(expected.min(axis=0), 1e-12)
    earned = ratio**-_POWER
    weights: FloatArray = earned / earned.sum(axis=0)
    return weights


def _averaged(tables: Tables, names: Sequence[str], members: FloatArray, raster: Raster) -> FloatArray:
    weights = _weights(tables, names)[:, raster.bucket]  # members, origins, steps
    averaged: FloatArray = (weights[:, :, None, :] * members).sum(axis=0)
    return averaged


def _errors_of_hour(quantiles: FloatArray, raster: Raster, actual: FloatArray, step_s: int) -> FloatArray:
    """Mean error of each first hour, (origins,), in half-widths, damped where little is expected, as at dawn.

    Its last quarter says most about what comes after it: each step counts twice as much as the one before. NaN where
    nothing of ``actual`` (origins, steps), W, was measured.
    """
    steps = max(1, 3600 // step_s)
    known = np.isfinite(actual) & raster.alight
    errors = (_errors(quantiles, raster, np.where(known, actual, 0.0)) * raster.trust)[:, :steps]
    weights = np.where(known[:, :steps], 2.0 ** np.arange(errors.shape[1]), 0.0)
    total = weights.sum(axis=1)
    return np.where(total > 0.0, (weights * errors).sum(axis=1) / np.maximum(total, 1.0), np.nan)


def _mean_half_width(raster: Raster, quantiles: FloatArray) -> FloatArray:
    down, up = raster.half_widths(quantiles)
    return (down + up) / 2.0


def _errors(quantiles: FloatArray, raster: Raster, actual: FloatArray) -> FloatArray:
    """Actual - median in half-widths, (origins, steps), clipped."""
    half = np.maximum(_mean_half_width(raster, quantiles), 1e-9)
    errors: FloatArray = np.clip((actual - quantiles[:, MEDIAN]) / half, -_MOST_ERROR, _MOST_ERROR)
    return errors


def _with_persistence(
    quantiles: FloatArray, raster: Raster, residual_persistence: FloatArray, last_errors: FloatArray
) -> FloatArray:
    """All levels shifted by the share of the last hour's error, (origins,), that persists."""
    share = np.zeros(BUCKETS)
    sums = residual_persistence[:, 1] + _PRIOR_SQUARES * _PRIOR_PERSISTENCE
    share[:PERSISTENT_BUCKETS] = np.clip(sums / (residual_persistence[:, 0] + _PRIOR_SQUARES), 0.0, _MOST_PERSISTENCE)
    shift = share[raster.bucket] * last_errors[:, None] * _mean_half_width(raster, quantiles)
    return quantiles + shift[:, None, :]


def _persistence_after(
    residual_persistence: FloatArray, quantiles: FloatArray, raster: Raster, verdict: Verdict, last: float
) -> FloatArray:
    errors = verdict.means(_errors(quantiles, raster, verdict.actual)[0])[:PERSISTENT_BUCKETS]
    new = (
        np.stack([np.full(PERSISTENT_BUCKETS, last * last), last * errors], axis=1)
        * verdict.weight[:PERSISTENT_BUCKETS, None]
    )
    after: FloatArray = residual_persistence * np.exp(-1.0 / _PERSISTENCE_MEMORY_H) + new
    return after


def _with_losses(tables: Tables, names: Sequence[str], members: FloatArray, verdict: Verdict, hours: float) -> Tables:
    """The members' mean losses with this verdict's; older ones count for less."""
    missed = verdict.actual - members
    levels = np.array(LEVELS)[:, None]
    new = verdict.means(np.maximum(levels * missed, (levels - 1.0) * missed).mean(axis=1))
    losses, counted = tables.losses.copy(), tables.counted.copy()
    rows = [tables.members.index(name) for name in names]
    weight = hours * verdict.weight
    past = counted[rows] * np.exp(-weight / _MEMORY_H)
    counted[rows] = past + weight
    losses[rows] = (past * losses[rows] + weight * new) / np.maximum(counted[rows], 1e-9)
    return replace(tables, losses=losses, counted=counted)


def _hours_since(corrections: ForecastCorrections, origin: datetime) -> float:
    if corrections.learnt_to is None:
        return _MOST_HOURS
    return min((origin - corrections.learnt_to) / timedelta(hours=1), _MOST_HOURS)
