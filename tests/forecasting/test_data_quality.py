"""Broken meters are left out of a history, strange but true days stay in, and nothing stops the examination."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place
from agent.domain.suspect import DATA_FAULT, UNUSUAL, Suspect
from agent.forecasting.data_quality.examine import Sound, examine, notes
from agent.forecasting.data_quality.features import FEATURES, day_rows, step_rows
from agent.forecasting.data_quality.trace import calendar_of, trace_of
from agent.forecasting.forecaster import FloatArray
from agent.forecasting.persistence import LoadPersistence
from tests.forecasting.sites import (
    CAMBRIDGE,
    NOW,
    RATED_W,
    SAN_DIEGO,
    TROMSO,
    empty_site,
    regular_site,
    with_values_from,
)

Mask = np.typing.NDArray[np.bool_]
DAYS = 50


class Everything:
    """A detector to which every row is as strange as ``score``."""

    strange_above = (0.6, 0.6)

    def __init__(self, score: float) -> None:
        self.score = score

    def scores(self, rows: FloatArray) -> FloatArray:
        assert rows.shape[1] == len(FEATURES)
        assert np.isfinite(rows).all()
        return np.full((len(rows), 2), self.score)


def floats(values: tuple[float | None, ...]) -> FloatArray:
    return np.array(values, dtype=np.float64)


def with_load(history: History, values: FloatArray) -> History:
    return replace(history, load_w=tuple(None if np.isnan(value) else float(value) for value in values))


def with_solar(history: History, values: FloatArray) -> History:
    return replace(history, pv_w=tuple(None if np.isnan(value) else float(value) for value in values))


def between(history: History, start: datetime, hours: float) -> Mask:
    """The steps from ``start`` on, for some hours."""
    times = np.array([time.timestamp() for time in history.horizon.times()])
    return (times >= start.timestamp()) & (times < start.timestamp() + hours * 3600)


def looked_at(history: History, place: Place = CAMBRIDGE) -> Sound:
    return examine(history, place, RATED_W, None, history.end)


def lost(before: tuple[float | None, ...], after: tuple[float | None, ...]) -> Mask:
    """Steps that were measured and are missing now; nothing else may differ."""
    known, left = floats(before), floats(after)
    assert (known == left)[~np.isnan(left)].all()
    return ~np.isnan(known) & np.isnan(left)


def local_noon(days_ago: int, place: Place = CAMBRIDGE) -> datetime:
    day = (NOW - timedelta(days=days_ago)).astimezone(ZoneInfo(place.timezone))
    return day.replace(hour=12, minute=0).astimezone(UTC)


FAULTS: dict[str, tuple[Callable[[FloatArray], FloatArray], float, str]] = {
    "1000 times too much for an hour": (lambda values: values * 1000, 1, "times the usual peak"),
    "one step beyond the connection": (lambda values: values * 0 + 90_000, 0.25, "times the usual peak"),
    "dead for an hour": (lambda values: values * 0, 1, "a dead meter or a power cut"),
    "dead for two days": (lambda values: values * 0, 48, "a dead meter or a power cut"),
    "frozen for half a day": (lambda values: values * 0 + 5231.0, 12, "stays at 5.23 kW for"),
    "frozen for five days": (lambda values: values * 0 + 5231.0, 120, "in which this site always moves"),
    "wrong sign for a day": (lambda values: -values, 24, "counts the wrong way"),
    "infinite": (lambda values: values + np.inf, 1, "beyond 100 MW"),
}


@pytest.mark.parametrize("step_s", [900, 3600])
@pytest.mark.parametrize("days_ago", [2, 12, 45])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_load_meter_is_left_out(fault: str, days_ago: int, step_s: int) -> None:
    break_it, hours, sentence = FAULTS[fault]
    site = regular_site(CAMBRIDGE, DAYS, step_s)
    during = between(site, local_noon(days_ago), max(hours, step_s / 3600))
    values = floats(site.load_w)
    broken = with_load(site, np.where(during, break_it(values), values))
    found = looked_at(broken)
    missing = lost(broken.load_w, found.history.load_w)
    assert missing[during].all()
    assert missing[~during].sum() <= 2  # the means in which it began and ended
    (suspect,) = found.suspects
    assert (suspect.quantity, suspect.kind) == ("load_w", DATA_FAULT)
    assert np.flatnonzero(missing)[[0, -1]].tolist() == [
        site.horizon.index_of(suspect.start),
        site.horizon.index_of(suspect.end - timedelta(seconds=step_s)),
    ]
    assert sentence in suspect.reason
    assert found.history.pv_w == site.pv_w


SOLAR_FAULTS: dict[str, tuple[Callable[[FloatArray], FloatArray], datetime, float, str]] = {
    "1000 times": (lambda values: values * 1000, local_noon(9), 1, "more than 1.3 times the rating"),
    "wrong sign": (lambda values: -values, local_noon(9), 3, "counts the wrong way"),
    "by night": (lambda values: values * 0 + 3000, datetime(2023, 6, 9, 0, tzinfo=UTC), 1, "in the dark"),
    "frozen": (lambda values: values * 0 + 1234.5, local_noon(9), 6, "stays at 1.23 kW for 6 h under a moving sun"),
    "dead for two days": (lambda values: values * 0, datetime(2023, 6, 7, 0, tzinfo=UTC), 48, "zero for"),
}


@pytest.mark.parametrize("step_s", [900, 3600])
@pytest.mark.parametrize("fault", SOLAR_FAULTS)
def test_a_broken_solar_meter_is_left_out(fault: str, step_s: int) -> None:
    break_it, start, hours, sentence = SOLAR_FAULTS[fault]
    site = regular_site(CAMBRIDGE, DAYS, step_s)
    during = between(site, start, hours)
    values = floats(site.pv_w)
    broken = with_solar(site, np.where(during, break_it(values), values))
    found = looked_at(broken)
    missing = lost(broken.pv_w, found.history.pv_w)
    by_day = values > 0.1 * RATED_W
    assert missing[during & (by_day | (fault == "by night"))].all()
    assert not missing[~during].any()
    assert all(sentence in suspect.reason and suspect.quantity == "pv_w" for suspect in found.suspects)
    assert found.history.load_w == site.load_w


def weekend_on_workdays(site: History, values: FloatArray) -> FloatArray:
    return np.where(between(site, local_noon(12), 7 * 24), 2000 + 0.05 * (values - 2000), values)


def heat_wave(site: History, values: FloatArray) -> FloatArray:
    return np.where(between(site, local_noon(9), 4 * 24), 1.5 * values, values)


def heat_pump(site: History, values: FloatArray) -> FloatArray:
    return values + np.where(between(site, local_noon(5), 999), 6000.0, 0.0)


def factory_opens(site: History, values: FloatArray) -> FloatArray:
    return np.where(between(site, local_noon(4), 999), 50 * values, values)


def party(site: History, values: FloatArray) -> FloatArray:
    return np.where(between(site, local_noon(6), 5), 3 * values, values)


def doubled(site: History, values: FloatArray) -> FloatArray:
    return np.where(between(site, local_noon(9), 48), 2 * values, values)


def always_constant(site: History, values: FloatArray) -> FloatArray:
    return values * 0 + 3000.0


def constant_by_night(site: History, values: FloatArray) -> FloatArray:
    return np.where(values < 4000, 2000.0, values)


def switched_off_by_night(site: History, values: FloatArray) -> FloatArray:
    return np.where(values < 4000, 0.0, values)


def sports_lights(site: History, values: FloatArray) -> FloatArray:
    evening = np.array([time.weekday() == 2 and 18 <= time.hour < 21 for time in site.horizon.times()])
    return np.where(evening, 90_000.0, 300.0 + 0.01 * values)


def generator_without_meter(site: History, values: FloatArray) -> FloatArray:
    return values - 1.5 * floats(site.pv_w)


def small_negatives(site: History, values: FloatArray) -> FloatArray:
    return np.where(between(site, local_noon(9), 1), -15.0, values)


TRUE = (
    weekend_on_workdays,
    heat_wave,
    heat_pump,
    factory_opens,
    party,
    doubled,
    always_constant,
    constant_by_night,
    switched_off_by_night,
    sports_lights,
    generator_without_meter,
    small_negatives,
)


@pytest.mark.parametrize("step_s", [900, 3600])
@pytest.mark.parametrize("story", TRUE, ids=lambda story: story.__name__)
def test_a_strange_but_true_load_stays_in(story: Callable[[History, FloatArray], FloatArray], step_s: int) -> None:
    plain = regular_site(CAMBRIDGE, DAYS, step_s)
    site = with_load(plain, story(plain, floats(plain.load_w)))
    found = looked_at(site)
    assert found == Sound(site, ())


@pytest.mark.parametrize("story", TRUE, ids=lambda story: story.__name__)
def test_a_strange_but_true_load_stays_in_even_if_the_detector_finds_everything_strange(
    story: Callable[[History, FloatArray], FloatArray],
) -> None:
    plain = regular_site(CAMBRIDGE, DAYS)
    site = with_load(plain, story(plain, floats(plain.load_w)))
    found = examine(site, CAMBRIDGE, RATED_W, Everything(0.9), site.end)
    assert found.history == site
    assert {suspect.kind for suspect in found.suspects} == {UNUSUAL}


@pytest.mark.parametrize("place", [CAMBRIDGE, SAN_DIEGO, TROMSO])
@pytest.mark.parametrize("end", [NOW, *(datetime(2023, month, 12, tzinfo=UTC) for month in (1, 4, 11))])
@pytest.mark.parametrize("step_s", [300, 900, 3600, 7200])
def test_an_ordinary_site_is_left_as_it_is(place: Place, end: datetime, step_s: int) -> None:
    """In the polar night and under the midnight sun, over the change of the clock, on odd rasters."""
    site = regular_site(place, DAYS, step_s, end)
    assert examine(site, place, RATED_W, Everything(0.1), end) == Sound(site, ())


@pytest.mark.parametrize("place", [CAMBRIDGE, SAN_DIEGO])
def test_gaps_and_no_history_are_no_faults(place: Place) -> None:
    site = regular_site(place, DAYS)
    week = between(site, local_noon(20, place), 7 * 24)
    gap = with_solar(
        with_load(site, np.where(week, np.nan, floats(site.load_w))), np.where(week, np.nan, floats(site.pv_w))
    )
    assert looked_at(gap, place) == Sound(gap, ())
    assert looked_at(empty_site(), place) == Sound(empty_site(), ())
    assert looked_at(regular_site(place, 1), place).suspects == ()


def test_capped_output_is_no_frozen_meter() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    noon = between(site, local_noon(9), 4)
    capped = replace(
        with_solar(site, np.where(noon, 3000.0, floats(site.pv_w))), curtailed=tuple(bool(step) for step in noon)
    )
    assert looked_at(capped) == Sound(capped, ())
    clipped = with_solar(site, np.minimum(floats(site.pv_w), 4000.0))
    assert looked_at(clipped) == Sound(clipped, ())


def test_an_array_that_stands_still_is_believed_after_two_days() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    one_day = with_values_from(site, (DAYS - 1) * 96, 2000.0, 0.0)
    assert None in looked_at(one_day).history.pv_w
    three_days = with_values_from(site, (DAYS - 3) * 96, 2000.0, 0.0)
    assert looked_at(three_days).history.pv_w == three_days.pv_w


def test_a_dead_meter_is_not_believed_for_a_fortnight() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    for days, believed in ((1, False), (10, False), (15, True)):
        zero = with_values_from(site, (DAYS - days) * 96, 0.0, 0.0)
        assert (looked_at(zero).history.load_w == zero.load_w) is believed


def test_1000_times_too_much_right_now_is_seen_at_once() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    broken = with_values_from(site, site.horizon.steps - 2, 8e6, 0.0)
    assert looked_at(broken).history.load_w[-2:] == (None, None)


def test_doubt_is_decided_by_the_detector() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    during = between(site, local_noon(9), 1)
    high = with_load(site, np.where(during, 45_000.0, floats(site.load_w)))
    assert examine(high, CAMBRIDGE, RATED_W, None, NOW) == Sound(high, ())
    assert examine(high, CAMBRIDGE, RATED_W, Everything(0.5), NOW) == Sound(high, ())
    found = examine(high, CAMBRIDGE, RATED_W, Everything(0.9), NOW)
    assert lost(high.load_w, found.history.load_w)[during].all()
    assert sum(suspect.kind == DATA_FAULT for suspect in found.suspects) == 1


def test_what_is_stamped_later_than_now_is_left_out() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    found = examine(site, CAMBRIDGE, RATED_W, None, NOW - timedelta(hours=1))
    assert found.history.load_w[-5:] == (site.load_w[-5], None, None, None, None)
    assert {suspect.reason for suspect in found.suspects} == {
        "the load is stamped later than now: a clock is wrong",
        "the solar output is stamped later than now: a clock is wrong",
    }


def test_a_forecast_from_a_sound_history_is_that_of_an_undisturbed_one() -> None:
    site = regular_site(CAMBRIDGE, DAYS)
    during = between(site, local_noon(7), 1)
    broken = with_load(site, np.where(during, 1000.0, 1.0) * floats(site.load_w))
    horizon = Horizon(NOW, 900, 192)
    wanted, without, given = (
        LoadPersistence(CAMBRIDGE).predict(history, [horizon.start], 900, 192)
        for history in (site, broken, looked_at(broken).history)
    )
    assert np.abs(given - wanted).mean() < 0.01 * wanted.mean()
    assert np.abs(without - wanted).mean() > wanted.mean()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("watts", [5e-324, 1e-308, 1e-303, 1.0])
def test_features_of_a_leap_from_next_to_nothing_do_not_overflow(watts: float) -> None:
    site = regular_site(CAMBRIDGE, DAYS, 3600)
    values = watts * floats(site.load_w)
    values[500], values[700] = 1e8, -1e8
    trace = trace_of(values, calendar_of(site, CAMBRIDGE))
    for rows in (step_rows(trace, np.arange(values.size)), day_rows(trace).rows):
        assert (np.abs(rows) <= 8.0).all()


def test_notes_tell_the_newest_faults_and_count_the_rest() -> None:
    suspects = [
        Suspect("load_w", NOW + timedelta(days=day), NOW + timedelta(days=day, hours=1), kind, f"reason {day}")
        for day, kind in enumerate([DATA_FAULT, UNUSUAL, DATA_FAULT, DATA_FAULT, DATA_FAULT, DATA_FAULT])
    ]
    assert notes(suspects) == (
        "left out 17 Jun 00:00 to 17 Jun 01:00 UTC: reason 2",
        "left out 18 Jun 00:00 to 18 Jun 01:00 UTC: reason 3",
        "left out 19 Jun 00:00 to 19 Jun 01:00 UTC: reason 4",
        "left out 20 Jun 00:00 to 20 Jun 01:00 UTC: reason 5",
        "1 older stretches of measurements are left out too",
    )
    assert notes(()) == ()


values = st.lists(
    st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 2000.0, -3000.0, 5e6, 1e9])), min_size=1, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(load=values, pv=values, days=st.integers(1, 9), step_s=st.sampled_from([900, 3600, 18_000]))
def test_whatever_was_measured_the_examination_only_takes_away(
    load: list[float | None], pv: list[float | None], days: int, step_s: int
) -> None:
    steps = max(1, days * 86_400 // step_s)
    repeated = [tuple((part * steps)[:steps]) for part in (load, pv)]
    history = History(Horizon(NOW - timedelta(seconds=steps * step_s), step_s, steps), *repeated, (False,) * steps)
    found = examine(history, TROMSO, RATED_W, Everything(0.9), NOW)
    for before, after in ((history.load_w, found.history.load_w), (history.pv_w, found.history.pv_w)):
        assert all(new is None or new == old for old, new in zip(before, after, strict=True) if step_s != 18_000)
    assert all(NOW >= suspect.end > suspect.start >= history.horizon.start for suspect in found.suspects)
