"""Tariffs: every day of the year, the short and the long one too."""

import math
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.completed_prices import completed_prices
from agent.domain.horizon import Horizon
from agent.domain.overlay import Overlay, Word
from agent.domain.tariff import (
    EVERY_DAY,
    EVERY_MONTH,
    HOLIDAY,
    Dynamic,
    Flat,
    PriceList,
    TimeOfUse,
    Window,
    mean_prices,
    on_tariff,
    price_at,
    segments,
)

LONDON, LOS_ANGELES = "Europe/London", "America/Los_Angeles"
CHEAP = Window(0.10, time(0, 30), time(5, 30))
ZONES = (LONDON, LOS_ANGELES, "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def tariff(*windows: Window, zone: str = LONDON, **more: object) -> TimeOfUse:
    return TimeOfUse(0.30, windows, zone, **more)  # type: ignore[arg-type]


def local_day(zone: str, day: date, step_s: int = 900) -> Horizon:
    start = datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone)).astimezone(UTC)
    return Horizon(start, step_s, int((end - start).total_seconds()) // step_s)


@pytest.mark.parametrize(
    ("clock", "price"),
    [("00:29:59", 0.30), ("00:30", 0.10), ("05:29:59", 0.10), ("05:30", 0.30), ("23:59:59", 0.30)],
)
def test_a_window_holds_from_its_start_until_before_its_end(clock: str, price: float) -> None:
    assert price_at(tariff(CHEAP), local(LONDON, f"2026-01-15 {clock}")) == price


@pytest.mark.parametrize(
    ("at", "price"),
    [
        ("2026-07-03 21:59", 0.30),  # a Friday
        ("2026-07-03 22:00", 0.10),
        ("2026-07-04 05:59", 0.10),
        ("2026-07-04 06:00", 0.30),
        ("2026-07-03 05:59", 0.30),
        ("2026-07-04 22:00", 0.30),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_begins_on(at: str, price: float) -> None:
    friday_night = Window(0.10, time(22), time(6), days=frozenset({4}))
    assert price_at(tariff(friday_night), local(LONDON, at)) == price


def test_equal_times_are_a_whole_day() -> None:
    sundays = Window(0.05, time(0), time(0), days=frozenset({6}))
    prices = mean_prices(tariff(sundays), local_day(LONDON, date(2026, 7, 5)))
    assert prices == (0.05,) * 96
    assert price_at(tariff(sundays), local(LONDON, "2026-07-06 00:00")) == 0.30


def test_the_first_window_that_holds_sets_the_price() -> None:
    peak = Window(0.50, time(4), time(7))
    assert price_at(tariff(peak, CHEAP), local(LONDON, "2026-01-15 05:00")) == 0.50
    assert price_at(tariff(CHEAP, peak), local(LONDON, "2026-01-15 05:00")) == 0.10


def test_months_are_those_of_the_day_a_window_begins_on() -> None:
    winter = Window(0.40, time(20), time(2), months=frozenset({12}))
    assert price_at(tariff(winter), local(LONDON, "2026-12-01 01:00")) == 0.30
    assert price_at(tariff(winter), local(LONDON, "2027-01-01 01:00")) == 0.40
    assert price_at(tariff(winter), local(LONDON, "2027-01-01 21:00")) == 0.30


@pytest.mark.parametrize(("holidays_as", "price"), [(None, 0.50), (6, 0.30), (HOLIDAY, 0.20)])
def test_a_holiday_is_treated_as_the_tariff_says(holidays_as: int | None, price: float) -> None:
    workdays = Window(0.50, time(8), time(20), days=frozenset(range(5)))
    holidays = Window(0.20, time(8), time(20), days=frozenset({HOLIDAY}))
    christmas = date(2026, 12, 25)  # a Friday
    found = tariff(workdays, holidays, holidays=frozenset({christmas}), holidays_as=holidays_as)
    assert price_at(found, local(LONDON, "2026-12-25 12:00")) == price
    assert price_at(found, local(LONDON, "2026-12-18 12:00")) == 0.50


@pytest.mark.parametrize(
    ("zone", "day", "steps", "cheap_hours"),
    [
        (LONDON, date(2026, 3, 29), 92, 4.0),  # the clock goes from 01:00 to 02:00, inside the window
        (LONDON, date(2026, 10, 25), 100, 6.0),
        (LOS_ANGELES, date(2026, 3, 8), 92, 4.0),
        (LOS_ANGELES, date(2026, 11, 1), 100, 6.0),
        ("Australia/Lord_Howe", date(2026, 10, 4), 94, 4.5),  # this zone moves by half an hour
        ("Australia/Lord_Howe", date(2026, 4, 5), 98, 5.5),
        ("Asia/Kolkata", date(2026, 3, 29), 96, 5.0),
    ],
)
def test_short_and_long_days(zone: str, day: date, steps: int, cheap_hours: float) -> None:
    horizon = local_day(zone, day)
    prices = mean_prices(tariff(CHEAP, zone=zone), horizon)
    assert len(prices) == steps
    assert sum(price == 0.10 for price in prices) / 4 == cheap_hours
    assert sum(price == 0.30 for price in prices) == steps - cheap_hours * 4


def test_the_hour_that_comes_twice_has_its_price_twice() -> None:
    twice = tariff(Window(0.05, time(1), time(2)))
    horizon = local_day(LONDON, date(2026, 10, 25), step_s=3600)
    assert [index for index, price in enumerate(mean_prices(twice, horizon)) if price == 0.05] == [1, 2]
    assert price_at(twice, local(LONDON, "2026-10-25 01:30", fold=0)) == 0.05
    assert price_at(twice, local(LONDON, "2026-10-25 01:30", fold=1)) == 0.05


def test_a_window_in_the_hour_that_is_left_out_never_holds() -> None:
    never = tariff(Window(0.05, time(1), time(2)))
    assert 0.05 not in mean_prices(never, local_day(LONDON, date(2026, 3, 29)))


def test_borders_inside_a_step_are_weighted() -> None:
    found = tariff(Window(0.10, time(0, 20), time(0, 50)), zone="UTC")
    assert mean_prices(found, Horizon(utc("2026-01-15"), 3600, 1)) == pytest.approx((0.20,))
    assert mean_prices(found, Horizon(utc("2026-01-15 00:15"), 900, 3)) == pytest.approx(
        (0.30 - 0.2 / 1.5, 0.10, 0.30 - 0.2 / 3)
    )
    half_hour_zone = tariff(Window(0.10, time(1), time(2)), zone="Asia/Kolkata")  # 19:30 to 20:30 UTC
    assert mean_prices(half_hour_zone, Horizon(utc("2026-01-15 19:00"), 3600, 2)) == pytest.approx((0.20, 0.20))


def test_a_clock_change_inside_a_step_is_weighted() -> None:
    found = tariff(Window(0.10, time(1, 30), time(2, 30)))  # on the short day only 02:00 to 02:30 of it exists
    assert mean_prices(found, Horizon(utc("2026-03-29 00:30"), 3600, 1)) == pytest.approx((0.20,))


# The days on which one of ZONES changes its clock, and any other.
starts = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.builds(
        lambda day, minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes),
        st.sampled_from(("2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31")),
        st.integers(0, 1439),
    ),
)

windows = st.builds(
    Window,
    st.floats(-1, 1),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sets(st.sampled_from(sorted(EVERY_DAY))).map(frozenset),
    st.sets(st.sampled_from(sorted(EVERY_MONTH))).map(frozenset),
)


@given(
    st.lists(windows, max_size=4),
    st.sampled_from(ZONES),
    st.sampled_from((None, 0, 6, HOLIDAY)),
    starts,
    st.sampled_from((900, 1800, 3600)),
)
def test_means_agree_with_the_price_of_every_minute(
    found: list[Window], zone: str, holidays_as: int | None, start: datetime, step_s: int
) -> None:
    start = start.replace(second=0, microsecond=0, tzinfo=UTC)
    holidays = frozenset({(start + timedelta(days=1)).date()})
    used = TimeOfUse(0.3, tuple(found), zone, holidays, holidays_as)
    horizon = Horizon(start, step_s, 30 * 3600 // step_s)
    means = mean_prices(used, horizon)
    minutes = step_s // 60
    for at, mean in zip(horizon.times(), means, strict=True):
        by_minute = [price_at(used, at + timedelta(minutes=i)) for i in range(minutes)]
        assert mean == pytest.approx(math.fsum(p for p in by_minute if p is not None) / minutes)


@given(
    st.lists(windows, max_size=4), st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))
)
def test_segments_adjoin_and_cover(found: list[Window], zone: str, start: datetime) -> None:
    start = start.replace(tzinfo=UTC)
    end = start + timedelta(hours=50)
    pieces = list(segments(TimeOfUse(0.3, tuple(found), zone), start, end))
    assert pieces[0].start == start
    assert pieces[-1].end == end
    assert all(one.end == other.start for one, other in pairwise(pieces))
    assert all(piece.start < piece.end for piece in pieces)


