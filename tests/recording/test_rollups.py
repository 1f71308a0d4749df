"""Roll-ups: boundaries in the site's own calendar, and totals that do not depend on the order of merging."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.records import MinuteRow
from agent.recording.rollups import merge, merge_minutes, of_minute, span_start

BERLIN = ZoneInfo("Europe/Berlin")


def minute(at: datetime, load_w: float | None = 100.0, covered_s: float = 60.0, cost: float | None = 0.5) -> MinuteRow:
    return MinuteRow(
        at, 60, covered_s, load_w, 0.0, 0.0, load_w, 50.0, 1.0, 2.0, 3.0, 4.0, cost, None, True, None, True, ()
    )


@pytest.mark.parametrize(
    ("at", "span", "start"),
    [
        ("2026-07-01T12:44:59", "quarter", "2026-07-01T12:30:00"),
        ("2026-07-01T12:44:59", "hour", "2026-07-01T12:00:00"),
        ("2026-07-01T21:59:59", "day", "2026-06-30T22:00:00"),
        ("2026-07-01T22:00:00", "day", "2026-07-01T22:00:00"),
        ("2026-07-01T22:00:00", "month", "2026-06-30T22:00:00"),
        ("2026-03-29T12:00:00", "day", "2026-03-28T23:00:00"),
        ("2026-03-29T12:00:00", "month", "2026-02-28T23:00:00"),
        ("2026-10-25T00:30:00", "hour", "2026-10-25T00:00:00"),
        ("2026-10-25T01:30:00", "hour", "2026-10-25T01:00:00"),
        ("2026-10-25T22:59:00", "day", "2026-10-24T22:00:00"),
    ],
)
def test_spans_begin_in_utc_or_at_local_midnight(at: str, span: str, start: str) -> None:
    found = span_start(datetime.fromisoformat(at + "+00:00"), span, BERLIN)
    assert found == datetime.fromisoformat(start + "+00:00")


@pytest.mark.parametrize(("day", "minutes"), [(datetime(2026, 3, 29), 23 * 60), (datetime(2026, 10, 25), 25 * 60)])
def test_a_day_of_a_clock_change_has_its_own_length(day: datetime, minutes: int) -> None:
    first = day.replace(tzinfo=BERLIN).astimezone(UTC) - timedelta(hours=2)
    rows = [minute(first + timedelta(minutes=i)) for i in range(30 * 60)]
    days = merge_minutes(rows, "day", BERLIN)
    assert days[day.replace(tzinfo=BERLIN).astimezone(UTC)].covered_s == minutes * 60


def test_prices_are_weighted_by_what_was_covered_where_they_were_known() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    rows = [
        replace(minute(at + timedelta(minutes=i), covered_s=covered_s), import_price=price)
        for i, (covered_s, price) in enumerate(((60.0, 0.10), (30.0, 0.40), (60.0, None)))
    ]
    quarter = merge_minutes(rows, "quarter", BERLIN)[at]
    assert quarter.import_price == pytest.approx((60.0 * 0.10 + 30.0 * 0.40) / 90.0)
    assert quarter.export_price is None


def test_an_unknown_span_is_refused() -> None:
    with pytest.raises(ValueError, match="'week'"):
        span_start(datetime(2026, 1, 1, tzinfo=UTC), "week", BERLIN)


def test_means_are_weighted_by_what_was_covered_and_missing_is_left_out() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [minute(at, 100.0, 60.0), minute(at, 400.0, 30.0), minute(at, None, 0.0, None)]
    whole = merge([of_minute(row, at) for row in rows], at)
    assert whole.load_w == pytest.approx(200.0)
    assert whole.covered_s == 90.0
    assert whole.curtailed_s == 90.0
    assert whole.cost == pytest.approx(1.0)
    assert whole.co2_kg is None
    assert (whole.import_wh, whole.discharge_wh) == (3.0, 12.0)


@given(
    loads=st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(1.0, 60.0)), min_size=2, max_size=40),
    share=st.floats(0.0, 1.0),
)
def test_merging_in_two_parts_is_merging_at_once(loads: list[tuple[float, float]], share: float) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    parts = [of_minute(minute(at, load_w, covered_s), at) for load_w, covered_s in loads]
    cut = 1 + int(share * (len(parts) - 2))
    once, twice = merge(parts, at), merge([merge(parts[:cut], at), merge(parts[cut:], at)], at)
    assert twice.load_w == pytest.approx(once.load_w, abs=1e-6)
    assert twice.covered_s == pytest.approx(once.covered_s)
    assert twice.import_wh == pytest.approx(once.import_wh)
