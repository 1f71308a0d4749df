"""Item 19: a thousand bad messages a second cost the controller no more than what the machine itself lacks."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from simulator.broker import find_mosquitto, start_broker
from tests.app.processes import ROOT, Daemon, daemon, quick_site
from tests.faults.served_site import ServedSite, served_site, until
from tests.security.flood import A_SECOND
from tests.security.items import security
from tests.site_files import CLOUD, HOME_ID

MESSAGES = A_SECOND * int(os.environ.get("FLOOD_S", "4"))  # FLOOD_S=60 for the figure of the checklist
LOST_AT_MOST = 0.5  # of the requests of an agent beside it, which has the same to do and no broker


async def flooded(port: int) -> None:
    """MESSAGES are sent to the site, by a process of its own."""
    command = ("-m", "tests.security.flood", str(port), HOME_ID, str(MESSAGES))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT)
    assert await process.wait() == 0


def site_file(folder: Path, site: ServedSite, cloud: str = "") -> Path:
    folder.mkdir()
    return quick_site(folder, site.inverter_port, site.meter_port, cloud=cloud)


@asynccontextmanager
async def steering(config: Path, site: ServedSite) -> AsyncIterator[Daemon]:
    with daemon(config) as running:
        await until(lambda: site.is_steered, "a setpoint")
        yield running


@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
@security(19, shows="1,000 bad messages a second of a real broker: the real daemon steers on, and its log stays small")
async def test_a_flood_of_messages_leaves_control_alone(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker")
    try:
        async with served_site() as site, served_site() as beside:
            config = site_file(tmp_path / "flooded", site, CLOUD.format(port=broker.port))
            async with steering(config, site) as running, steering(site_file(tmp_path / "beside", beside), beside):
                said, began = len(running.said()), time.monotonic()
                await flooded(broker.port)
                busy, quiet = site.requests_since(began), beside.requests_since(began)
                print(f"{MESSAGES} messages; requests of control: {busy} in the flood, {quiet} beside it")
                assert busy >= (1.0 - LOST_AT_MOST) * quiet > 0.0
                await until(lambda: site.is_steered, "a setpoint")
                await until(lambda: "message_refused" in running.said(), "that it was refused")
                assert len(running.said()) - said < 20_000
                assert running.stop() == 0
    finally:
        broker.stop()
