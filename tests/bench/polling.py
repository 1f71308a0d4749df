"""Ten devices of sixty registers at 1 Hz: the share of a core that reading them takes."""

import json
import os
import sys

from tests.bench.children import line_of, output_of, running
from tests.bench.figures import Figure, Samples


def measure(seconds: int = 15) -> list[Figure]:
    """Drivers alone, against a raw asyncio stream client that reads the same blocks of the same devices.

    Clients and devices share one core: waking another core costs more than the work and differs from run to run.
    """
    core = str(max(os.sched_getaffinity(0)))
    with running([sys.executable, "-m", "tests.bench.polled_devices", core]) as devices:
        ports = line_of(devices).split()
        ours, library, raw = (_share(kind, core, seconds, ports) for kind in ("ours", "pymodbus", "raw"))
    what = "drivers, 10 devices x 60 registers at 1 Hz"
    return [
        Figure(what, "% of a core", ours, raw, "raw asyncio streams, the same blocks"),
        Figure("pymodbus alone, the same blocks", "% of a core", library, raw, "raw asyncio streams, the same blocks"),
    ]


def _share(kind: str, core: str, seconds: int, ports: list[str]) -> Samples:
    command = [sys.executable, "-m", "tests.bench.polling_client", core, str(seconds), kind, *ports]
    spent = json.loads(output_of(command))
    return Samples(tuple(100.0 * cpu_s for cpu_s in spent))
