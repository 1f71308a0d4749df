"""How much is kept for outages, at an instant and over the steps of a plan."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.horizon import Horizon
from agent.domain.reserve import Reserve
from agent.domain.tariff import TimeOfUse, Window

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)  # a Wednesday in winter: London's clocks show UTC
EVENING = Reserve(
    TimeOfUse(20.0, (Window(80.0, time(18), time(19)), Window(60.0, time(16), time(21))), "Europe/London")
)


@pytest.mark.parametrize(
    ("clock", "kept"), [("15:59", 20.0), ("16:00", 60.0), ("18:00", 80.0), ("19:00", 60.0), ("21:00", 20.0)]
)
def test_the_first_window_that_holds_counts(clock: str, kept: float) -> None:
    at = datetime.combine(NOON.date(), time.fromisoformat(clock), UTC)
    assert EVENING.at(at) == kept


def test_the_highest_reserve_of_any_time() -> None:
    assert EVENING.highest == 80.0
    assert Reserve(TimeOfUse(20.0, (), "Europe/London")).highest == 20.0


def test_the_reserve_is_there_at_the_end_of_the_step_before_its_window_and_free_after_it() -> None:
    over = EVENING.over(Horizon(NOON, 3600, 12))
    assert over == (20.0, 20.0, 20.0, 60.0, 60.0, 80.0, 80.0, 60.0, 60.0, 20.0, 20.0, 20.0)


def test_a_window_within_a_step_holds_for_the_step() -> None:
    short = Reserve(TimeOfUse(20.0, (Window(50.0, time(12, 20), time(12, 40)),), "Europe/London"))
    assert short.over(Horizon(NOON, 3600, 2)) == (50.0, 20.0)


@given(start=st.integers(0, 2000), step_s=st.sampled_from([60, 300, 900, 1800, 3600]), steps=st.integers(1, 60))
def test_over_is_the_highest_of_every_minute_of_the_step_and_of_its_end(start: int, step_s: int, steps: int) -> None:
    horizon = Horizon(NOON + timedelta(minutes=start), step_s, steps)
    for begin, found in zip(horizon.times(), EVENING.over(horizon), strict=True):
        minutes = range(step_s // 60 + 1)
        assert found == max(EVENING.at(begin + timedelta(minutes=minute)) for minute in minutes)


def test_the_hour_that_is_lost_in_spring_loses_no_step() -> None:
    night = Reserve(TimeOfUse(20.0, (Window(50.0, time(1, 30), time(2, 30)),), "Europe/London"))
    over = night.over(Horizon(datetime(2026, 3, 29, 0, tzinfo=UTC), 1800, 6))
    assert over == (20.0, 50.0, 50.0, 20.0, 20.0, 20.0), "01:30 to 02:30 is there from 02:00 on, which is 01:00 UTC"
