"""Processor time of the daemon while not one device of the site answers (row 37 of the faults: at most 5 %)."""

import tempfile
import time
from pathlib import Path

from tests.bench.children import BenchFailure, compile_sources, daemon, free_port, running, thread_cpu_s
from tests.bench.figures import Figure, Samples
from tests.bench.site import write_site_file

SETTLED_S, WATCHED_S, SPAN_S = 20.0, 6, 5.0


def measure() -> list[Figure]:
    """Two devices and a broker on ports where nobody listens, 20 s after the start."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-dead-") as name:
        site_file = write_site_file(Path(name), free_port(), free_port(), free_port())
        with running(daemon(site_file)) as agent:
            time.sleep(SETTLED_S)
            percents = []
            for _ in range(WATCHED_S):
                before = thread_cpu_s(agent.pid)
                time.sleep(SPAN_S)
                percents.append(100.0 * (thread_cpu_s(agent.pid) - before) / SPAN_S)
            if (code := agent.poll()) is not None:
                raise BenchFailure(f"the daemon ended with code {code} while it was measured")
    note = "no device and no broker answers; goal of the fault list: 5 %"
    return [Figure("controller, CPU with every device dead", "%", Samples(tuple(percents)), note=note)]
