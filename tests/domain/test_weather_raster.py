"""The weather on another raster: means where enough is known, nothing where it is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.domain.weather_raster import hours_between, joined, on_raster

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("start", "end", "first", "steps"),
    [
        (at(0), at(60), at(0), 1),
        (at(0), at(61), at(0), 2),
        (at(59), at(60), at(0), 1),
        (at(15), at(15), at(0), 1),
        (at(-30), at(135), at(-60), 4),
    ],
)
def test_hours_hold_the_whole_stretch(start: datetime, end: datetime, first: datetime, steps: int) -> None:
    assert hours_between(start, end) == Horizon(first, 3600, steps)


HOURS = Horizon(NOON, 3600, 3)
COLUMNS = [
    # start, step_s, values of the feed -> values of three hours from noon
    ("its own raster", at(0), 3600, (1.0, None, 3.0), (1.0, None, 3.0)),
    ("quarters", at(0), 900, (1.0, 2.0, 3.0, 4.0, *(6.0,) * 8), (2.5, 6.0, 6.0)),
    ("half of an hour is enough", at(0), 900, (None, 2.0, 4.0, None, None, None, 9.0, None), (3.0, None, None)),
    ("three hours", at(-60), 10800, (7.0, 9.0), (7.0, 7.0, 9.0)),
    ("between the hours", at(-30), 3600, (0.0, 10.0, 20.0), (5.0, 15.0, 20.0)),
    ("it ends early", at(0), 3600, (5.0,), (5.0, None, None)),
    ("it begins later", at(120), 3600, (5.0,), (None, None, 5.0)),
    ("long ago", at(-600), 3600, (5.0,), (None, None, None)),
    ("forty minutes", at(0), 2400, (3.0, 6.0, 9.0), (4.0, 8.0, None)),
]


@pytest.mark.parametrize(
    ("start", "step_s", "values", "wanted"), [row[1:] for row in COLUMNS], ids=[r[0] for r in COLUMNS]
)
def test_means_over_other_steps(
    start: datetime, step_s: int, values: tuple[float | None, ...], wanted: tuple[float | None, ...]
) -> None:
    feed = Weather(Horizon(start, step_s, len(values)), temperature_c=values)
    found = on_raster(feed, HOURS)
    assert found.temperature_c == pytest.approx(wanted)
    assert found.horizon == HOURS
    assert (found.ghi_w_m2, found.cloud_pct) == ((), ()), "a column that the feed lacks stays away"


def test_the_past_is_what_was_said_then_and_the_future_the_newest_word() -> None:
    past = Weather(Horizon(at(-120), 3600, 3), temperature_c=(1.0, None, 3.0))
    ahead = Weather(Horizon(at(-120), 3600, 4), temperature_c=(10.0, 20.0, 30.0, 40.0), cloud_pct=(None, 5.0, 6.0, 7.0))
    raster = Horizon(at(-180), 3600, 6)
    found = joined(past, ahead, raster, at(20))
    assert found is not None
    assert found.temperature_c == (None, 1.0, 20.0, 30.0, 40.0, None)
    assert found.cloud_pct == (None, None, 5.0, 6.0, 7.0, None)
    assert found.ghi_w_m2 == ()


def test_where_the_newest_word_is_silent_the_older_one_counts() -> None:
    past = Weather(Horizon(at(0), 3600, 1), ghi_w_m2=(400.0,))
    found = joined(past, None, HOURS, at(10))
    assert found is not None
    assert found.ghi_w_m2 == (400.0, None, None)


@pytest.mark.parametrize("silent", [None, Weather(HOURS), Weather(HOURS, temperature_c=(None, None, None))])
def test_a_feed_that_says_nothing_is_no_weather(silent: Weather | None) -> None:
    assert joined(silent, silent, HOURS, NOON) is None


@given(
    values=st.lists(st.one_of(st.none(), st.floats(-50, 50)), min_size=1, max_size=40),
    step_s=st.integers(60, 86_400),
    offset_s=st.integers(-200_000, 200_000),
)
def test_a_mean_lies_between_the_values(values: list[float | None], step_s: int, offset_s: int) -> None:
    feed = Weather(Horizon(NOON + timedelta(seconds=offset_s), step_s, len(values)), cloud_pct=tuple(values))
    found = [value for value in on_raster(feed, Horizon(NOON, 3600, 24)).cloud_pct if value is not None]
    known = [value for value in values if value is not None]
    assert all(min(known) - 1e-9 <= value <= max(known) + 1e-9 for value in found)
