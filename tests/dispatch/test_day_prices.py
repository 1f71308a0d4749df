"""The hours of a local day, where they do not begin with those of UTC, and where a day has one more."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.dispatch.day_prices import DayPrices
from agent.domain.request import Objective, Place
from agent.domain.site import Connection
from agent.domain.tariff import Flat, TimeOfUse, Window
from agent.site_conditions.site_conditions import SiteConditions

MORNING = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)


def day_prices(zone: str) -> DayPrices:
    bought = TimeOfUse(0.20, (Window(0.50, time(10), time(12)),), zone)
    site = SiteConditions(bought, Flat(0.05), 0.2, Connection(), Objective(), Place(0.0, 0.0, zone))
    return DayPrices(site, ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["Australia/Adelaide", "Asia/Kathmandu", "Asia/Tokyo"])
def test_the_price_of_the_hour_is_that_of_now_all_day_long(zone: str) -> None:
    """Of one that is asked every minute, as control does."""
    asked = day_prices(zone)
    for minute in range(24 * 60):
        now = MORNING + timedelta(minutes=minute)
        step, prices = asked.at(now)
        assert step == now.astimezone(ZoneInfo(zone)).hour
        assert prices[step] == asked.conditions.known_at(now)[0]


def test_the_hour_that_comes_twice_is_two() -> None:
    asked, midnight = day_prices("Europe/London"), datetime(2026, 10, 24, 23, tzinfo=UTC)
    steps = [asked.at(midnight + timedelta(minutes=10 * tens))[0] for tens in range(25 * 6)]
    assert steps == [tens // 6 for tens in range(25 * 6)]
