"""A meter that contradicts the battery is found out; loads that step, lags and clouds are not."""

from collections import deque
from collections.abc import Callable
from random import Random

import pytest

from agent.monitoring.balance_watch import PAUSE_S, BalanceWatch

RATED_W = 5000.0


class Site:
    """A battery that follows within ``lag_s`` and a meter that is ``lag_s`` late and shows ``factor`` times the
    grid."""

    def __init__(self, load_w: Callable[[int], float], lag_s: int = 3) -> None:
        self.watch, self.load_w, self.factor = BalanceWatch(RATED_W), load_w, 1.0
        self.asked_w = self.in_force_w = 0.0
        self.orders = deque([0.0] * (lag_s + 1), maxlen=lag_s + 1)
        self.grids: deque[float] = deque(maxlen=lag_s + 1)
        self.second = 0
        self.wrong_at: list[int] = []
        self.probed = 0

    def play(self, seconds: int, wanted: Callable[[int, float], float]) -> None:
        """``wanted`` is asked with the second and the net load as it is estimated."""
        for _ in range(seconds):
            self.orders.append(self.asked_w)
            battery_w = self.orders[0]
            self.grids.append(self.load_w(self.second) - battery_w)
            shown_w = self.factor * self.grids[0]
            self.watch.seen(float(self.second), battery_w, shown_w, 0.0)
            if self.watch.is_wrong(self.second):
                self.wrong_at.append(self.second)
                self.asked_w = 0.0
                self.watch.asked(float(self.second), None)
            else:
                self.asked_w = 0.0 if self.watch.is_probing else wanted(self.second, shown_w + battery_w)
                self.watch.asked(float(self.second), self.asked_w)
            self.probed += self.watch.is_probing
            self.second += 1


def steady(second: int) -> float:
    return 6000.0


def switching(second: int, net_load_w: float) -> float:
    """A plan: charging for twenty minutes, resting for twenty."""
    return -4000.0 if second // 1200 % 2 == 0 else 0.0


def covering(second: int, net_load_w: float) -> float:
    return min(RATED_W, max(-RATED_W, net_load_w))


def home(seed: int) -> Callable[[int], float]:
    """A home whose loads of up to 3 kW go on and off every few minutes, with noise."""
    chance = Random(seed)
    loads = [300.0]
    for _ in range(1, 24 * 3600):
        if chance.random() < 1.0 / 200.0:
            loads.append(chance.choice((300.0, 500.0, 1200.0, 2300.0, 3300.0)))
        else:
            loads.append(loads[-1])
    return lambda second: loads[second] + chance.uniform(-40.0, 40.0)


@pytest.mark.parametrize("lag_s", [0, 3, 10])
@pytest.mark.parametrize("wanted", [switching, covering])
@pytest.mark.parametrize("seed", range(3))
def test_a_sound_meter_is_never_wrong(seed: int, wanted: Callable[[int, float], float], lag_s: int) -> None:
    site = Site(home(seed), lag_s)
    site.play(24 * 3600, wanted)
    assert site.wrong_at == []
    assert site.probed <= 6 * 60  # seconds, of a day


def test_another_battery_that_keeps_the_grid_at_zero_is_no_contradiction() -> None:
    site = Site(steady)
    site.load_w = lambda second: 300.0 + site.orders[0]  # it takes what ours gives
    site.play(24 * 3600, switching)
    assert site.wrong_at == []


@pytest.mark.parametrize("factor", [-1.0, 10.0, 0.1])
@pytest.mark.parametrize("lag_s", [0, 3, 10])
def test_a_meter_whose_sign_or_scale_changes_is_found_out_within_two_minutes(factor: float, lag_s: int) -> None:
    site = Site(steady, lag_s)
    site.play(2600, switching)  # it is charging again
    site.factor = factor
    site.play(180, switching)
    assert site.wrong_at
    assert site.wrong_at[0] - 2600 <= 120
    assert site.watch.sentence is not None
    assert "3 times in a row" in site.watch.sentence


@pytest.mark.parametrize("seed", range(3))
def test_a_battery_that_covers_the_load_by_a_turned_sign_runs_away_for_two_minutes_at_most(seed: int) -> None:
    """It is at its limit within seconds, and takes no step any more from which a plan would be found out."""
    site = Site(home(seed), lag_s=0)
    site.play(3600, covering)
    site.factor = -1.0
    site.play(180, covering)
    assert site.wrong_at
    assert site.wrong_at[0] - 3600 <= 120


def test_one_that_is_wrong_from_the_start_is_found_out_by_the_plans_own_steps() -> None:
    site = Site(steady)
    site.factor = -1.0
    site.play(2 * 3600, switching)
    assert site.wrong_at


def test_after_the_pause_one_step_decides() -> None:
    site = Site(steady)
    site.play(2600, switching)
    site.factor = -1.0
    site.play(200, switching)
    site.factor = 1.0
    site.play(int(PAUSE_S) + 3600, switching)
    assert site.watch.sentence is None
    assert not site.watch.is_wrong(float(site.second))


def test_without_values_there_is_no_verdict() -> None:
    watch = BalanceWatch(RATED_W)
    for second in range(200):
        watch.seen(float(second), None if second % 2 else 100.0, 5000.0, 0.0)
        watch.asked(float(second), 4000.0)
    assert (watch.sentence, watch.is_wrong(200.0), watch.is_probing) == (None, False, False)
