"""Which time is asked for: periods, dates of the site and instants. Pure.

A day begins at the site's midnight, so that one has 23 hours and one 25 where clocks are changed.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

QUARTER_S = 900
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
PERIODS = ("today", "yesterday", "week", "month", "year", "last7", "last30")
DEFAULT_PERIOD = "last7"
SHIFTS = ("period", "year")


class BadRange(ValueError):
    """``str()`` says in one sentence why this is no range; ``field`` is the parameter that is wrong."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Range:
    """From ``start`` to before ``end`` (UTC), days and months being those of ``zone``."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def is_days(self) -> bool:
        """Whole days of the site."""
        return all(_begins_day(at, self.zone) for at in (self.start, self.end))

    @property
    def months(self) -> int:
        """How many whole months of the site it is; 0 where it is none."""
        first, last = _wall(self.start, self.zone), _wall(self.end, self.zone)
        if not self.is_days or first.day != 1 or last.day != 1:
            return 0
        return 12 * (last.year - first.year) + last.month - first.month

    def until(self, now: datetime) -> datetime:
        """The end of what has passed of it; its start where it is to come."""
        return max(self.start, min(self.end, now))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When ``day`` begins at the site, UTC."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def asked_range(
    start: str | None,
    end: str | None,
    period: str | None,
    now: datetime,
    zone: ZoneInfo,
    names: tuple[str, str] = ("startDate", "endDate"),
) -> Range:
    """What the parameters ``names`` and ``period`` mean. Raises BadRange."""
    from_name, to_name = names
    if start is None and end is None:
        return of_period(period or DEFAULT_PERIOD, now, zone)
    if period is not None:
        raise BadRange("period", "either a period or dates are asked for, not both")
    if start is None:
        raise BadRange(from_name, f"{from_name} is missing: {to_name} alone says no range")
    first = _instant(start, from_name, zone, is_end=False)
    today_ends = midnight(now.astimezone(zone).date() + timedelta(days=1), zone)
    last = today_ends if end is None else _instant(end, to_name, zone, is_end=True)
    if last <= first:
        if end is None:
            raise BadRange(from_name, f"{from_name} {start} is in the future")
        raise BadRange(to_name, f"{to_name} {end} is before {from_name} {start}")
    return Range(_floored(first), _ceiled(last), zone)


def of_period(period: str, now: datetime, zone: ZoneInfo) -> Range:
    """``period`` is one of PERIODS; that of now, to its end. Raises BadRange."""
    today = now.astimezone(zone).date()
    tomorrow, month = today + timedelta(days=1), today.replace(day=1)
    monday = today - timedelta(days=today.weekday())
    days = {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "week": (monday, monday + timedelta(days=7)),
        "month": (month, _months_on(month, 1)),
        "year": (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "last7": (today - timedelta(days=6), tomorrow),
        "last30": (today - timedelta(days=29), tomorrow),
    }
    if period not in days:
        raise BadRange("period", f"there is no period {period!r}: known are {', '.join(PERIODS)}")
    first, end = days[period]
    return Range(midnight(first, zone), midnight(end, zone), zone)


def earlier(asked: Range, shift: str, now: datetime) -> Range:
    """What ``asked`` is compared with: as long before, or a year before, and of that no more than has passed of it.

    Whole months move by months and whole days by days of the site, so that a day of 23 hours is set beside a day.
    """
    months = 12 if shift == "year" else asked.months
    days = (_wall(asked.end, asked.zone).date() - _wall(asked.start, asked.zone).date()).days if asked.is_days else 0
    length = asked.end - asked.start

    def moved(at: datetime) -> datetime:
        if months:
            return _moved(at, asked.zone, months=-months)
        return _moved(at, asked.zone, days=-days) if days else at - length

    start, end = moved(asked.start), moved(asked.end)
    return Range(start, min(end, max(start, moved(asked.until(now)))), asked.zone)


def weeks_before(at: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The same time of the same weekday, so many weeks earlier."""
    return _moved(at, zone, days=-7 * weeks)


def _moved(at: datetime, zone: ZoneInfo, months: int = 0, days: int = 0) -> datetime:
    wall = at.astimezone(zone)
    day = _months_on(wall.date(), months) + timedelta(days=days)
    if _begins_day(at, zone):
        return midnight(day, zone)
    return datetime.combine(day, wall.time(), zone).astimezone(UTC)


def _months_on(day: date, months: int) -> date:
    """The same day of another month, or its last one."""
    place = 12 * day.year + day.month - 1 + months
    first = date(place // 12, place % 12 + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first.replace(day=1) + timedelta(days=day.day - 1), after - timedelta(days=1))


def _begins_day(at: datetime, zone: ZoneInfo) -> bool:
    """Whether it is the first instant of a day: 01:00 where the clock is put forward at midnight."""
    return at == midnight(at.astimezone(zone).date(), zone)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _instant(text: str, field: str, zone: ZoneInfo, is_end: bool) -> datetime:
    """A date, whose end is its last moment, or an instant; one without an offset is by the site's clock."""
    try:
        is_day = len(text) <= len("2026-06-01")
        at = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))  # a + in an address is a space
    except ValueError:
        raise BadRange(field, f"{field} {text!r} is no date: write 2026-06-01 or 2026-06-01T18:00+02:00") from None
    _within(at.date(), text, field)
    if is_day:
        return midnight(at.date() + timedelta(days=1) if is_end else at.date(), zone)
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def _within(day: date, text: str, field: str) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadRange(field, f"{field} {text} is not between {FIRST_DAY} and {LAST_DAY}")


def _floored(at: datetime) -> datetime:
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % QUARTER_S, UTC)


def _ceiled(at: datetime) -> datetime:
    floor = _floored(at)
    return floor if floor == at else floor + timedelta(seconds=QUARTER_S)
