"""The real processes of a site: the simulator, the daemon, and an independent look at the inverter's registers."""

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pymodbus.client import ModbusTcpClient

from tests import site_files

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0  # a machine that is busy is not a daemon that hangs
STOPS_WITHIN_S = 15.0  # TimeoutStopSec of the unit
# SunSpec model 704, offsets from its ID (DER Information Model Specification 1.2)
WSET_ENA, WSET, WSET_ENA_RVRT, WSET_RVRT_TMS = 22, 24, 30, 31


def until(reached: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until ``reached`` is true; fail with ``what`` when that takes too long."""
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.02)


class Inverter:
    """Registers read and written with a plain Modbus client that knows nothing of the drivers."""

    def __init__(self, port: int) -> None:
        self._client = ModbusTcpClient("127.0.0.1", port=port, timeout=2.0)
        until(self._client.connect, "a connection to the simulator")
        self._model_704 = self._find(704)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def is_steered(self) -> bool:
        return self._read(self._model_704 + WSET_ENA, 1) == [1]

    def steer(self, battery_w: int, hold_s: int) -> None:
        """A setpoint as somebody else's controller would leave it behind."""
        for offset, words in (
            (WSET, [0, battery_w]),
            (WSET_ENA_RVRT, [0]),
            (WSET_RVRT_TMS, [0, hold_s]),
            (WSET_ENA, [1]),
        ):
            answer = self._client.write_registers(self._model_704 + offset, words, device_id=1)
            assert not answer.isError(), answer

    def _read(self, address: int, count: int) -> list[int]:
        answer = self._client.read_holding_registers(address, count=count, device_id=1)
        assert not answer.isError(), answer
        return list(answer.registers)

    def _find(self, wanted: int) -> int:
        assert self._read(40000, 2) == [0x5375, 0x6E53]  # "SunS"
        at = 40002
        while (head := self._read(at, 2))[0] != 0xFFFF:
            if head[0] == wanted:
                return at
            at += 2 + head[1]
        raise AssertionError(f"the inverter has no model {wanted}")


@contextmanager
def simulator(inverter_port: int, meter_port: int, *more: str) -> Iterator[None]:
    """``python -m simulator`` on two ports, with ``more`` arguments."""
    command = [sys.executable, "-m", "simulator", "--sdm-port", "0", "--soc", "60", "--print-every", "60"]
    command += ["--inverter-port", str(inverter_port), "--meter-port", str(meter_port), *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("inverter ")
        try:
            yield
        finally:
            process.terminate()


class Daemon:
    """``enalysis-edge run`` as a process of its own. What it writes to standard error is in ``log``."""

    def __init__(
        self, config: Path, environment: Mapping[str, str] | None = None, command: tuple[str, ...] = ("-m", "agent")
    ) -> None:
        self.log = config.with_name("log")
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command, "run", "--config", str(config)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,  # as under systemd; at a terminal SIGHUP would stop it
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
            )

    def said(self) -> str:
        return self.log.read_text("utf-8")

    def stop(self, within_s: float = STOPS_WITHIN_S) -> int:
        """SIGTERM; the exit code. Raises TimeoutExpired when it does not end in time."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Notified:
    """What a daemon has told systemd, oldest first.

    It is read at once: the kernel keeps ten datagrams for a reader, and the daemon waits for none.
    """

    def __init__(self, door: socket.socket) -> None:
        self._told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._hear, args=(door,), daemon=True).start()

    def next(self) -> bytes:
        """Raises queue.Empty where none comes."""
        return self._told.get(timeout=PATIENCE_S)

    def until(self, beginning: bytes) -> list[bytes]:
        """Those up to the first with this beginning, which is the last of them."""
        told = [self.next()]
        while not told[-1].startswith(beginning):
            told.append(self.next())
        return told

    def _hear(self, door: socket.socket) -> None:
        while heard := door.recv(4096):
            self._told.put(heard)


@contextmanager
def notified(folder: Path) -> Iterator[tuple[Notified, dict[str, str]]]:
    """A socket as systemd's, and the environment that names it."""
    address = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(address)
        try:
            yield Notified(door), {"NOTIFY_SOCKET": address}
        finally:
            door.shutdown(socket.SHUT_RD)  # ends its reader


@contextmanager
def daemon(config: Path, **options: object) -> Iterator[Daemon]:
    """A daemon that does not outlive the test."""
    running = Daemon(config, **options)  # type: ignore[arg-type]
    try:
        yield running
    finally:
        running.kill()


def enalysis_edge(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    command, around = [sys.executable, "-m", "agent", *map(str, arguments)], {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60.0, env=around)


def quick_site(folder: Path, inverter_port: int, meter_port: int, cloud: str = "", **words: object) -> Path:
    """A site file whose loop turns twice a second and whose setpoints hold for ten seconds."""
    quick: dict[str, object] = {
        "import_tariff": site_files.FLAT_TARIFF,
        "usable_wh": 10_000,
        "step_s": 0.5,
        "hold_s": 10,
        "stale_s": 5,
        "frozen_s": 3600,
        "interval_s": 60,
        "commit_s": 1,
        "timeout_s": 1.0,
        "log_level": "info",
        "cloud": cloud,
        "inverter_port": inverter_port,
        "meter_port": meter_port,
    }
    return site_files.write_home(folder, **quick | words)
