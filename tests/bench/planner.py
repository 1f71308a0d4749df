"""The planner as the process that it is: peak memory and processor time of one plan.

The first plan of a site learns from fifty days at once; a later one from the hour that has come to its end since.
"""

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
from tests.bench.site import MODELS, NOW, fill_store, keep_learnt, planned, request_of

MEMORY_GOAL, CPU_GOAL = 1.15, 1.5
FLOOR = "libraries, both models over 192 rows, the LP once"
ARRAYS = ("cost", "lower", "upper", "row_lower", "row_upper", "starts", "indices", "coefficients")


def measure(rounds: int = 7) -> list[Figure]:
    """The whole process from start to exit, beside a process that only does what cannot be left out."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-planner-") as name:
        folder = Path(name)
        new, old = folder / "new.sqlite3", folder / "old.sqlite3"
        for store in (new, old):
            asyncio.run(fill_store(store, NOW))
        asyncio.run(keep_learnt(old, NOW))
        _save_arrays(folder)
        turns = [(_plan(folder, new), _plan(folder, old), _floor(folder)) for _ in range(rounds + 1)][1:]
    first, later, floor = zip(*turns, strict=True)
    return [*_figures("a first plan", first, floor), *_figures("a later plan", later, floor)]


def _figures(plan: str, ours: tuple[Cost, ...], floor: tuple[Cost, ...]) -> list[Figure]:
    memory = _of(ours, "peak_mib"), _of(floor, "peak_mib")
    cpu = _of(ours, "cpu_s", 1e3), _of(floor, "cpu_s", 1e3)
    return [
        Figure(f"planner process, peak memory of {plan}", "MiB", *memory, FLOOR, MEMORY_GOAL),
        Figure(f"planner process, CPU of {plan}", "ms", *cpu, FLOOR, CPU_GOAL),
    ]


def _plan(folder: Path, store: Path) -> Cost:
    """One plan with fifty days of history; it must be a plan by both models."""
    request = request_of(store)
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
