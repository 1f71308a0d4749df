"""When what is done once a night is done: while nobody cooks, and the day before is complete."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

QUIET_HOURS = range(2, 5)  # local
AT_LAST = timedelta(hours=36)  # where the gateway is off at night


def is_its_time(now: datetime, last: datetime, soonest: timedelta, zone: ZoneInfo) -> bool:
    """In the quiet hours of ``zone`` once ``soonest`` has passed since ``last``, at any hour once it is overdue."""
    passed = now - last
    is_quiet = now.astimezone(zone).hour in QUIET_HOURS
    return passed > AT_LAST or (is_quiet and passed > soonest)
