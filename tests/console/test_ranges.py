"""Which time is meant: days and months of the site's clock, also where a day has 23 or 25 hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.console.reading.buckets import chosen_granularity, filled, raster, source_span
from agent.console.reading.ranges import PERIODS, BadRange, Range, asked_range, earlier, of_period
from agent.recording.rollups import Rollup

BERLIN, KOLKATA, SANTIAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Santiago")
NOW = datetime(2026, 6, 3, 11, 7, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)


def local(at: datetime, zone: ZoneInfo = BERLIN) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("period", "first", "end"),
    [
        ("today", "2026-06-03T00:00", "2026-06-04T00:00"),
        ("yesterday", "2026-06-02T00:00", "2026-06-03T00:00"),
        ("week", "2026-06-01T00:00", "2026-06-08T00:00"),
        ("month", "2026-06-01T00:00", "2026-07-01T00:00"),
        ("year", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("last7", "2026-05-28T00:00", "2026-06-04T00:00"),
        ("last30", "2026-05-05T00:00", "2026-06-04T00:00"),
    ],
)
def test_periods(period: str, first: str, end: str) -> None:
    found = of_period(period, NOW, BERLIN)
    assert (local(found.start), local(found.end)) == (first, end)
    assert period in PERIODS


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-06-01", "2026-06-01", "2026-06-01T00:00", "2026-06-02T00:00"),
        ("2026-06-01", None, "2026-06-01T00:00", "2026-06-04T00:00"),
        ("2026-06-01T10:05", "2026-06-01T11:50", "2026-06-01T10:00", "2026-06-01T12:00"),
        ("2026-06-01T10:00:00+00:00", "2026-06-01T11:00:00Z", "2026-06-01T12:00", "2026-06-01T13:00"),
        ("2026-06-01T10:00 02:00", "2026-06-01", "2026-06-01T10:00", "2026-06-02T00:00"),
    ],
)
def test_dates_and_instants(start: str, end: str | None, first: str, last: str) -> None:
    found = asked_range(start, end, None, NOW, BERLIN)
    assert (local(found.start), local(found.end)) == (first, last)


@pytest.mark.parametrize(
    ("start", "end", "period", "field", "sentence"),
    [
        ("2026-06-02", "2026-06-01", None, "endDate", "endDate 2026-06-01 is before startDate 2026-06-02"),
        ("2026-06-04", None, None, "startDate", "startDate 2026-06-04 is in the future"),
        (None, "2026-06-01", None, "startDate", "startDate is missing: endDate alone says no range"),
        ("2026-06-01", None, "week", "period", "either a period or dates are asked for, not both"),
        (None, None, "decade", "period", f"there is no period 'decade': known are {', '.join(PERIODS)}"),
        ("2026-13-01", None, None, "startDate", "'2026-13-01' is no date"),
        ("1492-10-12", None, None, "startDate", "is not between 2000-01-01 and 2099-12-31"),
        ("=1+1", None, None, "startDate", "is no date"),
    ],
)
def test_what_is_no_range(start: str | None, end: str | None, period: str | None, field: str, sentence: str) -> None:
    with pytest.raises(BadRange) as refused:
        asked_range(start, end, period, NOW, BERLIN)
    assert sentence in str(refused.value)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("asked", "shift", "first", "end"),
    [
        (("2026-05-01", "2026-05-31"), "period", "2026-04-01T00:00", "2026-05-01T00:00"),
        (("2026-03-01", "2026-03-31"), "period", "2026-02-01T00:00", "2026-03-01T00:00"),
        (("2026-03-29", "2026-03-29"), "period", "2026-03-28T00:00", "2026-03-29T00:00"),
        (("2026-05-11", "2026-05-17"), "year", "2025-05-11T00:00", "2025-05-18T00:00"),
        (("2024-02-29", "2024-02-29"), "year", "2023-02-28T00:00", "2023-03-01T00:00"),
        (("2026-05-01T10:00", "2026-05-01T12:00"), "period", "2026-05-01T08:00", "2026-05-01T10:00"),
        (("2026-06-01", "2026-06-30"), "period", "2026-05-01T00:00", "2026-05-03T13:07"),
        (("2026-01-01", "2026-12-31"), "year", "2025-01-01T00:00", "2025-06-03T13:07"),
        (("2026-06-03", "2026-06-03"), "period", "2026-06-02T00:00", "2026-06-02T13:07"),
    ],
)
def test_what_it_is_compared_with_is_as_long_and_no_longer_than_has_passed(
    asked: tuple[str, str], shift: str, first: str, end: str
) -> None:
    found = earlier(asked_range(*asked, None, NOW, BERLIN), shift, NOW)
    assert (local(found.start), local(found.end)) == (first, end)


@pytest.mark.parametrize(
    ("day", "hours", "first", "doubled"),
    [("2026-03-29", 23, "00:00", []), ("2026-10-25", 25, "00:00", ["02:00"]), ("2026-06-03", 24, "00:00", [])],
)
def test_days_of_23_and_25_hours(day: str, hours: int, first: str, doubled: list[str]) -> None:
    asked = asked_range(day, day, None, datetime(2027, 1, 1, tzinfo=UTC), BERLIN)
    spans = raster(asked, "hour")
    shown = [start.astimezone(BERLIN).strftime("%H:%M") for start, _ in spans]
    assert len(spans) == hours
    assert (shown[0], shown[-1]) == (first, "23:00")
    assert sorted({one for one in shown if shown.count(one) == 2}) == doubled
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert raster(asked, "day") == ((asked.start, asked.end),)
    assert len(raster(asked, "quarter")) == 4 * hours


@pytest.mark.parametrize(
    ("day", "shift", "first", "end"),
    [
        ("2026-09-06", "period", "2026-09-05T00:00", "2026-09-06T01:00"),
        ("2026-09-07", "period", "2026-09-06T01:00", "2026-09-07T00:00"),
        ("2026-09-06", "year", "2025-09-06T00:00", "2025-09-07T01:00"),
    ],
)
def test_where_the_clock_is_put_forward_at_midnight_a_day_begins_at_one(
    day: str, shift: str, first: str, end: str
) -> None:
    """In Chile, Egypt and Lebanon, once a year."""
    found = asked_range(day, day, None, datetime(2026, 10, 1, tzinfo=UTC), SANTIAGO)
    assert found.is_days
    assert source_span(found, "day") == "day"
    with_it = earlier(found, shift, datetime(2026, 10, 1, tzinfo=UTC))
    assert (local(with_it.start, SANTIAGO), local(with_it.end, SANTIAGO)) == (first, end)


def test_the_days_and_months_of_a_year_touch_one_another_and_begin_at_the_sites_midnight() -> None:
    asked = asked_range("2026-01-01", "2026-12-31", None, NOW, BERLIN)
    for granularity, count in (("day", 365), ("month", 12)):
        spans = raster(asked, granularity)
        assert len(spans) == count
        assert all(local(start).endswith("T00:00") for start, _ in spans)
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
        assert (spans[0][0], spans[-1][1]) == (asked.start, asked.end)


def test_where_the_clock_is_half_an_hour_off_hours_are_made_of_quarters() -> None:
    asked = asked_range("2026-06-01", "2026-06-01", None, NOW, KOLKATA)
    assert source_span(asked, "hour") == "quarter"
    assert source_span(asked, "day") == "day"
    assert [local(start, KOLKATA)[11:] for start, _ in raster(asked, "hour")[:2]] == ["00:00", "01:00"]


@pytest.mark.parametrize(
    ("asked", "wanted", "granularity", "is_told"),
    [
        (("2026-06-01", "2026-06-01"), None, "hour", False),
        (("2026-05-01", "2026-05-31"), None, "day", False),
        (("2026-01-01", "2026-12-31"), None, "month", False),
        (("2026-01-01", "2026-12-31"), "quarter", "day", True),
        (("2016-01-01", "2025-12-31"), "minute", "month", True),
        (("2026-06-01", "2026-06-02"), "minute", "minute", False),
        (("2026-06-01", "2026-06-03"), "minute", "quarter", True),
    ],
)
def test_what_has_too_many_points_comes_coarser_and_says_so(
    asked: tuple[str, str], wanted: str | None, granularity: str, is_told: bool
) -> None:
    found, note = chosen_granularity(asked_range(*asked, None, NOW, BERLIN), wanted)
    assert found == granularity
    assert (note is not None) is is_told


def rollup(at: datetime) -> Rollup:
    return Rollup(at, 3600.0, 0.0, 1.0, None, None, 500.0, None, None, None, 1.0, 0.0, 0.0, 0.0, None, None)


def test_a_gap_stays_a_gap_and_what_lies_outside_is_left_out() -> None:
    start = datetime(2026, 6, 1, 10, tzinfo=UTC)
    asked = Range(start, start + 4 * HOUR, BERLIN)
    rows = [rollup(start + place * HOUR) for place in (-1, 0, 2, 4)]
    assert [len(bucket.rows) for bucket in filled(asked, "hour", rows)] == [1, 0, 1, 0]
