"""Writes a model and its card into a folder of their own."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np

from agent.adapters.models.model_card import FEATURES, ModelCard, SelfTest, SiteScore
from agent.domain.wire import to_json
from agent.forecasting.forecaster import LEVELS
from training.fit.rows import LONGEST_H, STEP_S, TrainingRows
from training.fit.trees import predict_quantiles, to_onnx
from training.sites.measured_site import MeasuredSite

VERSION = "1.2.0"
MAPE_TARGET, R2_TARGET, COVER_TARGET = 0.10, 0.85, 0.90
_SELF_TEST_ROWS = 12
_MIN_HISTORY_H = 24
_LIMITS = {
    "load_w": (
        "Trained on hourly means of university buildings in England and homes in California; steps of 900 s use the "
        "same trees with features of the quarter hour, and were never trained on.",
        "Of the weather it knows the temperature, and what that meant for the site in the last four weeks: the first "
        "cold day of a heating season is a surprise.",
        "Knows public holidays only where the site file lists them.",
    ),
    "pv_w": (
        "Trained on hourly means of two skies, eastern England (power computed from measured irradiance) and southern "
        "California (measured); steps of 900 s use the same trees and were never trained on.",
        "Without a weather feed it carries the clearness of the last hours and days forward.",
        "Snow and new shade are learnt from the last four weeks only.",
    ),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a model was made from; ``aside`` are the sites left out of the fit that is scored."""

    sites: Sequence[MeasuredSite]
    aside: Collection[str]
    data_sha256: str
    seed: int
    version: str = VERSION


def write_model(
    folder: Path,
    quantity: str,
    boosters: list[lightgbm.Booster],
    rows: TrainingRows,
    origin: Origin,
    metrics: Sequence[SiteScore],
) -> ModelCard:
    """Write ``model.onnx`` and ``card.json`` to ``folder``, whose name is the model's. Returns the card."""
    content = to_onnx(boosters, len(FEATURES[quantity]))
    card = ModelCard(
        format=1,
        name=folder.name,
        version=origin.version,
        quantity=quantity,
        step_s=(900, STEP_S),
        max_horizon_h=LONGEST_H,
        min_history_h=_MIN_HISTORY_H,
        features=tuple(FEATURES[quantity]),
        quantiles=LEVELS,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        trained_on=tuple(f"{site.name}: {site.source}" for site in origin.sites),
        trained_at=max(site.history.end for site in origin.sites).date().isoformat(),
        metrics=tuple(metrics),
        limits=(_how_scored(origin.aside), *_LIMITS[quantity]),
        self_test=_self_test(boosters, rows),
        seed=origin.seed,
        data_sha256=origin.data_sha256,
        targets=tuple(_beside_targets(score) for score in metrics if score.forecaster != "persistence"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "card.json").write_text(json.dumps(json.loads(to_json(card)), indent=1) + "\n")
    return card


def _how_scored(aside: Collection[str]) -> str:
    left_out = " and ".join(sorted(aside)) or "no site"
    return (
        f"The metrics are those of the same trees fitted without {left_out} and without the last 40 % of every other "
        "site; sites whose licence does not allow it are never trained on. The shipped fit learnt from every site in "
        "trained_on."
    )


def _beside_targets(score: SiteScore) -> str:
    """One sentence."""
    mape = "undefined" if score.mape is None else f"{score.mape:.1%}"
    r2 = "undefined" if score.r2 is None else f"{score.r2:.2f}"
    met = (
        score.mape is not None and score.mape < MAPE_TARGET,
        score.r2 is not None and score.r2 > R2_TARGET,
        score.cover_90 > COVER_TARGET,
    )
    said = ("met" if each else "not met" for each in met)
    return (
        f"{score.site} ({score.forecaster}, {score.step_s} s): MAPE {mape}, below {MAPE_TARGET:.0%} {next(said)}; "
        f"R2 {r2}, above {R2_TARGET} {next(said)}; coverage {score.cover_90:.1%}, above {COVER_TARGET:.0%} {next(said)}"
    )


def spread(rows: TrainingRows) -> tuple[TrainingRows, int]:
    """As many rows as a self-test takes, spread over all, and how many there are: all that a card needs of them."""
    chosen = np.linspace(0, len(rows.matrix) - 1, _SELF_TEST_ROWS - 1).astype(np.int64)
    return TrainingRows(rows.matrix[chosen], rows.answer[chosen], rows.weight[chosen]), len(rows.answer)


def _self_test(boosters: list[lightgbm.Booster], rows: TrainingRows) -> SelfTest:
    """Rows spread over the training rows, the last one wholly missing, and LightGBM's own answers."""
    chosen = spread(rows)[0].matrix
    chosen = np.concatenate([chosen, np.full((1, chosen.shape[1]), np.nan, dtype=np.float32)])
    asked = tuple(tuple(float(value) if np.isfinite(value) else None for value in row) for row in chosen)
    answers = tuple(tuple(float(value) for value in row) for row in predict_quantiles(boosters, chosen))
    return SelfTest(rows=asked, answers=answers)
