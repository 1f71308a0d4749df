"""Shipped models answer; broken ones are refused, each with one sentence."""

import json
import shutil
import struct
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.adapters.models.model_card import read_card
from agent.adapters.models.onnx_models import MAX_MODEL_BYTES, OnnxForecaster, open_model
from agent.domain.horizon import Horizon
from agent.forecasting.features.load_features import LOAD_FEATURES
from agent.forecasting.forecaster import LEVELS, MEDIAN, ModelUnusable
from agent.forecasting.make_forecast import forecast_site
from tests.adapters.models.model_folders import SHIPPED, change_card, replace_model
from tests.forecasting.sites import (
    CAMBRIDGE,
    NOW,
    RATED_W,
    SAN_DIEGO,
    TROMSO,
    empty_site,
    regular_site,
    with_values_from,
    working_load,
)
from tests.forecasting.tiny_onnx import identity_model

MODELS = {"consumption": "load_w", "solar": "pv_w"}


def shipped(name: str, place: Any = CAMBRIDGE) -> OnnxForecaster:
    return open_model(SHIPPED / name, MODELS[name], place, RATED_W)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the consumption model that may be broken."""
    return Path(shutil.copytree(SHIPPED / "consumption", tmp_path / "consumption"))


def with_leaves(folder: Path, value: float) -> None:
    """The shipped trees with the same value in every leaf, each a tagged float in the file."""
    content = bytearray((folder / "model.onnx").read_bytes())
    at = content.index(b"target_weights") + len(b"target_weights")
    while content[at] == 0x3D:  # field 7, 32 bits
        content[at + 1 : at + 5] = struct.pack("<f", value)
        at += 5
    replace_model(folder, bytes(content))


@pytest.mark.parametrize("name", MODELS)
def test_shipped_models_are_small_and_reproduce_what_lightgbm_said(name: str) -> None:
    model = shipped(name)
    assert model.card.size_bytes < 1_500_000
    assert model.name == f"{name} {model.card.version}"
    assert any(value is None for row in model.card.self_test.rows for value in row)


@pytest.mark.parametrize("name", MODELS)
def test_cards_report_sites_that_were_not_learnt_from_beside_persistence(name: str) -> None:
    metrics = read_card(SHIPPED / name).metrics
    assert not any(score.seen_in_training for score in metrics)
    ours = {(score.site, score.step_s): score for score in metrics if score.forecaster != "persistence"}
    theirs = {(score.site, score.step_s): score for score in metrics if score.forecaster == "persistence"}
    assert ours.keys() == theirs.keys()
    assert {site for site, _ in ours} >= {"ucam_b41", "fontana_h09", "ucsd_social", "ucsd_music", "ucsd_tradestreet"}
    assert np.mean([ours[key].pinball / theirs[key].pinball for key in ours]) < 1.0


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("place", [CAMBRIDGE, SAN_DIEGO, TROMSO])
@pytest.mark.parametrize("step_s", [900, 3600])
def test_answers_are_possible(name: str, place: Any, step_s: int) -> None:
    origins = [NOW, NOW - timedelta(days=3)]
    quantiles = shipped(name, place).predict(regular_site(place), origins, step_s, 48 * 3600 // step_s)
    assert quantiles.shape == (2, len(LEVELS), 48 * 3600 // step_s)
    assert np.isfinite(quantiles).all()
    assert (quantiles >= 0).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    if name == "solar":
        assert (quantiles <= RATED_W).all()


def test_the_consumption_model_knows_the_habits_of_a_site() -> None:
    quantiles = shipped("consumption").predict(regular_site(CAMBRIDGE), [NOW], 900, 192)[0]
    wanted = np.array([working_load(NOW + timedelta(minutes=15 * step), CAMBRIDGE) for step in range(192)])
    assert np.abs(quantiles[MEDIAN] - wanted).mean() / wanted.mean() < 0.05


def test_absurd_readings_do_not_stop_a_model() -> None:
    site = regular_site(CAMBRIDGE)
    for value in (-1e9, 1e300, float("nan"), float("inf"), 0.0):
        broken = with_values_from(site, site.horizon.steps - 96, value, value)
        for name in MODELS:
            assert np.isfinite(shipped(name).predict(broken, [NOW], 900, 192)).all()


@pytest.mark.parametrize("name", MODELS)
def test_too_little_history_is_said(name: str) -> None:
    hours_before = NOW - timedelta(hours=12)
    for history, origin, hours in ((empty_site(), NOW, "0"), (regular_site(CAMBRIDGE, days=1), hours_before, "12")):
        with pytest.raises(ModelUnusable, match=f"needs 24 h measured .* there are {hours} h"):
            shipped(name).predict(history, [origin], 900, 192)


def test_persistence_is_not_needed_where_models_answer() -> None:
    models = [shipped("consumption")], [shipped("solar")]
    made = forecast_site(*models, regular_site(CAMBRIDGE), Horizon(NOW, 900, 192), NOW)
    assert (made.load.source, made.pv.source) == (models[0][0].name, models[1][0].name)
    assert made.load_errors is not None
    assert made.pv_errors is not None
    assert made.load_errors.shape == made.pv_errors.shape == (28, 192)


def test_a_horizon_that_the_model_was_not_made_for_is_refused() -> None:
    model = shipped("consumption")
    with pytest.raises(ModelUnusable, match=r"steps of \[900, 3600\] s, not of 300 s"):
        model.predict(regular_site(CAMBRIDGE), [NOW], 300, 12)
    with pytest.raises(ModelUnusable, match="reaches 168 h ahead, 169 h are asked for"):
        model.predict(regular_site(CAMBRIDGE), [NOW], 3600, 169)


def truncated(folder: Path) -> None:
    (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1000])


def truncated_with_its_hash(folder: Path) -> None:
    replace_model(folder, (folder / "model.onnx").read_bytes()[:-1000])


def one_bit_flipped(folder: Path) -> None:
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(bytes(content))


def too_large(folder: Path) -> None:
    with (folder / "model.onnx").open("r+b") as file:
        file.truncate(MAX_MODEL_BYTES + 1)


def self_test_of_four(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    change_card(folder, self_test=card["self_test"] | {"answers": [row[:4] for row in card["self_test"]["answers"]]})


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "no model": (lambda folder: (folder / "model.onnx").unlink(), "model.onnx cannot be read: No such file"),
    "no card": (lambda folder: (folder / "card.json").unlink(), "card.json cannot be read: No such file"),
    "empty card": (lambda folder: (folder / "card.json").write_text(""), "card.json is wrong: ModelCard: not JSON"),
    "endless card": (lambda folder: (folder / "card.json").write_text(" " * 1_000_001), "more than 1000000 bytes"),
    "unknown key": (
        lambda folder: change_card(folder, colour="red"),
        "card.json is wrong: ModelCard: unknown field colour",
    ),
    "text for a number": (
        lambda folder: change_card(folder, size_bytes="1"),
        "card.json is wrong: ModelCard.size_bytes: int was expected",
    ),
    "other name": (lambda folder: change_card(folder, name="solar"), "card.json is that of solar"),
    "other levels": (lambda folder: change_card(folder, quantiles=[0.5]), "its quantiles are"),
    "other features": (
        lambda folder: change_card(folder, features=["moon"]),
        "its features are not among those .*'moon'",
    ),
    "no features": (lambda folder: change_card(folder, features=[]), "its features are not among those"),
    "fewer features": (lambda folder: change_card(folder, features=["lead_h"]), "does not have one answer of every"),
    "other quantity": (lambda folder: change_card(folder, quantity="pv_w"), "its features are not among those"),
    "short self-test": (self_test_of_four, "does not have one answer of every quantile"),
    "truncated": (truncated, "bytes, its card says"),
    "one bit": (one_bit_flipped, "SHA-256"),
    "too large": (too_large, "more than 20000000 bytes"),
    "truncated with its hash": (truncated_with_its_hash, "model.onnx is refused: "),
    "not a model": (lambda folder: replace_model(folder, b"hello" * 99), "model.onnx is refused: "),
    "empty file": (lambda folder: replace_model(folder, b"\0"), "model.onnx is refused: "),
    "wrong width": (lambda folder: replace_model(folder, identity_model(19)), r"it takes .* and gives"),
    "wrong rank": (lambda folder: replace_model(folder, identity_model(0, rank_one=True)), r"it takes .* and gives"),
    "NaN": (lambda folder: with_leaves(folder, float("nan")), "a value that is not a number"),
    "infinity": (lambda folder: with_leaves(folder, float("inf")), "a value that is not a number"),
    "other answers": (lambda folder: with_leaves(folder, 0.01), "self-test is off by"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_model_is_refused_with_one_sentence(fault: str, folder: Path) -> None:
    break_it, sentence = BROKEN[fault]
    break_it(folder)
    with pytest.raises(ModelUnusable, match=sentence) as refusal:
        open_model(folder, "load_w", CAMBRIDGE)
    assert str(refusal.value).startswith("model consumption is not usable: ")
    assert "\n" not in str(refusal.value)


def test_a_model_is_asked_with_the_features_that_it_names(folder: Path) -> None:
    """One of an earlier release knew fewer, and may still be the site's best."""
    history = regular_site(CAMBRIDGE, days=30)
    asked = history, [NOW], 3600, 48
    every = open_model(folder, "load_w", CAMBRIDGE).rows(*asked)
    change_card(folder, features=list(reversed(LOAD_FEATURES)))
    found = open_model(folder, "load_w", CAMBRIDGE).rows(*asked)
    np.testing.assert_array_equal(found.matrix, every.matrix[:, ::-1])
    few = every.only(LOAD_FEATURES, ("moved_1st_day", "lead_h"))
    np.testing.assert_array_equal(few.matrix[:, 1], np.arange(48) + 0.5)


def test_a_model_of_another_quantity_is_refused() -> None:
    with pytest.raises(ModelUnusable, match="it forecasts load_w, not pv_w"):
        open_model(SHIPPED / "consumption", "pv_w", CAMBRIDGE, RATED_W)
