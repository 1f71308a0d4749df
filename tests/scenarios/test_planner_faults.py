"""A planner that fails, lies or hangs: the last plan, then the rule, and the reasons say so."""

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.processes.planner_process import PlannerProcess
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.setpoint import Rung
from agent.ports import Planner, PlannerFailure
from tests.scenarios.stage import CHARGE_W, HonestPlanner, staged


class Spoilt:
    """Honest once, then what ``spoil`` makes of honest plans."""

    def __init__(self, spoil: Callable[[Plan], Plan]) -> None:
        self._honest, self._spoil = HonestPlanner(), spoil

    async def plan(self, request: PlanRequest) -> Plan:
        plan = await self._honest.plan(request)
        return plan if len(self._honest.asked) == 1 else self._spoil(plan)


class Relieved:
    """Honest once, then another planner takes over."""

    def __init__(self, other: Planner) -> None:
        self._honest, self._other = HonestPlanner(), other

    async def plan(self, request: PlanRequest) -> Plan:
        return await (self._other if self._honest.asked else self._honest).plan(request)


def fails(_: Plan) -> Plan:
    raise PlannerFailure("the solver gave up")


def first_step(**changes: float) -> Callable[[Plan], Plan]:
    def spoil(plan: Plan) -> Plan:
        return replace(plan, steps=(replace(plan.steps[0], **changes), *plan.steps[1:]))

    return spoil


def worthless(plan: Plan) -> Plan:
    value = tuple(tuple(math.nan for _ in row) for row in plan.values.value)
    return replace(plan, values=replace(plan.values, value=value))


def hanging() -> Planner:
    return PlannerProcess(0.3, 400, (sys.executable, "-c", "import time; time.sleep(60)"))


@pytest.mark.parametrize(
    ("planner", "sentence"),
    [
        (Spoilt(fails), "no plan: the solver gave up"),
        (Spoilt(first_step(charge_w=math.nan)), "the plan was refused: charge_w is nan at step 0"),
        (Spoilt(first_step(import_w=90_000.0)), "the plan was refused: the powers supply"),
        (Spoilt(first_step(charge_w=CHARGE_W + 2000.0)), "the plan was refused: charge_w is 5000 W, above 3000 W"),
        (Spoilt(worthless), "the plan was refused: the value table is not"),
        (Relieved(hanging()), "no plan: the planner did not answer within 0.3 s and was ended"),
    ],
    ids=["fails", "NaN", "unbalanced", "above the rating", "worth is NaN", "hangs"],
)
async def test_the_last_plan_holds_until_it_expires_and_then_the_rule(
    tmp_path: Path, planner: Planner, sentence: str
) -> None:
    async with staged(tmp_path, planner=planner, step_s=30, stale_s=90, hold_s=180) as stage:
        await stage.play(64.0)
        # The only good plan is made at minute 1: fresh for two intervals (30 minutes), good for valid_h (1 h).
        for first, last, rung, reason in (
            (1.4, 30.9, Rung.PLAN, "charging 3.00 kW from the grid at 0.080/kWh"),
            (31.4, 60.9, Rung.LAST_PLAN, "charging 3.00 kW from the grid at 0.080/kWh"),
            (61.4, 64.0, Rung.RULES, "self-consumption: the last plan has expired"),
        ):
            for moment in stage.between(first, last):
                assert moment.rung is rung
                assert moment.setpoint.reason.startswith(reason)
        assert stage.plant.band is not None
        assert stage.plant.band.low_w > 0, "the rule covers the load"
        assert (stage.app.planning.made, stage.app.planning.failed) == (1, 4)
        (text,) = [text for kind, severity, text in await stage.events() if (kind, severity) == ("no_plan", "alarm")]
        assert text.startswith(sentence)
        rungs = [row[0] for row in stage.rows("SELECT rung FROM decision ORDER BY seq")]
        assert [*dict.fromkeys(rungs)] == ["release", "rules", "plan", "last plan"]


async def test_a_planner_that_comes_back_clears_the_alarm(tmp_path: Path) -> None:
    planner = Spoilt(fails)
    async with staged(tmp_path, planner=planner) as stage:

        async def mend() -> None:
            planner._spoil = lambda plan: plan

        await stage.play(77.0, {40.0: mend})
        assert stage.at(44.0).rung is Rung.LAST_PLAN
        assert stage.at(74.0).rung is Rung.RULES, "after four failures it is tried again an hour after the first"
        assert stage.at(77.0).rung is Rung.PLAN
        assert stage.app.outlet.view.plan_failure is None
        kinds = [(kind, severity) for kind, severity, _ in await stage.events() if kind != "advice"]
        assert kinds == [("started", "info"), ("no_plan", "alarm"), ("no_plan", "info")]


async def test_a_model_that_is_no_model_costs_a_note_and_persistence_takes_over(tmp_path: Path) -> None:
    folder = tmp_path / "own_models" / "consumption"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"this is no model")
    (folder / "card.json").write_text("{}")
    words: dict[str, Any] = {"load_model": "consumption", "models": f'models = "{tmp_path / "own_models"}"'}
    async with staged(tmp_path, **words) as stage:
        await stage.play(5.0)
        plan = stage.app.outlet.view.plan
        assert plan is not None
        assert plan.load.source == "persistence"
        assert [note for note in plan.notes if "consumption" in note]
        assert stage.at(5.0).rung is Rung.PLAN
