"""Models made elsewhere, run by onnxruntime. Nothing of a model is believed before it has been checked.

The file's size and hash are compared before a runtime sees it, its inputs and outputs after, and it must reproduce the
answers that its card recorded.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from agent.adapters.models.model_card import FEATURES, ModelCard, read_card
from agent.adapters.models.model_file import MAX_MODEL_BYTES, Tensor, refuse_unsafe, tensors_other
from agent.adapters.models.onnx_session import open_session, run
from agent.adapters.models.sha256 import sha256_hex
from agent.domain.history import History
from agent.domain.request import Place
from agent.domain.sentences import model_faults as say
from agent.forecasting.features.feature_rows import FeatureRows
from agent.forecasting.features.load_features import load_features
from agent.forecasting.features.solar_features import solar_features
from agent.forecasting.features.weather_series import weather_series
from agent.forecasting.forecaster import LEVELS, FloatArray, ModelUnusable
from agent.forecasting.series import load_series, solar_series

_TOLERANCE = 1e-4


class OnnxForecaster:
    """A checked model as a Forecaster. Made by ``open_model``."""

    def __init__(self, card: ModelCard, session: Any, place: Place, rated_w: float) -> None:
        self.name = f"{card.name} {card.version}"
        self.quantity: str = card.quantity
        self.card = card
        self._session = session
        self._place = place
        self._rated_w = rated_w

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        """As Forecaster.predict. Raises ModelUnusable also when too little was measured before one of the origins."""
        self._refuse_horizon(step_s, steps)
        rows = self.rows(history, origins, step_s, steps)
        shape = (len(origins), steps, len(LEVELS))
        quantiles = rows.centre_w.copy()
        telling = np.flatnonzero(rows.scale_w)  # by night it stays at the centre, whatever the model would say
        quantiles[telling] += rows.scale_w[telling, None] * self.answers(rows.matrix[telling])
        quantiles = np.sort(quantiles.reshape(shape), axis=-1)
        ceiling = max(self._rated_w, 0.0) if self.quantity == "pv_w" else np.inf
        return np.clip(quantiles, 0.0, ceiling).transpose(0, 2, 1)

    def _refuse_horizon(self, step_s: int, steps: int) -> None:
        if step_s not in self.card.step_s:
            raise ModelUnusable(self.name, say.model_step_other(found=str(list(self.card.step_s)), step_s=step_s))
        if step_s * steps > self.card.max_horizon_h * 3600:
            longest_h, asked_h = self.card.max_horizon_h, step_s * steps / 3600
            raise ModelUnusable(self.name, say.model_reach_short(longest_h=longest_h, asked_h=asked_h))

    def answers(self, matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> FloatArray:
        """What the model itself says to rows of features, in scales from the centre: (rows, LEVELS)."""
        return run(self.name, self._session, matrix, "quantiles", len(LEVELS))

    def rows(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FeatureRows:
        """The features that the model is asked with. Raises ModelUnusable as ``predict``."""
        solar = self.quantity == "pv_w"
        series = solar_series(history, step_s, self._rated_w) if solar else load_series(history, step_s)
        measured_h = float(series.measured_before(series.index_of(origins)).min()) * step_s / 3600
        if measured_h < self.card.min_history_h:
            least_h = self.card.min_history_h
            raise ModelUnusable(self.name, say.history_too_short(least_h=least_h, measured_h=measured_h))
        weather = weather_series(history, step_s, self._place)
        if solar:
            found = solar_features(series, origins, steps, self._place, self._rated_w, weather)
        else:
            found = load_features(series, origins, steps, self._place, weather)
        return found.only(FEATURES[self.quantity], self.card.features)


def open_model(folder: Path, quantity: str, place: Place, rated_w: float = 0.0) -> OnnxForecaster:
    """The checked model of ``folder``, ready to forecast ``quantity``. Raises ModelUnusable with the reason.

    ``rated_w`` is the site's solar rating, the ceiling of a ``pv_w`` forecast; a load does not need it.
    """
    card = read_card(folder)
    if card.quantity != quantity:
        raise ModelUnusable(card.name, say.forecasts_another(found=card.quantity, wanted=quantity))
    content = _checked_bytes(folder, card)
    surface = refuse_unsafe(card.name, content)
    _refuse_shapes(card, list(surface.inputs), list(surface.outputs))
    session = open_session(card.name, content)
    _refuse_other_answers(card, session)
    return OnnxForecaster(card, session, place, rated_w)


def _checked_bytes(folder: Path, card: ModelCard) -> bytes:
    """The file's bytes, read once, so that what was checked is what is opened."""
    try:
        with (folder / "model.onnx").open("rb") as file:
            content = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelUnusable(
            card.name, say.model_file_unreadable(file="model.onnx", cause=f"{error.strerror}")
        ) from error
    if len(content) > MAX_MODEL_BYTES:
        raise ModelUnusable(card.name, say.model_file_too_large(file="model.onnx", most=MAX_MODEL_BYTES))
    if len(content) != card.size_bytes:
        raise ModelUnusable(card.name, say.model_size_other(counted=len(content), wanted=str(card.size_bytes)))
    if sha256_hex(content) != card.sha256:
        raise ModelUnusable(card.name, say.model_hash_other())
    return content


def _refuse_shapes(card: ModelCard, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    wanted_in = [("features", "tensor(float)", [len(card.features)])]
    wanted_out = [("quantiles", "tensor(float)", [len(LEVELS)])]
    if inputs != wanted_in or outputs != wanted_out:
        raise ModelUnusable(card.name, tensors_other(inputs, outputs, wanted_in, wanted_out))


def _refuse_other_answers(card: ModelCard, session: Any) -> None:
    rows = np.array(card.self_test.rows, dtype=np.float32)  # null becomes NaN
    wanted = np.array(card.self_test.answers, dtype=np.float64)
    given = run(card.name, session, rows, "quantiles", len(LEVELS))
    worst = float(np.max(np.abs(given - wanted) / np.maximum(np.abs(wanted), 1.0)))
    if worst > _TOLERANCE:
        raise ModelUnusable(card.name, say.self_test_off(found=f"{worst:.2g}", wanted=f"{_TOLERANCE:g}"))
