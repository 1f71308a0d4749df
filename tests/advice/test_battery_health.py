"""A sick battery is found from SoC and energy alone, and a healthy one is left in peace."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from agent.advice.battery_health import Sample, health, rated_delivery_wh, samples_of
from agent.advice.risk_recommendations import sick_battery
from agent.domain.advisory import Advisory
from agent.domain.battery import Battery
from agent.recording.rollups import Rollup
from tests.advice.plans import basis

START = datetime(2026, 5, 1, tzinfo=UTC)
RATED = Battery(10_000, 5_000, 4_000, 0.95, 0.93, soc_min_pct=10, soc_max_pct=95)
NOW = START + timedelta(days=30)


def lived(
    seed: int, capacity: float = 1.0, trip: float = 1.0, days: int = 30, whole_points: bool = True, noise: float = 0.01
) -> list[Rollup]:
    """Quarters of a battery that fills by day and empties by night, of ``capacity`` and ``trip`` times its rating."""
    dice, soc, quarters = random.Random(seed), 20.0, []
    usable, charge_efficiency = RATED.usable_wh * capacity, RATED.charge_efficiency * trip
    for i in range(days * 96):
        hour, was = i % 96 / 4.0, soc
        wanted_w = -dice.uniform(500, 2500) if 9 <= hour < 15 else dice.uniform(300, 1800) if hour >= 18 else 0.0
        low, high = (10.0 - soc) / 100 * usable, (95.0 - soc) / 100 * usable
        stored = -wanted_w * charge_efficiency / 4 if wanted_w < 0 else -wanted_w / RATED.discharge_efficiency / 4
        stored = min(max(stored, low), high)
        soc += 100.0 * stored / usable
        charge = max(stored, 0.0) / charge_efficiency * dice.gauss(1.0, noise)
        discharge = max(-stored, 0.0) * RATED.discharge_efficiency * dice.gauss(1.0, noise)
        mean = (was + soc) / 2.0
        shown = round(mean) if whole_points else mean
        at = START + timedelta(minutes=15 * i)
        quarters.append(
            Rollup(at, 900, 0, 0, 0, 0, 0, shown, was, soc, 0, 0, charge, discharge, None, None)
        )  # fmt: skip
    return quarters


def advised(quarters: list[Rollup]) -> Advisory | None:
    return sick_battery(basis(1, battery=RATED), NOW, samples_of(quarters, 900))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("capacity", "trip"), [(1.0, 1.0), (0.7, 1.0), (1.0, 0.8), (0.5, 0.9)])
def test_the_figures_are_those_of_the_battery(seed: int, capacity: float, trip: float) -> None:
    found = health(samples_of(lived(seed, capacity, trip), 900))
    assert found.delivered_wh is not None
    assert found.round_trip is not None
    truth = rated_delivery_wh(RATED) * capacity
    assert found.delivered_wh.value == pytest.approx(truth, rel=0.04)
    assert abs(found.delivered_wh.value - truth) < 4.0 * found.delivered_wh.error
    assert found.round_trip.value == pytest.approx(0.95 * 0.93 * trip, rel=0.05)
    assert found.delivered_wh.runs >= 20


@pytest.mark.parametrize("seed", range(3))
def test_a_lost_third_is_told_with_its_numbers(seed: int) -> None:
    said = advised(lived(seed, capacity=0.67))
    assert said is not None
    assert said.key == "sick_battery/capacity/2026-05"
    assert said.chance > 0.95
    assert said.support.optimum == pytest.approx(9300.0)
    assert said.support.forecast == pytest.approx(0.67 * 9300.0, rel=0.04)
    assert said.cost_saving is not None
    assert said.cost_saving > 0.0


def test_lost_efficiency_is_told() -> None:
    said = advised(lived(1, trip=0.8))
    assert said is not None
    assert said.headline == "The battery's efficiency is below its rating"
    assert "of the energy comes back, rated are 88 %" in said.description


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("capacity", [1.0, 0.95, 1.1])
def test_a_healthy_battery_is_left_in_peace(seed: int, capacity: float) -> None:
    assert advised(lived(seed, capacity, noise=0.03)) is None


def test_a_few_days_are_too_few() -> None:
    assert advised(lived(1, capacity=0.5, days=3)) is None


def test_a_meter_that_lies_now_and_then_is_outvoted() -> None:
    quarters = lived(1)
    for i in range(0, len(quarters), 700):
        at = quarters[i].at
        quarters[i] = Rollup(at, 900, 0, 0, 0, 0, 0, 50.0, 50, 50, 0, 0, 9e6, 0, None, None)
    assert advised(quarters) is None


def test_gaps_break_a_series_and_nothing_is_bridged() -> None:
    quarters = lived(1, days=1)
    holes = [quarter for i, quarter in enumerate(quarters) if i % 40 != 39]
    series = samples_of(holes, 900)
    assert len(series) == 3
    assert all(b.at - a.at == timedelta(minutes=15) for one in series for a, b in pairwise(one))


def test_no_history_is_no_answer() -> None:
    assert health([]).delivered_wh is None
    assert health([(Sample(START, 50.0, 0.0, 0.0),)]).round_trip is None
