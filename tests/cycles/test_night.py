"""What is done once a night is done while nobody cooks, and at any hour where the nights were missed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.cycles.night import is_its_time


@pytest.mark.parametrize(
    ("hour", "passed_h", "zone", "its_time"),
    [
        (1, 24.0, "UTC", False),
        (2, 24.0, "UTC", True),
        (4, 24.0, "UTC", True),
        (5, 24.0, "UTC", False),
        (3, 2.0, "UTC", False),  # it was done this night
        (12, 35.0, "UTC", False),
        (12, 37.0, "UTC", True),
        (3, 24.0, "America/Los_Angeles", False),
        (11, 24.0, "America/Los_Angeles", True),
    ],
)
def test_the_hours_of_the_night(hour: int, passed_h: float, zone: str, its_time: bool) -> None:
    now = datetime(2026, 1, 14, hour, 30, tzinfo=UTC)
    assert is_its_time(now, now - timedelta(hours=passed_h), timedelta(hours=12), ZoneInfo(zone)) is its_time
