"""What carbon intensity is expected where none is published."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.domain.expected_carbon import expected_carbon
from agent.domain.horizon import Horizon
from agent.domain.inputs import CarbonInput, Inputs
from agent.domain.tariff import PriceList

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
NOTHING = PriceList(NOW, 3600, ())
DAY = tuple(0.2 + 0.1 * np.sin(np.arange(24) / 24 * 2 * np.pi))


def before(days: int, values: tuple[float, ...]) -> PriceList:
    """``values`` are those of the hours before now."""
    return PriceList(NOW - timedelta(days=days), 3600, values)


def test_nothing_is_known() -> None:
    assert expected_carbon((None,) * 4, Horizon(NOW, 3600, 4), NOTHING) is None


def test_what_is_published_is_taken() -> None:
    found = expected_carbon((0.1, 0.4, 0.2), Horizon(NOW, 3600, 3), before(1, (0.9,) * 24))
    assert found == (0.1, 0.4, 0.2)


def test_without_a_day_before_it_is_the_mean() -> None:
    assert expected_carbon((0.1, 0.3, None), Horizon(NOW, 3600, 3), NOTHING) == pytest.approx((0.1, 0.3, 0.2))


def test_the_usual_day_is_the_mean_of_a_week() -> None:
    week = tuple(value * (0.9 if day % 2 else 1.1) for day in range(7) for value in DAY)
    found = expected_carbon((None,) * 48, Horizon(NOW, 3600, 48), before(7, week))
    assert found is not None
    usual = np.array(DAY) * (4 * 1.1 + 3 * 0.9) / 7
    moved = np.mean([week[-k] - DAY[-k] * (3 * 1.1 + 3 * 0.9) / 6 for k in (1, 2, 3)])
    assert found[:24] == pytest.approx(usual + moved * np.exp(-np.arange(1, 25) / 24))


def test_what_today_differs_fades() -> None:
    found = expected_carbon((0.3, *(None,) * 47), Horizon(NOW, 3600, 48), before(7, (0.2,) * 24 * 7))
    assert found is not None
    above = np.array(found[1:]) - 0.2
    assert 0.0 < above[0] < 0.1 / 3 + 1e-9  # of the last three hours one was dirtier
    assert above[22] == pytest.approx(above[0] * np.exp(-22 / 24))


def test_it_beats_yesterday_where_weather_lasts_about_a_day() -> None:
    random, weather = np.random.default_rng(4), [0.0]
    for _ in range(24 * 60 - 1):
        weather.append(weather[-1] * np.exp(-1 / 24) + 0.015 * random.standard_normal())
    hours = np.maximum(np.tile(DAY, 60) + weather, 0.0)
    learnt, yesterday = [], []
    for now in range(24 * 8, 24 * 59, 7):
        past, came = tuple(hours[now - 24 * 7 : now].tolist()), hours[now : now + 24]
        found = expected_carbon((None,) * 24, Horizon(NOW, 3600, 24), before(7, past))
        learnt.append(np.abs(np.array(found) - came).mean())
        yesterday.append(np.abs(hours[now - 24 : now] - came).mean())
    assert np.mean(learnt) < 0.9 * np.mean(yesterday)


def test_a_week_of_carbon_is_kept() -> None:
    said = Inputs()
    for day in range(12):
        at = NOW + timedelta(days=day)
        said = said.joined_by(CarbonInput(at, at, 3600, (0.01 * day,) * 24))
    assert said.carbon is not None
    kept = [said.carbon.at(NOW + timedelta(days=day)) is not None for day in range(12)]
    assert kept == [False] * 3 + [True] * 9
