"""Point 7 of the console's security, the battery's side: whatever is done to the console, control goes on.

The agent, the console and who floods it are processes of their own; the test serves the site, and so sees when the
agent asks its devices: once a control step.
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
from tests.app.processes import ROOT, Daemon, daemon, quick_site
from tests.console.keys import new_bearer
from tests.faults.served_site import ServedSite, served_site, until
from tests.security.items import security
from tests.site_files import HOME_ID, free_ports

STEP_S = 0.5  # of quick_site
LASTS_S = 4.0
LOST_AT_MOST = 0.4  # of the steps: this machine has two cores, which all of these processes share
OUR_OWN = {"MALLOC_ARENA_MAX": "1"}


@dataclass(slots=True)
class Running:
    """An agent that steers, and a console beside it."""

    site: ServedSite
    agent: Daemon
    console: subprocess.Popen[bytes]
    port: int
    key: str
    runtime: Path

    def steps_since(self, began: float) -> int:
        """Requests that came together are one control step."""
        asked = [at for at in self.site.asked_at if at >= began]
        return sum(after - before > STEP_S / 2 for before, after in zip([began, *asked], asked, strict=False))

    def shown_at(self) -> datetime:
        shown = read_live(HOME_ID, self.runtime)
        assert shown is not None, "the live file"
        return STATE.read(shown.documents[STATE.name]).at

    async def honest_answer(self) -> int:
        """The status that an honest client gets, who asks again while he is not let in."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=5.0) as client:
            give_up = time.monotonic() + 20.0
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
async def running(folder: Path) -> AsyncIterator[Running]:
    runtime, (port,) = folder / "run", free_ports(1)
    runtime.mkdir()
    async with served_site() as site:
        further = f"\n[console]\nport = {port}\n"
        config = quick_site(folder, site.inverter_port, site.meter_port, more_devices=further)
        key = new_bearer(OwnSettings(own_folder(config.with_name("site.sqlite3"))), Scope.READ)
        with daemon(config, environment={"RUNTIME_DIRECTORY": str(runtime)}) as agent:
            await until(lambda: site.is_steered and read_live(HOME_ID, runtime) is not None, "a setpoint")
            with a_console(config, runtime) as console:
                yield Running(site, agent, console, port, key, runtime)


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
            began, shown_at = time.monotonic(), there.shown_at()
            came = await dishonest(there.port, kind, there.key)
            lasted_s = time.monotonic() - began
            steps, expected = there.steps_since(began), lasted_s / STEP_S
            print(kind, came, steps, expected, (there.shown_at() - shown_at).total_seconds(), lasted_s)
            assert came["connections"] > came["answered"] > 0, came
            assert steps >= (1.0 - LOST_AT_MOST) * expected, f"{kind}: {steps} control steps in {lasted_s:.1f} s"
            assert (there.shown_at() - shown_at).total_seconds() >= (1.0 - LOST_AT_MOST) * lasted_s
            assert there.site.is_steered
            assert await there.honest_answer() == 200, f"{kind}: the next honest client"
        assert there.agent.process.poll() is None
        assert there.console.poll() is None
        assert "Traceback" not in there.agent.said()
