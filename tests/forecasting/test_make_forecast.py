"""Forecasts for a horizon, and the errors of the same forecaster on past days."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.history import LOOK_BACK, History
from agent.domain.horizon import Horizon
from agent.forecasting.forecaster import LEVELS, MEDIAN, FloatArray, Forecaster, ModelUnusable
from agent.forecasting.make_forecast import SiteForecast, forecast_site
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from tests.forecasting.sites import CAMBRIDGE, NOW, RATED_W, empty_site, regular_site, with_values_from

HORIZON = Horizon(NOW, 900, 192)
LOAD = LoadPersistence(CAMBRIDGE)
SOLAR = SolarPersistence(CAMBRIDGE, RATED_W)


@dataclass
class Flat:
    """Says the same for ever and remembers what it was asked."""

    quantity: str = "load_w"
    name: str = "flat"
    level_w: float = 1000.0
    asked: list[int] = field(default_factory=list)

    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        self.asked.append(len(origins))
        band = self.level_w * np.array([0.8, 0.9, 1.0, 1.1, 1.2])
        return np.broadcast_to(band[None, :, None], (len(origins), len(LEVELS), steps)).copy()


class Refusing(Flat):
    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        raise ModelUnusable(self.name, "it is a test")


class RefusingDays(Flat):
    def predict(self, history: History, origins: Sequence[datetime], step_s: int, steps: int) -> FloatArray:
        if steps == HORIZON.steps // 2:
            raise ModelUnusable(self.name, "it says nothing to past days")
        return super().predict(history, origins, step_s, steps)


def without_load(history: History, first: datetime, hours: float) -> History:
    """The same history with a hole in the load."""
    index = history.horizon.index_of(first)
    assert index is not None
    many = round(hours * 3600 / history.horizon.step_s)
    return replace(history, load_w=history.load_w[:index] + (None,) * many + history.load_w[index + many :])


def made_of(load: Forecaster, history: History, horizon: Horizon = HORIZON, **more: Any) -> SiteForecast:
    """The forecast of one load forecaster, beside a sun by persistence."""
    return forecast_site([load], [SOLAR], history, horizon, horizon.start, **more)


@pytest.mark.parametrize("step_s", [900, 3600])
def test_a_forecast_says_what_it_is(step_s: int) -> None:
    horizon = Horizon(NOW, step_s, 48 * 3600 // step_s)
    made = made_of(LOAD, regular_site(CAMBRIDGE), horizon).load
    assert (made.quantity, made.horizon, made.source, made.issued_at) == ("load_w", horizon, "persistence", NOW)
    assert made.levels == LEVELS
    assert made.calibrated_origins == 20
    assert [len(row) for row in made.values] == [horizon.steps] * len(LEVELS)
    assert all(low <= high for low, high in zip(made.values[0], made.median, strict=True))


def test_a_forecaster_of_another_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="persistence forecasts pv_w, not load_w"):
        made_of(SOLAR, regular_site(CAMBRIDGE))


def test_errors_of_a_day_are_actual_less_median_newest_day_first_and_repeat() -> None:
    history = regular_site(CAMBRIDGE)
    errors = made_of(Flat(), history).load_errors
    assert errors is not None
    assert errors.shape == (28, 192)
    for row, ago in ((0, 1), (27, 28)):
        first = history.horizon.index_of(NOW - timedelta(days=ago))
        assert first is not None
        actual = np.array(history.load_w[first : first + 96], dtype=float)
        np.testing.assert_allclose(errors[row, 48:96], actual[48:] - 1000.0)  # before it, the last error is carried on
    np.testing.assert_array_equal(errors[:, 96:], errors[:, :96])


def test_errors_are_those_of_the_blended_median() -> None:
    history = regular_site(CAMBRIDGE)
    pair = [Flat(name="low", level_w=3000.0), Flat(name="high", level_w=5000.0)]
    made = forecast_site(pair, [SOLAR], history, HORIZON, NOW)
    assert made.load_errors is not None
    first = history.horizon.index_of(NOW - timedelta(days=1))
    assert first is not None
    medians = (np.array(history.load_w[first : first + 96], dtype=float) - made.load_errors[0, :96])[48:]
    assert (medians > 3000.0).all()  # beyond the hours that the error before the origin moves
    assert (medians < 5000.0).all()


def test_only_days_measured_to_the_end_count_and_short_gaps_are_bridged() -> None:
    whole = regular_site(CAMBRIDGE)
    short = made_of(Flat(), without_load(whole, NOW - timedelta(days=5), 3)).load_errors
    long = made_of(Flat(), without_load(whole, NOW - timedelta(days=5), 4)).load_errors
    assert short is not None
    assert long is not None
    assert (len(short), len(long)) == (28, 27)
    assert np.isfinite(short).all()
    assert np.isfinite(long).all()


@pytest.mark.parametrize("history", [empty_site(), regular_site(CAMBRIDGE, days=3)])
def test_a_short_history_teaches_nothing(history: History) -> None:
    made = made_of(LOAD, history)
    assert made.load_errors is None
    assert [corrections.origins for corrections in made.corrections] == [0, 0]
    assert made.load.calibrated_origins == 0


def test_a_forecaster_is_asked_once_for_each_horizon_and_once_for_each_hour_before_one() -> None:
    load, solar = Flat(), Flat("pv_w")
    forecast_site([load], [solar], regular_site(CAMBRIDGE), HORIZON, NOW)
    turns = [11, 10, 8, 29]
    assert load.asked == solar.asked == turns, "now and 20 days to learn from, 8 more for their errors, all their hours"


def test_past_days_are_corrected_by_the_hour_before_them_as_today_is() -> None:
    history = regular_site(CAMBRIDGE)
    day = history.horizon.index_of(NOW - timedelta(days=1))
    assert day is not None
    usual = made_of(Flat(level_w=2000.0), history).load_errors
    load_w = (*history.load_w[: day - 4], *(2300.0,) * 4, *history.load_w[day:])
    raised = made_of(Flat(level_w=2000.0), replace(history, load_w=load_w)).load_errors
    assert usual is not None
    assert raised is not None
    moved = usual[0] - raised[0]
    assert moved[0] > moved[5] > 0.0
    assert (moved[48:96] == 0.0).all()


def test_paths_of_load_and_sun_are_of_the_same_days() -> None:
    history = without_load(regular_site(CAMBRIDGE), NOW - timedelta(days=5), 4)
    made = forecast_site([LOAD], [SOLAR], history, HORIZON, NOW)
    assert made.load_errors is not None
    assert made.pv_errors is not None
    assert made.load_errors.shape == made.pv_errors.shape == (27, 192)
    alone = made_of(LOAD, regular_site(CAMBRIDGE)).pv_errors
    assert alone is not None
    np.testing.assert_array_equal(made.pv_errors, np.delete(alone, 4, axis=0))


def test_where_the_sun_is_always_curtailed_the_load_has_paths_of_its_own() -> None:
    history = regular_site(CAMBRIDGE)
    capped = replace(history, curtailed=(True,) * history.horizon.steps)
    made = forecast_site([LOAD], [SOLAR], capped, HORIZON, NOW)
    assert made.load_errors is not None
    assert made.pv_errors is None
    assert max(made.pv.median) > 0
    assert made.corrections[1].origins == 0, "a capped sun teaches nothing"


def test_the_highest_sun_is_that_of_each_time_of_day() -> None:
    history = regular_site(CAMBRIDGE)
    made = made_of(LOAD, history)
    first = history.horizon.index_of(NOW - LOOK_BACK)
    assert first is not None
    days = np.array(history.pv_w[first:], dtype=float).reshape(LOOK_BACK.days, 96)
    np.testing.assert_allclose(made.pv_most_w, np.tile(days.max(axis=0), 2))


def test_of_few_days_none_may_have_been_clear() -> None:
    assert np.isinf(made_of(LOAD, regular_site(CAMBRIDGE, days=9)).pv_most_w).all()


def test_the_others_answer_for_one_that_cannot() -> None:
    made = forecast_site([Refusing(), LOAD], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW)
    assert made.load.source == made.pv.source == "persistence"
    assert made.notes == ("model flat is not usable: it is a test",)
    with pytest.raises(ModelUnusable, match="it is a test"):
        forecast_site([Refusing()], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW)


def test_a_last_one_that_cannot_answer_is_not_missed() -> None:
    made = forecast_site([LOAD, Refusing()], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW)
    assert made.load.source == "persistence"
    assert made.notes == ("model flat is not usable: it is a test",)


def test_a_member_that_says_nothing_to_past_days_leaves_their_errors_to_the_others() -> None:
    history = regular_site(CAMBRIDGE)
    made = forecast_site([RefusingDays(level_w=4000.0), LOAD], [SOLAR], history, HORIZON, NOW, days=1)
    assert made.load.source == "flat"  # one day teaches nothing, so the preferred one is the forecast
    assert made.notes == ("model flat is not usable: it says nothing to past days",)
    three = forecast_site([RefusingDays(level_w=4000.0), LOAD], [SOLAR], history, HORIZON, NOW, days=3)
    alone = made_of(LOAD, history, days=3)
    assert three.load_errors is not None
    assert alone.load_errors is not None
    np.testing.assert_allclose(three.load_errors[0, 48:96], alone.load_errors[0, 48:96])


def test_a_wrong_member_is_blended_away_and_the_source_says_the_shares() -> None:
    nearly = Flat(name="nearly", level_w=4000.0)
    made = forecast_site([nearly, LOAD], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW)
    assert made.load.source == "persistence"
    early = forecast_site([nearly, LOAD], [SOLAR], regular_site(CAMBRIDGE), HORIZON, NOW, days=2)
    assert re.fullmatch(r"nearly \d+% \+ persistence \d+%", early.load.source)


def test_hours_are_learnt_from_once_they_have_come_to_their_end() -> None:
    history = regular_site(CAMBRIDGE, end=NOW + timedelta(days=2))
    first = made_of(LOAD, until(history, NOW)).corrections
    assert [one.learnt_to for one in first] == [NOW - timedelta(days=2)] * 2
    known = {one.quantity: one for one in first}
    for minutes, learnt in ((15, 0), (60, 1), (195, 3), (24 * 60, 24), (36 * 60 + 15, 24)):
        now = NOW + timedelta(minutes=minutes)
        later = made_of(LOAD, until(history, now), Horizon(now, 900, 192), corrections=known).corrections[0]
        assert later.origins - first[0].origins == learnt
        assert later.learnt_to == NOW + timedelta(hours=learnt) - timedelta(days=2)


def test_learning_in_one_go_or_hour_by_hour_comes_to_the_same() -> None:
    history = regular_site(CAMBRIDGE, end=NOW + timedelta(hours=6))
    known = {one.quantity: one for one in made_of(LOAD, until(history, NOW)).corrections}
    step_by_step = known
    for hour in range(1, 7):
        now = NOW + timedelta(hours=hour)
        made = made_of(LOAD, until(history, now), Horizon(now, 900, 192), corrections=step_by_step)
        step_by_step = {one.quantity: one for one in made.corrections}
    at_once = made_of(LOAD, history, Horizon(now, 900, 192), corrections=known)
    assert at_once.corrections == made.corrections
    assert at_once.load == made.load


def test_after_a_long_absence_the_newest_days_are_learnt_from_first_to_last() -> None:
    history = regular_site(CAMBRIDGE)
    old = ForecastCorrections("load_w", NOW - timedelta(days=300), 7, ("persistence",))
    after = made_of(LOAD, history, corrections={"load_w": old}).corrections[0]
    assert after.origins == 7 + 24
    assert after.learnt_to == NOW - timedelta(days=22) + timedelta(hours=24)


def test_an_experience_from_the_future_changes_nothing() -> None:
    ahead = ForecastCorrections("load_w", NOW + timedelta(days=1), 7)
    assert made_of(LOAD, regular_site(CAMBRIDGE), corrections={"load_w": ahead}).corrections[0] is ahead


def test_the_last_hour_corrects_the_next() -> None:
    history = regular_site(CAMBRIDGE)
    usual = made_of(Flat(level_w=2000.0), history).load.values
    high = with_values_from(history, history.horizon.steps - 4, 2300.0, 0.0)
    raised = np.array(made_of(Flat(level_w=2000.0), high).load.values) - np.array(usual)
    assert raised[MEDIAN, 0] > raised[MEDIAN, 5] > 0
    assert (raised[MEDIAN, 48:] == 0).all()


@pytest.mark.parametrize("step_s", [300, 1800, 7200])
def test_other_rasters_learn_too(step_s: int) -> None:
    history = regular_site(CAMBRIDGE, days=56, step_s=300 if step_s == 300 else 900)
    horizon = Horizon(NOW, step_s, 24 * 3600 // step_s)
    made = made_of(LOAD, history, horizon)
    assert made.load.calibrated_origins == 20
    later = Horizon(NOW + timedelta(seconds=7200), step_s, horizon.steps)
    again = made_of(LOAD, history, later, corrections={one.quantity: one for one in made.corrections})
    assert again.load.calibrated_origins == 20 + (2 if step_s < 7200 else 1)


def test_a_week_ahead_is_less_sure_day_by_day() -> None:
    made = made_of(LOAD, regular_site(CAMBRIDGE, days=70), Horizon(NOW, 3600, 168)).load
    width = np.array(made.values[-1]) - np.array(made.values[0])
    assert width[144:].mean() > width[24:48].mean()


def until(history: History, end: datetime) -> History:
    """What was known of the history at ``end``."""
    steps = history.horizon.index_of(end)
    if steps is None:
        return history
    return History(
        replace(history.horizon, steps=steps), history.load_w[:steps], history.pv_w[:steps], history.curtailed[:steps]
    )
