"""The mean of late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.recent_mean import RecentMean

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_kettle_moves_it_little_and_an_hour_of_it_wholly() -> None:
    mean = RecentMean()
    assert mean.after(START, 500.0, 450.0) == 500.0
    for second in range(1, 61):
        kettle = mean.after(START + timedelta(seconds=second), 2500.0, 450.0)
    assert 700.0 < kettle < 800.0
    assert mean.after(START + timedelta(hours=1), 2500.0, 450.0) == pytest.approx(2500.0, abs=1.0)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    mean = RecentMean()
    mean.after(START, 500.0, 450.0)
    assert mean.after(START - timedelta(hours=1), 900.0, 450.0) == 900.0


@given(st.lists(st.tuples(st.floats(0.1, 600.0), st.floats(-1e5, 1e5)), min_size=1, max_size=30))
def test_it_stays_within_what_was_measured(steps: list[tuple[float, float]]) -> None:
    mean, at = RecentMean(), START
    for seconds, value in steps:
        at += timedelta(seconds=seconds)
        found = mean.after(at, value, 450.0)
    values = [value for _, value in steps]
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
