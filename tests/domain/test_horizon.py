"""A raster of time is in UTC, and knows what lies in it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent.domain.horizon import Horizon

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("start", [START.replace(tzinfo=None), START.astimezone(timezone(timedelta(hours=1)))])
def test_a_horizon_that_does_not_start_in_utc_is_refused(start: datetime) -> None:
    with pytest.raises(ValueError, match="a horizon starts in UTC"):
        Horizon(start, 900, 4)


@pytest.mark.parametrize(("step_s", "steps"), [(0, 4), (-900, 4), (900, 0)])
def test_a_horizon_without_a_step_is_refused(step_s: int, steps: int) -> None:
    with pytest.raises(ValueError, match="at least one step"):
        Horizon(START, step_s, steps)


@pytest.mark.parametrize(("after_s", "step"), [(-1, None), (0, 0), (899, 0), (900, 1), (3599, 3), (3600, None)])
def test_each_instant_is_in_its_step(after_s: int, step: int | None) -> None:
    assert Horizon(START, 900, 4).index_of(START + timedelta(seconds=after_s)) == step
