"""A battery that covers the load by a meter that is far too late or in the wrong scale: it swings, and that is told."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.domain.setpoint import Rung
from simulator.columns import MeasuredColumn
from simulator.traces import Trace
from tests.scenarios.stage import MIDNIGHT, Stage, staged
from tests.site_files import FLAT_TARIFF

WORDS: dict[str, Any] = {"step_s": 10, "hold_s": 60, "stale_s": 30, "timeout_s": 1.0, "import_tariff": FLAT_TARIFF}
RELEASED = "released: the battery goes to and fro by its own orders"


def a_home() -> Trace:
    """Loads of up to 3 kW that go on and off every ten minutes or so."""
    chance, first, loads = Random(3), int(MIDNIGHT.timestamp()), [300.0]
    for _ in range(1, 24 * 60):
        loads.append(chance.choice((300.0, 500.0, 1200.0, 3300.0)) if chance.random() < 0.1 else loads[-1])
    return Trace({"load_w": MeasuredColumn(first, 60, loads), "pv_w": MeasuredColumn(first, 3600, [0.0] * 24)})


async def told(stage: Stage) -> list[tuple[str, str]]:
    return [(severity, text) for kind, severity, text in await stage.events() if kind == "battery_swings"]


async def plays_until_told(stage: Stage, latest: float) -> float:
    """The minute at which it is told."""
    minute = 0.0
    while minute < latest:
        minute += 5.0
        await stage.play(minute)
        if await told(stage):
            return minute
    raise AssertionError(f"nothing is told until minute {latest}")


async def test_a_meter_that_is_forty_seconds_late_is_told_and_the_battery_held_back(tmp_path: Path) -> None:
    async with staged(tmp_path, trace=a_home(), **WORDS) as stage:
        stage.site.meter_lag_s = 40.0
        minute = await plays_until_told(stage, 60.0)
        stage.site.meter_lag_s = 0.0
        await stage.play(minute + 75.0)
        (raised, text), (cleared, _) = await told(stage)
        assert (raised, cleared) == ("alarm", "info")
        assert "the grid meter's values are too old" in text
        held = [moment for moment in stage.seen if moment.setpoint.reason == RELEASED]
        assert held[-1].minute - held[0].minute == pytest.approx(30.0, abs=0.2)
        assert {moment.mode for moment in held} == {"self-consumption"}
        assert stage.at(minute + 75.0).rung is Rung.PLAN


async def test_a_meter_of_the_wrong_scale_is_told_while_the_battery_covers_the_load(tmp_path: Path) -> None:
    async with staged(tmp_path, trace=a_home(), **WORDS) as stage:
        stage.fault("scaled_power", "meter", 2.1, 600.0, factor=10.0)
        await stage.play(20.0)
        ((raised, text),) = await told(stage)
        assert raised == "alarm"
        assert "so the scale of one of the two is wrong" in text
        assert stage.at(20.0).setpoint.reason == RELEASED


async def test_a_battery_that_meets_a_restless_load_is_left_to_its_work(tmp_path: Path) -> None:
    async with staged(tmp_path, trace=a_home(), **WORDS) as stage:
        await stage.play(60.0)
        assert await told(stage) == []
        assert {moment.rung for moment in stage.between(2.0, 60.0)} == {Rung.PLAN}
