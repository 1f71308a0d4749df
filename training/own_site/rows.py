"""What one site can teach: the agent's own features at its origins, what really came, and what a model said to that."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from agent.adapters.models.onnx_models import OnnxForecaster
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.forecasting.forecaster import LEVELS, FloatArray, IntArray
from agent.forecasting.series import Series, load_series, solar_series
from training.fit.rows import TrainingRows
from training.sites.measured_site import MeasuredSite

STEP_S = 3600
STEPS = 48
_MOST_ORIGINS = 850  # 40,000 rows: more slow a gateway down and teach little that is new
_STRIDES_H = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)  # coprime with 24: the origins visit every hour
_BATCH = 128
_LARGEST = 8.0  # in scales: a broken reading must not move a leaf
_LOW_OUTPUT_SHARE = 0.01  # of the rating: below it a solar step is dusk


@dataclass(frozen=True, slots=True)
class SiteRows:
    """``rows`` of one site, oldest origin first. ``said`` (N, LEVELS) are a model's answers in the units of its own.

    ``hour`` (N,) is the Unix hour of each row's origin.
    """

    rows: TrainingRows
    said: FloatArray
    hour: IntArray


def known_by(history: History, until: datetime) -> History | None:
    """What had been measured by ``until``, weather as well; None where nothing was."""
    horizon = _cut(history.horizon, until)
    if horizon is None:
        return None
    steps = horizon.steps
    weather = None if history.weather is None else _weather_by(history.weather, until)
    parts = history.load_w[:steps], history.pv_w[:steps], history.curtailed[:steps]
    return History(horizon, *parts, weather)


def measured_series(site: MeasuredSite, history: History, quantity: str) -> Series:
    """The hourly means that are learnt from, W."""
    if quantity == "pv_w":
        return solar_series(history, STEP_S, site.rated_w)
    return load_series(history, STEP_S)


def fingerprint(history: History) -> str:
    """SHA-256 of what was measured, the missing as NaN."""
    digest = hashlib.sha256(f"{history.horizon.start.isoformat()} {history.horizon.step_s}".encode())
    for values in (history.load_w, history.pv_w, history.curtailed):
        digest.update(np.array(values, dtype="<f8").tobytes())
    return digest.hexdigest()


def site_rows(site: MeasuredSite, history: History, model: OnnxForecaster) -> SiteRows:
    """Rows of 48 hours from up to 850 origins spread over ``history``, by the features of ``model``."""
    series = measured_series(site, history, model.quantity)
    origins = _origins(series, model.card.min_history_h)
    parts = [
        _batch_rows(site, history, model, series, origins[at : at + _BATCH]) for at in range(0, len(origins), _BATCH)
    ]
    if not parts:
        nothing = np.zeros((0, len(LEVELS)))
        matrix = np.zeros((0, len(model.card.features)), dtype=np.float32)
        return SiteRows(TrainingRows(matrix, nothing, np.zeros(0)), nothing, np.zeros(0, dtype=np.int64))
    weight = np.concatenate([part.rows.weight for part in parts])
    rows = TrainingRows(
        np.concatenate([part.rows.matrix for part in parts]),
        np.concatenate([part.rows.answer for part in parts]),
        weight / weight.mean() if weight.size else weight,
    )
    return SiteRows(rows, np.concatenate([part.said for part in parts]), np.concatenate([part.hour for part in parts]))


def _origins(series: Series, min_history_h: int) -> list[datetime]:
    """Even in time, from the first measured hour on; the newest is the one whose 48 hours have just passed."""
    known = np.flatnonzero(np.isfinite(series.values))
    if not known.size:
        return []
    last = series.values.size - STEPS
    stride = next((hours for hours in _STRIDES_H if last - known[0] <= hours * _MOST_ORIGINS), _STRIDES_H[-1])
    index = np.arange(last, known[0], -stride, dtype=np.int64)[:_MOST_ORIGINS][::-1]
    index = index[series.measured_before(index) >= min_history_h]
    start = datetime.fromtimestamp(series.start_s, tz=UTC)
    return [start + timedelta(hours=int(hours)) for hours in index]


def _batch_rows(
    site: MeasuredSite, history: History, model: OnnxForecaster, series: Series, origins: Sequence[datetime]
) -> SiteRows:
    found = model.rows(history, origins, STEP_S, STEPS)
    first = series.index_of(origins)
    target = first[:, None] + np.arange(STEPS)
    actual = series.before(target, target + 1).reshape(-1)
    solar = model.quantity == "pv_w"
    usable = np.isfinite(actual) & (found.scale_w > (_LOW_OUTPUT_SHARE * site.rated_w if solar else 0.0))
    scale = found.scale_w[usable]
    answer = np.clip((actual[usable, None] - found.centre_w[usable]) / scale[:, None], -_LARGEST, _LARGEST)
    matrix = found.matrix[usable]
    hour = np.repeat(series.start_s // STEP_S + first, STEPS)[usable]
    rows = TrainingRows(matrix, answer, scale if solar else np.ones(scale.size))
    return SiteRows(rows, model.answers(matrix), hour)


def _cut(horizon: Horizon, until: datetime) -> Horizon | None:
    """The steps that had ended by ``until``."""
    steps = min(horizon.steps, int((until - horizon.start).total_seconds() // horizon.step_s))
    return replace(horizon, steps=steps) if steps > 0 else None


def _weather_by(weather: Weather, until: datetime) -> Weather | None:
    horizon = _cut(weather.horizon, until)
    if horizon is None:
        return None
    columns = {name: getattr(weather, name)[: horizon.steps] for name in ("temperature_c", "ghi_w_m2", "cloud_pct")}
    return Weather(horizon, **columns)
