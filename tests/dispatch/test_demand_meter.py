"""The demand meter: means of intervals, the month's highest, and what is known after an absence."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.demand_meter import DemandMeter
from agent.domain.demand_charge import DemandCharge

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def meter(interval_s: int = 900, months: tuple[int, ...] = tuple(range(1, 13))) -> DemandMeter:
    return DemandMeter(DemandCharge(15.0, interval_s, months), LONDON)


def fed(on: DemandMeter, at: datetime, minutes: int, grid_w: float | None, step_s: float = 20.0) -> datetime:
    """So many minutes of one power, in control steps. Returns when they end."""
    for _ in range(round(minutes * 60 / step_s)):
        on.seen(at, step_s, grid_w)
        at += timedelta(seconds=step_s)
    return at


def peak_w(on: DemandMeter, at: datetime = NOON) -> float:
    return on.demand(at).peak_w


@pytest.mark.parametrize(("interval_s", "expected"), [(900, 4000.0), (1800, 3000.0), (3600, 1500.0)])
def test_the_highest_mean_of_an_interval_counts(interval_s: int, expected: float) -> None:
    on = meter(interval_s)
    at = NOON
    for grid_w in (4000.0, 2000.0, 0.0, -9000.0):  # what is exported makes no import undone
        at = fed(on, at, 15, grid_w)
    on.seen(at, 1.0, 0.0)
    assert peak_w(on) == pytest.approx(expected)


def test_an_interval_counts_when_it_has_ended_and_not_before() -> None:
    on = meter()
    at = fed(on, NOON, 14, 5000.0)
    assert peak_w(on) == 0.0
    assert not on.seen(at, 60.0, 5000.0)
    assert on.seen(at + MINUTE, 1.0, 0.0)
    assert peak_w(on) == pytest.approx(5000.0)


def test_what_was_not_measured_is_as_the_rest() -> None:
    on = meter()
    at = fed(on, NOON, 8, 3000.0)
    at = fed(on, at, 7, None)
    assert on.interval_wh(at) == pytest.approx(750.0)
    on.seen(at, 1.0, None)
    assert peak_w(on) == pytest.approx(3000.0)


def test_an_interval_of_which_less_than_half_was_seen_is_left_out() -> None:
    on = meter()
    fed(on, NOON + 9 * MINUTE, 6, 9000.0)
    on.seen(NOON + 15 * MINUTE, 1.0, 0.0)
    assert peak_w(on) == 0.0


@pytest.mark.parametrize("days_away", [0.02, 1, 3])
def test_an_absence_is_no_import(days_away: float) -> None:
    on = meter()
    fed(on, NOON, 15, 2000.0)
    on.seen(NOON + timedelta(days=days_away), 1.0, 7000.0)
    assert peak_w(on) == pytest.approx(2000.0)


def test_a_new_month_of_the_site_s_clock_begins_at_nothing() -> None:
    on = meter()
    turn = datetime(2026, 6, 30, 23, tzinfo=UTC)  # midnight in London
    fed(on, turn - 30 * MINUTE, 30, 6000.0)
    assert peak_w(on) == pytest.approx(6000.0)
    on.seen(turn, 1.0, 500.0)
    assert peak_w(on, turn) == 0.0
    assert on.demand(turn).interval_wh == 0.0


def test_months_that_are_not_charged_have_no_peak() -> None:
    on = meter(months=(12,))
    fed(on, NOON, 45, 6000.0)
    assert peak_w(on) == 0.0


def test_a_plan_is_told_what_its_interval_had_imported_before_it_begins() -> None:
    on = meter(3600)
    at = fed(on, NOON, 15, 4000.0)
    at = fed(on, at, 15, 8000.0)
    at = fed(on, at, 7, 2000.0)
    assert on.demand(NOON).interval_wh == 0.0
    assert on.demand(NOON + 15 * MINUTE).interval_wh == pytest.approx(1000.0)
    assert on.demand(NOON + 30 * MINUTE).interval_wh == pytest.approx(3000.0)
    assert on.interval_wh(at) == pytest.approx(3000.0 + 2000.0 * 7 / 60)


def test_it_goes_on_from_what_was_kept() -> None:
    first = meter()
    at = fed(first, NOON, 40, 3000.0)
    second = meter()
    document = first.document()
    since = second.recall(document, at)
    assert since == NOON + 30 * MINUTE
    second.add(since, 600.0, 600.0, 500.0)
    assert second.doubt(at) is None
    assert second.document() == document
    assert second.interval_wh(at) == pytest.approx(first.interval_wh(at))


@pytest.mark.parametrize(
    "document",
    [
        None,
        "[{",
        '{"year":2026,"month":6,"interval_s":900,"peak_w":NaN,"peak_at":null,"seen_to":"2026-06-10T11:00:00+00:00"}',
        '{"year":2026,"month":6,"interval_s":900,"peak_w":5.0,"peak_at":null,"seen_to":"2026-06-10T11:00:00"}',
        '{"year":2026,"month":6,"interval_s":900,"peak_w":Infinity,"peak_at":null,"seen_to":"2026-06-10T11:00:00+00:00"}',
        '{"year":2026,"month":5,"interval_s":900,"peak_w":5.0,"peak_at":null,"seen_to":"2026-05-10T11:00:00+00:00"}',
        '{"year":2026,"month":6,"interval_s":3600,"peak_w":5.0,"peak_at":null,"seen_to":"2026-06-10T11:00:00+00:00"}',
    ],
)
def test_without_a_good_document_the_month_is_made_from_what_was_measured(document: str | None) -> None:
    on = meter()
    since = on.recall(document, NOON)
    assert since == datetime(2026, 5, 31, 23, tzinfo=UTC)
    while since < NOON:
        on.add(since, 900.0, 890.0, 1500.0 if since.hour == 7 else 100.0)
        since += 15 * MINUTE
    assert on.doubt(NOON) is None
    assert peak_w(on) == pytest.approx(1500.0 * 3600.0 / 890.0)


def test_a_month_of_which_little_was_measured_is_doubted_in_one_sentence() -> None:
    on = meter()
    since = on.recall(None, NOON)
    on.add(NOON - 30 * MINUTE, 900.0, 900.0, 1000.0)
    assert since < NOON
    assert on.doubt(NOON) == (
        "the month's highest import is not known, since 1 of its 916 intervals of 15 minutes were measured: "
        "for the demand charge it counts as 4.0 kW"
    )


def test_the_first_minutes_of_a_month_and_months_that_cost_nothing_are_not_doubted() -> None:
    turn = datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert meter().doubt(turn + 5 * MINUTE) is None
    assert meter(months=(1,)).doubt(NOON) is None


def test_a_clock_that_is_behind_keeps_what_was_known() -> None:
    first = meter()
    fed(first, NOON, 40, 3000.0)
    second = meter()
    second.recall(first.document(), datetime(2024, 1, 1, tzinfo=UTC))
    second.seen(NOON + 50 * MINUTE, 1.0, 0.0)
    assert peak_w(second) == pytest.approx(3000.0)


def test_a_clock_that_is_set_back_counts_nothing_twice() -> None:
    on = meter()
    at = fed(on, NOON, 40, 3000.0)
    back = at - timedelta(hours=1)
    fed(on, back, 5, 9000.0)
    assert peak_w(on) == pytest.approx(3000.0)
    assert on.interval_wh(back + 5 * MINUTE) == pytest.approx(9000.0 * 15 / 60)  # the rest of it is taken as alike


@given(
    powers=st.lists(st.floats(0.0, 50_000.0), min_size=60, max_size=60), interval_s=st.sampled_from([900, 1800, 3600])
)
def test_an_hour_of_minutes_is_an_hour_of_energy(powers: list[float], interval_s: int) -> None:
    on, at = meter(interval_s), NOON
    for watts in powers:
        on.seen(at, 60.0, watts)
        at += MINUTE
    many = interval_s // 60
    last = powers[-many:]
    assert on.interval_wh(at) == pytest.approx(sum(last) / 60.0, abs=1e-6)
    on.seen(at, 1.0, 0.0)
    means = [sum(powers[i : i + many]) / many for i in range(0, 60, many)]
    assert peak_w(on) == pytest.approx(max(means), abs=1e-6)


def test_a_clock_that_shows_another_month_for_a_while_takes_no_peak_with_it() -> None:
    on = meter()
    at = fed(on, NOON, 15, 5000.0)
    fed(on, at + timedelta(days=30), 2, 100.0)
    assert peak_w(on) == 0.0
    fed(on, at, 2, 100.0)
    assert peak_w(on) == pytest.approx(5000.0)
