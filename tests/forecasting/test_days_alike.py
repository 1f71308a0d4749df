"""Past days whose errors become paths: of the same kind, and of those the newest."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from agent.domain.request import Place
from agent.forecasting.days_alike import days_alike

PLACE = Place(51.5, 0.0, "Europe/London")
THURSDAY = datetime(2026, 3, 12, 6, tzinfo=UTC)
MANY = 6


def chosen(start: datetime, unknown: dict[int, int] | None = None, place: Place = PLACE) -> list[str]:
    """The weekdays of what is chosen of three weeks, newest first."""
    past = [start - timedelta(days=ago) for ago in range(2, 23)]
    missing = np.zeros(len(past), dtype=np.int64)
    for index, many in (unknown or {}).items():
        missing[index] = many
    return [f"{past[index]:%a %d}" for index in days_alike(start, past, missing, place, MANY)]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (THURSDAY, ["Tue 10", "Mon 09", "Fri 06", "Thu 05", "Wed 04", "Tue 03"]),
        (THURSDAY + timedelta(days=2), ["Sun 08", "Sat 07", "Sun 01", "Sat 28", "Sun 22", "Sat 21"]),
        (THURSDAY + timedelta(days=1, hours=12), ["Sat 07", "Fri 06", "Sat 28", "Fri 27", "Sat 21", "Fri 20"]),
    ],
)
def test_the_newest_of_the_same_kind(start: datetime, expected: list[str]) -> None:
    """On Friday evening what begins is a day off, as on the Saturdays and Fridays before it."""
    assert chosen(start) == expected


def test_where_too_few_are_of_the_kind_the_newest_others_fill_up() -> None:
    holiday = Place(51.5, 0.0, "Europe/London", holidays=(THURSDAY.date(),))
    got = chosen(THURSDAY, place=holiday)
    assert got == ["Sun 08", "Sat 07", "Sun 01", "Sat 28", "Sun 22", "Sat 21"]
    works_on = Place(51.5, 0.0, "Europe/London", holidays=tuple(date(2026, 3, day) for day in range(2, 11)))
    assert chosen(THURSDAY, place=works_on) == ["Fri 27", "Thu 26", "Wed 25", "Tue 24", "Mon 23", "Fri 20"]


def test_what_is_not_known_comes_last() -> None:
    half_known = dict.fromkeys(range(21), 1) | {4: 0, 0: 2}
    assert chosen(THURSDAY, half_known) == ["Mon 09", "Fri 06", "Thu 05", "Wed 04", "Tue 03", "Mon 02"]


def test_nothing_of_nothing() -> None:
    assert days_alike(THURSDAY, [], np.zeros(0, dtype=np.int64), PLACE, MANY) == []
