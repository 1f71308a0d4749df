"""The demand meter with several charges, hours that count, ratchets, and an edit of the site file between."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from agent.dispatch.demand_meter import DemandMeter
from agent.domain.demand_charge import DemandCharge
from agent.domain.tariff import TimeOfUse, Window
from tests.dispatch.test_demand_meter import LONDON, MINUTE, NOON, meter, peak_w

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
