"""Models made elsewhere, run by onnxruntime. Nothing of a model is believed before it has been checked.

The file's size and hash are compared before a runtime sees it, its inputs and outputs after, and it must reproduce the
answers that its card recorded. onnxruntime is imported here only, and only when a model is opened.
"""

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from agent.domain.history import History
from agent.domain.request import Place
from agent.domain.wire import WireError, from_json
from agent.forecasting.feature_rows import FeatureRows
from agent.forecasting.forecaster import LEARNING_HOURS, LEVELS, FloatArray, ModelUnusable
from agent.forecasting.load_features import LOAD_FEATURES, load_features
from agent.forecasting.series import load_series, solar_series
from agent.forecasting.solar_features import SOLAR_FEATURES, solar_features

MAX_MODEL_BYTES = 20_000_000
MAX_CARD_BYTES = 1_000_000
CARD_FORMAT = 1
_TOLERANCE = 1e-4
_FEATURES = {"load_w": LOAD_FEATURES, "pv_w": SOLAR_FEATURES}


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Recorded rows of features (null is missing) and what the trainer's own library answered to them."""

    rows: tuple[tuple[float | None, ...], ...]
    answers: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class SiteScore:
    """Errors on one site by the definitions in docs; shares of 1, ``mape`` in shares of the value. None: undefined."""

    site: str
    forecaster: str
    step_s: int
    seen_in_training: bool
    scored: int
    wape: float
    mape: float | None
    r2: float | None
    cover_90: float
    pinball: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is, what it was made from and how good it is. ``card.json`` beside ``model.onnx``.

    ``quantity`` is ``load_w`` or ``pv_w``; ``step_s`` lists the rasters it can be asked on; ``version`` is a.b.c.
    """

    format: int
    name: str
    version: str
    quantity: str
    step_s: tuple[int, ...]
    max_horizon_h: int
    min_history_h: int
    features: tuple[str, ...]
    quantiles: tuple[float, ...]
    sha256: str
    size_bytes: int
    trained_on: tuple[str, ...]
    trained_at: str
    metrics: tuple[SiteScore, ...]
    limits: tuple[str, ...]
    self_test: SelfTest


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
        rows = self._rows(history, origins, step_s, steps)
        shape = (len(origins), steps, len(LEVELS))
        answers = _run(self.name, self._session, rows.matrix).reshape(shape)
        scale = rows.scale_w.reshape(shape[:2])[:, :, None]
        quantiles = np.sort(rows.centre_w.reshape(shape) + scale * answers, axis=-1)
        ceiling = max(self._rated_w, 0.0) if self.quantity == "pv_w" else np.inf
        return np.clip(quantiles, 0.0, ceiling).transpose(0, 2, 1)

    def _refuse_horizon(self, step_s: int, steps: int) -> None:
        if step_s not in self.card.step_s:
            raise ModelUnusable(self.name, f"it knows steps of {list(self.card.step_s)} s, not of {step_s} s")
        if step_s * steps > self.card.max_horizon_h * 3600:
            hours = step_s * steps / 3600
            raise ModelUnusable(self.name, f"it reaches {self.card.max_horizon_h} h ahead, {hours:g} h are asked for")

    def _rows(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FeatureRows:
        solar = self.quantity == "pv_w"
        series = solar_series(history, step_s, self._rated_w) if solar else load_series(history, step_s)
        measured_h = float(series.measured_before(series.index_of(origins)).min()) * step_s / 3600
        if measured_h < self.card.min_history_h:
            needed = f"needs {self.card.min_history_h} h measured in the four weeks before a forecast"
            raise ModelUnusable(self.name, f"it {needed}, there are {measured_h:g} h")
        if solar:
            return solar_features(series, origins, steps, self._place, self._rated_w)
        return load_features(series, origins, steps, self._place)


def read_card(folder: Path) -> ModelCard:
    """The card of the model in ``folder``. Raises ModelUnusable."""
    path = folder / "card.json"
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise ModelUnusable(folder.name, f"card.json has more than {MAX_CARD_BYTES} bytes")
        card = from_json(ModelCard, path.read_bytes())
    except OSError as error:
        raise ModelUnusable(folder.name, f"card.json cannot be read: {error.strerror}") from error
    except WireError as error:
        raise ModelUnusable(folder.name, f"card.json is wrong: {error}") from error
    _refuse_card(folder.name, card)
    return card


def open_model(folder: Path, quantity: str, place: Place, rated_w: float = 0.0) -> OnnxForecaster:
    """The checked model of ``folder``, ready to forecast ``quantity``. Raises ModelUnusable with the reason.

    ``rated_w`` is the site's solar rating, the ceiling of a ``pv_w`` forecast; a load does not need it.
    """
    card = read_card(folder)
    if card.quantity != quantity:
        raise ModelUnusable(card.name, f"it forecasts {card.quantity}, not {quantity}")
    session = _open_session(card, _checked_bytes(folder, card))
    _refuse_shapes(card, session)
    _refuse_other_answers(card, session)
    return OnnxForecaster(card, session, place, rated_w)


def _refuse_card(name: str, card: ModelCard) -> None:
    if card.format != CARD_FORMAT:
        raise ModelUnusable(name, f"card.json has format {card.format}, this version reads {CARD_FORMAT}")
    if card.quantity not in _FEATURES:
        raise ModelUnusable(name, f"it forecasts {card.quantity}, not one of {', '.join(_FEATURES)}")
    if not (card.step_s and card.max_horizon_h > 0 and 24 <= card.min_history_h <= LEARNING_HOURS):
        raise ModelUnusable(name, "its card names no step, no horizon, or a history that is not 24 to 168 h")
    if not (_finite(card.self_test.rows) and _finite(card.self_test.answers) and card.self_test.rows):
        raise ModelUnusable(name, "the self-test in card.json is empty or holds a value that is not a number")
    if card.name != name:
        raise ModelUnusable(name, f"card.json is that of {card.name}")
    if tuple(card.quantiles) != LEVELS:
        raise ModelUnusable(name, f"its quantiles are {list(card.quantiles)}, not {list(LEVELS)}")
    if tuple(card.features) != _FEATURES[card.quantity]:
        raise ModelUnusable(name, "its features are not those that this version computes")
    widths = {len(row) for row in card.self_test.rows}, {len(row) for row in card.self_test.answers}
    if widths != ({len(card.features)}, {len(LEVELS)}) or len(card.self_test.rows) != len(card.self_test.answers):
        raise ModelUnusable(name, "the self-test in card.json does not have one answer of every quantile a row")


def _checked_bytes(folder: Path, card: ModelCard) -> bytes:
    """The file's bytes, read once, so that what was checked is what is opened."""
    try:
        with (folder / "model.onnx").open("rb") as file:
            content = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelUnusable(card.name, f"model.onnx cannot be read: {error.strerror}") from error
    if len(content) > MAX_MODEL_BYTES:
        raise ModelUnusable(card.name, f"model.onnx has more than {MAX_MODEL_BYTES} bytes")
    if len(content) != card.size_bytes:
        raise ModelUnusable(card.name, f"model.onnx has {len(content)} bytes, its card says {card.size_bytes}")
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelUnusable(card.name, "the SHA-256 of model.onnx is not the one in its card")
    return content


