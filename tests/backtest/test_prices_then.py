"""Prices as they were known then."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from agent.backtest.prices_then import curves_at, known_until
from agent.domain.horizon import Horizon
from tests.backtest import cases

LONDON = "Europe/London"


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-01-10 00:00", "2026-01-10 23:00"),
        ("2026-01-10 15:59", "2026-01-10 23:00"),
        ("2026-01-10 16:00", "2026-01-11 23:00"),
        ("2026-01-10 23:30", "2026-01-11 23:00"),
        ("2026-03-28 17:00", "2026-03-29 23:00"),  # the night in between loses an hour
    ],
)
def test_day_ahead_prices_are_known_to_eleven_in_the_evening(local: str, until: str) -> None:
    zone = ZoneInfo(LONDON)
    found = known_until(datetime.fromisoformat(local).replace(tzinfo=zone), LONDON)
    assert found == datetime.fromisoformat(until).replace(tzinfo=zone)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("hour", [3, 15, 20])
def test_what_is_not_published_yet_cannot_change_the_curve(hour: int) -> None:
    case = cases.case(day_ahead=True)
    index = case.first + hour
    horizon = Horizon(case.at(index), 3600, 48)
    before = curves_at(case, index, horizon)
    known = (known_until(case.at(index), case.place.timezone) - case.at(index)).total_seconds() / 3600
    later = case.import_price.copy()
    later[index + int(known) :] = 9.0
    assert curves_at(cases.case(day_ahead=True, import_price=later), index, horizon) == before
    assert before.import_price[: int(known)] == tuple(case.import_price[index : index + int(known)])
    assert any("not known" in note for note in before.notes)


def test_a_tariff_is_known_throughout() -> None:
    case = cases.case(played_days=4)
    curves = curves_at(case, case.first, Horizon(case.at(case.first), 3600, 48))
    assert curves.import_price == tuple(case.import_price[case.first : case.first + 48])
    assert curves.notes == ()


def test_beyond_the_last_row_like_days_stand_in() -> None:
    case = cases.case()
    index = case.last - 6
    curves = curves_at(case, index, Horizon(case.at(index), 3600, 48))
    assert np.isfinite(curves.import_price).all()
    assert curves.export_price == (0.05,) * 48
