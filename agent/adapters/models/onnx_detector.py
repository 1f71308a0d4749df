"""The anomaly detector: an isolation forest run by onnxruntime, behind the same gate as the forecasting models."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.adapters.models.model_file import ModelFiles, read_files, refuse_unsafe, tensors_other
from agent.adapters.models.onnx_session import open_session, run
from agent.adapters.models.sha256 import sha256_hex
from agent.domain.sentences import model_faults as say
from agent.domain.wire import WireError, from_json
from agent.forecasting.data_quality.features import FEATURES
from agent.forecasting.forecaster import FloatArray, ModelUnusable

CARD_FORMAT = 1
KIND = "detector"
OUTPUT = "depths"
SCORES = 2  # of the step and of the day
_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class FaultRate:
    """How often the detector and the signatures together found one kind of injected trouble on sites never seen.

    ``noticed`` is the share of events of which at least half was left out (or, of an unusual day, that was named);
    ``left_out`` the share of its steps that were left out, which is wrong for what is unusual.
    """

    trouble: str
    data_fault: bool
    events: int
    noticed: float
    left_out: float


@dataclass(frozen=True, slots=True)
class CleanRate:
    """A site without injected trouble: the share of its days that lost a step as a fault, or were named unusual."""

    site: str
    seen_in_training: bool
    days: int
    load_days_lost: float
    solar_days_lost: float
    days_unusual: float


@dataclass(frozen=True, slots=True)
class SelfTestRow:
    """A recorded row and the scores of the trainer's own library for it."""

    row: tuple[float, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """What the detector is and how well it does. ``card.json`` beside ``model.onnx``.

    ``strange_above`` are the scores of a step and of a day, 0 to 1, above which it is strange.
    """

    format: int
    kind: str
    name: str
    version: str
    features: tuple[str, ...]
    strange_above: tuple[float, float]
    sha256: str
    size_bytes: int
    seed: int
    trained_on: tuple[str, ...]
    trained_at: str
    detection: tuple[FaultRate, ...]
    false_alarms: tuple[CleanRate, ...]
    limits: tuple[str, ...]
    self_test: tuple[SelfTestRow, ...]


class OnnxDetector:
    """A checked isolation forest. Made by ``open_detector``."""

    def __init__(self, card: DetectorCard, session: Any) -> None:
        self.card = card
        self.strange_above = card.strange_above
        self._session = session

    def scores(self, rows: FloatArray) -> FloatArray:
        """As Detector.scores. Raises ModelUnusable."""
        if not len(rows):
            return np.zeros((0, SCORES))
        depths = run(self.card.name, self._session, rows.astype(np.float32), OUTPUT, SCORES)
        with np.errstate(over="ignore"):
            scores: FloatArray = np.exp2(-depths)
        return scores


def open_detector(folder: Path) -> OnnxDetector:
    """The checked detector of ``folder``. Raises ModelUnusable with the reason in one sentence."""
    files = read_files(folder)
    card = _read_card(files)
    _refuse_card(files.name, card)
    _refuse_file(files, card)
    detector = OnnxDetector(card, open_session(card.name, files.model))
    _refuse_other_scores(detector)
    return detector


def _read_card(files: ModelFiles) -> DetectorCard:
    try:
        return from_json(DetectorCard, files.card)
    except WireError as error:
        raise ModelUnusable(files.name, say.card_wrong(cause=str(error))) from error


def _refuse_card(name: str, card: DetectorCard) -> None:
    if (card.format, card.kind) != (CARD_FORMAT, KIND):
        found = say.card_kind_other(found=card.kind, number=card.format, wanted=KIND, newest=CARD_FORMAT)
        raise ModelUnusable(name, found)
    if card.name != name:
        raise ModelUnusable(name, say.card_of_another(other=card.name))
    if card.features != FEATURES:
        raise ModelUnusable(name, say.features_other())
    if not all(0.0 < limit < 1.0 for limit in card.strange_above):
        raise ModelUnusable(name, say.strange_above_other(found=str(list(card.strange_above))))
    widths = {(len(recorded.row), len(recorded.scores)) for recorded in card.self_test}
    if widths != {(len(FEATURES), SCORES)}:
        raise ModelUnusable(name, say.self_test_without_scores())
    if not all(math.isfinite(value) for recorded in card.self_test for value in (*recorded.row, *recorded.scores)):
        raise ModelUnusable(name, say.self_test_no_numbers())


def _refuse_file(files: ModelFiles, card: DetectorCard) -> None:
    if len(files.model) != card.size_bytes:
        raise ModelUnusable(card.name, say.model_size_other(counted=len(files.model), wanted=str(card.size_bytes)))
    if sha256_hex(files.model) != card.sha256:
        raise ModelUnusable(card.name, say.model_hash_other())
    surface = refuse_unsafe(card.name, files.model)
    inputs, outputs = list(surface.inputs), list(surface.outputs)
    wanted_in = [("features", "tensor(float)", [len(FEATURES)])]
    wanted_out = [(OUTPUT, "tensor(float)", [SCORES])]
    if (inputs, outputs) != (wanted_in, wanted_out):
        raise ModelUnusable(card.name, tensors_other(inputs, outputs, wanted_in, wanted_out))


def _refuse_other_scores(detector: OnnxDetector) -> None:
    rows = np.array([recorded.row for recorded in detector.card.self_test])
    wanted = np.array([recorded.scores for recorded in detector.card.self_test])
    worst = float(np.max(np.abs(detector.scores(rows) - wanted)))
    if worst > _TOLERANCE:
        raise ModelUnusable(
            detector.card.name, say.self_test_scores_off(found=f"{worst:.2g}", wanted=f"{_TOLERANCE:g}")
        )
