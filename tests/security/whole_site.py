"""A whole site of real processes, looked at from outside: simulator, broker, and the daemon under strace."""

import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from simulator.broker import Broker, start_broker
from tests.app.processes import Daemon, daemon, quick_site, simulator, until
from tests.site_files import HOME_ID, free_ports

CANARY = "canary-Vk19-tresor"
STRACE = shutil.which("strace")
# Every call that leads out of the machine or opens a door into it.
CALLS = "connect,bind,listen,accept4,getsockname,sendto,sendmsg"
REMOTE = re.compile(r"(connect|sendto|sendmsg)\(\d+.*?sin6?_port=htons\((\d+)\).*?\"([0-9a-f.:]+)\"")
OWN = re.compile(r"getsockname\((\d+).*?sin_port=htons\((\d+)\).*?\"(127\.[0-9.]+)\"")


@dataclass(frozen=True, slots=True)
class WholeSite:
    """``ports`` are those that the site file names: inverter, meter, broker."""

    folder: Path
    config: Path
    home: Path
    broker: Broker
    ports: tuple[int, int, int]
    running: Daemon
    calls: Path

    def spoken_to(self) -> set[tuple[str, int]]:
        """Every internet address and port that any of its processes has connected or sent to."""
        found = REMOTE.findall(self.calls.read_text("utf-8", "replace"))
        return {(address, int(port)) for _, port, address in found}

    def lines(self, call: str) -> list[str]:
        return [line for line in self.calls.read_text("utf-8", "replace").splitlines() if f"{call}(" in line]

    def own_doors(self) -> set[tuple[str, int]]:
        """Where one of its processes has listened itself: paho takes a pair of connected sockets so."""
        listening = {line.partition("listen(")[2].partition(",")[0] for line in self.lines("listen")}
        asked = [OWN.search(line) for line in self.lines("getsockname")]
        return {(found[3], int(found[2])) for found in asked if found is not None and found[1] in listening}

    @property
    def agent_pid(self) -> int:
        """Of the daemon, which strace has started."""
        children = Path(f"/proc/{self.running.process.pid}/task/{self.running.process.pid}/children").read_text()
        return int(children.split()[0])


def has_planned(store: Path) -> bool:
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM kept WHERE name = 'plan'").fetchone() == (1,)
    return False


@contextmanager
def whole_site(folder: Path) -> Iterator[WholeSite]:
    """It steers, has planned with the shipped models, and is online, when it is handed over."""
    (folder / "broker").mkdir()
    home = folder / "home"
    home.mkdir()
    (folder / "secret").write_text(CANARY + "\n")
    (folder / "secret").chmod(0o600)
    broker = start_broker(folder / "broker", users={HOME_ID: CANARY})
    inverter_port, meter_port = free_ports(2)
    cloud = (
        f'\n[cloud]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
        f'username = "{HOME_ID}"\npassword_file = "secret"\n'
    )
    config = quick_site(folder, inverter_port, meter_port, cloud=cloud, load_model="consumption", log_level="debug")
    calls = folder / "calls"
    assert STRACE is not None
    command = ("-c", f"import os, sys; os.execv({STRACE!r}, {_traced(calls)!r} + sys.argv[1:])")
    ports = (inverter_port, meter_port, broker.port)
    try:
        with (
            simulator(inverter_port, meter_port),
            daemon(config, environment=_around(home), command=command) as running,
        ):
            site = WholeSite(folder, config, home, broker, ports, running, calls)
            until(lambda: has_planned(folder / "site.sqlite3"), "a plan", 60.0)
            until(lambda: broker.port in {port for _, port in site.spoken_to()}, "a word to the broker")
            yield site
            os.kill(site.agent_pid, signal.SIGTERM)
            running.process.wait(60.0)  # strace goes with its child
    finally:
        broker.stop()


def _traced(calls: Path) -> list[str]:
    strace = [str(STRACE), "-f", "-qq", "--seccomp-bpf", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(calls)]
    return [*strace, sys.executable, "-m", "agent"]


def _around(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""}
