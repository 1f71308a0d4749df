"""Memory of the console's process: idle, after a page, busy; and its processor time with five readers."""

import asyncio
import re
import time

from tests.bench.children import memory_mib, thread_cpu_s
from tests.bench.console_site import ALLOWED, ANALYTICS, Asker, Shown, Site, console, year_of
from tests.bench.figures import Figure, Samples
from tests.console.served import Reader

ROUNDS, READERS, QUERIES = 3, 5, 30
SETTLED_S, WATCHED_S, SPAN_S = 2.0, 4, 5.0
IDLE_MIB, BUSY_MIB, CPU_PERCENT = 32.0, 45.0, 0.5
STATIC = re.compile(rb'(?:src|href)="(/static/[^"]+)"')
PAGE = ("/", "/api/v1/status", "/api/v1/realtime/energy-flow", "/api/v1/preferences")


def figures(site: Site) -> list[Figure]:
    """Anonymous memory of `python -m agent console` on the site's store, three times from its start."""
    rounds = [_round(site) for _ in range(ROUNDS)]
    idle, served, busy, cpu = (Samples(tuple(column)) for column in zip(*rounds, strict=True))
    note = f"{READERS} readers of the stream and {QUERIES} questions for a year"
    return [
        _figure("console, anonymous memory idle", "MiB", idle, IDLE_MIB, "a year in the store, nobody asks"),
        _figure("console, anonymous memory after serving a page", "MiB", served, IDLE_MIB, ""),
        _figure("console, anonymous memory busy", "MiB", busy, BUSY_MIB, note),
        _figure(f"console, CPU with {READERS} readers", "% of a core", cpu, CPU_PERCENT, "a new state each second"),
    ]


def _figure(what: str, unit: str, ours: Samples, allowed: float, note: str) -> Figure:
    return Figure(what, unit, ours, Samples((allowed,)), ALLOWED, goal=1.0, note=note)


def _round(site: Site) -> tuple[float, float, float, float]:
    """Anonymous MiB idle, after a page and busy; per cent of a core."""
    shown = Shown(site)
    with console(site) as process:
        shown.for_s(SETTLED_S)
        idle = memory_mib(process.pid)[0]
        _page(site)
        served = memory_mib(process.pid)[0]
        busy, cpu = asyncio.run(_busy(site, shown, process.pid))
    return idle, served, busy, cpu


def _page(site: Site) -> None:
    """What a browser asks for when it opens the first page."""
    asker = Asker(site)
    for path in PAGE:
        asker.get(path)
    _, index = asker.get("/")
    for path in STATIC.findall(index):
        asker.get(path.decode())
    asker.close()


async def _busy(site: Site, shown: Shown, pid: int) -> tuple[float, float]:
    """Anonymous MiB with the readers after the questions, and per cent of a core with the readers alone."""
    headers = {"Authorization": f"Bearer {site.key}"}
    readers = [await Reader.connect(site.port, headers) for _ in range(READERS)]
    reading = [asyncio.create_task(_read(reader)) for reader in readers]
    try:
        await asyncio.to_thread(shown.for_s, SETTLED_S)
        percents = [await asyncio.to_thread(_percent, shown, pid) for _ in range(WATCHED_S)]
        await asyncio.to_thread(_ask, site)
        return memory_mib(pid)[0], Samples(tuple(percents)).median
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        for reader in readers:
            reader.close()


async def _read(reader: Reader) -> None:
    await reader.event()
    while True:
        await reader.message("state")


def _percent(shown: Shown, pid: int) -> float:
    began, before = time.monotonic(), thread_cpu_s(pid)
    shown.for_s(SPAN_S)
    return 100.0 * (thread_cpu_s(pid) - before) / (time.monotonic() - began)


def _ask(site: Site) -> None:
    asker = Asker(site)
    for place in range(QUERIES):
        asker.get(year_of(ANALYTICS[place % len(ANALYTICS)], place))
    asker.close()
