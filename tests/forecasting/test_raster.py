"""Values of one raster on another one: what they were in all stays, and what is not known stays unknown."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.forecasting.raster import covering, forecast_step_s, laid_on, site_on
from agent.forecasting.site_forecast import SiteForecast

START = datetime(2026, 6, 1, tzinfo=UTC)
NAN = np.nan


def raster(step_s: int, steps: int, after_s: int = 0) -> Horizon:
    return Horizon(START + timedelta(seconds=after_s), step_s, steps)


@pytest.mark.parametrize(
    ("plan_s", "forecast_s"), [(300, 900), (600, 900), (900, 900), (1800, 900), (3600, 3600), (1200, 900)]
)
def test_a_plan_is_forecast_in_steps_that_the_models_know(plan_s: int, forecast_s: int) -> None:
    assert forecast_step_s(plan_s) == forecast_s


@pytest.mark.parametrize(
    ("horizon", "step_s", "found"),
    [
        (raster(1800, 4), 900, raster(900, 8)),
        (raster(300, 4, 600), 900, raster(900, 2)),
        (raster(300, 6, 600), 900, raster(900, 3)),
        (raster(600, 3, 1200), 900, raster(900, 3, 900)),
        (raster(900, 5, 900), 900, raster(900, 5, 900)),
    ],
)
def test_what_covers_a_horizon(horizon: Horizon, step_s: int, found: Horizon) -> None:
    assert covering(horizon, step_s) == found


@pytest.mark.parametrize(
    ("values", "own", "onto", "found"),
    [
        ([1, 3, 5, 8], raster(900, 4), raster(1800, 2), [2, 6.5]),
        ([1, 3], raster(900, 2), raster(300, 3, 600), [1, 3, 3]),
        ([3, 6, 9], raster(900, 3), raster(600, 4), [3, 4.5, 6, 9]),
        ([1, NAN, 5, 8], raster(900, 4), raster(1800, 2), [NAN, 6.5]),
        ([1, 3], raster(900, 2), raster(900, 4, -900), [NAN, 1, 3, NAN]),
        ([1, 3], raster(900, 2), raster(1800, 2), [2, NAN]),
    ],
)
def test_values_on_another_raster(values: list[float], own: Horizon, onto: Horizon, found: list[float]) -> None:
    laid = laid_on(np.array(values, dtype=float), own, onto)
    assert laid == pytest.approx(found, nan_ok=True)
    assert laid_on(np.array([values, values], dtype=float), own, onto) == pytest.approx(
        np.array([found] * 2), nan_ok=True
    )


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=12),
    st.sampled_from((300, 600, 900, 1800, 3600)),
    st.sampled_from((300, 600, 900, 1800, 3600)),
)
def test_the_energy_stays(values: list[float], own_s: int, onto_s: int) -> None:
    own = raster(own_s, 12)
    onto = raster(onto_s, 12 * own_s // onto_s) if 12 * own_s >= onto_s else raster(own_s, 12)
    laid = laid_on(np.array(values), own, onto)
    whole_s = onto.step_s * onto.steps
    before = np.repeat(np.array(values), own_s // 300)[: whole_s // 300].sum() * 300
    assert laid.sum() * onto.step_s == pytest.approx(before, rel=1e-9, abs=1e-3)


def test_a_site_in_half_hours_is_its_quarters_in_pairs() -> None:
    own, onto = raster(900, 4), raster(1800, 2)
    rows = ((0.0, 2.0, 4.0, 6.0), (1.0, 3.0, 5.0, 9.0), (2.0, 4.0, 8.0, 12.0))
    forecasts = [Forecast(name, own, (0.1, 0.5, 0.9), rows, "a", START) for name in ("load_w", "pv_w")]
    errors = np.array([[1.0, 1.0, -2.0, 0.0]])
    site = SiteForecast(*forecasts, errors, None, load_most_w=9.0, pv_most_w=np.array([4.0, 6.0, 8.0, 8.0]))
    found = site_on(site, onto)
    assert found.load.horizon == found.pv.horizon == onto
    assert found.load.values == ((1.0, 5.0), (2.0, 7.0), (3.0, 10.0))
    assert found.load.median == (2.0, 7.0)
    assert found.load_errors is not None
    assert found.load_errors.tolist() == [[1.0, -1.0]]
    assert found.pv_errors is None
    assert np.array(found.pv_most_w).tolist() == [5.0, 8.0]
    assert site_on(site, own) is site
