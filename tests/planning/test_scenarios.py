"""Paths of net load, and what is left at the end."""

from dataclasses import replace

import numpy as np
import pytest

from agent.domain.battery import Battery
from agent.domain.forecast import Forecast
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.peak import Peak
from agent.planning.scenarios import (
    NEWEST_DAYS,
    Paths,
    at_levels,
    lasting_part,
    net_load_paths,
    paths_of,
    terminal_value,
    with_a_days_need,
)
from agent.planning.stored_value import stored_value
from tests.planning.days import errors, forecasts, problem, request

ASKED = request()
LOAD, SUN = forecasts(ASKED)
STEPS = ASKED.horizon.steps


def test_errors_bend_the_median_on_the_same_days() -> None:
    load_errors, pv_errors = errors(STEPS, seed=1), errors(STEPS, seed=2)
    paths = net_load_paths(SiteForecast(LOAD, SUN, load_errors, pv_errors), 1e6)
    load, sun = np.array(LOAD.median), np.array(SUN.median)
    expected_sun = np.maximum(sun + pv_errors, 0.0)
    assert paths.pv_w == pytest.approx(expected_sun)
    assert paths.net_w == pytest.approx(np.maximum(load + load_errors, 0.0) - expected_sun)


def test_paths_stay_possible() -> None:
    wide = errors(STEPS, spread_w=5000.0)
    paths = net_load_paths(SiteForecast(LOAD, SUN, wide, wide), 4500.0)
    assert paths.pv_w.min() == 0.0
    assert paths.pv_w.max() == 4500.0
    assert (paths.net_w + paths.pv_w).min() == 0.0


def test_errors_lift_no_load_above_the_highest_that_was_measured() -> None:
    wide, none = errors(STEPS, spread_w=5000.0), np.zeros((20, STEPS))
    most_w = float(np.median(LOAD.median))
    paths = net_load_paths(SiteForecast(LOAD, SUN, wide, none, load_most_w=most_w), 1e6)
    loads_w = paths.net_w + paths.pv_w
    assert (loads_w <= np.maximum(most_w, LOAD.median) + 1e-6).all()
    assert loads_w.max() > most_w  # where more is forecast, the forecast stands
    free = net_load_paths(SiteForecast(LOAD, SUN, wide, none), 1e6)
    below = free.net_w + free.pv_w <= most_w
    assert (paths.net_w[below] == free.net_w[below]).all()


def test_errors_lift_no_sun_above_the_highest_of_its_time_of_day() -> None:
    wide, none = errors(STEPS, spread_w=5000.0), np.zeros((20, STEPS))
    most_w = np.where(np.arange(STEPS) % 2, np.inf, 0.5 * np.array(SUN.median))
    paths = net_load_paths(SiteForecast(LOAD, SUN, none, wide, pv_most_w=most_w), 1e6)
    assert (paths.pv_w <= np.maximum(most_w, SUN.median) + 1e-6).all()
    free = net_load_paths(SiteForecast(LOAD, SUN, none, wide), 1e6)
    assert (paths.pv_w[:, 1::2] == free.pv_w[:, 1::2]).all()
    assert (free.pv_w[:, ::2] > paths.pv_w[:, ::2]).any()
    assert paths.net_w + paths.pv_w == pytest.approx(free.net_w + free.pv_w)


def test_of_quarters_errors_what_lasts_an_hour_is_kept() -> None:
    steady, flicker = np.full((1, 48), 300.0), 200.0 * np.array([[1.0, -1.0] * 24])
    kept = lasting_part(steady + flicker, 900)
    assert kept[:, 2:-2] == pytest.approx(steady[:, 2:-2], abs=200.0 / 5 + 1e-9)
    assert lasting_part(steady, 900) == pytest.approx(steady)
    np.testing.assert_array_equal(lasting_part(steady + flicker, 3600), steady + flicker)


def test_what_paths_leave_out_is_told_as_noise() -> None:
    asked = request(step_s=900, steps=96)
    load, sun = forecasts(asked)
    drawn = errors(96, spread_w=100.0)
    paths = net_load_paths(SiteForecast(load, sun, drawn, 0.0 * drawn), 1e6)
    assert paths.noise_w.shape == (96,)
    assert paths.noise_w == pytest.approx((drawn - lasting_part(drawn, 900)).std(axis=0))
    hourly = errors(STEPS)
    assert (net_load_paths(SiteForecast(LOAD, SUN, hourly, hourly), 1e6).noise_w == 0.0).all()


def test_one_quantity_without_errors_keeps_its_median() -> None:
    paths = net_load_paths(SiteForecast(LOAD, SUN, errors(STEPS, days=7)), 1e6)
    assert paths.net_w.shape == paths.pv_w.shape == (7, STEPS)
    assert paths.pv_w == pytest.approx(np.tile(SUN.median, (7, 1)))


def test_without_errors_the_quantiles_speak() -> None:
    paths = net_load_paths(SiteForecast(LOAD, SUN), 1e6)
    assert paths.net_w.shape == (9, STEPS)
    assert len(np.unique(paths.net_w.round(6), axis=0)) == 9
    middle = np.array(LOAD.median) - np.array(SUN.median)
    assert (paths.net_w.min(axis=0) < middle).all()
    assert (paths.net_w.max(axis=0) > middle).all()


def test_levels_between_and_beyond_the_known() -> None:
    first = at_levels(LOAD, (0.01, 0.05, 0.275, 0.5, 0.95, 0.99))[:, 0]
    low, middle, high = (row[0] for row in LOAD.values)
    assert first == pytest.approx([low, low, (low + middle) / 2, middle, high, high])


