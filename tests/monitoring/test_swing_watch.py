"""A battery that swings by its own orders is found out; restless loads are not."""

from collections import deque
from collections.abc import Callable
from random import Random

import pytest

from agent.monitoring.swing_watch import PAUSE_S, SETTLE_S, WITHIN_S, SwingWatch

RATED_W, RAMP_W = 5000.0, 2000.0
HOUR = 3600


class Loop:
    """A battery that covers what it takes for the net load, each second, and is left to itself where that is asked.

    The meter shows ``factor`` times the grid, ``lag_s`` late; the order comes ``dead_s`` after it was given. Left to
    itself, it covers the load.
    """

    def __init__(self, load_w: Callable[[int], float], lag_s: int = 0, factor: float = 1.0, dead_s: int = 0) -> None:
        self.watch, self.load_w = SwingWatch(RATED_W), load_w
        self.lag_s, self.factor, self.dead_s = lag_s, factor, dead_s
        self.battery_w, self.second = 0.0, 0
        self.order_w: float | None = 0.0
        self.orders: deque[float | None] = deque([0.0], maxlen=100)
        self.grids: deque[float] = deque(maxlen=200)
        self.told_at: list[int] = []
        self.left_alone_s = 0

    def play(self, seconds: int) -> None:
        for _ in range(seconds):
            self._second()

    def _second(self) -> None:
        load_w = self.load_w(self.second)
        order_w = self.orders[max(0, len(self.orders) - 1 - self.dead_s)]
        wanted_w = load_w if order_w is None else order_w
        self.battery_w += max(-RAMP_W, min(RAMP_W, max(-RATED_W, min(RATED_W, wanted_w)) - self.battery_w))
        self.grids.append(load_w - self.battery_w)
        shown_w = self.factor * self.grids[max(0, len(self.grids) - 1 - self.lag_s)]
        self.watch.seen(float(self.second), self.battery_w, shown_w)
        alone = self.watch.is_looking or self.watch.is_held(self.second)
        self.order_w = None if alone else max(-RATED_W, min(RATED_W, shown_w + self.battery_w))
        self.watch.asked(float(self.second), self.order_w)
        self.orders.append(self.order_w)
        self.left_alone_s += alone
        if self.watch.sentence is not None:
            self.told_at.append(self.second)
        self.second += 1


def steady(second: int) -> float:
    return 1500.0 + second * 7 % 40


def home(seed: int) -> Callable[[int], float]:
    """Loads of up to 3 kW that go on and off every three minutes."""
    chance, loads = Random(seed), [300.0]
    for _ in range(1, 24 * HOUR):
        loads.append(chance.choice((300.0, 1200.0, 3300.0)) if chance.random() < 1.0 / 180.0 else loads[-1])
    return lambda second: loads[second]


def hob(second: int) -> float:
    """On and off within twenty seconds: a battery that is as late as that cannot meet it."""
    return 400.0 + (2000.0 if second % 20 < 10 else 0.0)


@pytest.mark.parametrize("lag_s", [20, 40, 60, 90])
def test_a_meter_that_is_too_late_is_told_within_the_hour_and_the_battery_left_to_itself(lag_s: int) -> None:
    loop = Loop(home(1), lag_s)
    loop.play(HOUR)
    assert loop.told_at
    assert loop.watch.is_held(loop.told_at[0] + 1)
    assert "the grid meter's values are too old" in str(loop.watch.sentence)


def test_a_meter_of_ten_times_the_scale_is_told_within_minutes() -> None:
    loop = Loop(steady, lag_s=2, factor=10.0)
    loop.play(900)
    assert loop.told_at
    assert loop.told_at[0] <= 600
    assert "so the scale of one of the two is wrong" in str(loop.watch.sentence)


def test_while_it_lasts_it_is_told_without_a_break_and_seldom_steered() -> None:
    loop = Loop(steady, lag_s=2, factor=10.0)
    loop.play(5 * HOUR)
    assert loop.told_at == list(range(loop.told_at[0], 5 * HOUR))
    assert loop.told_at[0] <= 600
    assert loop.left_alone_s > 4.5 * HOUR


def test_it_is_over_when_the_battery_has_moved_and_not_swung() -> None:
    loop = Loop(home(1), lag_s=2, factor=10.0)
    loop.play(1200)
    loop.lag_s, loop.factor = 0, 1.0
    loop.play(int(PAUSE_S + WITHIN_S + SETTLE_S) + 600)
    assert loop.watch.sentence is None
    assert not loop.watch.is_held(loop.second)


@pytest.mark.parametrize("seed", range(3))
def test_a_battery_that_meets_its_loads_is_never_left_alone(seed: int) -> None:
    loop = Loop(home(seed))
    loop.play(12 * HOUR)
    assert (loop.told_at, loop.left_alone_s) == ([], 0)


def clouds(seed: int) -> Callable[[int], float]:
    """A sun of up to 4 kW over a load of 600 W that goes evenly from one cloud to the next in half a minute or two."""
    chance, loads = Random(seed), [600.0]
    while len(loads) < 24 * HOUR:
        lasts, to_w = chance.randrange(30, 150), 600.0 - chance.uniform(200.0, 4000.0)
        loads += [loads[-1] + (to_w - loads[-1]) * part / lasts for part in range(1, lasts + 1)]
    return lambda second: loads[second]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dead_s", [5, 15])
def test_a_battery_that_follows_drifting_clouds_too_late_is_never_left_alone(dead_s: int, seed: int) -> None:
    loop = Loop(clouds(seed), dead_s=dead_s)
    loop.play(6 * HOUR)
    assert (loop.told_at, loop.left_alone_s) == ([], 0)


def test_a_load_that_goes_on_and_off_too_fast_is_looked_at_ever_more_seldom_and_not_told() -> None:
    loop = Loop(hob, dead_s=10)
    loop.play(12 * HOUR)
    assert loop.told_at == []
    assert 0 < loop.left_alone_s <= 600


def test_what_is_not_steered_is_not_judged() -> None:
    watch = SwingWatch(RATED_W)
    for second in range(2 * HOUR):
        swing_w = 4000.0 if second // 30 % 2 else -4000.0
        watch.seen(float(second), swing_w, -swing_w)
    assert (watch.sentence, watch.is_looking) == (None, False)
