"""Planning: solvers and models that hang, fail or lie, inputs that are no numbers, models that are worse."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.models.candidates import enrol
from agent.adapters.models.model_registry import change_registry
from agent.adapters.models.registry_file import read_registry
from agent.adapters.processes.planner_process import PlannerProcess
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.setpoint import Rung
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.made_up import fill, made_up_request
from agent.planning.check import check_plan
from agent.planning.make_plan import make_plan
from agent.ports import PlannerFailure
from agent.settings.load import load
from agent.workers.planner import MOST_SOLVER_S
from tests import site_files
from tests.adapters.models.model_folders import candidate
from tests.adapters.processes.test_planner_process import BEGUN_WITHIN_S, script
from tests.faults.catalogue import Outcome, fault
from tests.forecasting.sites import NOW
from tests.forecasting.test_onnx_models import BROKEN
from tests.planning.days import errors, forecasts
from tests.planning.days import request as day_request
from tests.scenarios.stage import HonestPlanner, staged
from tests.workers.test_model_trial import asked, charged, hold, models_of, put_in_charge, spoiled

__all__ = ["asked"]

NATIVE_LOOP = "import itertools; sum(itertools.repeat(1))"  # in C, with the interpreter's lock held
STOPPED = "import signal; os.kill(os.getpid(), signal.SIGSTOP)"
HANGS = {"endless native loop": NATIVE_LOOP, "stopped by a signal": STOPPED}


class HangsOnce:
    """A real process that never answers, then an honest planner."""

    def __init__(self, text: str, pid_file: Path) -> None:
        said = f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
        self._hanging = PlannerProcess(BEGUN_WITHIN_S, 400, script(said + text))
        self._honest = HonestPlanner()
        self._has_hung = False
        self.took_s = 0.0

    async def plan(self, request: PlanRequest) -> Plan:
        if self._has_hung:
            return await self._honest.plan(request)
        self._has_hung, began = True, time.monotonic()
        try:
            return await self._hanging.plan(request)
        finally:
            self.took_s = time.monotonic() - began


@pytest.mark.parametrize("text", HANGS.values(), ids=list(HANGS))
@fault(4, injected="the planner process loops in native code, or is stopped by a signal", alarm="no_plan")
async def test_a_planner_that_hangs_is_killed_and_there_is_a_plan_in_the_same_interval(
    tmp_path: Path, text: str, outcome: Outcome
) -> None:
    planner = HangsOnce(text, tmp_path / "pid")
    async with staged(tmp_path, planner=planner) as stage:
        await stage.play(1.0)
        assert planner.took_s < 10.0 * BEGUN_WITHIN_S, "killed at its deadline"
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)
        assert {moment.rung for moment in stage.between(0.0, 1.0)} <= {Rung.RULES, Rung.RELEASE}, "control went on"
        assert stage.app.outlet.view.plan_failure == (
            f"no plan: the planner did not answer within {BEGUN_WITHIN_S:g} s and was ended"
        )
        await stage.play(4.0)
        assert stage.at(4.0).rung is Rung.PLAN
        assert stage.app.planning.made == 1
        (raised, over) = [(kind, severity) for kind, severity, _ in await stage.events() if kind == "no_plan"]
        assert over == ("no_plan", "info")
        outcome.raised(raised[0])


HUNGRY = """
from agent.adapters.processes.answering import answer_once
sys.exit(answer_once(lambda question, deadline_s: str(len(bytearray(1_000_000_000))), ValueError))
"""


@fault(6, injected="the planner process asks for 1 GB, above its limit of 400 MB", alarm="no_plan")
async def test_a_child_above_its_memory_limit_ends_alone(tmp_path: Path, outcome: Outcome) -> None:
    async with staged(tmp_path, planner=PlannerProcess(20.0, 400, script(HUNGRY))) as stage:
        await stage.play(1.5)
        assert stage.at(1.5).rung is Rung.RULES
        (event,) = [event for event in await stage.events() if event[0] == "no_plan"]
        assert event[2] == "no plan: it needs more memory than the 400 MB that it may have"
        outcome.raised(event[0])


async def made_up(folder: Path, **words: Any) -> PlanRequest:
    """A question of a made-up site, with its store in ``folder``."""
    request = made_up_request(load(site_files.write_home(folder, inverter_port=1, meter_port=2, **words)), folder)
    await fill(Path(request.store), request.solar_rated_w)
    return request


@pytest.mark.parametrize("how", ["no model", "truncated", "one bit", "wrong width", "NaN", "infinity", "other answers"])
@fault(38, injected="the model's file is missing, cut, flipped by a bit, of another shape, or answers NaN")
async def test_a_model_that_fails_costs_a_note_and_persistence_forecasts_in_the_same_plan(
    tmp_path: Path, how: str, outcome: Outcome
) -> None:
    folder = candidate(tmp_path / "own", "consumption")
    spoil, _ = BROKEN[how]
    spoil(folder)
    words = {"load_model": "consumption", "models": f'models = "{tmp_path / "own"}"'}
    request = await made_up(tmp_path, **words)
    plan = await PlannerProcess(20.0, 400).plan(request)
    assert check_plan(plan, request) == []
    assert plan.load.source == "persistence"
    assert [note for note in plan.notes if note.startswith("model consumption is not usable: ")]


@fault(39, injected="limits that load, reserve and battery cannot keep")
async def test_a_site_whose_limits_contradict_each_other_has_a_plan_through_the_real_process(
    tmp_path: Path, outcome: Outcome
) -> None:
    request = await made_up(tmp_path)
    steps = request.horizon.steps
    request = replace(
        request,
        soc_pct=request.battery.floor_pct,
        connection=Connection(0.0, 0.0),
        import_limit_w=(0.0,) * steps,
        export_limit_w=(0.0,) * steps,
        reserve_pct=(94.0,) * steps,
    )
    plan = await PlannerProcess(20.0, 400).plan(request)
    assert check_plan(plan, request) == []
    assert max(step.import_w for step in plan.steps) > 0.0, "the limit is broken by what the load needs"
    assert not [note for note in plan.notes if note.startswith("The schedule follows")], "the programme was solved"


@fault(39, injected="every plan fails; the last one expires after an hour", neutral_s=3660.0, alarm="no_plan")
async def test_without_an_answer_the_last_plan_holds_until_it_expires_and_then_the_rule(
    tmp_path: Path, outcome: Outcome
) -> None:
    class Once(HonestPlanner):
        async def plan(self, request: PlanRequest) -> Plan:
            if self.asked:
                raise PlannerFailure("HiGHS ended with status 'Infeasible'")
            return await super().plan(request)

    async with staged(tmp_path, planner=Once(), step_s=30, stale_s=90, hold_s=180) as stage:
        await stage.play(64.0)
        planned = [moment.minute for moment in stage.seen if moment.rung in (Rung.PLAN, Rung.LAST_PLAN)]
        assert stage.at(64.0).rung is Rung.RULES
        outcome.neutral_after(60.0 * (max(planned) - min(planned)))
        assert stage.app.planning.failed == 4, "at most four starts an hour"
        outcome.raised(next(kind for kind, severity, _ in await stage.events() if severity == "alarm"))


@fault(40, injected="no time for the solver")
async def test_a_solver_out_of_time_leaves_a_schedule_that_passes_the_check(outcome: Outcome) -> None:
    asked = day_request()
    past = errors(asked.horizon.steps)
    began = time.monotonic()
    plan = make_plan(asked, SiteForecast(*forecasts(asked), past, past), 0.0)
    assert time.monotonic() - began < 10.0
    assert check_plan(plan, asked) == []
    assert [note for note in plan.notes if note.startswith("The schedule follows the value table, because")]
    assert MOST_SOLVER_S <= 10.0, "and at most a fifth of the shortest interval of 60 s"
    assert MOST_SOLVER_S <= 0.2 * 60.0


INFINITE, NO_NUMBER = float("inf"), float("nan")
POISON: dict[str, Callable[[PlanRequest], dict[str, Any]]] = {
    "the SoC is NaN": lambda request: {"soc_pct": NO_NUMBER},
    "an import price is NaN": lambda request: {"import_price": (NO_NUMBER, *request.import_price[1:])},
    "an export price is inf": lambda request: {"export_price": (*request.export_price[1:], INFINITE)},
    "the carbon of a step is NaN": lambda request: {"carbon_kg_per_kwh": (NO_NUMBER,) * request.horizon.steps},
    "the battery's size is NaN": lambda request: {"battery": replace(request.battery, usable_wh=NO_NUMBER)},
    "an efficiency is inf": lambda request: {"battery": replace(request.battery, charge_efficiency=INFINITE)},
    "the import limit is NaN": lambda request: {"connection": Connection(NO_NUMBER, None)},
    "the reserve of a step is NaN": lambda request: {"reserve_pct": (NO_NUMBER,) * request.horizon.steps},
}


@pytest.mark.parametrize("what", POISON)
@fault(41, injected="NaN or inf in prices, carbon, SoC, battery, limits or reserve of the question")
async def test_what_is_no_number_is_refused_before_the_solver(tmp_path: Path, what: str, outcome: Outcome) -> None:
    request = await made_up(tmp_path)
    with pytest.raises(PlannerFailure) as refusal:
        await PlannerProcess(20.0, 400).plan(replace(request, **POISON[what](request)))
    said = str(refusal.value)
    assert "nan" in said.lower() or "inf" in said.lower(), said
    assert "HiGHS" not in said
    assert "\n" not in said


@fault(61, injected="a sound model whose answers are the wrong way round is promoted")
def test_a_model_that_is_worse_is_rolled_back_by_itself(asked: PlanRequest, outcome: Outcome) -> None:
    put_in_charge(asked, spoiled(models_of(asked), "spoiled"))
    assert charged(asked) == "spoiled"
    (sentence,) = hold(asked)
    assert "no longer forecasts load_w: rolled back" in sentence
    assert charged(asked) == "consumption"


@fault(61, injected="a better candidate that has run beside for less than seven days")
def test_a_candidate_is_not_promoted_before_seven_days_beside(asked: PlanRequest, outcome: Outcome) -> None:
    models = models_of(asked)
    put_in_charge(asked, spoiled(models, "spoiled"))
    change_registry(models, lambda old: old.with_post(replace(old.post("load_w"), watch=None)))
    candidate(models, "good")
    enrol(models, NOW - timedelta(days=3))
    assert hold(asked) == []
    assert charged(asked) == "spoiled"
    (trial,) = read_registry(models)[0].post("load_w").trials
    assert trial.said == "28 of 14 days and 1 of 7 live ones have been compared"