def test_a_flat_tariff_is_flat() -> None:
    assert price_at(Flat(0.2), utc("2026-01-15")) == 0.2
    assert mean_prices(Flat(-0.2), Horizon(utc("2026-01-15"), 900, 3)) == (-0.2, -0.2, -0.2)


HALF_HOURS = PriceList(utc("2026-01-15 12:00"), 1800, (0.1, 0.2, -0.3))


@pytest.mark.parametrize(
    ("at", "price"),
    [("11:59:59", None), ("12:00", 0.1), ("12:29:59", 0.1), ("12:30", 0.2), ("13:29:59", -0.3), ("13:30", None)],
)
def test_a_price_list_knows_nothing_outside_itself(at: str, price: float | None) -> None:
    assert price_at(HALF_HOURS, utc(f"2026-01-15 {at}")) == price


def test_a_price_list_on_another_raster() -> None:
    assert mean_prices(HALF_HOURS, Horizon(utc("2026-01-15 11:45"), 900, 4)) == (None, 0.1, 0.1, 0.2)
    hours = mean_prices(HALF_HOURS, Horizon(utc("2026-01-15 12:00"), 3600, 2))
    assert hours[0] == pytest.approx(0.15)
    assert hours[1] is None  # half of it is not known
    assert mean_prices(HALF_HOURS, Horizon(utc("2026-01-16"), 900, 2)) == (None, None)
    assert mean_prices(PriceList(utc("2026-01-15"), 900, ()), Horizon(utc("2026-01-15"), 900, 2)) == (None, None)


