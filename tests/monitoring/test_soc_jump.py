"""A state of charge is believed while the measured power explains it, and counted from the power while it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.battery import Battery
from agent.monitoring.soc_jump import SocWatch

BATTERY = Battery(10_000.0, 5000.0, 5000.0, soc_min_pct=10.0, soc_max_pct=95.0)
JUMP = "the state of charge jumped from 80 to 20 %, which the battery's power does not explain"
MINUTE, HOUR = 60, 3600


def discharged(seconds: float, battery_w: float = 5000.0) -> float:
    """Percent of the capacity that are gone after ``seconds``."""
    return seconds * battery_w / HOUR / 95.0


def watched(soc_pct: float, battery_w: float = 0.0) -> SocWatch:
    watch = SocWatch(BATTERY)
    assert watch.update(0.0, soc_pct, battery_w).doubt is None
    return watch


def test_what_the_power_explains_is_believed() -> None:
    watch = SocWatch(BATTERY)
    for second in range(0, 1800, 10):
        judged = watch.update(float(second), 80.0 - discharged(second), 5000.0)
        assert (judged.soc_pct, judged.doubt, judged.margin_pct) == (80.0 - discharged(second), None, 0.0)


def test_a_jump_is_not_believed_after_a_minute_nor_after_ten() -> None:
    watch = watched(80.0)
    for second in range(1, 30 * MINUTE):
        judged = watch.update(float(second), 20.0, 0.0)
        assert (judged.soc_pct, judged.doubt) == (80.0, JUMP)


def test_a_jump_that_returns_is_forgotten_at_once() -> None:
    watch = watched(80.0)
    assert watch.update(1.0, 0.0, 0.0).doubt is not None
    assert watch.update(2.0, 80.0, 0.0).doubt is None


def test_zero_while_full_is_counted_through_the_discharge_and_believed_when_it_returns() -> None:
    watch = watched(100.0, 5000.0)
    for second in range(10, 10 * MINUTE, 10):
        judged = watch.update(float(second), 0.0, 5000.0)
        assert judged.soc_pct == pytest.approx(100.0 - discharged(second))
    judged = watch.update(600.0, 100.0 - discharged(600), 5000.0)
    assert (judged.soc_pct, judged.doubt) == (100.0 - discharged(600), None)


@pytest.mark.parametrize(
    ("before", "now", "believed"),
    [(88.0, 100.0, True), (13.0, 1.0, True), (80.0, 100.0, False), (13.0, 25.0, False), (88.0, 76.0, False)],
)
def test_a_gauge_that_finds_its_end_is_believed(before: float, now: float, believed: bool) -> None:
    assert (watched(before).update(1.0, now, 0.0).doubt is None) is believed


def test_one_that_goes_on_jumping_is_never_believed() -> None:
    watch = watched(80.0)
    for second in range(1, 300):
        assert watch.update(float(second), 20.0 if second // 10 % 2 else 50.0, 0.0).doubt is not None


def test_a_stuck_gauge_is_doubted_when_five_percent_have_moved_and_never_believed_in_passing() -> None:
    watch, at, count = watched(50.0), 0.0, 50.0
    doubted: list[bool] = []
    for _ in range(4):  # to and fro across the value at which it is stuck
        for watts in (2500.0, -2500.0, -2500.0, 2500.0):
            for _ in range(0, 20 * MINUTE, 10):
                at += 10.0
                judged = watch.update(at, 50.0, watts)
                moved_pct = watts * 10.0 / HOUR / 100.0
                count -= moved_pct / 0.95 if watts > 0 else moved_pct * 0.95
                doubted.append(judged.doubt is not None)
                if judged.soc_pct is not None and judged.doubt is not None:
                    assert judged.soc_pct == pytest.approx(count, abs=0.5)
    first = doubted.index(True)
    assert 11 * MINUTE <= 10 * first <= 17 * MINUTE  # 5 % and the count's own margin, at 4.4 % in ten minutes
    assert all(doubted[first:])


def test_a_recalibrated_gauge_is_believed_when_it_has_followed_the_power_over_ten_percent() -> None:
    watch = watched(50.0, 5000.0)
    found = [watch.update(float(s), 75.0 - discharged(s), 5000.0) for s in range(10, 900, 10)]
    believed = next(i for i, judged in enumerate(found) if judged.doubt is None)
    assert discharged(10 * (believed + 1)) == pytest.approx(10.0, abs=0.5)
    assert all(judged.doubt is None for judged in found[believed:])


def test_a_gauge_at_rest_is_believed_after_six_hours() -> None:
    watch = watched(50.0)
    found = [watch.update(float(s), 70.0, 0.0).doubt is None for s in range(60, 7 * HOUR, 60)]
    assert found.index(True) == 6 * 60


def test_a_count_that_is_too_old_is_not_acted_on() -> None:
    watch = watched(80.0)
    assert watch.update(60.0, 20.0, 0.0).soc_pct == 80.0
    assert watch.update(60.0 + 0.4 * HOUR, 20.0, None).soc_pct is None  # the power was not measured: the rating counts
    assert watch.update(61.0 + 0.4 * HOUR, 20.0, None).doubt == JUMP


def test_small_powers_within_the_meters_noise_make_no_stuck_gauge() -> None:
    watch = watched(50.0, -60.0)
    assert all(watch.update(float(s), 50.0, -60.0).doubt is None for s in range(60, 72 * HOUR, 60))


def test_days_at_rest_do_not_excuse_a_jump() -> None:
    watch = watched(50.0)
    for second in range(60, 72 * HOUR, 60):
        watch.update(float(second), 50.0, 0.0)
    assert watch.update(72.0 * HOUR, 80.0, 0.0).doubt is not None


def test_after_a_long_gap_the_rating_explains_what_may_have_moved() -> None:
    watch = watched(80.0)
    assert watch.update(1.0, None, None).doubt is None
    assert watch.update(3601.0, 35.0, 0.0).doubt is None


@pytest.mark.parametrize("first", [-1.0, 6553.5])
def test_a_first_value_that_cannot_be_is_not_believed(first: float) -> None:
    watch = SocWatch(BATTERY)
    judged = watch.update(0.0, first, 0.0)
    assert (judged.soc_pct, judged.doubt is None) == (None, False)
    assert watch.update(1.0, 50.0, 0.0).soc_pct == 50.0


@pytest.mark.parametrize(
    ("charging", "end_pct", "sentence"),
    [
        (False, 10.0, "the battery gives nothing at 50 %, so it counts as empty"),
        (True, 95.0, "the battery takes nothing at 50 %, so it counts as full"),
    ],
)
def test_physics_has_the_last_word_at_the_ends(charging: bool, end_pct: float, sentence: str) -> None:
    watch = watched(50.0)
    watch.found_end(charging)
    judged = watch.update(1.0, 50.0, 0.0)
    assert (judged.soc_pct, judged.doubt) == (end_pct, sentence)
    away_w = 5000.0 if charging else -5000.0
    for second in range(10, 600, 10):
        judged = watch.update(float(second), 50.0, away_w)  # the gauge stays stuck, and the count goes on
    assert judged.doubt == sentence
    assert judged.soc_pct is not None
    assert abs(judged.soc_pct - end_pct) == pytest.approx(8.3, abs=0.6)


def test_a_battery_that_was_only_blocked_is_tried_again_ever_more_seldom() -> None:
    watch, hour, waits = watched(50.0), 0, []
    for _ in range(5):
        watch.found_end(False)
        since = hour
        while watch.update(float(HOUR * hour), 50.0, 0.0).doubt is not None:
            hour += 1
        waits.append(hour - since)
        assert watch.update(float(HOUR * hour), 50.0, 0.0).soc_pct == 50.0
    assert waits == [1, 2, 4, 6, 6]


def test_a_gauge_that_agrees_with_the_end_is_left_alone() -> None:
    watch = watched(9.0)
    watch.found_end(False)
    assert watch.update(1.0, 9.0, 0.0).doubt is None


def test_a_count_narrows_the_window() -> None:
    watch = watched(80.0)
    cautious = watch.update(1.0, 20.0, 0.0).cautious(BATTERY)
    assert cautious.floor_pct == pytest.approx(20.0)
    assert cautious.soc_max_pct == pytest.approx(90.0, abs=0.1)
    assert watch.update(2.0, 80.0, 0.0).cautious(BATTERY) == BATTERY


def test_a_battery_that_neither_gives_nor_takes_is_switched_off_and_its_gauge_may_be_right() -> None:
    watch = watched(50.0)
    watch.found_end(True)
    assert watch.update(1.0, 50.0, 0.0).soc_pct == 95.0
    for second, charging in enumerate((False, True, False), start=2):
        watch.found_end(charging)
        judged = watch.update(float(second), 50.0, 0.0)
        assert (judged.soc_pct, judged.doubt) == (50.0, None)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 7200.0),
            st.none() | st.floats(-50.0, 150.0) | st.sampled_from([0.0, 50.0, 100.0, 655.35]),
            st.none() | st.floats(-6000.0, 6000.0),
            st.none() | st.booleans(),
        ),
        max_size=60,
    )
)
def test_whatever_comes_what_is_acted_on_is_a_state_of_charge_and_a_window(
    steps: list[tuple[float, float | None, float | None, bool | None]],
) -> None:
    watch, at = SocWatch(BATTERY), 0.0
    for wait_s, soc_pct, battery_w, end in steps:
        at += wait_s
        if end is not None:
            watch.found_end(end)
        judged = watch.update(at, soc_pct, battery_w)
        assert judged.soc_pct is None or 0.0 <= judged.soc_pct <= 100.0
        assert judged.doubt is not None or judged.soc_pct == soc_pct
        cautious = judged.cautious(BATTERY)
        assert BATTERY.floor_pct <= cautious.floor_pct <= 100.0
        assert BATTERY.soc_min_pct <= cautious.soc_max_pct <= BATTERY.soc_max_pct
