"""Stamps of one source: the wall clock of California written as if it were winter time all the year (clock + 8 h)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

WALL_CLOCK = "Etc/GMT+8 (source wall clock"
"""How the time zone of such a site begins in ``sites.json``."""
WALL_CLOCK_ZONE = "America/Los_Angeles"


def true_utc(stamp: datetime) -> datetime:
    """The time that the wall clock showed. Of an hour that came twice in autumn it is the first."""
    wall = (stamp - timedelta(hours=8)).replace(tzinfo=None)
    return wall.replace(tzinfo=ZoneInfo(WALL_CLOCK_ZONE)).astimezone(UTC)
