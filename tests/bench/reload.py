"""What an edited tariff costs the controller: its control steps while the site file is edited and while it rests.

Daemon and simulator are real processes. The phases take turns, so that what else the machine does meets both.
"""

import asyncio
import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from tests.bench.children import BenchFailure, compile_sources
from tests.bench.console_site import AS_THE_UNIT, Site, agent_of, devices, last_hour, make_site
from tests.bench.figures import Figure, Samples
from tests.bench.site import fill_store

ROUNDS, PHASE_S, STEP_S, EDIT_EVERY_S = 4, 16.0, 0.2, 4.0
PRICE = re.compile(r"^price_per_kwh = [\d.]+", re.MULTILINE)

Step = tuple[float, float]  # when it began, monotonic, and how long it took, s
Span = tuple[float, float]


def measure() -> list[Figure]:
    """The 99th percentile of how long a step takes and of how late it begins, each phase by itself."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-reload-") as name:
        site = make_site(Path(name), STEP_S, with_console=False)
        told = site.folder / "steps.json"
        with devices(site):
            asyncio.run(fill_store(site.store, last_hour()))
            command = [
                sys.executable,
                "-m",
                "tests.bench.watched_steps",
                str(told),
                "run",
                "--config",
                str(site.config),
            ]
            with agent_of(site, command, {**AS_THE_UNIT, "RUNTIME_DIRECTORY": str(site.runtime)}) as agent:
                spans = [(_span(site, edits=False), _span(site, edits=True)) for _ in range(ROUNDS)]
                agent.send_signal(signal.SIGTERM)
                agent.wait(20.0)
        steps: list[Step] = [(began, took) for began, took in json.loads(told.read_text("utf-8"))]
    return list(_figures(spans, steps))


def _span(site: Site, edits: bool) -> Span:
    began, edited = time.monotonic(), 0
    while (now := time.monotonic()) - began < PHASE_S:
        if edits and now - began >= edited * EDIT_EVERY_S:
            edited += 1
            text = site.config.read_text("utf-8")
            site.config.write_text(PRICE.sub(f"price_per_kwh = {0.2 + now % 1.0 / 10.0:.5f}", text, count=1), "utf-8")
        time.sleep(0.05)
    return began, now


def _figures(spans: list[tuple[Span, Span]], steps: list[Step]) -> Iterator[Figure]:
    for what, values in (("a control step", _took_ms), ("how late a control step begins", _late_ms)):
        usual, edited = (
            Samples(tuple(_p99(values([step for step in steps if span[0] <= step[0] < span[1]])) for span in column))
            for column in zip(*spans, strict=True)
        )
        note = f"a tariff is edited every {EDIT_EVERY_S:g} s, and planned with"
        yield Figure(f"controller, {what}, p99: reload", "ms", edited, usual, "without an edit", note=note)


def _took_ms(found: list[Step]) -> list[float]:
    return [1000.0 * took for _, took in found]


def _late_ms(found: list[Step]) -> list[float]:
    return [1000.0 * max(0.0, after - before - STEP_S) for (before, _), (after, _) in pairwise(found)]


def _p99(values: list[float]) -> float:
    if len(values) < 2:
        raise BenchFailure("there were no control steps in a phase")
    return quantiles(values, n=100, method="inclusive")[98]