def _open_session(card: ModelCard, content: bytes) -> Any:
    """One thread, no spinning and no arena: the planner shares the gateway with control and runs for a moment."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read at import
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4  # what goes wrong is raised, not printed
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's exceptions share no narrower parent
        raise ModelUnusable(card.name, f"onnxruntime does not open it: {_first_line(error)}") from error


def _refuse_shapes(card: ModelCard, session: Any) -> None:
    inputs = [(tensor.name, tensor.type, tensor.shape[1:]) for tensor in session.get_inputs()]
    outputs = [(tensor.name, tensor.type, tensor.shape[1:]) for tensor in session.get_outputs()]
    wanted_in = [("features", "tensor(float)", [len(card.features)])]
    wanted_out = [("quantiles", "tensor(float)", [len(LEVELS)])]
    if inputs != wanted_in or outputs != wanted_out:
        raise ModelUnusable(card.name, f"it takes {inputs} and gives {outputs}, not {wanted_in} and {wanted_out}")


def _refuse_other_answers(card: ModelCard, session: Any) -> None:
    rows = np.array(card.self_test.rows, dtype=np.float32)  # null becomes NaN
    wanted = np.array(card.self_test.answers, dtype=np.float64)
    given = _run(card.name, session, rows)
    worst = float(np.max(np.abs(given - wanted) / np.maximum(np.abs(wanted), 1.0)))
    if worst > _TOLERANCE:
        raise ModelUnusable(card.name, f"its self-test is off by {worst:.2g}, more than {_TOLERANCE:g} of the answer")


def _run(name: str, session: Any, rows: Any) -> FloatArray:
    try:
        (answers,) = session.run(["quantiles"], {"features": rows})
    except Exception as error:  # the runtime's exceptions share no narrower parent
        raise ModelUnusable(name, f"it failed while running: {_first_line(error)}") from error
    if answers.shape != (rows.shape[0], len(LEVELS)):
        raise ModelUnusable(name, f"it answered in the shape {answers.shape}, not {(rows.shape[0], len(LEVELS))}")
    if not np.isfinite(answers).all():
        raise ModelUnusable(name, "it answered with a value that is not a number")
    result: FloatArray = answers.astype(np.float64)
    return result


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _finite(table: Sequence[Sequence[float | None]]) -> bool:
    return all(value is None or math.isfinite(value) for row in table for value in row)
