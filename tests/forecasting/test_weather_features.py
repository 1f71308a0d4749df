"""Weather counts by what it meant on this site, in whatever unit it comes, and its absence harms nothing."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.forecasting.features.feature_rows import FeatureRows
from agent.forecasting.features.load_features import LOAD_FEATURES, load_features
from agent.forecasting.features.load_weather import TEMPERATURE_FEATURES
from agent.forecasting.features.solar_features import SOLAR_FEATURES, solar_features
from agent.forecasting.features.weather_series import weather_series
from agent.forecasting.forecaster import MEDIAN, FloatArray
from agent.forecasting.persistence import SolarPersistence
from agent.forecasting.series import load_series, solar_series
from agent.forecasting.sun import clear_sky_steps
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, TROMSO, empty_site, regular_site, with_values_from

STEPS = 48
DAYS = 40
FEED = [name for name in SOLAR_FEATURES if name.startswith("feed")]


def heated_site(slope_w: float = -400.0) -> tuple[History, FloatArray]:
    """A site whose load falls by 400 W for each degree, its weather two days longer than what was measured."""
    history = regular_site(CAMBRIDGE, days=DAYS, step_s=3600)
    random = np.random.default_rng(5)
    steps = history.horizon.steps + STEPS
    temperature = 8.0 + np.repeat(random.normal(0, 4, steps // 24), 24) + random.normal(0, 0.5, steps)
    load = np.array(history.load_w, dtype=np.float64) + slope_w * (temperature[:-STEPS] - 30.0)
    starts = history.horizon.start.timestamp() + 3600.0 * np.arange(steps)
    clear = clear_sky_steps(starts, 3600, CAMBRIDGE.latitude, CAMBRIDGE.longitude)
    sky = np.repeat(random.uniform(0.2, 1.0, steps // 24), 24)
    pv = 0.9 * RATED_W / 1000.0 * clear * sky
    horizon = replace(history.horizon, steps=steps)
    weather = Weather(horizon, tuple(temperature.tolist()), tuple((clear * sky).tolist()))
    fed = replace(history, load_w=tuple(load.tolist()), pv_w=tuple(pv[:-STEPS].tolist()), weather=weather)
    return fed, pv[-STEPS:]


HEATED, SUN_TO_COME = heated_site()


def rows_of(history: History, step_s: int = 3600) -> tuple[FeatureRows, FeatureRows]:
    weather = weather_series(history, step_s, CAMBRIDGE)
    steps = STEPS * 3600 // step_s
    return (
        load_features(load_series(history, step_s), [NOW], steps, CAMBRIDGE, weather),
        solar_features(solar_series(history, step_s, RATED_W), [NOW], steps, CAMBRIDGE, RATED_W, weather),
    )


def told(history: History, **columns: tuple[float | None, ...]) -> History:
    assert history.weather is not None
    return replace(history, weather=replace(history.weather, **columns))


def column(rows: FeatureRows, names: tuple[str, ...], name: str) -> FloatArray:
    return rows.matrix[:, names.index(name)].astype(np.float64)


def test_the_effect_of_temperature_is_what_the_site_showed() -> None:
    load, _ = rows_of(HEATED)
    assert HEATED.weather is not None
    then = np.array(HEATED.weather.temperature_c, dtype=np.float64)
    effect = column(load, LOAD_FEATURES, "temp_effect") * load.scale_w
    move = column(load, LOAD_FEATURES, "temp_move")
    slope = np.polyfit(then[-STEPS:], effect, 1)[0]
    assert slope == pytest.approx(-400.0, rel=0.3)  # shrunk a little, and the centre of each hour is another one
    assert np.corrcoef(effect, move)[0, 1] < -0.95
    assert column(load, LOAD_FEATURES, "temp_skill").max() < -0.7


def test_the_light_of_the_feed_becomes_power_on_this_roof() -> None:
    _, solar = rows_of(HEATED)
    _, blind = rows_of(replace(HEATED, weather=None))
    lit = SUN_TO_COME > 50.0
    errors = [np.abs(rows.centre_w[lit, MEDIAN] - SUN_TO_COME[lit]).mean() for rows in (solar, blind)]
    assert errors[0] < 0.35 * errors[1]
    assert column(solar, SOLAR_FEATURES, "feed_skill")[lit].min() > 0.95


@pytest.mark.parametrize(("factor", "offset"), [(9 / 5, 32.0), (1.0, 273.15)])
def test_fahrenheit_and_kelvin_say_the_same(factor: float, offset: float) -> None:
    assert HEATED.weather is not None
    other = tuple(value * factor + offset for value in HEATED.weather.temperature_c if value is not None)
    (ours, our_sun), (theirs, their_sun) = rows_of(HEATED), rows_of(told(HEATED, temperature_c=other))
    np.testing.assert_allclose(theirs.matrix, ours.matrix, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(their_sun.matrix, our_sun.matrix, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("factor", [0.001, 1.33])
def test_kilowatts_or_a_third_too_much_light_say_the_same(factor: float) -> None:
    assert HEATED.weather is not None
    other = tuple(value * factor for value in HEATED.weather.ghi_w_m2 if value is not None)
    (_, ours), (_, theirs) = rows_of(HEATED), rows_of(told(HEATED, ghi_w_m2=other))
    np.testing.assert_allclose(theirs.centre_w, ours.centre_w, rtol=2e-3, atol=1e-6)


def test_a_feed_that_changes_its_unit_is_not_believed() -> None:
    assert HEATED.weather is not None
    light = tuple(value or 0.0 for value in HEATED.weather.ghi_w_m2)
    for factor in (0.001, 1000.0):
        changed = light[:-STEPS] + tuple(value * factor for value in light[-STEPS:])
        _, solar = rows_of(told(HEATED, ghi_w_m2=changed))
        _, blind = rows_of(replace(HEATED, weather=None))
        np.testing.assert_array_equal(solar.centre_w, blind.centre_w)
        assert np.isnan(solar.matrix[:, SOLAR_FEATURES.index("feed")]).all()


def test_weather_that_ends_after_six_hours_is_missing_from_there() -> None:
    assert HEATED.weather is not None
    steps = HEATED.horizon.steps + 6
    short = Weather(
        replace(HEATED.horizon, steps=steps), HEATED.weather.temperature_c[:steps], HEATED.weather.ghi_w_m2[:steps]
    )
    (load, solar), (plain, dark) = rows_of(replace(HEATED, weather=short)), rows_of(replace(HEATED, weather=None))
    now = [LOAD_FEATURES.index(name) for name in TEMPERATURE_FEATURES[:4]]
    assert np.isfinite(load.matrix[:6, now]).all()
    np.testing.assert_array_equal(load.matrix[24:], plain.matrix[24:])
    lit = dark.scale_w > 0
    np.testing.assert_array_equal(solar.centre_w[8:], dark.centre_w[8:])
    assert np.isnan(solar.matrix[8:][lit[8:]][:, [SOLAR_FEATURES.index(name) for name in FEED]]).all()


def test_without_a_feed_everything_about_weather_is_missing() -> None:
    load, solar = rows_of(replace(HEATED, weather=None))
    assert np.isnan(load.matrix[:, [LOAD_FEATURES.index(name) for name in TEMPERATURE_FEATURES]]).all()
    assert np.isnan(solar.matrix[:, [SOLAR_FEATURES.index(name) for name in FEED]]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, DAYS * 24), st.one_of(st.none(), st.floats(-1e12, 1e12), st.just(float("nan"))))
def test_nothing_measured_after_an_origin_changes_anything(first: int, value: float | None) -> None:
    origin = [HEATED.horizon.start + timedelta(hours=first)]
    other = with_values_from(HEATED, first, value, value)
    weather = weather_series(HEATED, 3600, CAMBRIDGE)
    for ours, theirs in (
        [load_features(load_series(site, 3600), origin, STEPS, CAMBRIDGE, weather) for site in (HEATED, other)],
        [
            solar_features(solar_series(site, 3600, RATED_W), origin, STEPS, CAMBRIDGE, RATED_W, weather)
            for site in (HEATED, other)
        ],
    ):
        np.testing.assert_array_equal(ours.matrix, theirs.matrix)
        np.testing.assert_array_equal(ours.centre_w, theirs.centre_w)
        np.testing.assert_array_equal(ours.scale_w, theirs.scale_w)


VALUES = st.one_of(st.none(), st.floats(-1e9, 1e9), st.sampled_from([float("nan"), float("inf"), 1e300, 0.0]))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(VALUES, max_size=80),
    st.lists(VALUES, max_size=80),
    st.lists(VALUES, max_size=80),
    st.sampled_from([900, 1800, 3600, 10800]),
    st.integers(-2000, 60),
)
def test_any_feed_leaves_the_way_back_to_watts_whole(
    temperature: list[float | None], light: list[float | None], cloud: list[float | None], step_s: int, offset_h: int
) -> None:
    start = NOW + timedelta(hours=offset_h)
    weather = Weather(Horizon(start, step_s, 80), tuple(temperature), tuple(light), tuple(cloud))
    for history in (replace(HEATED, weather=weather), replace(empty_site(), weather=weather)):
        load, solar = rows_of(history, 900)
        assert np.isfinite(load.centre_w).all()
        assert np.isfinite(solar.centre_w).all()
        assert (solar.centre_w >= 0).all()
        assert np.isfinite(solar.scale_w).all()
        assert not np.isinf(load.matrix).any()
        assert not np.isinf(solar.matrix).any()


@pytest.mark.parametrize("step_s", [900, 3600])
def test_a_feed_on_another_raster_says_the_same(step_s: int) -> None:
    weather = HEATED.weather
    assert weather is not None
    fine = Horizon(weather.horizon.start, 900, weather.horizon.steps * 4)
    columns = (tuple(np.repeat(np.array(values), 4).tolist()) for values in (weather.temperature_c, weather.ghi_w_m2))
    quarters = weather_series(replace(HEATED, weather=Weather(fine, *columns)), step_s, CAMBRIDGE)
    hours = weather_series(HEATED, step_s, CAMBRIDGE)
    assert quarters is not None
    assert hours is not None
    np.testing.assert_allclose(quarters.temperature, hours.temperature)
    np.testing.assert_allclose(quarters.temperature_day[30 * 4 :], hours.temperature_day[30 * 4 :], atol=1.0)


def test_clouds_stand_in_for_light() -> None:
    assert HEATED.weather is not None
    light = np.array(HEATED.weather.ghi_w_m2, dtype=np.float64)
    starts = HEATED.weather.horizon.start.timestamp() + 3600.0 * np.arange(light.size)
    clear = np.maximum(clear_sky_steps(starts, 3600, CAMBRIDGE.latitude, CAMBRIDGE.longitude), 1.0)
    cloud = 100.0 * np.clip((1.0 - np.minimum(light / clear, 1.0)) / 0.75, 0.0, 1.0) ** (1 / 3.4)
    _, solar = rows_of(told(HEATED, ghi_w_m2=(), cloud_pct=tuple(cloud.tolist())))
    _, blind = rows_of(replace(HEATED, weather=None))
    lit = SUN_TO_COME > 50.0
    errors = [np.abs(rows.centre_w[lit, MEDIAN] - SUN_TO_COME[lit]).mean() for rows in (solar, blind)]
    assert errors[0] < 0.6 * errors[1]


def test_on_the_first_day_a_dull_sky_is_known_from_the_feed() -> None:
    horizon = Horizon(NOW, 3600, STEPS)
    clear = clear_sky_steps(NOW.timestamp() + 3600.0 * np.arange(STEPS), 3600, CAMBRIDGE.latitude, CAMBRIDGE.longitude)
    solar = SolarPersistence(CAMBRIDGE, RATED_W)
    dull, bright = (
        solar.predict(
            replace(empty_site(step_s=3600), weather=Weather(horizon, (), tuple((share * clear).tolist()))),
            [NOW],
            3600,
            STEPS,
        )[0, MEDIAN].sum()
        for share in (0.2, 0.9)
    )
    assert dull < 0.4 * bright


def test_a_polar_night_has_no_light_to_tell_of() -> None:
    end = NOW + timedelta(days=189)
    history = regular_site(TROMSO, days=30, step_s=3600, end=end)
    horizon = replace(history.horizon, steps=history.horizon.steps + STEPS)
    fed = replace(history, weather=Weather(horizon, (), (0.0,) * horizon.steps))
    weather = weather_series(fed, 3600, TROMSO)
    rows = solar_features(solar_series(fed, 3600, RATED_W), [end], STEPS, TROMSO, RATED_W, weather)
    assert (rows.centre_w == 0).all()
    assert (rows.scale_w == 0).all()
