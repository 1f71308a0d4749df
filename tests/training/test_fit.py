"""The exported models: the same from the same seed, honest about what they were scored on, and true to the trainer."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from agent.adapters.models.model_card import ModelCard, SiteScore, read_card
from agent.adapters.models.onnx_models import open_model
from agent.adapters.models.onnx_session import open_session, run
from agent.forecasting.forecaster import LEVELS
from site_data.unreadable import SitesUnreadable
from tests.forecasting.sites import CAMBRIDGE, RATED_W, regular_site
from tests.training.site_folder import DESCRIBED, START, write_folder, write_workshops
from training.__main__ import main
from training.fit import fit
from training.fit.command import data_sha256
from training.fit.export import Origin, write_model
from training.fit.fit import FitData, fit_and_export, held_out
from training.fit.mlflow_log import MlflowMissing, open_mlflow
from training.fit.rows import TrainingRows, joined, site_rows, skies_near, taught_sites
from training.fit.trees import Growth, fit_level, predict_quantiles, to_onnx
from training.sites.measured_site import MeasuredSite, read_sites

SMALL = Growth(trees=(3, 3, 4, 3, 3), leaves=5, learning_rate=0.2, fewest_rows=20)
DAYS = 24
SITES = ("ucam_b1", "ucam_b2", "ucsd_x")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workshops(tmp_path_factory.mktemp("data"), SITES, DESCRIBED, DAYS)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "_GROWTH", {"load_w": SMALL, "pv_w": SMALL})


def fitted(folder: Path, out: Path, quantity: str, seed: int = 1) -> ModelCard:
    data = FitData(read_sites(folder, "measured"), read_sites(folder, "model"), data_sha256(folder, SITES))
    return fit_and_export(data, quantity, out, seed, lambda _: None, threads=1)


def rows_of(sites: Sequence[MeasuredSite], quantity: str, seed: int = 1) -> TrainingRows:
    taught = taught_sites(sites, quantity, seed)
    rows = (site_rows(quantity, 1.0, seed, site, *skies_near(site, sites, quantity)) for site in taught)
    return joined(quantity, *rows)


def boosters_of(rows: TrainingRows, growth: Growth) -> list[lightgbm.Booster]:
    return [fit_level(rows, column, 1, growth, threads=1) for column in range(len(LEVELS))]


@pytest.mark.parametrize("quantity", ["load_w", "pv_w"])
def test_a_fit_is_the_same_from_the_same_seed(quantity: str, folder: Path, tmp_path: Path) -> None:
    first, again = (
        [(made / file).read_bytes() for file in ("model.onnx", "card.json")]
        for made in (tmp_path / out / fitted(folder, tmp_path / out, quantity).name for out in "ab")
    )
    assert first == again


def test_another_seed_gives_another_fit(folder: Path) -> None:
    sites = read_sites(folder, "measured")[:1]
    one, other = (rows_of(sites, "pv_w", seed).matrix for seed in (1, 2))
    assert one.shape != other.shape or not np.array_equal(one, other, equal_nan=True)


def test_the_card_says_what_was_learnt_from_and_what_was_scored(folder: Path, tmp_path: Path) -> None:
    card = fitted(folder, tmp_path, "load_w")
    assert read_card(tmp_path / "consumption") == card
    assert [line.split(":")[0] for line in card.trained_on] == ["ucam_b1", "ucam_b2"]
    assert {score.site for score in card.metrics} == {"ucam_b2", "ucsd_x"}
    assert not any(score.seen_in_training for score in card.metrics)
    assert {score.forecaster for score in card.metrics} == {
        "persistence",
        "consumption 1.2.0",
        "persistence, no weather",
        "consumption 1.2.0, no weather",
    }
    assert "fitted without ucam_b2 and without the last 40 %" in card.limits[0]
    assert card.trained_at == (START + timedelta(days=DAYS)).date().isoformat()
    assert card.data_sha256 == data_sha256(folder, SITES)
    assert all("below 10%" in line and ("met" in line) for line in card.targets)
    open_model(tmp_path / "consumption", "load_w", CAMBRIDGE)


def test_the_targets_are_named_beside_what_was_reached() -> None:
    from training.fit.export import _beside_targets

    score = SiteScore("mill", "consumption 1.2.0", 3600, False, 99, 0.08, 0.09, 0.8, 0.93, 0.02)
    said = _beside_targets(score)
    assert "MAPE 9.0%, below 10% met" in said
    assert "R2 0.80, above 0.85 not met" in said
    assert "coverage 93.0%, above 90% met" in said


def test_a_site_is_trained_on_or_scored(folder: Path) -> None:
    sites = read_sites(folder)
    assert held_out(sites) == {"ucam_b2"}
    assert held_out([replace(sites[0], source="one")]) == frozenset()


def test_a_folder_that_nothing_may_be_learnt_from_is_said(folder: Path, tmp_path: Path) -> None:
    sites = [site for site in read_sites(folder) if site.source is None]
    with pytest.raises(SitesUnreadable, match="no site of the folder may be learnt from"):
        fit_and_export(FitData(sites, sites, ""), "load_w", tmp_path, 1, lambda _: None)
    dark = [replace(site, rated_w=0.0, history=replace(site.history, pv_w=(None,) * DAYS * 24)) for site in sites]
    with pytest.raises(ValueError, match="no site has any pv_w"):
        rows_of(dark, "pv_w")


def test_changing_one_byte_of_the_data_changes_its_hash(folder: Path, tmp_path: Path) -> None:
    other = write_folder(tmp_path, dict.fromkeys(SITES, DESCRIBED | {"pv_kwp": 11.0}), {})
    for name in SITES:
        (other / "sites" / f"{name}.csv.gz").write_bytes((folder / "sites" / f"{name}.csv.gz").read_bytes())
    assert data_sha256(other, SITES) != data_sha256(folder, SITES)
    with pytest.raises(SitesUnreadable, match="cannot be read"):
        data_sha256(folder, ["nowhere"])


@pytest.mark.parametrize("quantity", ["load_w", "pv_w"])
def test_the_exported_trees_answer_as_lightgbm_does(quantity: str) -> None:
    site = MeasuredSite("ucam_b9", CAMBRIDGE, RATED_W, regular_site(CAMBRIDGE, days=50, step_s=3600), "measured here")
    rows = rows_of([site], quantity)
    boosters = boosters_of(rows, replace(SMALL, trees=(40,) * 5, leaves=15))
    asked = np.concatenate([rows.matrix[:4000], np.full((1, rows.matrix.shape[1]), np.nan, dtype=np.float32)])
    wanted = predict_quantiles(boosters, asked)
    session = open_session("parity", to_onnx(boosters, asked.shape[1]))
    given = run("parity", session, asked, "quantiles", len(LEVELS))
    assert np.isnan(asked[:-1]).any()
    np.testing.assert_allclose(given, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_a_model_that_was_written_reproduces_its_own_answers(tmp_path: Path) -> None:
    site = MeasuredSite("ucam_b9", CAMBRIDGE, RATED_W, regular_site(CAMBRIDGE, days=30, step_s=3600), "measured here")
    rows = site_rows("load_w", 1.0, 1, site)
    card = write_model(
        tmp_path / "consumption", "load_w", boosters_of(rows, SMALL), rows, Origin([site], (), "", 1), []
    )
    assert (card.max_horizon_h, card.min_history_h) == (168, 24)
    model = open_model(tmp_path / "consumption", "load_w", CAMBRIDGE)
    week = model.predict(site.history, [site.history.end], 3600, 168)
    assert week.shape == (1, len(LEVELS), 168)
    assert json.loads((tmp_path / "consumption" / "card.json").read_text())["version"] == card.version


def test_sites_that_are_left_out_are_scored_and_not_learnt_from(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["fit", "--data", str(folder), "--out", str(tmp_path), "--without"]
    monkeypatch.setattr(sys, "argv", ["training", *asked, "ucam_b2"])
    assert main() == 0
    for name in ("consumption", "solar"):
        card = read_card(tmp_path / name)
        assert [line.split(":")[0] for line in card.trained_on] == ["ucam_b1"]
        assert {"ucam_b2", "ucsd_x"} <= {score.site for score in card.metrics}
    monkeypatch.setattr(sys, "argv", ["training", *asked, "ucam_b2,ucam_b9"])
    capsys.readouterr()
    assert main() == 1
    assert capsys.readouterr().err == "there is no site ucam_b9 to leave out\n"


def test_without_mlflow_one_sentence_says_so_before_any_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    asked = ["fit", "--data", str(folder), "--out", str(tmp_path), "--mlflow", "file:nowhere"]
    monkeypatch.setattr(sys, "argv", ["training", *asked])
    assert main() == 1
    said = capsys.readouterr().err.strip()
    assert said == "--mlflow: MLflow is not installed; pip install 'enalysis-edge[mlflow]', or leave the option out"
    assert not any(tmp_path.iterdir())


def test_a_server_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def set_tracking_uri(self, uri: str) -> None:
            raise RuntimeError(f"no scheme in {uri}\nand much more")

    monkeypatch.setitem(sys.modules, "mlflow", Refusing())
    with pytest.raises(MlflowMissing, match=r"^--mlflow: ::: cannot be used: no scheme in :::$"):
        open_mlflow(":::")
