"""Optimiser and rule take turns on a whole site: asked for while the agent runs, and decided block by block."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.cli.paired_trial import start, stop
from agent.domain.paired_trial import Arm
from agent.domain.setpoint import Rung
from agent.settings.load import load
from agent.settings.schema import Settings
from tests.scenarios import stage as stage_module
from tests.scenarios.stage import MIDNIGHT, home, staged

WORDS: dict[str, Any] = {"interval_s": 7200, "valid_h": 4}
# Ten steps of the site file's longest in one: days pass, and nothing here asks for the seconds.
SLOW = {"step_s": 600.0, "hold_s": 1800.0, "stale_s": 1200.0, "frozen_s": 36_000.0}
TURN = "self-consumption: it is the rule's turn in the comparison"


@pytest.fixture(autouse=True)
def _slow_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_slow(path: Path) -> Settings:
        settings = load(path)
        control = settings.control.model_copy(update=SLOW)
        store = settings.store.model_copy(update={"commit_s": 1800.0})
        return settings.model_copy(update={"control": control, "store": store})

    monkeypatch.setattr(stage_module, "load", load_slow)


async def test_each_decides_in_its_blocks_and_the_planner_goes_on(tmp_path: Path) -> None:
    """Blocks of six hours from the first midnight on; ended in mid-block, the optimiser decides again."""
    async with staged(tmp_path, trace=home(MIDNIGHT), usable_wh=10_000, beginning=MIDNIGHT, **WORDS) as stage:
        await stage.play(30)
        start(stage.app.settings, 10, 6, stage.clock.now(), seed=5)
        await stage.play(60 * 24 + 60 * 22)
        drawn = stage.app.outlet.view.paired_trial
        assert drawn is not None
        stop(stage.app.settings, stage.clock.now())
        await stage.play(60 * 24 + 60 * 24)
        events = await stage.events()
        made = stage.app.planning.made
    day = 60 * 24
    assert drawn.start == MIDNIGHT + timedelta(days=1)
    assert {moment.rung for moment in stage.between(45, day)} == {Rung.PLAN}
    assert {drawn.arms[block] for block in range(3)} == {Arm.OPTIMISER, Arm.RULE}
    for block in range(4):
        moments = stage.between(day + 360 * block, min(day + 360 * (block + 1), day + 60 * 22))
        ruled = drawn.arms[block] is Arm.RULE
        assert {moment.rung for moment in moments} == {Rung.RULES if ruled else Rung.PLAN}
        assert {moment.setpoint.reason == TURN for moment in moments} == {ruled}
    assert {moment.rung for moment in stage.between(day + 60 * 22 + 15, 2 * day)} == {Rung.PLAN}
    assert made == 2 * 12, "plans are made whoever decides"
    assert [text for kind, _, text in events if kind == "comparison"] == [
        "optimiser and rule are compared from 2026-03-18 00:00 UTC to 2026-03-28 00:00 UTC, in blocks of 6 h",
        "optimiser and rule are compared from 2026-03-18 00:00 UTC to 2026-03-18 18:00 UTC, in blocks of 6 h",
    ]
