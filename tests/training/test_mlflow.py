"""A fit that is noted on a real MLflow server: its own process, SQLite behind it, files through it."""

import hashlib
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agent.adapters.models.model_card import ModelCard, read_card
from tests.training.site_folder import DESCRIBED, table_of, workshop, write_folder
from training.__main__ import main
from training.fit import fit
from training.fit.mlflow_log import EXPERIMENT, MlflowMissing, log_fit, open_mlflow
from training.fit.trees import Growth

mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: `make test-training` brings it")
pytest.importorskip("flask", reason="MLflow's server is not installed: `make test-training` brings it")

SMALL = Growth(trees=(2, 2, 2, 2, 2), leaves=4, learning_rate=0.2, fewest_rows=20)
QUIET = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
FOLDERS = ("consumption", "solar")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = ("--backend-store-uri", f"sqlite:///{place}/runs.db", "--artifacts-destination", str(place / "files"))
    asked = [sys.executable, "-m", "mlflow", "server", *store, "--host", "127.0.0.1", "--port", str(port)]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [*asked, "--workers", "1"], cwd=place, env=QUIET, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield answering(f"http://127.0.0.1:{port}", process, place / "log")
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the server and its workers
        process.wait(30)


def answering(address: str, process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{address}/health", timeout=2).status_code == 200:
                return address
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def logged(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of a fit that was noted there."""
    names = ("ucam_b1", "ucam_b2")
    tables = {name: table_of(workshop(24, seed)) for seed, name in enumerate(names)}
    data = write_folder(tmp_path_factory.mktemp("data"), dict.fromkeys(names, DESCRIBED), tables)
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "_GROWTH", {"load_w": SMALL, "pv_w": SMALL})
        patch.setattr(sys, "argv", ["training", "fit", "--data", str(data), "--out", str(out), "--mlflow", server])
        assert main() == 0
    return out


@pytest.fixture
def runs(server: str, logged: Path) -> dict[str, object]:
    """The runs that the server has, by quantity."""
    client = mlflow.MlflowClient(server)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return {run.data.params["quantity"]: run for run in client.search_runs([experiment.experiment_id])}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_server_has_the_parameters_of_the_card(name: str, logged: Path, runs: dict[str, object]) -> None:
    card = read_card(logged / name)
    assert len(runs) == len(FOLDERS)
    run = runs[card.quantity]
    assert run.info.status == "FINISHED"
    assert run.info.run_name == f"{card.name} {card.version}"
    assert run.data.params == {
        "quantity": card.quantity,
        "seed": "1",
        "data_sha256": card.data_sha256,
        "model_sha256": card.sha256,
        "features": str(len(card.features)),
        "sites": "2",
    }


@pytest.mark.parametrize("name", FOLDERS)
def test_the_server_has_every_figure_of_the_card(name: str, logged: Path, runs: dict[str, object]) -> None:
    card = read_card(logged / name)
    figures = runs[card.quantity].data.metrics
    measures = ("wape", "mape", "r2", "cover_90", "pinball")
    there = [getattr(score, measure) for score in card.metrics for measure in measures]
    assert sorted(figures.values()) == pytest.approx(sorted(value for value in there if value is not None))
    score = next(score for score in card.metrics if score.forecaster == f"{card.name} {card.version}")
    key = f"{score.site}.3600s.{card.name}_{card.version}.pinball"
    assert math.isclose(figures[key], score.pinball)


@pytest.mark.parametrize("name", FOLDERS)
def test_the_server_gives_the_files_back(
    name: str, server: str, logged: Path, runs: dict[str, object], tmp_path: Path
) -> None:
    card = read_card(logged / name)
    mlflow.set_tracking_uri(server)
    got = Path(mlflow.artifacts.download_artifacts(run_id=runs[card.quantity].info.run_id, dst_path=str(tmp_path)))
    for file in ("model.onnx", "card.json"):
        wanted = hashlib.sha256((logged / name / file).read_bytes()).hexdigest()
        assert hashlib.sha256((got / name / file).read_bytes()).hexdigest() == wanted


def test_a_server_that_is_not_there_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(MlflowMissing, match=r"^--mlflow: http://127.0.0.1:9 cannot be used: .*"):
        open_mlflow("http://127.0.0.1:9")


def test_a_server_that_goes_away_is_said(server: str, logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card: ModelCard = read_card(logged / "solar")
    opened = open_mlflow(server)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    opened.set_tracking_uri("http://127.0.0.1:9")
    with pytest.raises(MlflowMissing, match=r"^--mlflow: solar .* could not be noted: "):
        log_fit(opened, card, logged / "solar")
