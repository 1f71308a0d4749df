"""Point 7 of the console's security, the battery's side: whatever is done to the console, control goes on.

The agent, the console and who floods it are processes of their own, and so is an agent beside them that has the same to
do and no console. The test serves the sites of both, and so sees how often each asks its devices: what a busy machine
takes, it takes of both.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from agent.adapters.host.live_file import read_live
from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from agent.console.source import own_folder
from agent.domain.documents import STATE
from tests.app.processes import PATIENCE_S, ROOT, Daemon, daemon, quick_site
from tests.console.keys import new_bearer
from tests.faults.served_site import ServedSite, served_site, until
from tests.security.items import security
from tests.site_files import HOME_ID, free_ports

LASTS_S = 4.0
LOST_AT_MOST = 0.4  # of what the agent beside does in the same time
SHOWN_EVERY_S = 1.0  # by this much the newest live file of one may be older than the other's
OUR_OWN = {"MALLOC_ARENA_MAX": "1"}


@dataclass(slots=True)
class Steering:
    """An agent that steers."""

    site: ServedSite
    agent: Daemon
    runtime: Path

    def shown_at(self) -> datetime:
        shown = read_live(HOME_ID, self.runtime)
        assert shown is not None, "the live file"
        return STATE.read(shown.documents[STATE.name]).at


@dataclass(slots=True)
class Running:
    """An agent that steers with a console beside it, and one that has none."""

    flooded: Steering
    beside: Steering
    console: subprocess.Popen[bytes]
    port: int
    key: str

    async def honest_answer(self) -> int:
        """The status that an honest client gets, who asks again while he is not let in."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=5.0) as client:
            give_up = time.monotonic() + PATIENCE_S
            while True:
                try:
                    answer = await client.get("/api/v1/status", headers={"Authorization": f"Bearer {self.key}"})
                except httpx.TransportError:
                    assert time.monotonic() < give_up, "nobody answers an honest client"
                    await asyncio.sleep(0.1)
                else:
                    return answer.status_code


@contextmanager
def a_console(config: Path, runtime: Path) -> Iterator[subprocess.Popen[bytes]]:
    """As its unit starts it: nicer than the agent."""
    command = ["nice", "-n", "5", sys.executable, "-m", "agent", "console", "--config", str(config)]
    around = {**os.environ, **OUR_OWN, "RUNTIME_DIRECTORY": str(runtime)}
    with config.with_name("console.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stderr=log, env=around)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def steering(folder: Path, further: str = "") -> AsyncIterator[Steering]:
    runtime = folder / "run"
    runtime.mkdir(parents=True)
    async with served_site() as site:
        config = quick_site(folder, site.inverter_port, site.meter_port, more_devices=further)
        with daemon(config, environment={"RUNTIME_DIRECTORY": str(runtime)}) as agent:
            await until(lambda: site.is_steered and read_live(HOME_ID, runtime) is not None, "a setpoint")
            yield Steering(site, agent, runtime)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    (port,) = free_ports(1)
    mine = folder / "flooded"
    async with steering(mine, f"\n[console]\nport = {port}\n") as flooded, steering(folder / "beside") as beside:
        key = new_bearer(OwnSettings(own_folder(mine / "site.sqlite3")), Scope.READ)
        with a_console(mine / "site.toml", flooded.runtime) as console:
            yield Running(flooded, beside, console, port, key)


async def dishonest(port: int, kind: str, key: str) -> dict[str, int]:
    """What came of it."""
    command = ("-m", "tests.console.flood", str(port), kind, str(LASTS_S), key)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=subprocess.PIPE)
    said, _ = await process.communicate()
    found: dict[str, int] = json.loads(said)
    return found


@security(19, shows="200 connections that flood the console: control goes on")
async def test_point_7_control_goes_on_whatever_is_done_to_the_console(tmp_path: Path) -> None:
    async with running(tmp_path) as there:
        assert await there.honest_answer() == 200
        for kind in ("flood", "slow"):
            agents = there.flooded, there.beside
            began, shown_at = time.monotonic(), [one.shown_at() for one in agents]
            came = await dishonest(there.port, kind, there.key)
            busy, quiet = (one.site.requests_since(began) for one in agents)
            busy_s, quiet_s = ((one.shown_at() - at).total_seconds() for one, at in zip(agents, shown_at, strict=True))
            print(kind, came, busy, quiet, busy_s, quiet_s)
            assert came["connections"] > came["answered"] > 0, came
            assert busy >= (1.0 - LOST_AT_MOST) * quiet > 0.0, f"{kind}: {busy} requests of control, {quiet} beside it"
            assert busy_s + SHOWN_EVERY_S >= (1.0 - LOST_AT_MOST) * quiet_s > 0.0
            await until(lambda: there.flooded.site.is_steered, "a setpoint")
            assert await there.honest_answer() == 200, f"{kind}: the next honest client"
        assert there.flooded.agent.process.poll() is None
        assert there.console.poll() is None
        assert "Traceback" not in there.flooded.agent.said()
