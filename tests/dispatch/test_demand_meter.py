"""The demand meter: means of intervals, the month's highest, and what is known after an absence."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.demand_meter import DemandMeter
from agent.domain.demand_charge import DemandCharge
from agent.domain.tariff import TimeOfUse, Window

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


# --- several charges, hours that count, ratchets ----------------------------------------------------------------------

ON_PEAK = TimeOfUse(0.0, (Window(1.0, time(16), time(21), frozenset(range(5))),), "Europe/London")
SHARED = DemandCharge(20.0, 900, (6, 7, 8), ON_PEAK, 0.0, "on-peak")
RATCHET = DemandCharge(8.0, 900, ratchet_share=0.8, name="ratchet")


def imported(on: DemandMeter, at: datetime, grid_w: float) -> None:
    on.add(at, 900.0, 900.0, grid_w / 4.0)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 6, 1, 15, tzinfo=UTC), 5000.0),  # a Monday, 16:00 in London
        (datetime(2026, 6, 1, 19, 45, tzinfo=UTC), 5000.0),
        (datetime(2026, 6, 1, 20, tzinfo=UTC), 0.0),
        (datetime(2026, 6, 1, 14, 45, tzinfo=UTC), 0.0),
        (datetime(2026, 6, 6, 15, tzinfo=UTC), 0.0),  # a Saturday
        (datetime(2026, 9, 1, 15, tzinfo=UTC), 0.0),  # after the season
    ],
)
def test_each_charge_counts_its_own_hours(at: datetime, expected: float) -> None:
    on = DemandMeter(DemandCharge(5.0, 900), LONDON, [SHARED])
    imported(on, at, 5000.0)
    on.seen(at + 15 * MINUTE, 1.0, 0.0)
    demand = on.demand(at + 15 * MINUTE)
    assert demand.peak_w == pytest.approx(5000.0)
    assert [one.charge for one in demand.others] == [SHARED]
    assert demand.others[0].peak_w == pytest.approx(expected)


def test_a_ratchet_remembers_eleven_months_over_restarts() -> None:
    on = DemandMeter(RATCHET, LONDON, [SHARED])
    for month, grid_w in ((1, 9000.0), (3, 6000.0), (12, 1000.0)):
        imported(on, datetime(2026, month, 10, 12, tzinfo=UTC), grid_w)
    now = datetime(2026, 12, 10, 13, tzinfo=UTC)
    on.seen(now, 1.0, 0.0)
    assert on.demand(now).earlier_w == pytest.approx(9000.0)
    assert on.demand(now).paid_anyway_w == pytest.approx(7200.0)
    again = DemandMeter(RATCHET, LONDON, [SHARED])
    again.recall(on.document(), now)
    assert again.demand(now) == on.demand(now)
    imported(again, datetime(2027, 1, 2, 12, tzinfo=UTC), 500.0)
    later = datetime(2027, 1, 2, 13, tzinfo=UTC)
    again.seen(later, 1.0, 0.0)
    assert again.demand(later).earlier_w == pytest.approx(6000.0)  # January of the year before is over
    assert again.demand(later).others[0].earlier_w == 0.0


@pytest.mark.parametrize("more", ["", ',"of_a_later_release":[1]'])
def test_what_an_earlier_release_kept_is_read_and_a_later_one_too(more: str) -> None:
    old = (
        '{"year":2026,"month":6,"interval_s":900,"peak_w":4000.0,"peak_at":"2026-06-01T12:00:00+00:00",'
        f'"seen_to":"2026-06-01T13:00:00+00:00"{more}}}'
    )
    on = meter()
    assert on.recall(old, NOON + 60 * MINUTE) == datetime(2026, 6, 1, 13, tzinfo=UTC)
    assert peak_w(on) == 4000.0
    ratchet = DemandMeter(RATCHET, LONDON)
    ratchet.recall(old, NOON + 60 * MINUTE)
    assert ratchet.demand(NOON).peak_w == 4000.0


def test_a_charge_that_is_new_is_counted_from_what_was_measured() -> None:
    before = meter()
    imported(before, NOON, 4000.0)
    before.seen(NOON + 15 * MINUTE, 1.0, 0.0)
    on = DemandMeter(DemandCharge(15.0, 900), LONDON, [SHARED])
    assert on.recall(before.document(), NOON + 15 * MINUTE) == datetime(2026, 5, 31, 23, tzinfo=UTC)


IN_WINTER = DemandCharge(15.0, 900, (12, 1))
DEARER = DemandCharge(19.0, 900, name="another name is no other peak")


@pytest.mark.parametrize(
    ("after", "peak_kw", "read_again"),
    [
        (DemandCharge(15.0, 900, hours=ON_PEAK), 3.0, True),
        (IN_WINTER, 0.0, True),
        (replace(RATCHET, per_kw=15.0), 9.0, True),  # what earlier months were was not kept
        (DEARER, 9.0, False),
    ],
)
def test_a_charge_that_counts_other_hours_now_is_counted_from_what_was_measured(
    after: DemandCharge, peak_kw: float, read_again: bool
) -> None:
    """9 kW at noon and 3 kW at 17:00: an edit of the site file does not leave the one for the other."""
    before, told = meter(), [(NOON, 9000.0), (NOON + timedelta(hours=4), 3000.0)]
    for at, grid_w in told:
        imported(before, at, grid_w)
    now = told[-1][0] + timedelta(hours=1)
    before.seen(now, 1.0, 0.0)
    on = DemandMeter(after, LONDON)
    since = on.recall(before.document(), now)
    assert (since < NOON) is read_again
    for at, grid_w in told:
        if at >= since:
            imported(on, at, grid_w)
    on.seen(now, 1.0, 0.0)
    assert peak_w(on, now) == pytest.approx(1000.0 * peak_kw)


def test_hours_of_a_further_charge_that_are_others_now_are_counted_from_what_was_measured() -> None:
    before = DemandMeter(DemandCharge(5.0, 900), LONDON, [replace(SHARED, hours=None)])
    imported(before, NOON, 9000.0)
    before.seen(NOON + 15 * MINUTE, 1.0, 0.0)
    on = DemandMeter(DemandCharge(5.0, 900), LONDON, [SHARED])
    assert on.recall(before.document(), NOON + 15 * MINUTE) == datetime(2026, 5, 31, 23, tzinfo=UTC)
    imported(on, NOON, 9000.0)
    on.seen(NOON + 15 * MINUTE, 1.0, 0.0)
    demand = on.demand(NOON)
    assert (demand.peak_w, demand.others[0].peak_w) == (pytest.approx(9000.0), 0.0)


def test_a_ratchet_without_anything_kept_asks_for_eleven_months() -> None:
    on = DemandMeter(RATCHET, LONDON)
    assert on.recall(None, NOON) == datetime(2025, 6, 30, 23, tzinfo=UTC)
