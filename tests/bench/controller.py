"""Memory of the daemon at work: simulated devices in another process, a broker, a plan made."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.adapters.store.store_reader import backlog, kept
from simulator.broker import find_mosquitto, start_broker
from tests.bench.children import (
    BARE_IMPORT,
    BenchFailure,
    compile_sources,
    daemon,
    free_port,
    line_of,
    memory_mib,
    running,
    thread_cpu_s,
)
from tests.bench.figures import Figure, Samples
from tests.bench.site import fill_store, write_site_file

GOAL = 1.25
RUN_S = 20.0
PLAN_WITHIN_S = 90.0
WATCHED_S = 5
BARE_ROUNDS = 5


def measure() -> list[Figure]:
    """Anonymous and resident memory after 20 s and a plan, beside an interpreter that only imports the libraries."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-controller-") as name:
        found, cpu_s, note = _watch_daemon(Path(name))
    bare = [_bare_import() for _ in range(BARE_ROUNDS)]
    anonymous, resident = (Samples(column) for column in zip(*found, strict=True))
    bare_anonymous, bare_resident = (Samples(column) for column in zip(*bare, strict=True))
    per_second = Samples(tuple(1000.0 * value for value in cpu_s))
    return [
        Figure("controller, anonymous memory", "MiB", anonymous, bare_anonymous, BARE_IMPORT, GOAL, note),
        Figure("controller, resident memory", "MiB", resident, bare_resident, BARE_IMPORT),
        Figure("controller, CPU of a second at work", "ms", per_second, note="two devices at 1 Hz, a commit every 5 s"),
    ]


def _watch_daemon(folder: Path) -> tuple[list[tuple[float, float]], list[float], str]:
    """(anonymous and resident MiB, CPU s) in each of the last seconds, and what was there besides."""
    with ExitStack() as stack:
        mqtt_port, broker = stack.enter_context(_broker(folder))
        inverter_port, meter_port, sdm_port = free_port(), free_port(), free_port()
        ports = ("--inverter-port", str(inverter_port), "--meter-port", str(meter_port), "--sdm-port", str(sdm_port))
        devices = stack.enter_context(running([sys.executable, "-m", "simulator", *ports, "--print-every", "600"]))
        line_of(devices)  # its first line says that everything answers
        site_file = write_site_file(folder, inverter_port, meter_port, mqtt_port)
        store = folder / "site.sqlite3"
        asyncio.run(fill_store(store, _last_quarter()))
        agent = stack.enter_context(running(daemon(site_file)))
        _wait_for_plan(agent.poll, store)
        memory, cpu = [], []
        for _ in range(WATCHED_S):
            before = thread_cpu_s(agent.pid)
            time.sleep(1.0)
            cpu.append(thread_cpu_s(agent.pid) - before)
            memory.append(memory_mib(agent.pid))
        waiting = sum(last - acked for acked, last in backlog(store).values())
        return memory, cpu, f"a plan made, 50 days in the store, {broker}, {waiting} rows wait to be sent"


@contextmanager
def _broker(folder: Path) -> Iterator[tuple[int, str]]:
    """The port of a mosquitto, or one on which nobody answers."""
    if find_mosquitto() is None:
        yield free_port(), "no broker (mosquitto is not installed)"
        return
    place = folder / "broker"
    place.mkdir()
    try:
        broker = start_broker(place, kind="mosquitto")
    except RuntimeError as error:
        raise BenchFailure(str(error)) from error
    try:
        yield broker.port, "mosquitto connected"
    finally:
        broker.stop()


def _last_quarter() -> datetime:
    now = datetime.now(UTC)
    return now - timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)


def _wait_for_plan(ended: Callable[[], int | None], store: Path) -> None:
    """Return when the daemon has run for 20 s and its store holds a plan."""
    began = time.monotonic()
    while time.monotonic() < began + PLAN_WITHIN_S:
        time.sleep(1.0)
        if (code := ended()) is not None:
            raise BenchFailure(f"the daemon ended with code {code} while it was measured")
        if time.monotonic() >= began + RUN_S and kept(store, "plan") is not None:
            return
    raise BenchFailure(f"the daemon had no plan within {PLAN_WITHIN_S:g} s")


def _bare_import() -> tuple[float, float]:
    """Anonymous and resident MiB of an interpreter that has imported the libraries and done nothing."""
    command = [sys.executable, "-c", f"{BARE_IMPORT}; print('ready', flush=True); input()"]
    with running(command) as child:
        line_of(child)
        return memory_mib(child.pid)
