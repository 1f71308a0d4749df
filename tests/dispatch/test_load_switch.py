"""When a relay is on: by the plan, as usual without one, and in any case in time."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dispatch.load_switch import Progress, Window, counted, is_over_limit, open_window, tasks, windows, wish
from agent.domain.advisory import FlexibleLoad
from agent.domain.load_run import LoadRun
from agent.domain.switched_load import SwitchedLoad

ZONE = ZoneInfo("Europe/London")
CAR = SwitchedLoad(FlexibleLoad("car", 7000.0, 4 * 3600, time(18), time(7), time(18)), "relay", True, True)
BOILER = SwitchedLoad(FlexibleLoad("boiler", 2000.0, 2 * 3600, time(6), time(20), time(12)), "relay", True)


def at(text: str) -> datetime:
    """UTC of a winter's day, when London shows UTC."""
    return datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=UTC)


NIGHT = Window(at("10T18:00"), at("11T07:00"))


def test_a_window_over_midnight_is_open_on_both_days() -> None:
    assert open_window(CAR.load, at("10T17:59"), ZONE) is None
    assert open_window(CAR.load, at("10T18:00"), ZONE) == NIGHT
    assert open_window(CAR.load, at("11T06:59"), ZONE) == NIGHT
    assert open_window(CAR.load, at("11T07:00"), ZONE) is None


def test_the_windows_of_a_horizon_are_those_that_close_within_it() -> None:
    found = windows(CAR.load, at("10T20:00"), at("12T20:00"), ZONE)
    assert found == [NIGHT, Window(at("11T18:00"), at("12T07:00"))]


def test_a_window_keeps_its_clock_times_on_the_day_that_loses_an_hour() -> None:
    (window, *_) = windows(CAR.load, datetime(2026, 3, 28, 19, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC), ZONE)
    assert (window.opens.hour, window.closes.hour) == (18, 6)


def test_what_has_run_is_not_planned_again() -> None:
    now = at("10T20:00")
    first, second = tasks(CAR, Progress(NIGHT.closes, 3600.0), now, at("12T20:00"), ZONE)
    assert (first.left_s, first.first, first.end, first.running) == (3 * 3600.0, now, NIGHT.closes, True)
    assert (second.left_s, second.first, second.running) == (4 * 3600.0, at("11T18:00"), False)
    (only,) = tasks(CAR, Progress(NIGHT.closes, 4 * 3600.0), now, at("12T20:00"), ZONE)
    assert only.first == at("11T18:00")


RUN = (
    LoadRun("car", at("11T01:00"), at("11T05:00"), 7000.0),
    LoadRun("boiler", at("10T10:00"), at("10T12:00"), 2000.0),
)
OTHERS = (*RUN, LoadRun("boiler", at("10T19:00"), at("10T22:00"), 2000.0))


@pytest.mark.parametrize(
    ("load", "done_h", "runs", "now", "on", "words"),
    [
        (CAR, 0, RUN, "10T12:00", None, "left to itself until 18:00"),
        (CAR, 0, RUN, "10T20:00", False, "waits until 01:00, when it costs less"),
        (CAR, 0, OTHERS, "10T20:00", False, "waits until 01:00"),
        (CAR, 0, OTHERS[1:], "10T20:00", True, "not in the plan"),
        (CAR, 0, RUN, "11T01:00", True, "cost least by the plan"),
        (CAR, 2, RUN, "11T05:00", True, "must run now to be done by 07:00"),
        (CAR, 3, RUN, "11T05:00", True, "not in the plan and runs at once"),
        (CAR, 4, RUN, "11T05:00", None, "has run for as long as it must"),
        (CAR, 0, (), "10T20:00", True, "not in the plan"),
        (CAR, 0, None, "10T20:00", True, "runs as usual, for there is no plan"),
        (BOILER, 0, None, "10T09:00", False, "waits for its usual time, 12:00"),
        (BOILER, 0.1, RUN, "10T09:00", True, "has begun and is not interrupted"),
        (BOILER, 0, RUN, "10T18:00", True, "must run now"),
    ],
)
def test_on_or_off(
    load: SwitchedLoad, done_h: float, runs: tuple[LoadRun, ...] | None, now: str, on: bool | None, words: str
) -> None:
    window = open_window(load.load, at(now), ZONE)
    progress = None if window is None or not done_h else Progress(window.closes, 3600.0 * done_h)
    found = wish(load, progress, runs, at(now), ZONE)
    assert found.on is on
    assert words in found.reason


@given(st.floats(0.0, 14.0), st.floats(0.0, 4.0), st.lists(st.tuples(st.floats(0, 13), st.floats(0.01, 3)), max_size=4))
def test_no_plan_puts_it_off_until_it_cannot_be_done(
    hours: float, done_h: float, runs: list[tuple[float, float]]
) -> None:
    now = NIGHT.opens + timedelta(hours=hours)
    planned = tuple(
        LoadRun("car", NIGHT.opens + timedelta(hours=a), NIGHT.opens + timedelta(hours=a + b), 7000.0) for a, b in runs
    )
    found = wish(CAR, Progress(NIGHT.closes, 3600.0 * done_h), planned, now, ZONE)
    left_h = 4.0 - done_h
    if NIGHT.opens <= now < NIGHT.closes and left_h > 0 and (NIGHT.closes - now) <= timedelta(hours=left_h):
        assert found.on is True
    if now >= NIGHT.closes:
        assert found.on is None


def test_progress_belongs_to_its_window() -> None:
    assert counted(Progress(NIGHT.closes, 60.0), NIGHT, 5.0) == Progress(NIGHT.closes, 65.0)
    assert counted(Progress(at("10T07:00"), 60.0), NIGHT, 5.0) == Progress(NIGHT.closes, 5.0)


@pytest.mark.parametrize(
    ("grid_w", "limit_w", "over"),
    [(10_000.0, None, False), (None, 5000.0, False), (5050.0, 5000.0, False), (5200.0, 5000.0, True)],
)
def test_the_limit_of_the_connection(grid_w: float | None, limit_w: float | None, over: bool) -> None:
    assert is_over_limit(grid_w, limit_w) is over
