"""A forecaster that has answered beforehand answers the same."""

from datetime import timedelta

import numpy as np
import pytest

from agent.backtest.cached_forecaster import BLOCK, CachedForecaster
from agent.forecasting.forecaster import ModelUnusable
from agent.forecasting.persistence import LoadPersistence
from tests.backtest import cases


def test_the_same_answers_as_asked_one_by_one_with_the_past_alone() -> None:
    case = cases.case()
    direct = LoadPersistence(case.place)
    cached = CachedForecaster(direct, case.history)
    for index in (200, 201, 300, 263, 264):
        at = case.at(index)
        past = cases.history_of(case.load_w[:index], case.pv_w[:index])
        expected = direct.predict(past, [at], 3600, 48)
        assert cached.predict(past, [at], 3600, 48) == pytest.approx(expected, rel=1e-12)


def test_a_block_is_asked_for_once() -> None:
    case = cases.case()
    knows = cases.Knows("load_w", case.load_w)
    cached = CachedForecaster(knows, case.history)
    for index in range(BLOCK, 2 * BLOCK):
        cached.predict(case.history, [case.at(index)], 3600, 48)
    assert knows.calls == 1


def test_refused_origins_are_refused_and_the_others_are_not() -> None:
    case = cases.case()
    since = case.at(100)
    cached = CachedForecaster(cases.Needs(since), case.history)
    answer = cached.predict(case.history, [since, since + timedelta(hours=1)], 3600, 4)
    assert np.diff(answer[:, 0, 0]).tolist() == [1.0]
    with pytest.raises(ModelUnusable, match="too little was measured"):
        cached.predict(case.history, [case.at(99), since], 3600, 4)


def test_a_long_walk_forgets_and_still_answers() -> None:
    case = cases.case(days=60)
    cached = CachedForecaster(LoadPersistence(case.place), case.history)
    for index in range(200, 60 * 24, BLOCK):
        days_ago = case.at(index) - timedelta(days=22)
        origins = [case.at(index), max(days_ago, case.at(180))]
        assert cached.predict(case.history, origins, 3600, 48).shape == (2, 5, 48)
    assert len(cached._blocks) <= 30 * 24 // BLOCK + 3
