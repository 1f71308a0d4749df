"""Dead time, ramp, accuracy, lag and the meter's answer, from traces that are made here."""

from collections.abc import Callable

import pytest

from agent.commissioning.safeguard import Instant, doubt
from agent.commissioning.step_response import answer, judged, lag, measured, meter_findings, meter_of
from agent.domain.battery import Battery
from agent.domain.commissioning import Points, Step

RATING_W, TEST_W = 5000.0, 750.0
ORDERS = ((10.0, -TEST_W, "charge"), (40.0, 0.0, "hold"), (70.0, TEST_W, "discharge"))
BATTERY = Battery(10_000.0, RATING_W, RATING_W, soc_min_pct=10.0, soc_max_pct=95.0)


def ordered_w(at: float, dead_s: float, ramp_w_per_s: float) -> float:
    """A battery that rests, and then follows each order with this dead time and ramp."""
    watts = 0.0
    for begun, target, _ in ORDERS:
        moved = max(0.0, at - begun - dead_s) * ramp_w_per_s
        watts += max(-moved, min(moved, target - watts))
    return watts


def traces(
    dead_s: float = 2.0,
    ramp_w_per_s: float = 1e9,
    lag_s: float = 0.0,
    shown: Callable[[float], float] = lambda grid_w: grid_w,
    every_s: float = 1.0,
) -> tuple[Points, Points]:
    """The battery, and the meter of a house of 1 kW that is ``lag_s`` late and shows ``shown``."""
    times = [every_s * i for i in range(int(105.0 / every_s))]
    battery = tuple((at, ordered_w(at, dead_s, ramp_w_per_s)) for at in times)
    grid = tuple((at, shown(1000.0 - ordered_w(at - lag_s, dead_s, ramp_w_per_s))) for at in times)
    return battery, grid


def steps(battery: Points) -> list[Step]:
    return [measured(Step(what, watts, watts, at, at + 30.0), battery, RATING_W) for at, watts, what in ORDERS]


@pytest.mark.parametrize("dead_s", [0.0, 1.0, 4.0, 10.0])
def test_the_dead_time_is_seen_within_a_sample(dead_s: float) -> None:
    for step in steps(traces(dead_s=dead_s)[0]):
        assert step.dead_time_s is not None
        assert dead_s <= step.dead_time_s <= dead_s + 1.0
        assert step.off_w == 0.0


def test_the_ramp_is_between_10_and_90_percent_of_the_way() -> None:
    for step in steps(traces(ramp_w_per_s=100.0)[0]):
        assert step.ramp_w_per_s == pytest.approx(100.0, rel=0.15)
    assert steps(traces()[0])[0].ramp_w_per_s is None  # in less than a sample


def test_a_battery_that_is_not_measured_has_no_response() -> None:
    step = measured(Step("charge", -TEST_W, -TEST_W, 10.0, 40.0), (), RATING_W)
    assert step.settled_w is None
    finding = judged(step, TEST_W, RATING_W, "inverter")
    assert finding is not None
    assert finding.code == "battery_power_missing"


@pytest.mark.parametrize("lag_s", [0.0, 2.0, 5.0, 10.0, 20.0])
def test_the_lag_of_the_meter(lag_s: float) -> None:
    battery, grid = traces(lag_s=lag_s)
    found = lag(battery, grid, TEST_W)
    assert found is not None
    assert found.least_s - 0.5 <= lag_s <= found.most_s + 0.5


SHOWN: dict[str, tuple[Callable[[float], float], str | None]] = {
    "right": (lambda grid_w: grid_w, None),
    "turned": (lambda grid_w: -grid_w, "meter_turned"),
    "tenfold": (lambda grid_w: 10.0 * grid_w, "meter_scale"),
    "a thousandfold": (lambda grid_w: 1000.0 * grid_w, "meter_scale"),
    "a tenth": (lambda grid_w: grid_w / 10.0, "meter_blind"),
    "one phase of three": (lambda grid_w: grid_w / 3.0, "meter_doubtful"),
    "one of three phases turned": (lambda grid_w: 333.0 + grid_w / 3.0, "meter_doubtful"),
    "always the same": (lambda _: 700.0, "meter_blind"),
}


