"""Processes that the bench starts, and what the kernel says of them."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BARE_IMPORT = "import asyncio, sqlite3, paho.mqtt.client, pymodbus.client, pydantic, structlog"


SOURCES = ("agent", "drivers", "simulator", "exported_models", "tests/bench")


class BenchFailure(Exception):
    """A figure could not be measured. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took in its whole life."""

    peak_mib: float
    cpu_s: float


@cache
def compile_sources() -> None:
    """Leave bytecode beside the sources, as an installation does: compiling at start would be measured otherwise."""
    output_of([sys.executable, "-m", "compileall", "-q", *SOURCES])


def daemon(site_file: Path) -> list[str]:
    """The command line of the installed daemon."""
    script = Path(sys.executable).with_name("enalysis-edge")
    program = [str(script)] if script.is_file() else ["-m", "agent"]
    return [sys.executable, *program, "run", "--config", str(site_file)]


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A child with pipes to its standard input and output, ended at the end of the block."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        text=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(5.0)
            except subprocess.TimeoutExpired:
                child.kill()
        child.communicate()


def line_of(child: subprocess.Popen[str]) -> str:
    """The child's next line of output. Raises BenchFailure when it has ended instead."""
    line = child.stdout.readline() if child.stdout is not None else ""
    if not line:
        raise BenchFailure(f"a child of the bench ended before it answered: {child.args!r}")
    return line.strip()


def output_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Standard output of a child that ends by itself. Raises BenchFailure when it fails."""
    done = subprocess.run(
        command, capture_output=True, cwd=ROOT, env={**os.environ, **(environment or {})}, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchFailure(f"{' '.join(command[:4])} ... ended with code {done.returncode}: {said}")
    return done.stdout


def kill_and_count(child: subprocess.Popen[bytes]) -> float:
    """Kill the child and return the processor time of all its threads, user and system, s."""
    child.kill()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def cost_of(command: Sequence[str], folder: Path, asked: bytes, environment: Mapping[str, str]) -> tuple[Cost, bytes]:
    """What the command took from start to end, and its standard output. Raises BenchFailure when it fails."""
    told = folder / "cost.json"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HERE / "measured_child.py"), str(told), *command],
        input=asked,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode != 0:
        raise BenchFailure(f"{' '.join(command[:3])} ended with code {done.returncode}: {done.stderr.decode()[-300:]}")
    return Cost(**json.loads(told.read_text("utf-8"))), done.stdout


def memory_mib(pid: int | str) -> tuple[float, float]:
    """Anonymous and resident memory of a process, MiB (/proc/PID/smaps_rollup, proc(5))."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, kilobytes, *_ = line.split()
        found[name] = int(kilobytes) / 1024.0
    return found["Anonymous:"], found["Rss:"]


def thread_cpu_s(pid: int) -> float:
    """Processor time of the threads that a process has now, s (first field of schedstat, ns)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int(task.joinpath("schedstat").read_text("ascii").split()[0]) for task in tasks) / 1e9


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
