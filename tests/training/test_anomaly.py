"""The anomaly detector is fitted, exported and measured; its ONNX file says what scikit-learn says."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agent.adapters.models.model_file import refuse_unsafe
from agent.adapters.models.onnx_detector import OUTPUT, open_detector
from agent.adapters.models.onnx_session import open_session, run
from agent.forecasting.data_quality.features import FEATURES
from agent.forecasting.data_quality.trace import calendar_of
from site_data.unreadable import SitesUnreadable
from tests.forecasting.sites import CAMBRIDGE, RATED_W, SAN_DIEGO, regular_site
from training.anomaly.faults import TROUBLES, Trouble, Window
from training.anomaly.fit import fit_detector
from training.anomaly.forest import fit_forests, to_onnx, usual_depth
from training.anomaly.measures import floats
from training.sites.measured_site import MeasuredSite

END = datetime(2023, 6, 15, tzinfo=UTC)


def test_the_file_scores_as_scikit_learn_does() -> None:
    random = np.random.default_rng(4)
    steps, days = (random.normal(size=(800, len(FEATURES))).round(2) for _ in range(2))
    forests = fit_forests(steps, days, seed=3)
    content = to_onnx(forests)
    session = open_session("anomaly", content)
    assert refuse_unsafe("anomaly", content).outputs == ((OUTPUT, "tensor(float)", [2]),)
    trees = (*forests.step.estimators_, *forests.day.estimators_)
    thresholds = np.concatenate([tree.tree_.threshold[tree.tree_.feature >= 0] for tree in trees])
    edges = np.resize(thresholds, (200, len(FEATURES)))  # where a rounding to float32 would show
    rows = np.concatenate([steps, days, 8.0 * days, edges])
    given = np.exp2(-run("anomaly", session, rows.astype(np.float32), OUTPUT, 2))
    assert np.abs(given - forests.scores(rows)).max() < 1e-6


@pytest.mark.parametrize(("samples", "depth"), [(1, 0.0), (2, 1.0), (256, 10.2448)])
def test_the_usual_depth_is_that_of_the_paper(samples: int, depth: float) -> None:
    assert usual_depth(np.array([float(samples)]))[0] == pytest.approx(depth, abs=1e-3)


def window(trouble: Trouble) -> Window:
    history = regular_site(SAN_DIEGO, 50, 3600)
    site = MeasuredSite("here", SAN_DIEGO, RATED_W, history, None)
    start_s = round(history.horizon.start.timestamp())
    calendar = calendar_of(history, SAN_DIEGO)
    return Window(site, trouble.quantity, start_s, floats(history, trouble.quantity), calendar)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_trouble_changes_what_it_says_and_nothing_else(trouble: Trouble) -> None:
    troubled = window(trouble)
    injected = trouble.inject(troubled, np.random.default_rng(7))
    again = trouble.inject(troubled, np.random.default_rng(7))
    assert (injected.values == again.values).all()
    changed = injected.values != troubled.values
    assert changed.any()
    assert not (changed & ~injected.mask).any()
    assert (troubled.calendar.day[injected.mask] >= 7).all()
    assert np.isfinite(injected.values).all()


def site(name: str, source: str | None, days: int) -> MeasuredSite:
    return MeasuredSite(name, CAMBRIDGE, RATED_W, regular_site(CAMBRIDGE, days, 3600, END), source)


def test_a_detector_is_fitted_from_the_sites_that_may_be_learnt_from_and_measured_on_the_others(
    tmp_path: Path,
) -> None:
    sites = [site("ucam_a", "a licence", 130), site("other", None, 60)]
    printed = Console(file=StringIO(), width=120)
    card = fit_detector(sites, tmp_path / "first", 1, printed)
    detector = open_detector(tmp_path / "first" / "anomaly")
    assert detector.card == card
    assert card.trained_on == ("ucam_a: a licence",)
    assert [(clean.site, clean.seen_in_training) for clean in card.false_alarms] == [("ucam_a", True), ("other", False)]
    assert all(clean.load_days_lost == clean.solar_days_lost == 0.0 for clean in card.false_alarms)
    rates = {rate.trouble: rate for rate in card.detection}
    assert rates.keys() == {trouble.name for trouble in TROUBLES}
    assert rates["1000 times for an hour"].noticed == rates["dead"].noticed == 1.0
    assert rates["heat pump"].left_out == 0.0
    assert "injected trouble" in printed.file.getvalue()  # type: ignore[attr-defined]
    fit_detector(sites, tmp_path / "second", 1, Console(file=StringIO()))
    assert (tmp_path / "second/anomaly/model.onnx").read_bytes() == (tmp_path / "first/anomaly/model.onnx").read_bytes()


def test_without_a_site_to_learn_from_there_is_one_sentence() -> None:
    with pytest.raises(SitesUnreadable, match="no site may be learnt from"):
        fit_detector([site("other", None, 60)], Path(), 1, Console(file=StringIO()))


def test_sites_that_are_too_short_to_learn_from_are_one_sentence(tmp_path: Path) -> None:
    short = MeasuredSite("home", SAN_DIEGO, RATED_W, regular_site(SAN_DIEGO, 40, 3600), "measured for us, CC0")
    with pytest.raises(SitesUnreadable, match="no site has 50 days with most of its load in the first 60 %"):
        fit_detector([short], tmp_path, 1, Console(file=StringIO()))
    assert list(tmp_path.iterdir()) == []
