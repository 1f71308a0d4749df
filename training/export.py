"""Writes a model and its card into a folder of their own."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import lightgbm
import numpy as np
from numpy.typing import NDArray

from agent.domain.wire import to_json
from agent.edges.model_card import ModelCard, SelfTest, SiteScore
from agent.forecasting.forecaster import LEVELS
from agent.forecasting.load_features import LOAD_FEATURES
from agent.forecasting.solar_features import SOLAR_FEATURES
from training.measures import HORIZON_H
from training.rows import TrainingRows
from training.sites import MeasuredSite
from training.trees import predict_quantiles, to_onnx

VERSION = "1.0.0"
FOLDERS = {"load_w": "consumption", "pv_w": "solar"}
FEATURES = {"load_w": LOAD_FEATURES, "pv_w": SOLAR_FEATURES}
_SELF_TEST_ROWS = 12
_MIN_HISTORY_H = 72
_HOW_SCORED = (
    "The metrics are those of the same trees fitted without ucam_b41 and fontana_h09 and without the last 40 % of "
    "every other site; the UCSD sites are never trained on. The shipped fit learnt from every site in trained_on."
)
_LIMITS = {
    "load_w": [
        "Trained on hourly means of five university buildings in England and seven homes in California; steps of 900 s "
        "use the same trees with features of the quarter hour, and were never trained on.",
        "Knows no weather: electric heating and cooling follow only through the last days.",
        "Knows public holidays only where the site file lists them.",
    ],
    "pv_w": [
        "Trained on hourly means of two skies, eastern England (power computed from measured irradiance) and southern "
        "California (measured); steps of 900 s use the same trees and were never trained on.",
        "Knows no weather forecast: it carries the clearness of the last hours and days forward.",
        "Snow and new shade are learnt from the last four weeks only.",
    ],
}


def write_model(
    folder: Path,
    quantity: str,
    boosters: list[lightgbm.Booster],
    rows: TrainingRows,
    sites: list[MeasuredSite],
    metrics: list[SiteScore],
) -> ModelCard:
    """Write ``model.onnx`` and ``card.json`` to ``folder``, whose name is the model's. Returns the card."""
    content = to_onnx(boosters, len(FEATURES[quantity]))
    card = ModelCard(
        format=1,
        name=folder.name,
        version=VERSION,
        quantity=quantity,
        step_s=(900, 3600),
        max_horizon_h=HORIZON_H,
        min_history_h=_MIN_HISTORY_H,
        features=tuple(FEATURES[quantity]),
        quantiles=LEVELS,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        trained_on=tuple(f"{site.name}: {site.source}" for site in sites),
        trained_at=datetime.now(UTC).date().isoformat(),
        metrics=tuple(metrics),
        limits=(_HOW_SCORED, *_LIMITS[quantity]),
        self_test=_self_test(boosters, rows.matrix),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.json").write_text(json.dumps(json.loads(to_json(card)), indent=1) + "\n")
    return card


def _self_test(boosters: list[lightgbm.Booster], matrix: NDArray[np.float32]) -> SelfTest:
    """Rows spread over the training rows, the last one wholly missing, and LightGBM's own answers."""
    chosen = matrix[np.linspace(0, len(matrix) - 1, _SELF_TEST_ROWS - 1).astype(np.int64)]
    chosen = np.concatenate([chosen, np.full((1, matrix.shape[1]), np.nan, dtype=np.float32)])
    rows = tuple(tuple(float(value) if np.isfinite(value) else None for value in row) for row in chosen)
    answers = tuple(tuple(float(value) for value in row) for row in predict_quantiles(boosters, chosen))
    return SelfTest(rows=rows, answers=answers)
