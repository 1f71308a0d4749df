"""Tariffs of the site file, overlaid by what the platform sent."""

from datetime import UTC, datetime, time, timedelta

import pytest

from agent.domain.battery import Battery
from agent.domain.horizon import Horizon
from agent.domain.inputs import CarbonInput, GridLimitInput, TariffInput, WeatherInput
from agent.domain.request import Objective, Place
from agent.domain.reserve import Reserve
from agent.domain.site import Connection, Failsafe
from agent.domain.tariff import Flat, PriceList, Tariff, TimeOfUse, Window
from agent.site_conditions.site_conditions import SiteConditions

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Horizon(NOW, 3600, 12)


def conditions(
    bought: Tariff = Flat(0.28),  # noqa: B008 - frozen
    sold: Tariff = Flat(0.05),  # noqa: B008 - frozen
    connection: Connection = Connection(),  # noqa: B008 - frozen
) -> SiteConditions:
    objective = Objective(cost_weight=0.5, carbon_weight=0.5, carbon_value_per_kg=0.2)
    return SiteConditions(bought, sold, 0.25, connection, objective, Place(51.5, 0.0, "Europe/London"))


def prices(
    *bought: float | None,
    sold: tuple[float, ...] | None = None,
    start: datetime = NOW,
    issued_at: datetime = NOW,
) -> TariffInput:
    return TariffInput(issued_at, start, 3600, bought, sold)


def test_the_site_file_alone() -> None:
    found = conditions().at(NOW)
    assert (found.import_price, found.export_price, found.carbon_kg_per_kwh) == (0.28, 0.05, 0.25)
    assert found.carbon_price == pytest.approx(0.2 * 0.25)
    curves = conditions().curves(DAY)
    assert curves is not None
    assert (curves.import_price, curves.export_price) == ((0.28,) * 12, (0.05,) * 12)
    assert (curves.carbon_kg_per_kwh, curves.notes) == ((0.25,) * 12, ())


def test_what_the_platform_sent_lies_over_the_site_file_where_it_reaches() -> None:
    site = conditions()
    site.take(prices(0.10, 0.20, sold=(0.01, 0.02), start=NOW + HOUR))
    found = [site.at(NOW + HOUR * hour) for hour in range(4)]
    assert [one.import_price for one in found] == [0.28, 0.10, 0.20, 0.28]
    assert [one.export_price for one in found] == [0.05, 0.01, 0.02, 0.05]
    curves = site.curves(DAY)
    assert curves is not None
    assert curves.import_price == (0.28, 0.10, 0.20, *(0.28,) * 9)
    assert curves.notes == ()


def test_a_message_without_export_prices_leaves_those_that_are_known() -> None:
    site = conditions()
    site.take(prices(0.10, 0.10, sold=(0.01, 0.01)))
    site.take(prices(0.11, 0.12))
    assert [site.at(NOW + HOUR * hour).import_price for hour in range(3)] == [0.11, 0.12, 0.28]
    assert [site.at(NOW + HOUR * hour).export_price for hour in range(3)] == [0.01, 0.01, 0.05]


def test_an_older_message_that_comes_late_replaces_nothing_and_fills_what_is_not_known() -> None:
    site = conditions(bought=EMPTY)
    site.take(prices(0.26, 0.26, issued_at=NOW))
    site.take(prices(0.99, 0.99, 0.30, issued_at=NOW - HOUR))
    assert [site.at(NOW + HOUR * hour).import_price for hour in range(3)] == [0.26, 0.26, 0.30]


def test_tomorrows_list_leaves_the_rest_of_today_known() -> None:
    site = conditions(bought=EMPTY)
    site.take(prices(*[0.20] * 12, issued_at=NOW - 20 * HOUR))
    site.take(prices(*[0.40] * 24, start=NOW + 12 * HOUR, issued_at=NOW))
    curves = site.curves(Horizon(NOW, 3600, 24))
    assert curves is not None
    assert curves.import_price == (*[0.20] * 12, *[0.40] * 12)
    assert curves.notes == ()


def test_a_hole_is_what_was_said_before_or_else_not_known() -> None:
    site = conditions(bought=EMPTY)
    site.take(prices(0.20, issued_at=NOW - HOUR))
    site.take(prices(None, None, 0.30, issued_at=NOW))
    assert [site.known_at(NOW + HOUR * hour)[0] for hour in range(4)] == [0.20, None, 0.30, None]


