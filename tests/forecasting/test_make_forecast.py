"""Forecasts for a horizon, and the errors of the same forecaster on past days."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.forecasting.forecaster import LEVELS, FloatArray, ModelUnusable
from agent.forecasting.make_forecast import error_paths, forecast, forecast_site
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, empty_site, regular_site

HORIZON = Horizon(NOW, 900, 192)
LOAD = LoadPersistence(CAMBRIDGE)
SOLAR = SolarPersistence(CAMBRIDGE, RATED_W)


@dataclass
class Flat:
    """Says the same for ever and remembers what it was asked."""

    quantity: str = "load_w"
    name: str = "flat"
    asked: list[int] = field(default_factory=list)

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        self.asked.append(len(origins))
        return np.full((len(origins), len(LEVELS), steps), 1000.0)


class Refusing(Flat):
    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        raise ModelUnusable(self.name, "it is a test")


def without_load(history: History, first: datetime, hours: float) -> History:
    """The same history with a hole in the load."""
    index = history.horizon.index_of(first)
    assert index is not None
    many = round(hours * 3600 / history.horizon.step_s)
    return replace(history, load_w=history.load_w[:index] + (None,) * many + history.load_w[index + many :])


@pytest.mark.parametrize("step_s", [900, 3600])
def test_a_forecast_says_what_it_is(step_s: int) -> None:
    horizon = Horizon(NOW, step_s, 48 * 3600 // step_s)
    made = forecast(LOAD, regular_site(CAMBRIDGE), horizon, "load_w", NOW)
    assert (made.quantity, made.horizon, made.source, made.issued_at) == ("load_w", horizon, "persistence", NOW)
    assert made.levels == LEVELS
    assert [len(row) for row in made.values] == [horizon.steps] * len(LEVELS)
    assert all(low <= high for low, high in zip(made.values[0], made.median, strict=True))


def test_a_forecaster_of_another_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="persistence forecasts pv_w, not load_w"):
        forecast(SOLAR, regular_site(CAMBRIDGE), HORIZON, "load_w", NOW)


def test_errors_are_actual_less_median_newest_day_first() -> None:
    history = regular_site(CAMBRIDGE)
    errors = error_paths(Flat(), history, HORIZON)
    assert errors is not None
    assert errors.shape == (20, 192)
    for row, ago in ((0, 2), (19, 21)):
        first = history.horizon.index_of(NOW - timedelta(days=ago))
        assert first is not None
        np.testing.assert_allclose(errors[row], np.array(history.load_w[first : first + 192], dtype=float) - 1000.0)


def test_only_days_measured_to_the_end_count_and_short_gaps_are_bridged() -> None:
    whole = regular_site(CAMBRIDGE)
    short = error_paths(Flat(), without_load(whole, NOW - timedelta(days=5), 3), HORIZON)
    long = error_paths(Flat(), without_load(whole, NOW - timedelta(days=5), 4), HORIZON)
    assert short is not None
    assert long is not None
    assert (len(short), len(long)) == (20, 18)  # two horizons of 48 h run over the hole
    assert np.isfinite(short).all()
    assert np.isfinite(long).all()


@pytest.mark.parametrize("history", [empty_site(), regular_site(CAMBRIDGE, days=10)])
def test_a_short_history_has_no_error_paths(history: History) -> None:
    assert error_paths(LOAD, history, HORIZON) is None


def test_a_forecaster_is_asked_once() -> None:
    load, solar = Flat(), Flat("pv_w")
    forecast_site([load], [solar], regular_site(CAMBRIDGE), HORIZON, NOW)
    assert load.asked == solar.asked == [21]


def test_paths_of_load_and_sun_are_of_the_same_days() -> None:
    history = without_load(regular_site(CAMBRIDGE), NOW - timedelta(days=5), 4)
    made = forecast_site([LOAD], [SOLAR], history, HORIZON, NOW)
    assert made.load_errors is not None
    assert made.pv_errors is not None
    assert made.load_errors.shape == made.pv_errors.shape == (18, 192)
    alone = error_paths(SOLAR, history, HORIZON)
    assert alone is not None
    np.testing.assert_array_equal(made.pv_errors, np.delete(alone, (3, 4), axis=0))


def test_where_the_sun_is_always_curtailed_the_load_has_paths_of_its_own() -> None:
    history = regular_site(CAMBRIDGE)
    capped = replace(history, curtailed=(True,) * history.horizon.steps)
    made = forecast_site([LOAD], [SOLAR], capped, HORIZON, NOW)
    assert made.load_errors is not None
    assert made.pv_errors is None
    assert max(made.pv.median) > 0


def test_the_next_in_line_answers_for_one_that_cannot() -> None:
    made = forecast_site([Refusing(), LOAD], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW)
    assert made.load.source == made.pv.source == "persistence"
    assert made.notes == ("model flat is not usable: it is a test",)
    with pytest.raises(ModelUnusable, match="it is a test"):
        forecast_site([Refusing()], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW)
