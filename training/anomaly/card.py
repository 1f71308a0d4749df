"""Writes the anomaly detector and its card into a folder of their own."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from agent.adapters.models.onnx_detector import CARD_FORMAT, KIND, DetectorCard, SelfTestRow
from agent.domain.wire import to_json
from agent.forecasting.data_quality.features import FEATURES
from agent.forecasting.forecaster import FloatArray
from training.anomaly.forest import Forests
from training.anomaly.rows import AnomalyRows
from training.sites.measured_site import MeasuredSite

VERSION = "1.0.0"
_ORDINARY_STEP, _ORDINARY_DAY = 0.998, 0.985  # quantiles of ordinary rows above which a score is strange
_SELF_TEST_ROWS = 16
_LIMITS = (
    "The rates are those of exactly this file: injected trouble on sites never learnt from, and on the last 40 % of "
    "the sites learnt from. Real faults come in more shapes.",
    "Learnt from hourly means; steps of 900 s use the same forests. They look at the load only.",
    "The forests rank strangeness: what is left out of a history also matches a signature of a broken meter.",
    "A meter that counts a constant factor too much, within what the connection carries, looks like a larger load and "
    "stays in.",
)


def detector_card(
    name: str, content: bytes, forests: Forests, rows: AnomalyRows, sites: Sequence[MeasuredSite], seed: int
) -> DetectorCard:
    """The card of a detector that has not been measured yet."""
    return DetectorCard(
        format=CARD_FORMAT,
        kind=KIND,
        name=name,
        version=VERSION,
        features=FEATURES,
        strange_above=_strange_above(forests, rows),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        seed=seed,
        trained_on=tuple(f"{site.name}: {site.source}" for site in sites),
        trained_at=datetime.now(UTC).date().isoformat(),
        detection=(),
        false_alarms=(),
        limits=_LIMITS,
        self_test=_self_test(forests, rows),
    )


def write_detector(folder: Path, content: bytes, card: DetectorCard) -> None:
    """Write ``model.onnx`` and ``card.json`` to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.json").write_text(json.dumps(json.loads(to_json(card)), indent=1) + "\n")


def _strange_above(forests: Forests, rows: AnomalyRows) -> tuple[float, float]:
    step = np.quantile(forests.scores(rows.ordinary_steps)[:, 0], _ORDINARY_STEP)
    day = np.quantile(forests.scores(rows.ordinary_days)[:, 1], _ORDINARY_DAY)
    return float(step), float(day)


def _self_test(forests: Forests, rows: AnomalyRows) -> tuple[SelfTestRow, ...]:
    """Steps and days spread over the rows, and scikit-learn's own scores."""
    half = _SELF_TEST_ROWS // 2
    chosen = np.concatenate([_spread(rows.steps, half), _spread(rows.days, half)]).astype(np.float32)
    scores = forests.scores(chosen.astype(np.float64))
    return tuple(
        SelfTestRow(tuple(row), tuple(score)) for row, score in zip(chosen.tolist(), scores.tolist(), strict=True)
    )


def _spread(rows: FloatArray, many: int) -> FloatArray:
    return rows[np.linspace(0, len(rows) - 1, many).astype(np.int64)]