def test_a_grid_limit_that_is_said_again_does_not_lift_the_one_in_force() -> None:
    site = conditions()
    morning = GridLimitInput(NOW - 4 * HOUR, NOW - 4 * HOUR, NOW + 8 * HOUR, None, None)
    noon = GridLimitInput(NOW, NOW, NOW + 8 * HOUR, 4200.0, None)
    for message in (morning, noon, morning):
        site.take(message)
    assert site.connection(NOW + HOUR) == Connection(4200.0, None)
    site.take(GridLimitInput(NOW + HOUR, NOW + HOUR, NOW + 8 * HOUR, None, None))
    assert site.connection(NOW + HOUR) == Connection(None, None)


def test_weather_and_carbon_that_nobody_has_renewed_are_left_out_and_that_is_told() -> None:
    site = conditions()
    site.take(WeatherInput(NOW, NOW, 3600, (), (100.0,) * 72, ()))
    site.take(CarbonInput(NOW, NOW, 3600, (0.10,) * 72))
    assert site.weather_at(NOW + 12 * HOUR) is not None
    assert site.weather_at(NOW + 12 * HOUR + timedelta(seconds=1)) is None
    assert site.at(NOW + 24 * HOUR).carbon_kg_per_kwh == 0.10
    assert site.at(NOW + 25 * HOUR).carbon_kg_per_kwh == 0.25
    curves = site.curves(Horizon(NOW + 25 * HOUR, 3600, 4))
    assert curves is not None
    assert curves.carbon_kg_per_kwh == (0.25,) * 4
    assert site.stale(NOW) == ()
    assert site.stale(NOW + 13 * HOUR) == ("the weather forecast is left out: nothing was said for more than 12 h",)
    assert len(site.stale(NOW + 25 * HOUR)) == 2


def test_weather_is_the_newest_word_of_each_hour() -> None:
    site = conditions()
    site.take(WeatherInput(NOW, NOW, 3600, (), (100.0, 200.0, 300.0), ()))
    site.take(WeatherInput(NOW + HOUR / 2, NOW + HOUR, 3600, (9.0, 9.0), (210.0, None), ()))
    site.take(WeatherInput(NOW - HOUR, NOW, 3600, (), (1.0, 2.0, 3.0, 400.0), ()))
    weather = site.weather_at(NOW)
    assert weather is not None
    assert weather.horizon == Horizon(NOW, 3600, 4)
    assert weather.ghi_w_m2 == (100.0, 210.0, 300.0, 400.0)
    assert weather.temperature_c == (None, 9.0, 9.0, None)


def test_carbon_is_the_platforms_where_it_reaches_and_flat_elsewhere() -> None:
    site = conditions()
    site.take(CarbonInput(NOW, NOW, 3600, (0.10, 0.40)))
    assert [site.at(NOW + HOUR * hour).carbon_kg_per_kwh for hour in range(3)] == [0.10, 0.40, 0.25]
    assert site.at(NOW).carbon_price == pytest.approx(0.2 * 0.10)


def test_carbon_ahead_is_guessed_from_the_day_before_whatever_day_that_was() -> None:
    """Prices know weekends; carbon follows sun and wind, and a mean would say that no hour is better than another."""
    site, saturday = conditions(), datetime(2026, 3, 21, tzinfo=UTC)
    friday = tuple(0.05 if 10 <= hour < 16 else 0.40 for hour in range(24))
    site.take(CarbonInput(saturday, saturday - 24 * HOUR, 3600, friday))
    curves = site.curves(Horizon(saturday, 3600, 24))
    assert curves is not None
    assert curves.carbon_kg_per_kwh == friday


def test_negative_prices_are_prices() -> None:
    site = conditions()
    site.take(prices(-0.10))
    assert site.at(NOW).import_price == -0.10


EMPTY = PriceList(NOW, 3600, ())


def test_without_any_price_there_are_no_curves() -> None:
    site = conditions(bought=EMPTY)
    assert site.curves(DAY) is None
    assert site.at(NOW).import_price == 0.0


def test_guessed_prices_are_not_below_the_middle_of_the_known_ones_and_are_told() -> None:
    site = conditions(bought=EMPTY)
    site.take(prices(0.40, 0.10, 0.10, 0.60, 0.50, 0.30))
    curves = site.curves(DAY)
    assert curves is not None
    assert curves.import_price[:6] == (0.40, 0.10, 0.10, 0.60, 0.50, 0.30)
    assert all(price >= 0.40 for price in curves.import_price[6:])
    (note,) = curves.notes
    assert note.startswith("the import price is not known for 6 of 12 steps")


def test_the_fast_loop_sees_the_price_that_the_plan_assumes_where_none_is_known() -> None:
    site = conditions(bought=EMPTY)
    site.take(prices(0.40, 0.40, 0.40, 0.08))
    after = NOW + 5 * HOUR
    site.at(NOW + 3 * HOUR)
    assert site.at(after).import_price == 0.08  # nothing has been assumed yet: the last one known
    curves = site.curves(DAY)
    assert curves is not None
    assert site.at(after).import_price == curves.import_price[5] >= 0.32
    assert site.at(NOW + 3 * HOUR).import_price == 0.08  # what is known stays what it is


