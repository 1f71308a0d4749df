"""Features know the past only, and speak in the units of the site."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.features.feature_rows import FeatureRows
from agent.forecasting.features.load_features import LOAD_FEATURES, load_features
from agent.forecasting.features.load_moves import MOVE_FEATURES
from agent.forecasting.features.solar_features import SOLAR_FEATURES, solar_features
from agent.forecasting.series import load_series, solar_series
from tests.forecasting.sites import (
    CAMBRIDGE,
    DAY_W,
    NIGHT_W,
    NOW,
    RATED_W,
    SAN_DIEGO,
    TROMSO,
    empty_site,
    regular_site,
    with_values_from,
)

HISTORY = regular_site(CAMBRIDGE, days=40, step_s=3600)


def rows_of(
    history: History, origins: list[datetime], step_s: int = 3600, place: object = CAMBRIDGE
) -> list[FeatureRows]:
    steps = 48 * 3600 // step_s
    return [
        load_features(load_series(history, step_s), origins, steps, place),  # type: ignore[arg-type]
        solar_features(solar_series(history, step_s, RATED_W), origins, steps, place, RATED_W),  # type: ignore[arg-type]
    ]


def assert_same(ours: FeatureRows, theirs: FeatureRows) -> None:
    np.testing.assert_array_equal(ours.matrix, theirs.matrix)
    np.testing.assert_array_equal(ours.centre_w, theirs.centre_w)
    np.testing.assert_array_equal(ours.scale_w, theirs.scale_w)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 40 * 24),
    st.one_of(st.none(), st.floats(-1e12, 1e12), st.just(float("nan")), st.just(float("inf"))),
)
def test_nothing_after_an_origin_changes_anything(first: int, value: float | None) -> None:
    origin = HISTORY.horizon.start + timedelta(hours=first)
    other = with_values_from(HISTORY, first, value, value)
    for ours, theirs in zip(rows_of(HISTORY, [origin]), rows_of(other, [origin]), strict=True):
        assert_same(ours, theirs)


def test_many_origins_give_what_each_gives_alone() -> None:
    origins = [NOW - timedelta(days=days) for days in range(4)]
    together = rows_of(HISTORY, origins)
    for index, origin in enumerate(origins):
        for ours, alone in zip(together, rows_of(HISTORY, [origin]), strict=True):
            np.testing.assert_array_equal(ours.matrix[index * 48 : index * 48 + 48], alone.matrix)
            np.testing.assert_array_equal(ours.centre_w[index * 48 : index * 48 + 48], alone.centre_w)


@pytest.mark.parametrize("factor", [0.1, 100.0])
def test_a_larger_site_has_the_same_features(factor: float) -> None:
    scaled = replace(
        HISTORY,
        load_w=tuple(value * factor for value in HISTORY.load_w if value is not None),
        pv_w=tuple(value * factor for value in HISTORY.pv_w if value is not None),
    )
    load, _ = rows_of(HISTORY, [NOW])
    larger, _ = rows_of(scaled, [NOW])
    solar = solar_features(solar_series(HISTORY, 3600, RATED_W), [NOW], 48, CAMBRIDGE, RATED_W)
    larger_solar = solar_features(solar_series(scaled, 3600, RATED_W * factor), [NOW], 48, CAMBRIDGE, RATED_W * factor)
    np.testing.assert_allclose(larger.matrix, load.matrix, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(larger_solar.matrix, solar.matrix, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(larger_solar.scale_w, solar.scale_w * factor, rtol=1e-9)


def test_yesterday_is_the_newest_day_that_had_passed() -> None:
    ramp = replace(HISTORY, load_w=tuple(float(step) for step in range(HISTORY.horizon.steps)))
    rows, _ = rows_of(ramp, [NOW])
    plain = load_series(ramp, 3600).values
    lags = rows.matrix[:, LOAD_FEATURES.index("lag_1st_day")] - rows.matrix[:, LOAD_FEATURES.index("lag_2nd_day")]
    np.testing.assert_allclose(lags * rows.scale_w, 24.0, rtol=1e-3)  # a day lies between the two
    week = rows.matrix[:, LOAD_FEATURES.index("lag_1st_week")] - rows.matrix[:, LOAD_FEATURES.index("lag_1st_day")]
    np.testing.assert_allclose(week[:24] * rows.scale_w[:24], -6 * 24.0, rtol=1e-3)
    np.testing.assert_allclose(week[24:] * rows.scale_w[24:], -5 * 24.0, rtol=1e-3)
    assert plain[-1] == HISTORY.horizon.steps - 1


@pytest.mark.parametrize("step_s", [900, 3600])
def test_a_site_moves_on_from_where_it_stands_as_on_past_days(step_s: int) -> None:
    """A load that always rises by 1 W an hour goes on from the mean of the last hour, however far ahead."""
    steps = 40 * 86_400 // step_s
    horizon = Horizon(NOW - timedelta(days=40), step_s, steps)
    ramp = tuple(step * step_s / 3600.0 for step in range(steps))
    rows, _ = rows_of(History(horizon, ramp, (0.0,) * steps, (False,) * steps), [NOW], step_s)
    at = {name: rows.matrix[:, LOAD_FEATURES.index(name)] * rows.scale_w for name in MOVE_FEATURES}
    np.testing.assert_allclose(at["now_move"], 1.0, rtol=1e-3)
    since_h = np.arange(48 * 3600 // step_s) * step_s / 3600.0 + (3600.0 + step_s) / 7200.0
    for name in MOVE_FEATURES[2:]:
        np.testing.assert_allclose(at[name] - at["now"], since_h, atol=0.05, err_msg=name)


@pytest.mark.parametrize("change", [datetime(2023, 3, 26, tzinfo=UTC), datetime(2023, 10, 29, tzinfo=UTC)])
@pytest.mark.parametrize("step_s", [900, 3600])
def test_habits_follow_the_clock_on_the_wall(change: datetime, step_s: int) -> None:
    """On the Monday after a change of the clocks, work begins at 8 local time, not an hour off."""
    history = regular_site(CAMBRIDGE, days=35, step_s=step_s, end=change + timedelta(hours=12), noise_w=0.0)
    rows, _ = rows_of(history, [history.end], step_s)
    local = rows.matrix[:, LOAD_FEATURES.index("hour_cos")], rows.matrix[:, LOAD_FEATURES.index("hour_sin")]
    hour = np.degrees(np.arctan2(local[1], local[0])) / 15 % 24
    weekday = rows.matrix[:, LOAD_FEATURES.index("weekday")]
    busy = (weekday < 5) & (hour >= 8) & (hour < 18)
    assert busy.sum() > 0
    np.testing.assert_allclose(rows.centre_w[:, 2], np.where(busy, DAY_W, NIGHT_W), rtol=0.02)


def test_a_holiday_takes_after_sundays() -> None:
    origin = datetime(2023, 5, 28, 12, tzinfo=UTC)  # Monday 29 May is a holiday of the place
    rows, _ = rows_of(regular_site(CAMBRIDGE, days=28, step_s=3600, end=origin, noise_w=0.0), [origin])
    monday = slice(12, 34)
    np.testing.assert_allclose(rows.centre_w[monday, 2], NIGHT_W, rtol=0.02)
    assert (rows.matrix[monday, LOAD_FEATURES.index("holiday")] == 1).all()


@pytest.mark.parametrize("place", [CAMBRIDGE, SAN_DIEGO, TROMSO])
@pytest.mark.parametrize("end", [NOW, datetime(2023, 12, 21, tzinfo=UTC)])
def test_the_way_back_to_watts_is_always_a_number(place: object, end: datetime) -> None:
    for history in (empty_site(end=end), regular_site(CAMBRIDGE, days=9, end=end)):
        load, solar = rows_of(history, [end], 900, place)
        assert np.isfinite(load.centre_w).all()
        assert np.isfinite(solar.centre_w).all()
        assert np.isfinite(solar.scale_w).all()
        assert load.matrix.shape == (192, len(LOAD_FEATURES))
        assert solar.matrix.shape == (192, len(SOLAR_FEATURES))
        assert load.matrix.dtype == solar.matrix.dtype == np.float32
