"""A fit noted in MLflow, which is imported only when somebody asks for it."""

import importlib
import os
from pathlib import Path
from typing import Any

from agent.adapters.models.model_card import ModelCard
from agent.domain.printable import first_line

EXPERIMENT = "enalysis-edge models"


class MlflowMissing(Exception):
    """MLflow cannot be used. ``str()`` says why in one sentence."""


def open_mlflow(uri: str) -> Any:
    """The library, set up to log to ``uri``. Raises MlflowMissing."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report its use to its makers
    try:
        mlflow = importlib.import_module("mlflow")
    except ImportError as error:
        raise MlflowMissing(
            "--mlflow: MLflow is not installed; pip install 'enalysis-edge[mlflow]', or leave the option out"
        ) from error
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(EXPERIMENT)
    except Exception as error:  # the library's own and those of whatever carries the URI share no narrower parent
        raise MlflowMissing(f"--mlflow: {uri} cannot be used: {first_line(error)}") from error
    return mlflow


def log_fit(mlflow: Any, card: ModelCard, folder: Path) -> None:
    """One run: what went in, every score, and the files of the model. Raises MlflowMissing; the model is kept."""
    try:
        _log(mlflow, card, folder)
    except Exception as error:  # as above
        said = f"--mlflow: {card.name} {card.version} could not be noted: {first_line(error)}"
        raise MlflowMissing(f"{said}; the model is in {folder}") from error


def _log(mlflow: Any, card: ModelCard, folder: Path) -> None:
    with mlflow.start_run(run_name=f"{card.name} {card.version}"):
        mlflow.log_params(
            {
                "quantity": card.quantity,
                "seed": card.seed,
                "data_sha256": card.data_sha256,
                "model_sha256": card.sha256,
                "features": len(card.features),
                "sites": len(card.trained_on),
            }
        )
        for score in card.metrics:
            of = f"{score.site}.{score.step_s}s.{score.forecaster}".replace(",", "").replace(" ", "_")
            named = {"wape": score.wape, "mape": score.mape, "r2": score.r2, "cover_90": score.cover_90}
            named["pinball"] = score.pinball
            mlflow.log_metrics({f"{of}.{name}": value for name, value in named.items() if value is not None})
        mlflow.log_artifacts(str(folder), artifact_path=card.name)
