"""Public holidays of the zones that the measured sites lie in, for the years in which people measure.

England and Wales: bank holidays by the Banking and Financial Dealings Act 1971 and royal proclamation (gov.uk). United
States: federal holidays as observed (5 U.S.C. 6103, opm.gov), without Columbus Day, which few employers keep.
"""

from collections.abc import Callable
from datetime import date, timedelta

_FIRST_YEAR, _LAST_YEAR = 2010, 2035
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
# Bank holidays that were moved for an anniversary, and those that came once.
_MOVED = {
    date(2012, 5, 28): date(2012, 6, 4),
    date(2020, 5, 4): date(2020, 5, 8),
    date(2022, 5, 30): date(2022, 6, 2),
}
_ONCE = (date(2011, 4, 29), date(2012, 6, 5), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8))


def holidays(timezone: str) -> tuple[date, ...]:
    """The holidays kept in a time zone, 2010 to 2035; none where nobody has listed them."""
    of_year = _BY_ZONE.get(timezone)
    if of_year is None:
        return ()
    return tuple(day for year in range(_FIRST_YEAR, _LAST_YEAR + 1) for day in sorted(of_year(year)))


def _england(year: int) -> list[date]:
    easter = _easter(year)
    days = [
        _on_a_workday(date(year, 1, 1)),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _nth(year, 5, _MONDAY, 1),
        _last(year, 5, _MONDAY),
        _last(year, 8, _MONDAY),
        *_christmas(year),
    ]
    return [_MOVED.get(day, day) for day in days] + [day for day in _ONCE if day.year == year]


def _united_states(year: int) -> list[date]:
    fixed = [(1, 1), (7, 4), (11, 11), (12, 25)] + ([(6, 19)] if year >= 2021 else [])
    observed = [_observed(date(year, month, day)) for month, day in fixed]
    new_year_of_next = _observed(date(year + 1, 1, 1))
    return [
        *(day for day in (*observed, new_year_of_next) if day.year == year),
        _nth(year, 1, _MONDAY, 3),
        _nth(year, 2, _MONDAY, 3),
        _last(year, 5, _MONDAY),
        _nth(year, 9, _MONDAY, 1),
        _nth(year, 11, _THURSDAY, 4),
    ]


def _on_a_workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() >= _SATURDAY else 0)


def _christmas(year: int) -> list[date]:
    """Christmas Day and Boxing Day, each replaced by the next free workday when it falls on a weekend."""
    kept = [day for day in (date(year, 12, 25), date(year, 12, 26)) if day.weekday() < _SATURDAY]
    substitute = date(year, 12, 27)
    while len(kept) < 2:
        if substitute.weekday() < _SATURDAY and substitute not in kept:
            kept.append(substitute)
        substitute += timedelta(days=1)
    return kept


def _observed(day: date) -> date:
    """A Saturday's holiday is kept on the Friday before, a Sunday's on the Monday after."""
    return day + timedelta(days={_SATURDAY: -1, _SUNDAY: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last(year: int, month: int, weekday: int) -> date:
    end = date(year, month, 31)
    return end - timedelta(days=(end.weekday() - weekday) % 7)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Anonymous algorithm, Nature 13 (1876) 487)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


_BY_ZONE: dict[str, Callable[[int], list[date]]] = {
    "Europe/London": _england,
    "America/Los_Angeles": _united_states,
}
