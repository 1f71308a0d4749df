"""The shipped anomaly detector opens, ranks strangeness and names strange days; a broken one is refused."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import exported_models
from agent.adapters.models.onnx_detector import OnnxDetector, open_detector
from agent.domain.history import History
from agent.domain.request import Place
from agent.domain.suspect import DATA_FAULT, UNUSUAL
from agent.forecasting.data_quality.examine import Sound, examine
from agent.forecasting.data_quality.features import FEATURES, column_medians
from agent.forecasting.forecaster import ModelUnusable
from tests.adapters.models.model_folders import change_card, replace_model
from tests.forecasting.sites import NIGHT_W, NOW, RATED_W, SAN_DIEGO, TROMSO, regular_site
from tests.forecasting.tiny_onnx import identity_model

PLAIN = Place(52.2, 0.12, "UTC")  # no summer time, no holidays
SHIPPED = Path(exported_models.__file__).parent / "anomaly"


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return open_detector(SHIPPED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy that may be broken."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "anomaly"))


def with_day(history: History, days_ago: int, load_w: float) -> History:
    """The history with another load around ``load_w`` on one day (UTC)."""
    first = history.horizon.index_of(NOW - timedelta(days=days_ago))
    assert first is not None
    wobble = np.random.default_rng(5).normal(load_w, 0.05 * load_w, 96).tolist()
    return replace(history, load_w=(*history.load_w[:first], *wobble, *history.load_w[first + 96 :]))


def test_the_shipped_detector_is_small_and_its_card_says_how_often_it_is_right(detector: OnnxDetector) -> None:
    card = detector.card
    assert card.size_bytes <= 300_000
    assert {site.site for site in card.false_alarms if not site.seen_in_training} >= {"ucam_b41", "fontana_h09"}
    assert not any(line.startswith("ucsd") for line in card.trained_on)
    assert all(site.load_days_lost < 0.01 for site in card.false_alarms)
    assert all(rate.noticed > 0.9 for rate in card.detection if rate.data_fault)
    assert all(rate.left_out < 0.01 for rate in card.detection if not rate.data_fault)


def test_scores_grow_with_strangeness(detector: OnnxDetector) -> None:
    ordinary, strange = np.zeros((1, len(FEATURES))), np.full((1, len(FEATURES)), 8.0)
    low, high = detector.scores(ordinary)[0], detector.scores(strange)[0]
    assert ((low > 0) & (low < detector.strange_above)).all()
    assert ((high > detector.strange_above) & (high < 1)).all()
    assert detector.scores(ordinary[:0]).shape == (0, 2)


@pytest.mark.parametrize("place", [PLAIN, SAN_DIEGO, TROMSO])
@pytest.mark.parametrize("step_s", [900, 3600])
def test_an_ordinary_site_loses_nothing(detector: OnnxDetector, place: Any, step_s: int) -> None:
    site = regular_site(place, 50, step_s)
    found = examine(site, place, RATED_W, detector, NOW)
    assert found == Sound(site, ())


def test_an_empty_workday_is_named_and_stays_in(detector: OnnxDetector) -> None:
    site = with_day(regular_site(PLAIN, 50), 8, NIGHT_W)
    found = examine(site, PLAIN, RATED_W, detector, NOW)
    assert found.history == site
    (suspect,) = found.suspects
    assert (suspect.kind, suspect.reason) == (UNUSUAL, "the load of this workday is that of a day off")
    assert suspect.start <= NOW - timedelta(days=8, hours=-12) < suspect.end


def test_a_holiday_that_is_worked_through_is_named(detector: OnnxDetector) -> None:
    worked = date(2023, 6, 6)
    found = examine(regular_site(PLAIN, 50), replace(PLAIN, holidays=(worked,)), RATED_W, detector, NOW)
    (suspect,) = found.suspects
    assert suspect.start.date() == worked
    assert suspect.reason == "the load of this day off is that of a workday"


def test_a_heavy_day_is_named_with_its_ratio(detector: OnnxDetector) -> None:
    site = with_day(regular_site(PLAIN, 50), 8, 15_000.0)
    found = examine(site, PLAIN, RATED_W, detector, NOW)
    assert found.history == site
    assert any("times that of a usual day of its kind" in suspect.reason for suspect in found.suspects)


def test_a_day_without_a_meter_is_a_fault_and_not_called_unusual(detector: OnnxDetector) -> None:
    site = with_day(regular_site(PLAIN, 50), 8, 0.0)
    found = examine(site, PLAIN, RATED_W, detector, NOW)
    assert {suspect.kind for suspect in found.suspects} == {DATA_FAULT}


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "no model": (lambda folder: (folder / "model.onnx").unlink(), "lacks one of card.json, model.onnx"),
    "empty card": (lambda folder: (folder / "card.json").write_text(""), "card.json is wrong: DetectorCard: not JSON"),
    "a forecaster's card": (lambda folder: change_card(folder, quantity="load_w"), "unknown field quantity"),
    "other kind": (
        lambda folder: change_card(folder, kind="forecaster"),
        "is a forecaster of format 1, not a detector",
    ),
    "other format": (lambda folder: change_card(folder, format=2), "is a detector of format 2"),
    "other name": (lambda folder: change_card(folder, name="other"), "card.json is that of other"),
    "other features": (lambda folder: change_card(folder, features=["lead_h"]), "its features are not those"),
    "impossible limits": (lambda folder: change_card(folder, strange_above=[0.6, float("nan")]), "strange, which are"),
    "no self-test": (lambda folder: change_card(folder, self_test=[]), "does not have two scores a row"),
    "other size": (lambda folder: change_card(folder, size_bytes=1), "bytes, its card says 1"),
    "other hash": (lambda folder: change_card(folder, sha256="0"), "SHA-256"),
    "not a model": (lambda folder: replace_model(folder, b"hello" * 99), "model.onnx is refused"),
    "other shape": (lambda folder: replace_model(folder, identity_model(len(FEATURES))), r"it takes .* and gives"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_detector_is_refused_with_one_sentence(fault: str, folder: Path) -> None:
    break_it, sentence = BROKEN[fault]
    break_it(folder)
    with pytest.raises(ModelUnusable, match=sentence) as refusal:
        open_detector(folder)
    assert str(refusal.value).startswith("model anomaly is not usable: ")
    assert "\n" not in str(refusal.value)


def test_other_scores_than_those_of_the_card_are_refused(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    card["self_test"][0]["scores"][0] += 0.01
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelUnusable, match=r"self-test is off by 0\.01"):
        open_detector(folder)


@pytest.mark.parametrize("rows", [1, 2, 7, 50])
def test_medians_of_columns_are_numpys(rows: int) -> None:
    table = np.random.default_rng(rows).normal(size=(rows, 5))
    assert np.array_equal(column_medians(table), np.median(table, axis=0))
