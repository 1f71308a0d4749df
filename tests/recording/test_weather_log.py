"""Each hour's word of the weather feed is handed over once, when the hour begins."""

from datetime import UTC, datetime, timedelta

from agent.domain.horizon import Horizon
from agent.domain.weather import Weather
from agent.recording.weather_log import KEPT_DAYS, WeatherLog

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def feed(start: datetime, values: tuple[float | None, ...], step_s: int = 3600) -> Weather:
    return Weather(Horizon(start, step_s, len(values)), temperature_c=values)


def told(log: WeatherLog, weather: Weather | None, minutes: float) -> list[tuple[float, float | None]]:
    """Hours from noon, temperature."""
    rows = log.rows(weather, NOON + timedelta(minutes=minutes))
    return [((row.at - NOON).total_seconds() / 3600, row.temperature_c) for row in rows]


def test_an_hour_is_told_as_it_begins_and_once() -> None:
    log, weather = WeatherLog(), feed(NOON, (1.0, 2.0, 3.0))
    assert told(log, weather, 0) == [(0, 1.0)]
    assert told(log, weather, 1) == []
    assert told(log, weather, 59) == []
    assert told(log, weather, 60) == [(1, 2.0)]
    assert told(log, weather, 61) == []


def test_without_a_feed_or_where_it_says_nothing_there_is_no_row() -> None:
    log = WeatherLog()
    assert told(log, None, 0) == []
    assert told(log, Weather(Horizon(NOON, 3600, 2)), 1) == []
    assert told(log, feed(NOON, (None, 2.0)), 2) == []
    assert told(log, feed(NOON + timedelta(hours=2), (5.0,)), 3) == [], "it begins later"


def test_a_feed_that_ends_after_six_hours_leaves_the_rest_out_until_it_speaks_again() -> None:
    log, weather = WeatherLog(), feed(NOON, (1.0,) * 6)
    found = [told(log, weather, 60 * hour) for hour in range(9)]
    assert [len(rows) for rows in found] == [1] * 6 + [0] * 3
    again = feed(NOON + timedelta(hours=6), (9.0,) * 6)
    assert told(log, again, 8 * 60 + 1) == [(6, 9.0), (7, 9.0), (8, 9.0)]


def test_hours_that_were_slept_through_are_told_afterwards() -> None:
    log, weather = WeatherLog(), feed(NOON, (1.0, 2.0, 3.0, 4.0))
    assert told(log, weather, 0) == [(0, 1.0)]
    assert told(log, weather, 200) == [(1, 2.0), (2, 3.0), (3, 4.0)]


def test_a_feed_with_a_past_fills_it_in_as_far_back_as_is_kept() -> None:
    days = KEPT_DAYS + 5
    weather = feed(NOON - timedelta(days=days), (7.0,) * (24 * days + 1))
    rows = WeatherLog().rows(weather, NOON)
    assert rows[0].at == NOON - timedelta(days=KEPT_DAYS)
    assert (len(rows), rows[-1].at) == (24 * KEPT_DAYS + 1, NOON)


def test_other_steps_become_hours() -> None:
    assert told(WeatherLog(), feed(NOON, (1.0, 2.0, 3.0, 6.0), 900), 5) == [(0, 3.0)]
    assert told(WeatherLog(), feed(NOON - timedelta(hours=2), (8.0,), 10800), 5) == [(-2, 8.0), (-1, 8.0), (0, 8.0)]


def test_a_clock_that_is_set_back_tells_nothing_twice() -> None:
    log, weather = WeatherLog(), feed(NOON - timedelta(hours=3), (1.0,) * 9)
    assert len(told(log, weather, 120)) == 6
    assert told(log, weather, 0) == []
    assert told(log, weather, 180) == [(3, 1.0)]