@pytest.mark.parametrize("shown", SHOWN)
def test_the_meters_answer_to_the_battery(shown: str) -> None:
    distort, code = SHOWN[shown]
    battery, grid = traces(lag_s=3.0, shown=distort)
    found, late_s = meter_of(steps(battery), battery, grid, (), TEST_W)
    assert [finding.code for finding in meter_findings(found)] == ([] if code is None else [code])
    assert (late_s is None) == (code is not None)


def test_the_sun_that_comes_out_is_no_answer_of_the_meter() -> None:
    battery, grid = traces()
    sun: Points = tuple((at, 0.0 if at < 55.0 else 2000.0) for at, _ in grid)
    shaded: Points = tuple((at, watts - sun_w) for (at, watts), (_, sun_w) in zip(grid, sun, strict=True))
    assert answer(steps(battery), shaded, sun, 0.0) == pytest.approx(1.0, abs=0.01)


JUDGED: dict[str, tuple[Step, str | None]] = {
    "as told": (Step("charge", -750.0, -750.0, 0.0, 30.0, True, 500.0, -748.0, 2.0, None, 2.0), None),
    "turned": (Step("charge", -750.0, -750.0, 0.0, 30.0, True, -500.0, 750.0, 2.0, None, 1500.0), "turned_sign"),
    "as before": (Step("charge", -750.0, -750.0, 0.0, 30.0, True, 500.0, 510.0, None, None, 1260.0), "does_not_follow"),
    "tenfold": (Step("charge", -750.0, -750.0, 0.0, 30.0, True, 0.0, -5000.0, 2.0, None, 4250.0), "wrong_scale"),
    "half": (Step("charge", -750.0, -750.0, 0.0, 30.0, True, 0.0, -300.0, 2.0, None, 450.0), "does_not_follow"),
    "a little off": (Step("charge", -750.0, -750.0, 0.0, 30.0, True, 0.0, -480.0, 2.0, None, 270.0), "inaccurate"),
    "it does not rest": (Step("hold", 0.0, 0.0, 0.0, 30.0, True, -750.0, 900.0, 2.0, None, 900.0), "does_not_follow"),
    "more, of the sun": (Step("hold", 0.0, 0.0, 0.0, 30.0, False, -750.0, -2900.0, 2.0, None, 0.0), None),
}


@pytest.mark.parametrize("case", JUDGED)
def test_a_step_is_judged(case: str) -> None:
    step, code = JUDGED[case]
    finding = judged(step, TEST_W, RATING_W, "inverter")
    assert (None if finding is None else finding.code) == code
    assert finding is None or finding.stops == (code != "inaccurate")


GOOD = Instant("inverter", -750.0, 20.0, -740.0, 50.0, True, 500.0)
DOUBTS: dict[str, tuple[Instant, str | None]] = {
    "all is well": (GOOD, None),
    "it has not begun yet": (Instant("inverter", -750.0, 3.0, 500.0, 50.0, True, 500.0), None),
    "the other way": (Instant("inverter", -750.0, 20.0, 750.0, 50.0, True, -500.0), "the direction is wrong"),
    "far more": (Instant("inverter", -750.0, 20.0, -5000.0, 50.0, True, 0.0), "far more"),
    "more, of the sun": (Instant("inverter", 0.0, 20.0, -5000.0, 50.0, False, 0.0), None),
    "no state of charge": (Instant("inverter", -750.0, 20.0, -740.0, None, True, 0.0), "not known any more"),
    "below the window": (Instant("inverter", 750.0, 20.0, 740.0, 9.0, True, 0.0), "outside the window"),
    "over the fuse for a moment": (Instant("inverter", -750.0, 20.0, -740.0, 50.0, True, 0.0, 3.0), None),
    "over the fuse": (Instant("inverter", -750.0, 20.0, -740.0, 50.0, True, 0.0, 8.0), "over the limit"),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_what_ends_a_test_at_once(case: str) -> None:
    instant, words = DOUBTS[case]
    why = doubt(instant, BATTERY, TEST_W, {}, None)
    assert (why is None) == (words is None)
    assert words is None or words in str(why)


def test_a_device_that_is_gone_and_another_master_end_it() -> None:
    assert doubt(GOOD, BATTERY, TEST_W, {"meter": "meter is silent"}, None) == "meter is silent"
    assert doubt(GOOD, BATTERY, TEST_W, {}, "something else steers it") == "something else steers it"
