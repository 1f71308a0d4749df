"""The clock on the wall, on the days that have 23 and 25 hours too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.domain.request import Place
from agent.forecasting.features.local_calendar import SATURDAY, SUNDAY, WORKDAY, local_calendar


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
)
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_it_says_what_the_zone_says(zone: str, month: int) -> None:
    start = datetime(2023, month, 1, tzinfo=UTC)
    calendar = local_calendar(round(start.timestamp()), 900, 31 * 96, Place(0.0, 0.0, zone))
    local = [(start + timedelta(minutes=15 * i)).astimezone(ZoneInfo(zone)) for i in range(31 * 96)]
    np.testing.assert_allclose(calendar.hour, [time.hour + time.minute / 60 + 0.125 for time in local])
    np.testing.assert_array_equal(calendar.weekday, [time.weekday() for time in local])


def test_a_holiday_counts_as_a_sunday() -> None:
    place = Place(0.0, 0.0, "Europe/London", (date(2023, 5, 29),))
    start = datetime(2023, 5, 25, 23, tzinfo=UTC)  # local midnight before Friday
    kinds = local_calendar(round(start.timestamp()), 3600, 5 * 24, place).day_kind[::24]
    np.testing.assert_array_equal(kinds, [WORKDAY, SATURDAY, SUNDAY, SUNDAY, WORKDAY])
