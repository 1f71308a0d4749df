"""A battery that delivers less than is asked for, and one whose gauge jumps."""

from pathlib import Path

import pytest

from agent.domain.setpoint import Rung
from drivers.reading import Quality
from tests.scenarios.stage import CHARGE_W, Stage, staged


async def told(stage: Stage, kind: str) -> list[tuple[str, str]]:
    return [(severity, text) for name, severity, text in await stage.events() if name == kind]


async def test_a_derated_battery_is_told_once_stays_with_the_plan_and_recovers(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("derate", "inverter", 5.1, 14.0, share=0.5)
        await stage.play(35.0)
        assert all(moment.rung is Rung.PLAN for moment in stage.between(1.3, 35.0))
        limited = stage.between(8.0, 15.0)
        assert all(moment.setpoint.battery_w == pytest.approx(-CHARGE_W / 2.0, abs=50.0) for moment in limited)
        assert stage.at(35.0).site.battery_w == pytest.approx(-CHARGE_W, abs=100.0)
        (raised, sentence), (cleared, _) = await told(stage, "battery_limited")
        assert (raised, cleared) == ("alarm", "info")
        assert sentence.endswith(f"W of the {CHARGE_W:.0f} W asked for")
        assert await told(stage, "no_control") == []


async def test_a_gauge_that_is_recalibrated_is_counted_on_until_it_has_followed_the_power(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def jump() -> None:
            stage.plant.recalibrate(75.0)

        await stage.play(98.0, {5.1: jump})
        assert all(moment.rung is Rung.PLAN for moment in stage.between(1.3, 98.0))  # it goes on charging
        before, doubted = stage.at(5.1).state.soc_pct, stage.between(5.7, 85.0)
        assert {moment.state.soc_pct.quality for moment in doubted} == {Quality.ESTIMATED}
        assert doubted[0].state.soc_pct.known == pytest.approx(before.known, abs=0.2)
        # Ten percent of 40 kWh at 3 kW take 84 minutes; then the gauge has shown that it follows.
        assert stage.at(98.0).state.soc_pct.quality is Quality.GOOD
        (raised, sentence), (cleared, _) = await told(stage, "soc_jump/inverter")
        assert (raised, cleared) == ("alarm", "info")
        assert "the state of charge jumped from 50 to 75 %" in sentence


async def test_a_battery_that_is_switched_off_is_planned_without_and_taken_up_again(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.fault("derate", "inverter", 5.1, 30.0, share=0.0)
        await stage.play(75.0)
        assert {moment.rung for moment in stage.between(1.3, 75.0)} == {Rung.PLAN}
        assert {moment.setpoint.battery_w for moment in stage.between(9.0, 17.0)} == {0.0}
        plan = next(request for request in stage.planner.asked if request.battery.charge_w == 0.0)  # type: ignore[attr-defined]
        assert plan.battery.usable_wh == 40_000.0
        assert stage.at(75.0).site.battery_w == pytest.approx(-CHARGE_W, abs=100.0)
        assert await told(stage, "no_control") == []
