"""Which intervals count for a demand charge."""

from datetime import UTC, date, datetime, time

import pytest

from agent.domain.demand_charge import DemandCharge
from agent.domain.horizon import Horizon
from agent.domain.tariff import TimeOfUse, Window

EVENING = (Window(1.0, time(16), time(21), frozenset(range(5))),)
NIGHT = (Window(1.0, time(22), time(2), frozenset({4})),)  # Friday night


@pytest.mark.parametrize(
    ("windows", "at", "counts"),
    [
        ((), datetime(2026, 6, 1, 3, tzinfo=UTC), True),
        (EVENING, datetime(2026, 1, 5, 16, tzinfo=UTC), True),  # Monday, London on Greenwich time
        (EVENING, datetime(2026, 1, 5, 15, 45, tzinfo=UTC), False),
        (EVENING, datetime(2026, 6, 1, 15, tzinfo=UTC), True),  # an hour ahead in summer
        (EVENING, datetime(2026, 6, 1, 20, tzinfo=UTC), False),
        (EVENING, datetime(2026, 6, 6, 16, tzinfo=UTC), False),  # Saturday
        (NIGHT, datetime(2026, 1, 9, 23, tzinfo=UTC), True),
        (NIGHT, datetime(2026, 1, 10, 1, tzinfo=UTC), True),  # Saturday morning is Friday's night
        (NIGHT, datetime(2026, 1, 9, 1, tzinfo=UTC), False),
    ],
)
def test_the_hours_that_count(windows: tuple[Window, ...], at: datetime, counts: bool) -> None:
    hours = TimeOfUse(0.0, windows, "Europe/London") if windows else None
    assert DemandCharge(10.0, 900, hours=hours).counts(at) is counts


@pytest.mark.parametrize("interval_s", [900, 1800, 3600])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1)])  # the clock is changed
def test_a_row_of_intervals_counts_as_each_of_them(day: date, interval_s: int) -> None:
    night = time(0) if interval_s == 3600 else time(0, 30)
    windows = (Window(1.0, night, time(3)), Window(1.0, time(16), time(21)))
    charge = DemandCharge(10.0, interval_s, hours=TimeOfUse(0.0, windows, "Europe/London"))
    intervals = Horizon(datetime(day.year, day.month, day.day, tzinfo=UTC), interval_s, 86_400 // interval_s)
    assert charge.counts_over(intervals) == tuple(charge.counts(at) for at in intervals.times())


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Adelaide", "America/St_Johns"])
def test_where_the_clock_is_half_an_hour_away_as_many_hours_count(zone: str) -> None:
    """Intervals begin with the hours of UTC: what the plan and the ledger pay for is what the controller meters."""
    charge = DemandCharge(10.0, 3600, hours=TimeOfUse(0.0, (Window(1.0, time(16), time(21)),), zone))
    day = Horizon(datetime(2026, 6, 1, tzinfo=UTC), 3600, 24)
    assert charge.counts_over(day) == tuple(charge.counts(at) for at in day.times())
    assert sum(charge.counts_over(day)) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratchet_share": 1.2},
        {"ratchet_share": -0.1},
        {"interval_s": 600},
        {"per_kw": -1.0},
        {"per_kw": float("inf")},
        {"per_kw": float("nan")},
        {"months": (1, 13)},
        {"months": (0, 1)},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"demand charge|ratchet"):
        DemandCharge(**{"per_kw": 10.0, **wrong})  # type: ignore[arg-type]


def test_without_hours_every_interval_counts() -> None:
    intervals = Horizon(datetime(2026, 6, 1, tzinfo=UTC), 900, 4)
    assert DemandCharge(10.0).counts_over(intervals) == (True,) * 4
