"""What the console's figures share: a site with a console, a year in its store, the console's process, who asks it."""

import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from zoneinfo import ZoneInfo

from agent.adapters.store.retention import Retention
from agent.adapters.store.sqlite_store import SqliteStore
from agent.adapters.store.store_reader import kept
from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from agent.console.source import own_folder
from agent.domain.documents import LEDGER
from agent.domain.ledger import LedgerCheckpoint
from agent.domain.records import Batch
from agent.domain.wire import to_json
from tests.bench.children import BenchFailure, free_port, line_of, running
from tests.bench.site import ZONE, write_site_file
from tests.console import site as console_site
from tests.console.keys import new_bearer
from tests.site_files import permitted

YEAR, KEPT_DAYS = timedelta(days=365), 40.0
UNSETTLED = timedelta(days=2)
LISTENS_WITHIN_S, PLANS_WITHIN_S, SETTLED_S = 30.0, 90.0, 3.0
# As the unit has it: systemd/enalysis-edge-console.service.
AS_THE_UNIT = {"MALLOC_ARENA_MAX": "1"}
NICER = ("nice", "-n", "5")
ALLOWED = "what is allowed"
ANALYTICS = ("consumption", "cost", "carbon", "savings")


@dataclass(frozen=True, slots=True)
class Site:
    """``runtime`` is where the agent shows itself; ``key`` reads."""

    folder: Path
    config: Path
    port: int
    key: str
    inverter_port: int
    meter_port: int

    @property
    def store(self) -> Path:
        return self.folder / "site.sqlite3"

    @property
    def runtime(self) -> Path:
        return self.folder / "run"

    @property
    def around(self) -> Mapping[str, str]:
        """The environment in which the agent shows itself, and the console looks at it."""
        return {**AS_THE_UNIT, "RUNTIME_DIRECTORY": str(self.runtime)}


def make_site(folder: Path, step_s: float = 1.0, with_console: bool = True) -> Site:
    """The bench's home, with a section [console] or without, and a permit to steer. Its store is still to be made."""
    inverter_port, meter_port, port = free_port(), free_port(), free_port()
    config = write_site_file(folder, inverter_port, meter_port, free_port())
    text = config.read_text("utf-8").replace("step_s = 1\n", f"step_s = {step_s}\n", 1)
    section = f"\n[console]\nport = {port}\n" if with_console else ""
    config.write_text(text + section, "utf-8")
    permitted(config)
    (folder / "run").mkdir()
    key = new_bearer(OwnSettings(own_folder(folder / "site.sqlite3")), Scope.READ)
    return Site(folder, config, port, key, inverter_port, meter_port)


async def fill_year(site: Site, end: datetime) -> None:
    """What a site has after a year that ends at ``end``: 35,040 quarters, the ledger's hours, forty days of minutes.

    Quarters that no minute is kept of any more are written as quarters: that the year comes from 525,600 minutes would
    take five minutes to roll up, and leaves the same rows.
    """
    store = SqliteStore(site.store, ZoneInfo(ZONE), lambda: end, Retention(KEPT_DAYS, KEPT_DAYS))
    await store.open()
    begin, minutes_from = end - YEAR, end - timedelta(days=KEPT_DAYS)
    await store.write(Batch(catalogue=console_site.NAMES))
    await store.write(Batch(minutes=tuple(console_site.rows(begin, minutes_from, 900))))
    await store.write(Batch(minutes=tuple(console_site.rows(minutes_from, end, 60, console_site.points))))
    later, settled_to = begin - console_site.FIRST, end - UNSETTLED
    hours = (replace(entry, at=entry.at + later) for entry in console_site.ledger())
    settled = tuple(entry for entry in hours if entry.at < settled_to)
    checkpoint = to_json(LedgerCheckpoint(settled_to, 40.0, 40_000.0))
    _, last = (await store.backlog())["minute"]
    await store.write(Batch(ledger=settled, kept=((LEDGER.name, checkpoint),), acknowledged=(("minute", last),)))
    await store.tidy(end)
    await store.close()


def year_of(what: str, days_back: int, granularity: str = "quarter") -> str:
    """The path of a year that ended ``days_back`` days ago: each another one, so that none is known already."""
    last = (last_hour() - timedelta(days=1 + days_back)).date()
    first = last - timedelta(days=364 - days_back)
    return f"/api/v1/analytics/{what}?startDate={first}&endDate={last}&granularity={granularity}"


def last_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@contextmanager
def devices(site: Site) -> Iterator[None]:
    """Simulated, in a process of their own."""
    ports = ("--inverter-port", str(site.inverter_port), "--meter-port", str(site.meter_port), "--sdm-port", "0")
    with running([sys.executable, "-m", "simulator", *ports, "--print-every", "600"]) as served:
        line_of(served)  # its first line says that everything answers
        yield


@contextmanager
def agent_of(site: Site, command: list[str], around: Mapping[str, str]) -> Iterator["Popen[str]"]:
    """From when it has a plan. Raises BenchFailure where it gets none."""
    with running(command, around) as agent:
        give_up = time.monotonic() + PLANS_WITHIN_S
        while kept(site.store, "plan") is None:
            if agent.poll() is not None or time.monotonic() > give_up:
                raise BenchFailure(f"the daemon had no plan within {PLANS_WITHIN_S:g} s")
            time.sleep(0.5)
        time.sleep(SETTLED_S)
        yield agent


@contextmanager
def console(site: Site) -> Iterator["Popen[str]"]:
    """The console as a process of its own, from when it listens. Raises BenchFailure where it does not."""
    command = [*NICER, sys.executable, "-m", "agent", "console", "--config", str(site.config)]
    with running(command, {**site.around, "PYTHONDONTWRITEBYTECODE": "1"}) as process:
        give_up = time.monotonic() + LISTENS_WITHIN_S
        while not _listens(site.port):
            if process.poll() is not None or time.monotonic() > give_up:
                raise BenchFailure("the console did not begin to listen")
            time.sleep(0.05)
        yield process


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


class Asker:
    """One connection that stays open; asks as a programme with a key."""

    def __init__(self, site: Site) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30.0)
        self._headers = {"Authorization": f"Bearer {site.key}", "Accept-Encoding": "gzip"}

    def get(self, path: str) -> tuple[float, bytes]:
        """Milliseconds until the answer was there, and the answer. Raises BenchFailure for another status than 200."""
        began = time.perf_counter()
        try:
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchFailure(f"the console did not answer {path}: {error}") from error
        if answer.status != 200:
            raise BenchFailure(f"the console answered {path} with {answer.status}: {body[:200]!r}")
        return 1000.0 * (time.perf_counter() - began), body

    def close(self) -> None:
        self._connection.close()


class Shown:
    """Shows itself as the agent does, in place of one: every second something new."""

    def __init__(self, site: Site) -> None:
        self._path, self._site_id = site.runtime / "live.json", "bench-home"
        self._documents = {
            name: body for name, body in console_site.documents().items() if name in ("state", "setpoint", "link")
        }

    def show(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"site": self._site_id, "version": 1, "documents": self._documents}))
        os.utime(new)
        new.rename(self._path)

    def for_s(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self.show()
            time.sleep(max(0.0, 1.0 - (time.monotonic() - now)))
