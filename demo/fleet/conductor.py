"""The phases of a fleet: it comes together, nothing goes wrong, and then everything does."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.fleet.answering import Child
from demo.fleet.asked import Asked
from simulator.broker import Broker, start_broker

HOUR_S = 3600.0
BACK_S = 120.0  # until all are back, at most
PATIENCE_S = 300.0
LOOK_EVERY_S = 0.5
SETTLE_S = 4.0  # two steps of the sync: what is said once a connection has been said
TICKS_A_S = os.sysconf("SC_CLK_TCK")
BROKER_LINES = ("max_connections -1", "autosave_interval 0", "log_type error")

Say = Callable[[str], None]


class NotReached(Exception):
    """A phase did not come to its end. ``str()`` says which, and how far it got."""


@dataclass(slots=True)
class Phase:
    """What one phase took, seconds, and what the broker used of a processor in it (1.0 is a core)."""

    name: str
    took_s: float
    broker_cores: float | None = None  # None: it was not there at the end of the phase
    note: str = ""


@dataclass(slots=True)
class Outcome:
    """``messages`` and ``octets`` by topic of the steady phase, in ``fleet_s`` of the sites' own time.

    ``back_s``: how long it took until all were connected again, each time.
    """

    phases: list[Phase] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    octets: Counter[str] = field(default_factory=Counter)
    fleet_s: float = 0.0
    back_s: list[float] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    broker_mib: float = 0.0

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, and all back in time."""
        return not self.totals["lost"] and not self.totals["strange"] and all(took <= BACK_S for took in self.back_s)


class Conductor:
    """``play`` runs all phases. ``say`` is told all the time how far it is, ``done`` of every phase that is over."""

    def __init__(self, asked: Asked, folder: Path, say: Say, done: Say) -> None:
        self._asked, self._folder, self._say, self._done = asked, folder, say, done
        self._outcome = Outcome()
        self._broker: Broker
        self._platform: Child
        self._parts: list[Child] = []

    def play(self) -> Outcome:
        """Raises NotReached, ChildLost, and RuntimeError where the broker does not start."""
        with ExitStack() as stack:
            self._broker = start_broker(self._folder, kind="mosquitto", more=BROKER_LINES)
            stack.callback(self._broker.stop)
            port = self._broker.port
            self._platform = Child("demo.fleet.platform_process", {"port": port}, self._folder / "platform.log")
            stack.callback(self._platform.end)
            self._platform.ask("totals")
            for number, names in enumerate(_shares(self._asked)):
                terms = {"host": "127.0.0.1", "port": port, "sites": names, "speed": self._asked.speed}
                log = self._folder / f"sites-{number}.log"
                self._parts.append(Child("demo.fleet.sites_process", terms | {"seed": self._asked.seed + number}, log))
                stack.callback(self._parts[-1].end)
            self._come_together()
            self._steady()
            self._restart()
            self._platform_away()
            self._storm()
            self._settle()
        return self._outcome

    def _come_together(self) -> None:
        with self._phase("all connect"):
            self._all("start")
            self._until("all are connected", lambda: self._sum("connected"), self._asked.sites)
            self._wait("the first words are said", SETTLE_S)

    def _steady(self) -> None:
        with self._phase("steady"):
            before = self._passed()
            self._wait("steady", self._asked.steady_s)
            after = self._passed()
            outcome = self._outcome
            outcome.messages, outcome.octets = after[0] - before[0], after[1] - before[1]
            outcome.fleet_s = after[2] - before[2]

    def _restart(self) -> None:
        with self._phase("broker restarts"):
            self._broker.stop()
            self._broker.restart()
            self._back("after the restart")

    def _platform_away(self) -> None:
        hour_s = self._asked.away_s
        with self._phase("platform away for an hour") as phase:
            phase.note = f"the hour's rows in {hour_s:g} s"
            self._platform.ask("away")
            self._all("run_at", HOUR_S / hour_s)
            self._wait("the platform is away", hour_s)
            self._all("run_at", self._asked.speed)
            self._all("mark")
        with self._phase("the hour is caught up") as phase:
            phase.note = f"{self._sum('before_mark')} rows were waiting"
            self._platform.ask("back")
            self._until("the hour's rows are acknowledged", lambda: -self._sum("before_mark"), 0)

    def _storm(self) -> None:
        with self._phase("broker away"):
            self._broker.stop()
            self._wait("the broker is away", self._asked.down_s)
        with self._phase("storm of reconnects"):
            self._broker.restart()
            self._back("after the storm")

    def _settle(self) -> None:
        with self._phase("everything is acknowledged"):
            self._all("freeze")
            self._until("every row is acknowledged", lambda: -self._sum("behind"), 0)
        self._outcome.broker_mib = _resident_mib(self._broker.child.pid)
        ends = {site: lasts for part in self._all("ends") for site, lasts in part.items()}
        self._outcome.totals = self._platform.ask("totals") | self._platform.ask("compare", ends)

    def _back(self, when: str) -> None:
        began = time.monotonic()
        self._until(f"all are back {when}", lambda: self._sum("connected"), self._asked.sites)
        self._outcome.back_s.append(time.monotonic() - began)

    @contextmanager
    def _phase(self, name: str) -> Iterator[Phase]:
        phase, began, child = Phase(name, 0.0), time.monotonic(), self._broker.child
        used_s = _cpu_s(child.pid)
        yield phase
        phase.took_s = time.monotonic() - began
        if self._broker.child.poll() is None:
            before_s = used_s if self._broker.child is child else 0.0  # else it was started in this phase
            phase.broker_cores = (_cpu_s(self._broker.child.pid) - before_s) / phase.took_s
        self._outcome.phases.append(phase)
        self._done(f"{name}: {phase.took_s:.1f} s")

    def _all(self, order: str, value: object = None) -> list[Any]:
        return [part.ask(order, value) for part in self._parts]

    def _sum(self, what: str) -> int:
        looks = self._all("look")
        if sum(look["failed"] for look in looks):
            raise NotReached("a site of the fleet has ended by itself")
        return sum(look[what] for look in looks)

    def _passed(self) -> tuple[Counter[str], Counter[str], float]:
        found = self._all("passed")
        messages, octets = Counter[str](), Counter[str]()
        for part in found:
            messages.update(part["messages"])
            octets.update(part["octets"])
        return messages, octets, sum(part["at_s"] for part in found) / len(found)

    def _wait(self, what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._say(f"{what}: {left:.0f} s left")
            time.sleep(min(LOOK_EVERY_S, left))

    def _until(self, what: str, reached: Callable[[], int], wanted: int) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while (found := reached()) < wanted:
            if time.monotonic() > give_up:
                raise NotReached(f"{what}: not within {PATIENCE_S:.0f} s, {wanted - found} lacked")
            self._say(f"{what}: {wanted - found} lack")
            time.sleep(LOOK_EVERY_S)


def _shares(asked: Asked) -> list[list[str]]:
    """The names of the sites of each process."""
    names = [f"site-{number:04}" for number in range(asked.sites)]
    return [names[first :: asked.processes] for first in range(asked.processes)]


def _cpu_s(pid: int) -> float:
    """Processor seconds that a process has used; 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_A_S


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024