def test_a_median_alone_is_repeated() -> None:
    alone = Forecast("load_w", LOAD.horizon, (0.5,), (LOAD.median,), "made up", LOAD.issued_at)
    assert at_levels(alone, (0.1, 0.9)) == pytest.approx(np.tile(LOAD.median, (2, 1)))


def test_where_a_peak_is_charged_the_newest_days_are_heard_with_surprises_beside_them() -> None:
    site = SiteForecast(LOAD, SUN, errors(STEPS, days=28, seed=1), errors(STEPS, days=28, seed=2))
    terms, none = problem(0, steps=STEPS).terms, np.zeros(STEPS)
    number = np.arange(STEPS)
    asked, unasked = (Peak(none, none + per_kw, 1.0, number, 0 * number) for per_kw in (10.0, 0.0))
    charged = paths_of(terms.with_peaks([asked]), site, 1e6)
    assert charged.net_w.tolist() == net_load_paths(site, 1e6).net_w[:NEWEST_DAYS].tolist()
    assert charged.surprises is not None
    for plain in (terms, terms.with_peaks([unasked])):
        paths = paths_of(plain, site, 1e6)
        assert (len(paths.net_w), paths.surprises) == (28, None)


@pytest.mark.parametrize(
    ("load_errors", "pv_errors", "sentence"),
    [
        (errors(STEPS, days=3), errors(STEPS, days=4), "load_errors has 3 days and pv_errors 4"),
        (errors(STEPS - 1), None, "load_errors has shape"),
        (None, np.full((2, STEPS), np.nan), "pv_errors is nan"),
    ],
)
def test_unusable_errors(load_errors: np.ndarray | None, pv_errors: np.ndarray | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        net_load_paths(SiteForecast(LOAD, SUN, load_errors, pv_errors), 1e6)


def test_terminal_value_is_the_ordinary_price_of_the_last_day() -> None:
    terms = problem(0, steps=48).terms
    price = np.concatenate([np.full(24, 9.0), np.full(20, 0.2), np.full(4, 5.0)])
    assert terminal_value(replace(terms, import_price=price)) == pytest.approx(0.93 * (0.2 - 0.01))
    assert terminal_value(replace(terms, import_price=np.full(48, -0.1))) == 0.0


def test_what_is_left_beyond_a_days_need_is_worth_what_it_costs_to_buy() -> None:
    """Twelve hours of 2 kW out of 24, and of those the four cheapest fill what a day needs at 5 kW."""
    battery = Battery(100_000.0, 5_000.0, 5_000.0, 0.8, 0.8, soc_min_pct=10.0)
    price = np.concatenate([np.full(24, 9.0), [0.05], np.full(7, 0.1), np.full(16, 0.4)])
    terms = replace(problem(0, steps=48).terms, battery=battery, import_price=price)
    terms = replace(terms, terminal_per_kwh=terminal_value(terms))
    net_w = np.tile(np.repeat([-3000.0, 2000.0], 12), (3, 2))
    bent = with_a_days_need(terms, net_w)
    assert bent.beyond_kwh == pytest.approx(10.0 + 24.0 / 0.8)
    assert bent.beyond_per_kwh == pytest.approx(0.1 / 0.8)
    assert bent.left_value(np.array([20.0, 50.0])) == pytest.approx([20.0 * 0.32, 40.0 * 0.32 + 10.0 * 0.125])


def test_at_a_flat_price_what_is_left_is_worth_the_same_throughout() -> None:
    terms = replace(problem(0, steps=48).terms, import_price=np.full(48, 0.3))
    terms = replace(terms, terminal_per_kwh=terminal_value(terms))
    stored_kwh = np.linspace(0.0, 10.0, 6)
    bent = with_a_days_need(terms, np.full((2, 48), 100.0))
    assert bent.left_value(stored_kwh) == pytest.approx(terms.terminal_per_kwh * stored_kwh)


def test_a_battery_of_many_days_is_not_filled_while_every_night_is_as_cheap() -> None:
    """It has two days in it: what it would buy tonight waits for a night that costs the same."""
    battery = Battery(100_000.0, 5_000.0, 5_000.0, 0.95, 0.95, soc_min_pct=10.0)
    price = np.tile(np.repeat([0.14, 0.28], [6, 18]), 2)
    terms = replace(problem(0, steps=48).terms, battery=battery, import_price=price, export_price=np.zeros(48))
    terms = replace(terms, terminal_per_kwh=terminal_value(terms))
    net_w = np.full((1, 48), 500.0)
    value = stored_value(terms, Paths(net_w, np.zeros((1, 48)), np.zeros(48)))
    per_kwh = np.diff(value.rows[0]) / np.diff(value.soc_kwh)
    assert per_kwh[value.soc_kwh[1:] > 50.0].max() <= 0.14 / 0.95 + 1e-9
    unknown = stored_value(terms, Paths(net_w, np.zeros((1, 48)), np.zeros(48), are_of_days=False))
    assert unknown.rows[-1] == pytest.approx(terms.terminal_per_kwh * unknown.soc_kwh), "nobody knows what a day needs"
    assert value.rows[-1][-1] < unknown.rows[-1][-1]


def test_a_plan_of_half_a_day_knows_what_a_day_needs() -> None:
    terms = replace(problem(0, steps=12).terms, import_price=np.full(12, 0.3))
    whole = replace(problem(0, steps=48).terms, import_price=np.full(48, 0.3))
    found = [with_a_days_need(one, np.full((2, one.steps), 400.0)).beyond_kwh for one in (terms, whole)]
    assert found[0] == pytest.approx(found[1])


def test_paths_say_whether_past_days_stand_behind_them() -> None:
    assert not net_load_paths(SiteForecast(LOAD, SUN), 1e6).are_of_days
    assert net_load_paths(SiteForecast(LOAD, SUN, errors(STEPS, days=7)), 1e6).are_of_days
