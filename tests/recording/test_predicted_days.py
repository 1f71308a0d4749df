"""What a plan expects of a day: whole days of the site alone, also those of 23 and 25 hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.recording.predicted_days import predicted_days
from tests.cycles.control_stage import plan

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 6, 2, 22, tzinfo=UTC)  # of 3 June in Berlin


def made(start: datetime, hours: int) -> Plan:
    """1 kW of load; half of it from the battery, at .28."""
    found = plan(0.2, start)
    step = replace(found.steps[0], discharge_w=500.0, import_w=500.0)
    return replace(found, issued_at=start, horizon=Horizon(start, 900, 4 * hours), steps=(step,) * (4 * hours))


@pytest.mark.parametrize(
    ("start", "hours", "days"),
    [
        (MIDNIGHT, 48, ["2026-06-03", "2026-06-04"]),
        (MIDNIGHT - timedelta(minutes=15), 48, ["2026-06-03"]),
        (MIDNIGHT + timedelta(minutes=15), 48, ["2026-06-04"]),
        (MIDNIGHT + timedelta(hours=3), 24, []),
    ],
)
def test_days_that_lie_wholly_in_the_plan(start: datetime, hours: int, days: list[str]) -> None:
    found = predicted_days(made(start, hours), BERLIN)
    assert [f"{one.at.astimezone(BERLIN):%Y-%m-%d}" for one in found] == days
    assert all((one.no_battery, one.plan, one.saved) == (6_720_000, 3_360_000, 3_360_000) for one in found)
    assert all(one.made_at == start for one in found)


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)]
)
def test_a_day_of_another_length(day: datetime, hours: int) -> None:
    first = predicted_days(made(day, 48), BERLIN)[0]
    assert (first.at, first.no_battery) == (day, 280_000 * hours)


def test_what_is_sold_without_a_battery_is_an_income() -> None:
    found = made(MIDNIGHT, 24)
    sunny = replace(found.steps[0], pv_w=3000.0, load_w=1000.0, import_w=0.0, discharge_w=0.0, export_w=2000.0)
    (day,) = predicted_days(replace(found, steps=(sunny,) * 96), BERLIN)
    assert (day.no_battery, day.plan) == (-2_400_000, -2_400_000)
