"""Processor time of the daemon from its start to its first Modbus request."""

import asyncio
import selectors
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.children import BARE_IMPORT, BenchFailure, compile_sources, daemon, free_port, kill_and_count
from tests.bench.figures import Figure, Samples
from tests.bench.site import NOW, fill_store, write_site_file

GOAL = 1.3
WITHIN_S = 30.0


def measure(rounds: int = 9) -> list[Figure]:
    """Both processes are killed at the moment that counts, so that neither's orderly end is in the figure."""
    compile_sources()
    with tempfile.TemporaryDirectory(prefix="bench-start-") as name, socket.socket() as inverter:
        folder = Path(name)
        inverter.bind(("127.0.0.1", 0))
        inverter.listen()
        site_file = write_site_file(folder, int(inverter.getsockname()[1]), free_port(), free_port())
        asyncio.run(fill_store(folder / "site.sqlite3", NOW))
        turns = [(_until_request(daemon(site_file), inverter), _until_imported()) for _ in range(rounds + 1)][1:]
    ours, bare = (Samples(tuple(1000.0 * cpu_s for cpu_s in column)) for column in zip(*turns, strict=True))
    return [Figure("controller, CPU to its first Modbus request", "ms", ours, bare, BARE_IMPORT, GOAL)]


def _until_request(command: Sequence[str], listener: socket.socket) -> float:
    """CPU s of a process until its first bytes reach ``listener``."""
    child = _started(command)
    try:
        _wait_for(listener)
        connection, _ = listener.accept()
        with connection:
            _wait_for(connection)
            connection.recv(260)
    finally:
        cpu_s = kill_and_count(child)
    return cpu_s


def _until_imported() -> float:
    """CPU s of an interpreter until it has imported the libraries."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        say = f"import os; os.write({theirs.fileno()}, b'.'); os.read({theirs.fileno()}, 1)"
        child = _started([sys.executable, "-c", f"{BARE_IMPORT}; {say}"], theirs.fileno())
        try:
            _wait_for(ours)
        finally:
            cpu_s = kill_and_count(child)
    return cpu_s


def _started(command: Sequence[str], *kept_open: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=kept_open)


def _wait_for(sock: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        if not selector.select(WITHIN_S):
            raise BenchFailure(f"a process that was to begin said nothing within {WITHIN_S:g} s")