@pytest.mark.parametrize(
    ("start", "step_s", "prices", "reason"),
    [
        (datetime(2026, 1, 1), 900, (0.1,), "UTC"),
        (local(LONDON, "2026-07-01"), 900, (0.1,), "UTC"),
        (utc("2026-01-01"), 0, (0.1,), "step"),
        (utc("2026-01-01"), 900, (0.1, math.nan), "finite"),
    ],
)
def test_an_impossible_price_list_is_refused(
    start: datetime, step_s: int, prices: tuple[float, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        PriceList(start, step_s, prices)


class TestCompleted:
    """2026-07-01 is a Wednesday."""

    def test_nothing_is_missing(self) -> None:
        done = completed_prices((0.1, -0.2), Horizon(utc("2026-07-01"), 3600, 2), Flat(9.0), "import_price")
        assert done is not None
        assert (done.prices, done.guessed, done.notes) == ((0.1, -0.2), (False, False), ())

    def test_nothing_is_known(self) -> None:
        nothing = PriceList(utc("2026-01-01"), 3600, ())
        assert completed_prices((None,) * 4, Horizon(utc("2026-07-01"), 3600, 4), nothing, "import_price") is None

    def test_yesterday_of_the_horizon_itself(self) -> None:
        prices = (*(i / 100 for i in range(24)), *(None,) * 24)
        done = completed_prices(prices, Horizon(utc("2026-07-01"), 3600, 48), HALF_HOURS, "import_price")
        assert done is not None
        assert done.prices[24:] == done.prices[:24]
        assert done.guessed == (False,) * 24 + (True,) * 24
        assert done.notes == ("the import price is not known for 24 of 48 steps: 24 taken from a like day before",)

    def test_yesterday_of_the_list_that_came_before(self) -> None:
        before = PriceList(utc("2026-07-01"), 3600, tuple(i / 100 for i in range(24)))
        done = completed_prices((None,) * 24, Horizon(utc("2026-07-02"), 3600, 24), before, "price")
        assert done is not None
        assert done.prices == before.prices

    def test_a_saturday_is_not_like_a_friday_nor_a_thursday(self) -> None:
        before = PriceList(utc("2026-07-02"), 3600, (0.1,) * 24 + (0.4,) * 24)
        done = completed_prices((None,) * 24, Horizon(utc("2026-07-04"), 3600, 24), before, "price")
        assert done is not None
        assert done.prices == pytest.approx((0.25,) * 24)
        assert done.notes == ("the price is not known for 24 of 24 steps: 24 set to the mean",)

    def test_after_a_holiday_the_working_day_two_days_back_is_taken(self) -> None:
        before = PriceList(utc("2026-07-01"), 3600, (0.1,) * 24 + (0.4,) * 24)
        horizon = Horizon(utc("2026-07-03"), 3600, 24)
        done = completed_prices((None,) * 24, horizon, before, "price", holidays=[date(2026, 7, 2)])
        assert done is not None
        assert done.prices == (0.1,) * 24

    def test_the_day_type_is_that_of_the_sites_clock(self) -> None:
        """Sunday 18:00 in Los Angeles is Monday in UTC; Saturday evening is its like day."""
        at = local(LOS_ANGELES, "2026-07-05 18:00").astimezone(UTC)
        before = PriceList(at - timedelta(hours=24), 3600, (0.7, *(0.1,) * 22))
        done = completed_prices((None,), Horizon(at, 3600, 1), before, "price", LOS_ANGELES)
        assert done is not None
        assert done.prices == (0.7,)

    def test_over_a_clock_change_the_clock_time_counts(self) -> None:
        """18:00 on the long Sunday is 25 hours after 18:00 on Saturday."""
        at = local(LONDON, "2026-10-25 18:00").astimezone(UTC)
        before = PriceList(at - timedelta(hours=25), 3600, (0.7, *(0.1,) * 24))
        done = completed_prices((None,), Horizon(at, 3600, 1), before, "price", LONDON)
        assert done is not None
        assert done.prices == (0.7,)


@pytest.mark.parametrize("zone", ZONES)
def test_a_dynamic_tariff_is_market_and_fee_at_every_instant(zone: str) -> None:
    """Quarters of a market over the day that loses an hour; the fee begins on the site's clock."""
    start = utc("2026-03-29T00:00")
    market = PriceList(start, 900, tuple(0.01 * (k % 7) - 0.02 for k in range(96)))
    fee = tariff(Window(0.12, time(17, 5), time(22, 0)), zone=zone)
    dynamic = Dynamic(market, 1.25, fee)
    for minute in range(0, 24 * 60, 5):
        at = start + timedelta(minutes=minute)
        assert price_at(dynamic, at) == 1.25 * price_at(market, at) + price_at(fee, at)  # type: ignore[operator]
    found = list(segments(dynamic, start - timedelta(hours=1), start + timedelta(days=1, hours=1)))
    assert all(one.end == other.start for one, other in pairwise(found))
    assert (found[0].price, found[-1].price) == (None, None)
    assert all(one.price == price_at(dynamic, one.start) for one in found)


def test_the_platform_sends_the_market_of_a_dynamic_tariff() -> None:
    start = utc("2026-01-01T00:00")
    said = Overlay((Word(start, start, 900, (0.1, None, 0.3)),))
    dynamic = Dynamic(PriceList(start, 3600, (9.0,)), 2.0, Flat(0.05))
    found = on_tariff(dynamic, said)
    assert found is not None
    assert [price_at(found, start + timedelta(minutes=15 * k)) for k in range(3)] == [0.25, None, 0.65]
    assert on_tariff(Flat(0.1), said) is said
    assert on_tariff(dynamic, None) is None
