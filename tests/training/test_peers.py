"""The forecasts that ours are laid beside: what they say, and that they do not see what comes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.forecasting.forecaster import FloatArray, IntArray
from tests.forecasting.sites import CAMBRIDGE, RATED_W, regular_site
from training.peers.hours import Hours, hours_of
from training.peers.lightgbm_peer import lightgbm_band, refit_blocks, training_rows
from training.peers.naive import band_of_points, four_week_mean, same_hour_last_week, same_hour_yesterday
from training.peers.peer_features import peer_rows
from training.sites.measured_site import MeasuredSite

START = datetime(2023, 5, 1, tzinfo=UTC)


def hours_with(load: list[float | None]) -> Hours:
    horizon = Horizon(START, 3600, len(load))
    history = History(horizon, tuple(load), (None,) * len(load), (False,) * len(load))
    return hours_of(MeasuredSite("here", CAMBRIDGE, 0.0, history, None), "load_w")


def counting(hours: int) -> list[float | None]:
    return [float(hour) for hour in range(hours)]


def test_naive_forecasts_repeat_the_newest_that_exists() -> None:
    hours, origins = hours_with(counting(1000)), np.array([800])
    ahead = 800 + np.arange(48)
    yesterday = np.where(np.arange(48) < 24, ahead - 24, ahead - 48)
    assert same_hour_yesterday(hours, origins)[0].tolist() == yesterday.tolist()
    assert same_hour_last_week(hours, origins)[0].tolist() == (ahead - 168).tolist()
    assert four_week_mean(hours, origins)[0].tolist() == (ahead - 168 * 2.5).tolist()


def test_short_gaps_are_bridged_once_both_sides_are_known_and_long_ones_take_the_week_before() -> None:
    load = counting(600)
    load[400:403] = [None] * 3  # 3 h
    load[450:454] = [None] * 4  # 4 h
    hours = hours_with(load)
    index = np.array([401, 402, 450, 399])
    assert hours.lag(index, np.array([500])).tolist() == [401.0, 402.0, 450.0 - 168, 399.0]
    assert hours.lag(index[:2], np.array([403])).tolist() == [401.0 - 168, 402.0 - 168]
    assert np.isnan(hours.lag(np.array([500, -1]), np.array([500]))).all()
    assert np.isnan(hours.values[[400, 450]]).all()  # a missing value is never scored


def test_without_any_history_a_naive_forecast_is_still_a_number() -> None:
    assert (same_hour_last_week(hours_with([None] * 100), np.array([50])) == 0.0).all()


def test_the_interval_of_single_values_comes_from_errors_that_had_passed() -> None:
    random = np.random.default_rng(5)
    load = (100.0 + 10.0 * random.normal(size=3000)).tolist()
    band = band_of_points(hours_with(load), np.arange(1500, 2900, 30), lambda _, o: np.full((o.size, 48), 100.0))
    assert band[-1, 0].mean() == pytest.approx(100.0 - 16.4, abs=2.0)
    assert band[-1, 2].mean() == pytest.approx(100.0 + 16.4, abs=2.0)
    first = band_of_points(hours_with(load[:1500] + [9e4] * 48), np.array([1500]), same_hour_yesterday)
    again = band_of_points(hours_with(load[:1500] + [0.0] * 48), np.array([1500]), same_hour_yesterday)
    assert np.array_equal(first, again)


BANDS: dict[str, Callable[[Hours, IntArray], FloatArray]] = {
    "yesterday": lambda hours, origins: band_of_points(hours, origins, same_hour_yesterday),
    "week": lambda hours, origins: band_of_points(hours, origins, four_week_mean),
    "lightgbm": lightgbm_band,
}


@pytest.mark.parametrize("quantity", ["load_w", "pv_w"])
@pytest.mark.parametrize("name", BANDS)
def test_nothing_after_an_origin_is_looked_at(name: str, quantity: str) -> None:
    truth = regular_site(CAMBRIDGE, days=45, step_s=3600)
    index = 24 * 40
    other = replace(
        truth,
        load_w=truth.load_w[:index] + (7e5,) * (truth.horizon.steps - index),
        pv_w=truth.pv_w[:index] + (9e3,) * (truth.horizon.steps - index),
    )
    bands = [
        BANDS[name](hours_of(MeasuredSite("here", CAMBRIDGE, RATED_W, history, None), quantity), np.array([index]))
        for history in (truth, other)
    ]
    assert np.array_equal(bands[0], bands[1])
    assert (np.diff(bands[0], axis=1) >= 0).all()
    assert (bands[0] >= 0).all()


def test_lightgbm_learns_a_working_week() -> None:
    truth = regular_site(CAMBRIDGE, days=60, step_s=3600)
    hours = hours_of(MeasuredSite("here", CAMBRIDGE, RATED_W, truth, None), "load_w")
    band = lightgbm_band(hours, np.array([24 * 50, 24 * 52]))
    actual = hours.values[np.array([24 * 50, 24 * 52])[:, None] + np.arange(48)]
    assert np.abs(band[:, 1] - actual).sum() / actual.sum() < 0.1
    assert ((actual > band[:, 0]) & (actual < band[:, 2])).mean() > 0.5


def test_rows_to_learn_from_lie_before_the_refit_and_solar_ones_by_day() -> None:
    truth = regular_site(CAMBRIDGE, days=60, step_s=3600)
    site = MeasuredSite("here", CAMBRIDGE, RATED_W, truth, None)
    load, sun = hours_of(site, "load_w"), hours_of(site, "pv_w")
    many, fewer = training_rows(load, 1000)[1], training_rows(load, 1000, most=500)[1]
    assert len(many) > 2 * len(fewer) > 0
    assert set(training_rows(load, 1000)[1]) <= set(load.values[:1000])
    assert training_rows(sun, 1000)[1].min() > 0.0
    blocks = [np.flatnonzero(mask).tolist() for mask in refit_blocks(np.array([100, 130, 771, 772, 800]))]
    assert blocks == [[0, 1, 2], [3, 4]]


def test_weather_adds_features_only_where_there_is_some() -> None:
    truth = regular_site(CAMBRIDGE, days=30, step_s=900)
    plain = hours_of(MeasuredSite("here", CAMBRIDGE, RATED_W, truth, None), "pv_w")
    weather = Weather(truth.horizon, (), tuple(float(step // 4) for step in range(truth.horizon.steps)))
    fed = hours_of(MeasuredSite("here", CAMBRIDGE, RATED_W, replace(truth, weather=weather), None), "pv_w")
    assert fed.irradiance[:3].tolist() == [0.0, 1.0, 2.0]  # hourly means
    origins, leads = np.array([400]), np.array([[0, 5]])
    rows, more = peer_rows(plain, origins, leads), peer_rows(fed, origins, leads)
    assert more.shape[-1] > rows.shape[-1]
    assert [400.0, 405.0] in more[0].T.tolist()
