"""A backlog of weeks after a return of the broker: rows a second, and what the control step reporter of it."""

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

from simulator.broker import find_mosquitto, start_broker
from tests.bench.children import BenchFailure, compile_sources, free_port, line_of, output_of, running
from tests.bench.figures import Figure, Samples
from tests.bench.site import write_site_file

GOAL = 1.1
ROWS_PER_S = 100.0
IDLE = "the same agent in the same run, with nothing to send"


def measure(rounds: int = 4, seconds: float = 24.0) -> list[Figure]:
    """Rows a second at the broker, and the p99 of the control step beside that of turns without draining."""
    if find_mosquitto() is None:
        raise BenchFailure("mosquitto is not installed on this machine")
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-drain-") as name:
        agent, platform = _run(Path(name), rounds, seconds)
    idle, draining = agent["idle_ms"], agent["draining_ms"]
    twice, gaps, left = platform["twice"], platform["gaps"], agent["left"]
    note = f"{len(draining)} steps of each kind; {twice} rows came twice, {gaps} gaps, {left} rows left"
    rows = Samples(tuple(agent["rows_per_s"]))
    return [
        Figure("drain, rows a second", "rows/s", rows, Samples((ROWS_PER_S,)), "the least that is wanted", note=note),
        Figure("drain, control step, p99", "ms", _p99(draining), _p99(idle), IDLE, GOAL),
        Figure("drain, control step, median", "ms", Samples(tuple(draining)), Samples(tuple(idle)), IDLE),
        Figure(
            "drain, live values late by at most", "s", Samples((platform["late_s"],)), Samples((5.0,)), "wanted", 1.0
        ),
    ]


def _p99(steps_ms: list[float]) -> Samples:
    return Samples((quantiles(steps_ms, n=100)[98],))


def _run(folder: Path, rounds: int, seconds: float) -> tuple[dict[str, list[float]], dict[str, float]]:
    with ExitStack() as stack:
        (folder / "broker").mkdir()
        broker = start_broker(folder / "broker", kind="mosquitto")
        stack.callback(broker.stop)
        inverter_port, meter_port = free_port(), free_port()
        ports = ("--inverter-port", str(inverter_port), "--meter-port", str(meter_port), "--sdm-port", "0")
        devices = stack.enter_context(running([sys.executable, "-m", "simulator", *ports, "--print-every", "600"]))
        line_of(devices)
        platform = stack.enter_context(running([sys.executable, "-m", "tests.bench.platform_child", str(broker.port)]))
        line_of(platform)
        site_file = write_site_file(folder, inverter_port, meter_port, broker.port)
        site_file.write_text(site_file.read_text("utf-8").replace('acknowledged_by = "broker"\n', ""), "utf-8")
        command = [sys.executable, "-m", "tests.bench.drain_site", str(site_file), str(rounds), str(seconds)]
        agent: dict[str, list[float]] = json.loads(output_of(command))
        assert platform.stdin is not None
        platform.stdin.write("\n")
        platform.stdin.flush()
        told: dict[str, float] = json.loads(line_of(platform))
    return agent, told
