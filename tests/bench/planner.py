"""The planner as the process that it is: peak memory and processor time of one plan."""

import asyncio
import sys
import tempfile
from pathlib import Path

import numpy as np

from agent.adapters.processes.child_process import ENVIRONMENT
from agent.domain.plan import Plan
from agent.domain.wire import from_json, to_json
from agent.planning.battery_lp import build
from tests.bench.children import HERE, BenchFailure, Cost, compile_sources, cost_of
from tests.bench.figures import Figure, Samples
from tests.bench.site import MODELS, NOW, fill_store, planned, request_of

GOAL = 1.15
FLOOR = "libraries, both models over 192 rows, the LP once"
ARRAYS = ("cost", "lower", "upper", "row_lower", "row_upper", "starts", "indices", "coefficients")


def measure(rounds: int = 7) -> list[Figure]:
    """The whole process from start to exit, beside a process that only does what cannot be left out."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-planner-") as name:
        folder = Path(name)
        asyncio.run(fill_store(folder / "site.sqlite3", NOW))
        _save_arrays(folder)
        turns = [(_plan(folder), _floor(folder)) for _ in range(rounds + 1)][1:]
    ours, floor = zip(*turns, strict=True)
    return [
        Figure("planner process, peak memory", "MiB", _of(ours, "peak_mib"), _of(floor, "peak_mib"), FLOOR, GOAL),
        Figure("planner process, CPU of a plan", "ms", _of(ours, "cpu_s", 1e3), _of(floor, "cpu_s", 1e3), FLOOR, GOAL),
    ]


def _plan(folder: Path) -> Cost:
    """One plan with fifty days of history; it must be a plan by both models."""
    request = request_of(folder / "site.sqlite3")
    command = [sys.executable, "-m", "agent.workers.planner", "400", "20"]
    cost, told = cost_of(command, folder, to_json(request).encode(), ENVIRONMENT)
    plan = from_json(Plan, told)
    if plan.notes:
        raise BenchFailure(f"the planner that was measured had to do without something: {plan.notes[0]}")
    return cost


def _floor(folder: Path) -> Cost:
    command = [sys.executable, str(HERE / "planner_floor.py"), str(MODELS), str(folder)]
    return cost_of(command, folder, b"", ENVIRONMENT)[0]


def _save_arrays(folder: Path) -> None:
    program = build(planned().problem)
    for name in ARRAYS:
        np.save(folder / f"{name}.npy", getattr(program, name))


def _of(costs: tuple[Cost, ...], name: str, factor: float = 1.0) -> Samples:
    return Samples(tuple(factor * getattr(cost, name) for cost in costs))
