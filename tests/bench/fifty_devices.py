"""Fifty devices at 1 Hz: the processor time of reading them, and how late it begins while ten of them are silent."""

import json
import os
import sys
from statistics import quantiles

from tests.bench.children import line_of, output_of, running
from tests.bench.figures import Figure, Samples

DEVICES, SILENT = 50, 10
SECONDS = 15
RAW = "raw asyncio streams, the same requests"
ALLOWED_MS = 10.0


def measure(seconds: int = SECONDS) -> list[Figure]:
    """SunSpec meters and SDM630, replayed in another process on another core, where there is one."""
    cores = sorted(os.sched_getaffinity(0))
    with running([sys.executable, "-m", "tests.bench.fifty_served", str(cores[-1])]) as devices:
        answering, silent = (line_of(devices).split() for _ in range(2))
        clients = {
            kind: _measured(kind, cores[0], seconds, answering[:DEVICES]) for kind in ("ours", "pymodbus", "raw")
        }
        late = _measured("ours", cores[0], seconds, answering[: DEVICES - SILENT], silent[:SILENT])
    ours, library, raw = (_percents(clients[kind]) for kind in ("ours", "pymodbus", "raw"))
    what = f"{DEVICES} devices at 1 Hz"
    note = f"{SILENT} accept a connection and never answer; {late['missed']} of {late['reads']} reads did not come"
    return [
        Figure(f"{what}, Devices and Bus", "% of a core", ours, raw, RAW, goal=1.5),
        Figure(f"{what}, pymodbus alone", "% of a core", library, raw, RAW),
        _late_figure(f"{what}, lateness p99, all answer", clients["ours"]["late_s"]),
        _late_figure(f"{what}, lateness p99, {SILENT} silent", late["late_s"], note),
    ]


def _percents(measured: dict[str, list[float]]) -> Samples:
    return Samples(tuple(100.0 * cpu_s for cpu_s in measured["cpu_s"]))


def _late_figure(what: str, late_s: list[float], note: str = "") -> Figure:
    p99_ms = 1000.0 * quantiles(late_s, n=100, method="inclusive")[98]
    return Figure(what, "ms", Samples((p99_ms,)), Samples((ALLOWED_MS,)), "what is allowed", goal=1.0, note=note)


def _measured(
    kind: str, core: int, seconds: int, answering: list[str], silent: list[str] | None = None
) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "tests.bench.fifty_client", str(core), str(seconds), kind]
    found: dict[str, list[float]] = json.loads(output_of([*command, ",".join(answering), ",".join(silent or ())]))
    return found
