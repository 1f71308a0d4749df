"""The trial of optimiser against rule: drawn fairly, and honest about what it can tell."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from scipy import stats

from agent.domain.ledger import Amounts, Entry
from agent.domain.paired_trial import Arm, Schedule
from agent.domain.wire import from_json, to_json
from agent.savings.paired_blocks import block_results
from agent.savings.paired_trial import BlockResult, Effect, NoEstimate, estimate, schedule, t_quantile

START = datetime(2026, 6, 1, tzinfo=UTC)
TRIALS = 800


def test_the_same_seed_draws_the_same_order_and_another_one_another() -> None:
    assert schedule(1, START, 40) == schedule(1, START, 40)
    assert schedule(1, START, 40) != schedule(2, START, 40)
    assert from_json(Schedule, to_json(schedule(1, START, 40))) == schedule(1, START, 40)


@pytest.mark.parametrize(("blocks", "block_h"), [(40, 24), (40, 12), (64, 6)])
def test_every_time_of_day_has_both_arms_equally_often(blocks: int, block_h: int) -> None:
    drawn = schedule(5, START, blocks, block_h)
    a_day = 24 // block_h
    for part in range(a_day):
        arms = drawn.arms[part::a_day]
        assert arms.count(Arm.OPTIMISER) == arms.count(Arm.RULE)
    for optimiser, rule in drawn.pairs():
        assert (drawn.arms[optimiser], drawn.arms[rule]) == (Arm.OPTIMISER, Arm.RULE)
        assert abs(optimiser - rule) == a_day
    assert sorted(block for pair in drawn.pairs() for block in pair) == list(range(blocks))


def test_who_decides_when() -> None:
    drawn = schedule(5, START, 4, 12)
    assert [drawn.which(START + timedelta(hours=12 * i + 11.99)) for i in range(4)] == list(drawn.arms)
    assert drawn.which(START - timedelta(seconds=1)) is None
    assert drawn.which(START + timedelta(days=2)) is None
    assert drawn.end == START + timedelta(days=2)


@pytest.mark.parametrize(("start", "blocks", "block_h"), [(START, 3, 24), (START, 2, 12), (START, 0, 24),
    (START, 4, 5), (START + timedelta(minutes=1), 4, 24)])  # fmt: skip
def test_a_trial_that_cannot_be_balanced_is_refused(start: datetime, blocks: int, block_h: int) -> None:
    with pytest.raises(ValueError, match=r"block|hour"):
        schedule(1, start, blocks, block_h)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 28, 101])
@pytest.mark.parametrize("probability", [0.9, 0.975, 0.995])
def test_students_t(freedom: int, probability: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-9)


def test_five_pairs_by_hand() -> None:
    """Differences 1 to 5: mean 3, standard error sqrt(2.5 / 5), t(.975, 4) = 2.77645."""
    drawn = schedule(9, START, 10)
    results = []
    for gained, (optimiser, rule) in enumerate(drawn.pairs(), start=1):
        results += [BlockResult(optimiser, 5.0 + gained, 10.0, 0.0), BlockResult(rule, 5.0, 10.0, 0.0)]
    effect = estimate(drawn, results)
    assert effect.mean == pytest.approx(3.0)
    assert effect.blocks == 10
    assert effect.low == pytest.approx(1.03675, abs=1e-5)
    assert effect.high == pytest.approx(4.96325, abs=1e-5)
    with pytest.raises(NoEstimate, match="4 pairs"):
        estimate(drawn, results[:-1])


def test_weather_and_carry_over_are_taken_out_exactly_where_they_are_all_there_is() -> None:
    drawn = schedule(4, START, 60)
    dice = np.random.default_rng(1)
    results = []
    for block, arm in enumerate(drawn.arms):
        no_battery, began = dice.uniform(5, 20), dice.uniform(0, 10)
        saved = 0.3 * no_battery + 0.1 * began + (0.7 if arm is Arm.OPTIMISER else 0.0)
        results.append(BlockResult(block, saved, no_battery, began))
    effect = estimate(drawn, results)
    assert effect.low == pytest.approx(0.7)
    assert effect.mean == pytest.approx(0.7)
    assert effect.high == pytest.approx(0.7)


@dataclass(frozen=True)
class World:
    """A simulated site: weather that lasts for days, a battery that carries its charge over, and luck."""

    effect: float
    heavy_tails: bool = False
    block_h: int = 24

    def run(self, seed: int, blocks: int) -> Effect:
        dice = np.random.default_rng(seed)
        drawn = schedule(seed, START, blocks, self.block_h)
        luck = dice.standard_t(4, blocks) / 2**0.5 if self.heavy_tails else dice.standard_normal(blocks)
        weather, began, results = 0.0, 5.0, []
        for block, arm in enumerate(drawn.arms):
            weather = 0.7 * weather + dice.normal(0, 2.0)
            ours = arm is Arm.OPTIMISER
            saved = 2.0 + 0.25 * weather + 0.08 * began + 0.5 * luck[block] + self.effect * ours
            results.append(BlockResult(block, saved, 10.0 + weather, began))
            began = min(10.0, max(0.0, (3.0 if ours else 6.0) - 0.5 * weather + dice.normal(0, 1.5)))
        return estimate(drawn, results)


@cache
def effects(world: World, blocks: int) -> tuple[Effect, ...]:
    return tuple(world.run(seed, blocks) for seed in range(TRIALS))


@pytest.mark.parametrize("world", [World(0.0), World(0.4), World(0.4, heavy_tails=True), World(0.4, block_h=12)])
@pytest.mark.parametrize("blocks", [12, 60])
def test_the_true_effect_lies_inside_the_interval_as_often_as_it_says(world: World, blocks: int) -> None:
    inside = sum(effect.low <= world.effect <= effect.high for effect in effects(world, blocks))
    assert 0.93 <= inside / TRIALS <= 0.97


def test_a_trial_of_the_same_against_the_same_shows_nothing_and_a_true_effect_is_found() -> None:
    nothing = [effect for effect in effects(World(0.0), 60) if effect.low > 0 or effect.high < 0]
    assert len(nothing) / TRIALS <= 0.07
    found = effects(World(0.4), 60)
    assert np.mean([effect.mean for effect in found]) == pytest.approx(0.4, abs=0.02)
    assert sum(effect.low > 0 for effect in found) / TRIALS > 0.7


def entry(hour: int, saved: int, stored_wh: float) -> Entry:
    return Entry(START + timedelta(hours=hour), Amounts(1, 1_000_000, 0, 1_000_000 - saved, 0), stored_wh)


def test_a_block_is_charged_for_the_energy_it_uses_up() -> None:
    """24 h save .10 each and empty 6 kWh worth .20: 2.40 - 1.20. The next block fills them again and saves .05 each."""
    drawn = schedule(1, START, 2)
    hours = [entry(i, 100_000, 6000.0 - 250.0 * i) for i in range(24)]
    hours += [entry(24 + i, 50_000, 250.0 * i) for i in range(24)]
    assert [result.block for result in block_results(drawn, hours, 0.2)] == [0]  # the second one has no end yet
    first, second = block_results(drawn, [*hours, entry(48, 0, 6000.0)], 0.2)
    assert first.saved == pytest.approx(1.2)
    assert first.no_battery == pytest.approx(24.0)
    assert second.saved == pytest.approx(2.4)
    assert (first.began_kwh, second.began_kwh) == (6.0, 0.0)


def test_a_block_with_a_hole_is_left_out_and_a_short_hole_is_made_up_for() -> None:
    drawn = schedule(1, START, 2)
    hours = [entry(i, 100_000, 5000.0) for i in range(49)]
    assert [result.block for result in block_results(drawn, hours[:3] + hours[6:], 0.2)] == [1]
    assert block_results(drawn, hours[:3] + hours[4:], 0.2)[0].saved == pytest.approx(2.4)