@pytest.mark.parametrize(
    ("own", "sent", "both"),
    [
        ((None, None), (7000.0, None), (7000.0, None)),
        ((17_000.0, 5000.0), (7000.0, 9000.0), (7000.0, 5000.0)),
        ((17_000.0, 5000.0), (None, 0.0), (17_000.0, 0.0)),
        ((17_000.0, None), (50_000.0, None), (17_000.0, None)),
    ],
)
def test_of_two_limits_the_narrower_is_in_force_while_it_is_valid(
    own: tuple[float | None, float | None],
    sent: tuple[float | None, float | None],
    both: tuple[float | None, float | None],
) -> None:
    site = conditions(connection=Connection(*own))
    site.take(GridLimitInput(NOW, NOW, NOW + HOUR, *sent))
    assert site.connection(NOW - timedelta(seconds=1)) == Connection(*own)
    assert site.connection(NOW) == Connection(*both)
    assert site.connection(NOW + HOUR - timedelta(seconds=1)) == Connection(*both)
    assert site.connection(NOW + HOUR) == Connection(*own)


def test_weather_gets_the_raster_of_its_columns() -> None:
    site = conditions()
    site.take(WeatherInput(NOW, NOW, 3600, (), (100.0, None, 300.0), ()))
    weather = site.weather_at(NOW)
    assert weather is not None
    assert weather.horizon == Horizon(NOW, 3600, 3)
    assert weather.ghi_w_m2 == (100.0, None, 300.0)


def test_the_limits_of_the_steps_are_those_that_hold_in_any_part_of_them() -> None:
    site = conditions(connection=Connection(17_000.0, None))
    own, both = Connection(17_000.0, None), Connection(17_000.0, 0.0)
    assert site.connections(NOW, DAY) == (own,) * 12
    half_past = NOW + timedelta(minutes=90)
    site.take(GridLimitInput(NOW, half_past, half_past + HOUR, None, 0.0))
    assert site.connections(NOW, DAY) == (own, both, both, *(own,) * 9)
    site.take(GridLimitInput(NOW, NOW + HOUR, NOW + 2 * HOUR, None, 0.0))
    assert site.connections(NOW, DAY) == (own, both, *(own,) * 10)
    site.take(GridLimitInput(NOW, NOW, NOW + HOUR / 2, None, 0.0))
    assert site.connections(NOW, DAY) == (both, *(own,) * 11)
    assert site.connections(NOW + HOUR / 2, DAY) == (own,) * 12, "what is over binds no more of the running step"


class TestFailsafe:
    FAILSAFE = Failsafe(Connection(4200.0, 0.0), timedelta(seconds=120))

    def site(self) -> SiteConditions:
        site = conditions(connection=Connection(17_000.0, 5000.0))
        site.failsafe = self.FAILSAFE
        return site

    @staticmethod
    def word(issued_at: datetime, import_limit_w: float | None = None) -> GridLimitInput:
        return GridLimitInput(issued_at, issued_at, issued_at + HOUR, import_limit_w, None)

    def test_it_holds_until_the_platform_is_heard_and_again_when_it_has_been_silent(self) -> None:
        site = self.site()
        assert site.limit_is_silent(NOW)
        assert site.connection(NOW) == Connection(4200.0, 0.0)
        site.take(self.word(NOW))
        for after_s, limits in ((0, (17_000.0, 5000.0)), (120, (17_000.0, 5000.0)), (121, (4200.0, 0.0))):
            at = NOW + timedelta(seconds=after_s)
            assert site.connection(at) == Connection(*limits)
            assert site.connections(at, DAY) == (Connection(*limits),) * 12
        site.take(self.word(NOW + timedelta(seconds=300)))
        assert site.connection(NOW + timedelta(seconds=301)) == Connection(17_000.0, 5000.0)

    def test_a_limit_that_is_still_valid_and_narrower_holds_beside_it(self) -> None:
        site = self.site()
        site.take(self.word(NOW, 1000.0))
        assert site.connection(NOW + timedelta(minutes=30)) == Connection(1000.0, 0.0)
        assert site.connection(NOW + timedelta(minutes=70)) == Connection(4200.0, 0.0)

    def test_a_message_of_old_that_is_delivered_again_is_not_a_sign_of_life(self) -> None:
        site = self.site()
        site.take(self.word(NOW - timedelta(minutes=10)))
        assert site.limit_is_silent(NOW)

    def test_a_message_from_the_future_is_not_one_either(self) -> None:
        site = self.site()
        site.take(self.word(NOW + timedelta(days=400)))
        assert site.limit_is_silent(NOW)

    def test_without_it_silence_means_nothing(self) -> None:
        site = conditions()
        assert not site.limit_is_silent(NOW)
        assert site.connection(NOW) == Connection()


