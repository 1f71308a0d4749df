"""An inverter that takes its setpoint in percent alone and watches its controller, and the whole agent."""

from datetime import timedelta
from pathlib import Path

import pytest

from simulator.chain_unit import ChainOptions, HeartbeatIn
from simulator.controller_watch import POINTS, STOPS_AFTER_S
from simulator.profiles import UNIT_ID
from tests.scenarios.stage import Stage, staged

STEP_S = 2.0
MINUTES = 5.0
HOLD_S = 120.0


def told(stage: Stage, heartbeat: HeartbeatIn) -> float:
    return stage.site.units[UNIT_ID].image.value(POINTS[heartbeat])


def later(stage: Stage, seconds: float) -> str:
    """What rules the battery then, where the agent has done nothing meanwhile."""
    stage.clock.advance_to(stage.clock.true_now() + timedelta(seconds=seconds))
    stage.plant.bring_to_now()
    return stage.plant.mode().partition(" ")[0]


@pytest.mark.parametrize("heartbeat", ["715", "802"])
async def test_it_is_steered_while_the_agent_lives_and_free_soon_after(tmp_path: Path, heartbeat: HeartbeatIn) -> None:
    chain = ChainOptions(setpoint="percent", heartbeat=heartbeat)
    async with staged(tmp_path, profile=chain, step_s=STEP_S, hold_s=HOLD_S) as stage:
        await stage.play(until=MINUTES)
        assert {moment.mode.partition(" ")[0] for moment in stage.between(1.0, MINUTES)} == {"setpoint"}
        assert told(stage, heartbeat) == pytest.approx(60.0 * MINUTES, abs=3.0 * STEP_S), "one a second"
        assert later(stage, STOPS_AFTER_S / 2) == "setpoint"
        assert later(stage, STOPS_AFTER_S / 2) == "self-consumption", "its timer would have run on"


async def test_it_hears_no_more_when_it_was_given_back(tmp_path: Path) -> None:
    async with staged(tmp_path, profile=ChainOptions(heartbeat="715"), step_s=STEP_S) as stage:
        await stage.play(until=1.0)
        await stage.app.stop("the household's computer is switched off")
        last = told(stage, "715")
        assert last == pytest.approx(60.0, abs=3.0 * STEP_S)
        assert later(stage, 60.0) == "self-consumption"
        assert told(stage, "715") == last
