"""Persistence always answers, and its answer is possible."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.domain.history import History
from agent.domain.request import Place
from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray, Forecaster
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from agent.forecasting.sun import clear_sky_steps
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, SAN_DIEGO, TROMSO, empty_site, regular_site, working_load

POWERS = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([1e300, -1e300, float("nan"), float("inf")]))


def both(place: Place) -> tuple[Forecaster, Forecaster]:
    return LoadPersistence(place), SolarPersistence(place, RATED_W)


def assert_possible(quantiles: FloatArray, ceiling_w: float = np.inf) -> None:
    assert np.isfinite(quantiles).all()
    assert (quantiles >= 0).all()
    assert (quantiles <= ceiling_w).all()
    assert (np.diff(quantiles, axis=1) >= -1e-6).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(POWERS, min_size=1, max_size=24 * 9), st.sampled_from([CAMBRIDGE, SAN_DIEGO, TROMSO]))
@example([5000.0], TROMSO)  # at night: brighter than any sky
def test_any_history_has_an_answer(values: list[float | None], place: Place) -> None:
    powers = tuple(values)
    horizon = replace(empty_site(step_s=3600).horizon, start=NOW - timedelta(hours=len(values)), steps=len(values))
    history = History(horizon, powers, powers, (False,) * len(values))
    for forecaster, ceiling_w in zip(both(place), (np.inf, RATED_W), strict=True):
        quantiles = forecaster.predict(history, [NOW, NOW - timedelta(hours=3)], 900, 192)
        assert quantiles.shape == (2, len(LEVELS), 192)
        assert_possible(quantiles, ceiling_w)


def test_habits_are_repeated() -> None:
    history = regular_site(CAMBRIDGE)
    quantiles = LoadPersistence(CAMBRIDGE).predict(history, [NOW], 900, 192)[0]
    wanted = np.array([working_load(NOW + timedelta(minutes=15 * step), CAMBRIDGE) for step in range(192)])
    assert np.abs(quantiles[MEDIAN] - wanted).mean() / wanted.mean() < 0.03
    assert ((quantiles[0] < wanted) & (wanted < quantiles[-1])).mean() > 0.8


def test_half_of_what_today_is_higher_is_carried_on_for_some_hours() -> None:
    history = regular_site(CAMBRIDGE, noise_w=0.0)
    raised = replace(
        history, load_w=(*history.load_w[:-12], *(value + 1000.0 for value in history.load_w[-12:] if value))
    )
    plain, moved = (LoadPersistence(CAMBRIDGE).predict(past, [NOW], 900, 192)[0, MEDIAN] for past in (history, raised))
    assert moved[0] - plain[0] == pytest.approx(500.0, rel=0.05)
    assert 0 <= moved[-1] - plain[-1] < 30.0


def test_without_any_history_the_nameplate_and_the_sun_speak() -> None:
    load, solar = (forecaster.predict(empty_site(), [NOW], 3600, 48)[0] for forecaster in both(CAMBRIDGE))
    starts = NOW.timestamp() + 3600.0 * np.arange(48)
    sun = clear_sky_steps(starts, 3600, CAMBRIDGE.latitude, CAMBRIDGE.longitude)
    assert (np.ptp(load, axis=1) == 0).all()
    assert (solar[:, sun == 0] == 0).all()
    assert (solar[MEDIAN, sun > 0] > 0).all()
    assert 0.3 * RATED_W < solar[MEDIAN].max() < 0.8 * RATED_W


def test_a_polar_night_is_dark_and_a_polar_day_is_not() -> None:
    june, december = NOW, NOW + timedelta(days=189)
    solar = SolarPersistence(TROMSO, RATED_W)
    assert (solar.predict(empty_site(end=december), [december], 3600, 48) == 0).all()
    assert (solar.predict(regular_site(TROMSO, end=june), [june], 3600, 48)[0, MEDIAN] > 0).all()


def test_a_site_without_panels_has_no_sun() -> None:
    assert (SolarPersistence(CAMBRIDGE, 0.0).predict(regular_site(CAMBRIDGE), [NOW], 900, 192) == 0).all()


def test_curtailed_days_do_not_lower_the_sun() -> None:
    history = regular_site(SAN_DIEGO, days=28)
    capped = tuple(min(value or 0.0, 500.0) for value in history.pv_w[-96 * 7 :])
    marked = replace(
        history, pv_w=history.pv_w[: -96 * 7] + capped, curtailed=(False,) * (96 * 21) + (True,) * (96 * 7)
    )
    unmarked = replace(marked, curtailed=(False,) * (96 * 28))
    solar = SolarPersistence(SAN_DIEGO, RATED_W)
    right, wrong = (solar.predict(past, [NOW], 900, 96)[0, MEDIAN].sum() for past in (marked, unmarked))
    assert right > 1.3 * wrong
