"""Training rows: the agent's own features at many origins of a site, and what really came."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from agent.forecasting.forecaster import FloatArray
from agent.forecasting.load_features import load_features
from agent.forecasting.series import load_series, solar_series
from agent.forecasting.solar_features import solar_features
from training.sites import MeasuredSite

STEP_S = 3600
STEPS = 48
_EVERY_H = 11  # coprime with 24, so that the origins visit every hour
_FIRST_DAYS = 3  # short histories are trained on too
_HOME_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """``matrix`` (N, features), float32, NaN where missing; ``weight`` (N,).

    ``answer`` (N, LEVELS) is what came, in scales from the centre of each level.
    """

    matrix: NDArray[np.float32]
    answer: FloatArray
    weight: FloatArray


def training_rows(sites: list[MeasuredSite], quantity: str, share: float = 1.0) -> TrainingRows:
    """Rows of the first ``share`` of every site. Sites of one kind weigh as much together as their number says."""
    parts = [_site_rows(site, quantity, share) for site in sites]
    parts = [part for part in parts if len(part.answer)]
    return TrainingRows(
        np.concatenate([part.matrix for part in parts]),
        np.concatenate([part.answer for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def _site_rows(site: MeasuredSite, quantity: str, share: float) -> TrainingRows:
    origins = _origins(site, share)
    if quantity == "load_w":
        series = load_series(site.history, STEP_S)
        rows = load_features(series, origins, STEPS, site.place)
    else:
        series = solar_series(site.history, STEP_S, site.rated_w)
        rows = solar_features(series, origins, STEPS, site.place, site.rated_w)
    target = series.index_of(origins)[:, None] + np.arange(STEPS)
    actual = series.before(target, target + 1).reshape(-1)
    bright = rows.scale_w > (0.01 * site.rated_w if quantity == "pv_w" else 0.0)
    usable = np.isfinite(actual) & np.isfinite(rows.scale_w) & bright
    scale = np.where(usable, rows.scale_w, 1.0)
    answer = ((actual[:, None] - rows.centre_w) / scale[:, None])[usable]
    importance = scale[usable] if quantity == "pv_w" else np.ones(len(answer))
    weight = importance / importance.mean() * (_HOME_WEIGHT if site.home else 1.0) if len(answer) else importance
    return TrainingRows(rows.matrix[usable], np.clip(answer, -8.0, 8.0), weight)


def _origins(site: MeasuredSite, share: float) -> list[datetime]:
    horizon = site.history.horizon
    first = horizon.start + timedelta(days=_FIRST_DAYS)
    last = horizon.start + (horizon.end - horizon.start) * share - timedelta(seconds=STEPS * STEP_S)
    first -= timedelta(seconds=round(first.timestamp()) % STEP_S)
    count = max(0, int((last - first) / timedelta(hours=_EVERY_H)) + 1)
    return [first + timedelta(hours=_EVERY_H) * i for i in range(count)]
