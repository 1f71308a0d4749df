"""What a console costs the controller: memory, and its control steps while the console is flooded or read slowly.

Daemon, simulator, console and flood are real processes. The phases take turns, so that what else the machine does
meets all of them.
"""

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from tests.bench.children import BenchFailure, compile_sources, daemon, memory_mib, output_of
from tests.bench.console_site import ALLOWED, AS_THE_UNIT, Site, agent_of, console, devices, last_hour, make_site
from tests.bench.figures import Figure, Samples
from tests.bench.site import fill_store

ROUNDS, PHASE_S, STEP_S = 4, 15.0, 0.2
MEMORY_ROUNDS, RUN_S, WATCHED_S = 3, 20.0, 5
MORE_MIB = 0.3
PHASES = ("none", "flood", "slow")
NAMES = {
    "flood": "200 connections that flood the console",
    "slow": "heads without an end, and readers that do not read",
}
# Whoever floods is another machine: here he takes what is left of this one.
ANOTHER_MACHINE = ("nice", "-n", "19")

Step = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Phase:
    """From ``began`` to ``ended`` (monotonic, s). ``answered`` are the answers that the flood got."""

    kind: str
    began: float
    ended: float
    answered: int = 0


def measure() -> list[Figure]:
    """Memory first, then the steps."""
    compile_sources()
    return [*_memory_figures(), *_step_figures()]


def _memory_figures() -> list[Figure]:
    pairs = [(_memory(with_console=False), _memory(with_console=True)) for _ in range(MEMORY_ROUNDS)]
    without, beside = (Samples(column) for column in zip(*pairs, strict=True))
    more = Samples(tuple(after - before for before, after in pairs))
    note = f"goal: {MORE_MIB:g} MiB more; the live file is shown, a reader looks at it each second"
    return [
        Figure("controller, anonymous memory beside a console", "MiB", beside, without, "without a console"),
        Figure("controller, what a console adds", "MiB", more, Samples((MORE_MIB,)), ALLOWED, goal=1.0, note=note),
    ]


def _memory(with_console: bool) -> float:
    """Anonymous MiB, the median of the last seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-console-") as name, ExitStack() as stack:
        site = make_site(Path(name), with_console=with_console)
        stack.enter_context(devices(site))
        asyncio.run(fill_store(site.store, last_hour()))
        around = site.around if with_console else AS_THE_UNIT
        agent = stack.enter_context(agent_of(site, daemon(site.config), around))
        if with_console:
            stack.enter_context(console(site))
        time.sleep(RUN_S)
        found = []
        for _ in range(WATCHED_S):
            time.sleep(1.0)
            found.append(memory_mib(agent.pid)[0])
        return median(found)


def _step_figures() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-console-") as name:
        site = make_site(Path(name), STEP_S)
        told = site.folder / "steps.json"
        with devices(site):
            asyncio.run(fill_store(site.store, last_hour()))
            command = [sys.executable, "-m", "tests.bench.watched_steps", str(told)]
            with agent_of(site, [*command, "run", "--config", str(site.config)], site.around) as agent:
                phases = [_phase(site, kind) for _ in range(ROUNDS) for kind in PHASES]
                agent.send_signal(signal.SIGTERM)
                agent.wait(20.0)
        steps: list[Step] = [(began, took) for began, took in json.loads(told.read_text("utf-8"))]
    return list(_compared(phases, steps))


def _phase(site: Site, kind: str) -> Phase:
    if kind == "none":
        began = time.monotonic()
        time.sleep(PHASE_S)
        return Phase(kind, began, time.monotonic())
    with console(site):
        began = time.monotonic()
        flood = [*ANOTHER_MACHINE, sys.executable, "-m", "tests.console.flood", str(site.port), kind, str(PHASE_S)]
        came = json.loads(output_of([*flood, site.key]))
        if not came["answered"]:
            raise BenchFailure(f"nothing was answered in the phase {kind!r}")
        return Phase(kind, began, time.monotonic(), came["answered"])


def _compared(phases: list[Phase], steps: list[Step]) -> Iterator[Figure]:
    """The 99th percentile of how long a step takes, and of how far apart two are, each round by itself."""
    measures: tuple[tuple[str, Callable[[list[Step]], list[float]]], ...] = (
        ("a control step", lambda found: [1000.0 * took for _, took in found]),
        ("how late a control step begins", _late_ms),
    )
    usual = _missed(_of(phases, "none"), steps)
    for what, values in measures:
        p99 = {kind: Samples(tuple(_p99(values(_inside(one, steps))) for one in _of(phases, kind))) for kind in PHASES}
        for kind in PHASES[1:]:
            answered = sum(one.answered for one in _of(phases, kind))
            missed = _missed(_of(phases, kind), steps)
            note = f"{NAMES[kind]}; {answered} answers; {missed} steps missed, {usual} without"
            yield Figure(
                f"controller, {what}, p99: {kind}", "ms", p99[kind], p99["none"], "without a console", note=note
            )


def _of(phases: list[Phase], kind: str) -> list[Phase]:
    return [one for one in phases if one.kind == kind]


def _inside(phase: Phase, steps: list[Step]) -> list[Step]:
    return [step for step in steps if phase.began <= step[0] < phase.ended]


def _late_ms(found: list[Step]) -> list[float]:
    """By how much longer than the interval it is since the one before."""
    return [1000.0 * max(0.0, after - before - STEP_S) for (before, _), (after, _) in pairwise(found)]


def _missed(phases: list[Phase], steps: list[Step]) -> int:
    return sum(max(0, round((one.ended - one.began) / STEP_S) - len(_inside(one, steps)) - 1) for one in phases)


def _p99(values: list[float]) -> float:
    if len(values) < 2:
        raise BenchFailure("there were no control steps in a phase")
    return quantiles(values, n=100, method="inclusive")[98]
