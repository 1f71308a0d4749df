"""The real planner process with libraries that do not load, or have changed: there is a plan, with a note."""

import sys
from pathlib import Path

import pytest

from agent.adapters.processes.planner_process import PlannerProcess
from agent.domain.plan import Plan
from agent.made_up import fill, made_up_request
from agent.planning.check import check_plan
from agent.settings.load import load
from tests import site_files

DOES_NOT_LOAD = "raise ImportError('libstdc++.so.6: version not found')"
CHANGED = "class Highs:\n    def __init__(self): pass\n"  # none of the functions that are called
PLANNER = """
import runpy, sys
sys.path.insert(0, {folder!r})
runpy.run_module("agent.workers.planner", run_name="__main__")
"""
ENDS = {
    "crashes": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "knows another processor": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
    "hangs": "import itertools; sum(itertools.repeat(1))",
}
SHIPPED = {"load_model": "consumption"}


async def planned(folder: Path, library: str, text: str, deadline_s: float = 60.0) -> Plan:
    """By the planner process, where ``library`` is what ``text`` says; the plan has passed the check."""
    instead = folder / "instead"
    instead.mkdir()
    (instead / f"{library}.py").write_text(text)
    request = made_up_request(load(site_files.write_home(folder, inverter_port=1, meter_port=2, **SHIPPED)), folder)
    await fill(Path(request.store), request.solar_rated_w)
    command = (sys.executable, "-c", PLANNER.format(folder=str(instead)))
    plan = await PlannerProcess(deadline_s, 400, command).plan(request)
    assert check_plan(plan, request) == []
    return plan


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (DOES_NOT_LOAD, "libstdc++.so.6: version not found"),
        (CHANGED, "'Highs' object has no attribute 'setOptionValue'"),
    ],
    ids=["does not load", "has changed"],
)
async def test_a_solver_that_cannot_be_used_costs_a_note_and_the_value_table_plans(
    tmp_path: Path, text: str, cause: str
) -> None:
    plan = await planned(tmp_path, "highspy", text)
    (note,) = [note for note in plan.notes if "value table" in note]
    assert note == f"The schedule follows the value table, because HiGHS cannot be used: {cause}."


@pytest.mark.parametrize(
    ("text", "cause"),
    [(DOES_NOT_LOAD, "libstdc++.so.6: version not found"), ("", "no attribute 'SessionOptions'")],
    ids=["does not load", "has changed"],
)
async def test_a_runtime_that_cannot_be_used_costs_a_note_and_persistence_forecasts(
    tmp_path: Path, text: str, cause: str
) -> None:
    plan = await planned(tmp_path, "onnxruntime", text)
    assert plan.load.source == "persistence"
    assert any("onnxruntime does not open it" in note and cause in note for note in plan.notes), plan.notes


@pytest.mark.parametrize("library", ["highspy", "onnxruntime"])
@pytest.mark.parametrize("how", ["crashes", "knows another processor"])
async def test_a_library_that_takes_the_planner_with_it_costs_models_and_solver(
    tmp_path: Path, library: str, how: str
) -> None:
    plan = await planned(tmp_path, library, ENDS[how])
    signal = {"crashes": 11, "knows another processor": 4}[how]
    without = "This plan does without models and solver, because the planner failed with them"
    assert f"{without}: the planner ended with code -{signal}." in plan.notes
    assert plan.load.source == "persistence"


async def test_a_library_that_hangs_costs_models_and_solver_and_the_deadline(tmp_path: Path) -> None:
    plan = await planned(tmp_path, "highspy", ENDS["hangs"], deadline_s=15.0)
    assert any("the planner did not answer within 15 s and was ended" in note for note in plan.notes)