def test_the_battery_keeps_the_reserve_of_the_hour_or_of_what_a_lease_reaches_into() -> None:
    site, battery = conditions(), Battery(10_000.0, 5000.0, 5000.0, reserve_pct=20.0)
    assert site.with_reserve(battery, NOW) is battery
    site.reserve = Reserve(TimeOfUse(20.0, (Window(60.0, time(16), time(21)),), "Europe/London"))
    before = NOW + timedelta(hours=3, minutes=59, seconds=30)
    assert site.with_reserve(battery, before).reserve_pct == 20.0
    assert site.with_reserve(battery, before, 20.0).reserve_pct == 20.0
    assert site.with_reserve(battery, before, 60.0).reserve_pct == 60.0
    assert site.with_reserve(battery, before + timedelta(minutes=1)).reserve_pct == 60.0


def test_of_two_messages_of_one_time_that_overlap_the_one_that_came_last_counts_and_the_site_file_beyond_them() -> None:
    site = conditions(bought=Flat(0.28))
    site.take(prices(0.10, 0.11, 0.12, 0.13))
    site.take(prices(0.50, 0.51, start=NOW + 2 * HOUR))
    assert [site.at(NOW + HOUR * hour).import_price for hour in range(5)] == [0.10, 0.11, 0.50, 0.51, 0.28]
    curves = site.curves(DAY)
    assert curves is not None
    assert curves.import_price[:5] == (0.10, 0.11, 0.50, 0.51, 0.28)
    assert curves.notes == (), "every price is known: nothing is guessed"


def test_two_lists_leave_a_guess_only_where_neither_reaches() -> None:
    """A list from the site file's CSV and one from the platform."""
    site = conditions(bought=PriceList(NOW, 3600, (0.40,) * 4))
    site.take(prices(0.10, 0.10, start=NOW + 3 * HOUR))
    curves = site.curves(DAY)
    assert curves is not None
    assert curves.import_price[:5] == (0.40, 0.40, 0.40, 0.10, 0.10)
    assert min(curves.import_price[5:]) >= 0.40
    (note,) = curves.notes
    assert note.startswith("the import price is not known for 7 of 12 steps")


def test_while_the_time_is_not_known_the_limit_and_the_highest_reserve_hold_at_any_time() -> None:
    site = conditions()
    site.reserve = Reserve(TimeOfUse(20.0, (Window(60.0, time(16), time(21)),), "Europe/London"))
    site.take(GridLimitInput(NOW, NOW, NOW + HOUR, 4200.0, None))
    later = NOW + 8 * HOUR
    battery = Battery(10_000.0, 5000.0, 5000.0)
    for known, limit_w, reserve_pct in ((True, None, 20.0), (False, 4200.0, 60.0)):
        site.time_is_known = known
        assert site.connection(later).import_limit_w == limit_w
        assert site.with_reserve(battery, NOW + 10 * HOUR, 60.0).reserve_pct == reserve_pct


@pytest.mark.parametrize("by", [-5 * HOUR, -timedelta(seconds=20), 5 * HOUR, timedelta(days=30)])
def test_a_step_of_the_clock_makes_the_platform_no_more_and_no_less_silent(by: timedelta) -> None:
    site = conditions()
    site.failsafe = Failsafe(Connection(4200.0, 0.0), timedelta(seconds=120))
    site.take(GridLimitInput(NOW, NOW, NOW + HOUR, 9000.0, None))
    site.clock_was_set(by)
    assert not site.limit_is_silent(NOW + by + timedelta(seconds=119))
    assert site.limit_is_silent(NOW + by + timedelta(seconds=121))
    site.take(GridLimitInput(NOW + by, NOW, NOW + HOUR, 9000.0, None))
    assert not site.limit_is_silent(NOW + by + timedelta(seconds=119))


def test_a_limit_that_came_before_the_time_was_found_is_as_old_as_it_says_once_it_is() -> None:
    """A gateway without a clock of its own: it is connected, and hears what the broker keeps, before it is set."""
    site, late = conditions(), 2 * HOUR
    site.failsafe = Failsafe(Connection(4200.0, 0.0), timedelta(seconds=120))
    site.time_is_known = False
    site.take(GridLimitInput(NOW, NOW, NOW + HOUR, 9000.0, None))
    assert site.limit_is_silent(NOW - late), "nobody can tell"
    site.clock_was_set(late)
    site.time_is_known = True
    assert not site.limit_is_silent(NOW + timedelta(seconds=119))
    assert site.limit_is_silent(NOW + timedelta(seconds=121))
