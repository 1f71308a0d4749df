"""Our own forecasts as they are scored: walked hour by hour, by what was known then."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.domain.history import History
from agent.forecasting.forecaster import LEVELS, FloatArray, ModelUnusable
from tests.forecasting.sites import CAMBRIDGE, RATED_W, regular_site
from training.evaluation.ours import answers, persistence_band, raw_band, second_day_band, since, walked_band
from training.sites.measured_site import MeasuredSite

EXPORTED = Path(__file__).parent.parent.parent / "exported_models"
TRUTH = regular_site(CAMBRIDGE, days=20, step_s=3600)
START = TRUTH.horizon.start


def site_of(history: History) -> MeasuredSite:
    return MeasuredSite("here", CAMBRIDGE, RATED_W, history, None)


@pytest.mark.parametrize("band", [walked_band, raw_band, second_day_band, persistence_band])
@pytest.mark.parametrize("quantity", ["load_w", "pv_w"])
def test_nothing_after_an_origin_is_looked_at(
    band: Callable[[MeasuredSite, str, Sequence[datetime], Path], FloatArray], quantity: str
) -> None:
    index = 24 * 15 + 7
    origins = [START + timedelta(hours=index - 30), START + timedelta(hours=index)]
    rest = TRUTH.horizon.steps - index
    other = replace(TRUTH, load_w=TRUTH.load_w[:index] + (9e5,) * rest, pv_w=TRUTH.pv_w[:index] + (9e3,) * rest)
    first, second = (band(site_of(history), quantity, origins, EXPORTED) for history in (TRUTH, other))
    assert np.array_equal(first, second)
    assert first.shape == (2, 3, 48)
    assert (np.diff(first, axis=1) >= 0).all()


def test_what_is_learnt_on_the_way_changes_the_forecast() -> None:
    origins = [START + timedelta(days=18)]
    walked, raw = (band(site_of(TRUTH), "load_w", origins, EXPORTED) for band in (walked_band, raw_band))
    assert not np.array_equal(walked, raw)


def test_a_history_can_be_cut_at_its_beginning() -> None:
    start = START + timedelta(hours=30)
    cut = since(TRUTH, start)
    assert (cut.horizon.start, cut.horizon.end) == (start, TRUTH.horizon.end)
    assert cut.load_w == TRUTH.load_w[30:]
    assert since(TRUTH, START - timedelta(days=5)) == TRUTH


class Reluctant:
    """Declines to answer before ``first``."""

    name = "reluctant"
    quantity = "load_w"

    def __init__(self, first: datetime) -> None:
        self.first = first

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        if min(origins) < self.first:
            raise ModelUnusable(self.name, "it is too early")
        return np.ones((len(origins), len(LEVELS), steps))


def test_a_member_that_declines_is_missing_there_and_only_there() -> None:
    hours = [START + timedelta(hours=hour) for hour in range(100)]
    answered = np.isfinite(answers(Reluctant(hours[37]), TRUTH, hours)).all(axis=(1, 2))
    assert answered.tolist() == [False] * 37 + [True] * 63


def test_the_command_starts_without_the_libraries_of_the_peers_and_the_trainer() -> None:
    heavy = "{'lightgbm', 'sklearn', 'onnx', 'onnxruntime', 'pandas', 'xgboost', 'prophet'}"
    program = f"import sys, training.__main__; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
