"""The definitions of the errors, against cases computed by hand."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.domain.history import History
from agent.domain.horizon import Horizon
from tests.forecasting.sites import CAMBRIDGE
from training.scoring.measures import actual_ahead, measure, scored_origins, scored_period
from training.sites.measured_site import MeasuredSite

START = datetime(2023, 5, 1, tzinfo=UTC)


def site_of(load: list[float | None], step_s: int = 3600, **more: object) -> MeasuredSite:
    horizon = Horizon(START, step_s, len(load))
    history = History(horizon, tuple(load), tuple(load), (False,) * len(load))
    return MeasuredSite("here", CAMBRIDGE, 10.0, history, None, **more)  # type: ignore[arg-type]


def test_errors_of_four_values_worked_out_by_hand() -> None:
    actual = np.array([1.0, 2.0, 3.0, 10.0])
    low, middle, high = np.array([0.0, 1.0, 4.0, 8.0]), np.array([2.0, 2.0, 5.0, 9.0]), np.array([3.0, 4.0, 6.0, 9.5])
    found = measure(actual, np.stack([low, middle, high], axis=1))
    assert found is not None
    assert found.n == 4
    assert found.mape == pytest.approx((1 + 0 + 2 / 3 + 0.1) / 4)
    assert found.mape_kept == 1.0
    assert found.wape == pytest.approx(4 / 16)
    assert found.rmse == pytest.approx((6 / 4) ** 0.5)
    assert found.r2 == pytest.approx(1 - 6 / (9 + 4 + 1 + 36))
    assert found.bias == pytest.approx((1 + 0 + 2 - 1) / 4)
    assert found.cover == 0.5  # 3 lies below its interval, 10 above
    assert found.width == pytest.approx((3 + 3 + 2 + 1.5) / 4 / 4)
    low_loss = 0.05 * 1 + 0.05 * 1 + 0.95 * 1 + 0.05 * 2
    middle_loss = 0.5 * (1 + 0 + 2 + 1)
    high_loss = 0.05 * 2 + 0.05 * 2 + 0.05 * 3 + 0.95 * 0.5
    assert found.pinball == pytest.approx((low_loss + middle_loss + high_loss) / 12 / 4)


def test_mape_leaves_small_values_out_and_says_how_many_it_kept() -> None:
    actual = np.array([0.0, 0.5, 9.5, 10.0])  # the mean is 5: 0.5 is just worth it
    found = measure(actual, np.repeat(actual[:, None] + 1.0, 3, axis=1))
    assert found is not None
    assert found.mape_kept == 0.75
    assert found.mape == pytest.approx((1 / 0.5 + 1 / 9.5 + 1 / 10) / 3)


def test_what_cannot_be_said_is_not_said() -> None:
    assert measure(np.zeros(0), np.zeros((0, 3))) is None
    assert measure(np.zeros(5), np.ones((5, 3))) is None
    constant = measure(np.ones(5), np.ones((5, 3)))
    assert constant is not None
    assert constant.r2 is None


def test_origins_come_every_30_hours_of_the_last_two_fifths() -> None:
    site = site_of([1.0] * 1000)
    origins = scored_origins(site)
    assert origins[0] == START + timedelta(hours=600)
    assert {later - sooner for sooner, later in itertools.pairwise(origins)} == {timedelta(hours=30)}
    assert origins[-1] == START + timedelta(hours=600 + 30 * ((1000 - 48 - 600) // 30))


def test_a_test_period_that_is_given_counts_instead() -> None:
    site = site_of([1.0] * 1000, test_start=START + timedelta(hours=100.5), test_end=START + timedelta(hours=210))
    assert scored_period(site) == (START + timedelta(hours=100), START + timedelta(hours=210))
    assert scored_origins(site) == [START + timedelta(hours=hour) for hour in (100, 130, 160)]


def test_a_period_shorter_than_a_forecast_has_no_origins() -> None:
    assert scored_origins(site_of([1.0] * 100)) == []


def test_an_hour_counts_when_half_of_it_was_measured() -> None:
    quarters = [1.0, 3.0, None, None, 5.0, None, None, None] + [2.0] * 192
    actual, counted = actual_ahead(site_of(quarters, 900), "load_w", [START], 3600, 48)
    assert actual[0, 0] == 2.0
    assert counted[0, :3].tolist() == [True, False, True]


def test_the_sun_counts_by_day_by_the_site_s_own_column_where_it_has_one() -> None:
    _, by_our_sun = actual_ahead(site_of([1.0] * 48), "pv_w", [START], 3600, 48)
    assert by_our_sun[0, :24].tolist() == [4 <= hour < 20 for hour in range(24)]
    column = tuple(float(hour % 24 == 12) for hour in range(48))
    _, by_column = actual_ahead(site_of([1.0] * 48, clear_sky_w_m2=column), "pv_w", [START], 3600, 48)
    assert np.flatnonzero(by_column[0]).tolist() == [12, 36]
    _, of_load = actual_ahead(site_of([1.0] * 48), "load_w", [START], 3600, 48)
    assert of_load.all()
