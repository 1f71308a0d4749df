"""Surprises beside the paths: what they need, how long they last, and what they make of stored energy."""

from dataclasses import replace

import numpy as np
import pytest

from agent.domain.battery import Battery
from agent.domain.forecast import Forecast
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.path_changes import path_changes, with_surprises
from agent.planning.peak import Peak
from agent.planning.scenarios import Paths
from agent.planning.stored_value import stored_value
from agent.planning.surprises import LONGEST_H, SHORTEST_H, USUAL_H, Surprises, errors_last_h
from tests.planning.days import errors, forecasts, problem, request

LOAD, SUN = forecasts(request())
QUARTERS = forecasts(request(steps=192, step_s=900))


def decaying(an_hour: float, steps: int, step_h: float, days: int = 400) -> np.ndarray:
    """Errors of days whose correlation is ``an_hour`` an hour apart."""
    random, kept = np.random.default_rng(5), an_hour**step_h
    found = [random.normal(0.0, 300.0, days)]
    for _ in range(steps - 1):
        found.append(kept * found[-1] + random.normal(0.0, 300.0 * np.sqrt(1.0 - kept**2), days))
    return np.array(found).T


def test_the_first_needs_most_and_the_second_least_within_what_was_measured() -> None:
    most, least = (np.array(LOAD.values[i]) for i in (-1, 0))
    dull, bright = (np.array(SUN.values[i]) for i in (0, -1))
    free = Surprises.of(SiteForecast(LOAD, SUN), 1e6)
    assert free.pv_w == pytest.approx(np.array([dull, bright]))
    assert free.net_w == pytest.approx(np.array([most - dull, least - bright]))
    most_w = float(np.median(LOAD.median))
    bounded = Surprises.of(SiteForecast(LOAD, SUN, load_most_w=most_w, pv_most_w=np.zeros(48)), 1e6)
    assert bounded.pv_w == pytest.approx(np.array([dull, SUN.median]))
    assert (bounded.net_w + bounded.pv_w)[0] == pytest.approx(np.minimum(most, np.maximum(LOAD.median, most_w)))
    assert Surprises.of(SiteForecast(LOAD, SUN), 1500.0).pv_w.max() == pytest.approx(1500.0)


@pytest.mark.parametrize("an_hour", [0.0, 0.5, 0.8])
@pytest.mark.parametrize(("load", "sun", "step_h"), [(LOAD, SUN, 1.0), (*QUARTERS, 0.25)])
def test_they_last_as_long_as_the_errors(an_hour: float, load: Forecast, sun: Forecast, step_h: float) -> None:
    errors_w = decaying(an_hour, load.horizon.steps, step_h)
    nothing = np.zeros_like(errors_w)
    expected = pytest.approx(1.0 / (1.0 - an_hour), rel=0.1)
    assert errors_last_h(SiteForecast(load, sun, errors_w, nothing)) == expected
    assert errors_last_h(SiteForecast(load, sun, nothing, errors_w)) == expected
    assert errors_last_h(SiteForecast(load, sun, errors_w)) == expected


def test_errors_that_tell_nothing_leave_the_usual_and_steady_ones_have_an_end() -> None:
    assert errors_last_h(SiteForecast(LOAD, SUN)) == USUAL_H
    assert errors_last_h(SiteForecast(LOAD, SUN, np.zeros((20, 48)), np.zeros((20, 48)))) == USUAL_H
    steady = np.tile(np.linspace(-300.0, 300.0, 20)[:, None], (1, 48))
    assert errors_last_h(SiteForecast(LOAD, SUN, steady)) == pytest.approx(LONGEST_H)
    turning = steady * np.where(np.arange(48) % 2, 1.0, -1.0)
    assert errors_last_h(SiteForecast(LOAD, SUN, turning)) == SHORTEST_H


@pytest.mark.parametrize("leaves", [0.1, 1.0 / 3.0, 1.0])
def test_all_paths_stay_equally_likely(leaves: float) -> None:
    changes = with_surprises(path_changes(errors(24), errors(24, seed=3), 1.0), 2, leaves)
    assert changes.shape == (24, 22, 22)
    assert (changes >= -1e-12).all()
    assert changes.sum(axis=1) == pytest.approx(1.0)
    assert changes.sum(axis=2) == pytest.approx(1.0)
    assert changes[:, 20:, 20:] == pytest.approx(np.tile((1.0 - leaves) * np.eye(2), (24, 1, 1)))


def test_for_what_an_evening_may_need_energy_is_kept_in_the_afternoon() -> None:
    """Every path needs 2 kW, and what is dear is over at 17:00: without a surprise nothing is kept for the evening."""
    steps = 24
    battery = Battery(10_000, 5_000, 5_000, 1.0, 1.0, soc_min_pct=0, soc_max_pct=100)
    site = problem(1, steps, battery=battery)
    price = np.where(np.arange(steps) < 17, 0.40, 0.20)
    number = np.zeros(steps, dtype=np.int64)
    peak = Peak(np.full(steps, 2.0), np.full(steps, 15.0), 1.0, np.arange(steps), number)
    terms = replace(site.terms, import_price=price, export_price=np.zeros(steps), terminal_per_kwh=0.0, peak=peak)
    net_w = np.tile(2000.0 + np.linspace(-1.0, 1.0, 8)[:, None], (1, steps))
    needed_w = np.where((np.arange(steps) >= 18) & (np.arange(steps) < 21), 4000.0, 2000.0)
    none = np.zeros((8, steps))

    def kept_kwh(surprises: Surprises | None) -> float:
        """What is worth more than the dear price, with 6 kWh or less at 16:00."""
        found = stored_value(terms, Paths(net_w, none, np.zeros(steps), surprises))
        per_kwh = np.diff(found.rows[17]) / np.diff(found.soc_kwh)
        return float(found.soc_kwh[1:][per_kwh > 0.40].max(initial=0.0))

    assert kept_kwh(None) == 0.0
    assert kept_kwh(Surprises(needed_w[None], none[:1], 3.0)) >= 4.0
