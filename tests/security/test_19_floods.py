"""Item 19: a thousand bad messages a second cost the controller no more than what the machine itself lacks."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from simulator.broker import find_mosquitto, start_broker
from tests.app.processes import ROOT, daemon, quick_site
from tests.faults.served_site import ServedSite, served_site, until
from tests.security.flood import A_SECOND
from tests.security.items import security
from tests.site_files import CLOUD, HOME_ID

STEP_S = 0.5  # of quick_site
LASTS_S = float(os.environ.get("FLOOD_S", "4"))  # FLOOD_S=60 for the figure of the checklist
LOST_AT_MOST = 0.5  # of the steps of the seconds before: broker and flood share the machine with the agent


def steps_a_second(site: ServedSite, began: float) -> float:
    """Of control since ``began`` (monotonic s). Requests that came together are one step."""
    asked = [at for at in site.asked_at if at >= began]
    steps = sum(after - before > STEP_S / 2 for before, after in zip([began, *asked], asked, strict=False))
    return steps / (time.monotonic() - began)


async def flooded(port: int) -> int:
    """How many messages were sent to the site in ``LASTS_S``, by a process of its own."""
    command = ("-m", "tests.security.flood", str(port), HOME_ID, str(LASTS_S))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return int(said)


@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
@security(19, shows="1,000 bad messages a second of a real broker: the real daemon steers on, and its log stays small")
async def test_a_flood_of_messages_leaves_control_alone(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker")
    try:
        async with served_site() as site:
            config = quick_site(tmp_path, site.inverter_port, site.meter_port, cloud=CLOUD.format(port=broker.port))
            with daemon(config) as running:
                await until(lambda: site.is_steered, "a setpoint")
                said, began = len(running.said()), time.monotonic()
                await asyncio.sleep(LASTS_S)
                quiet = steps_a_second(site, began)
                began = time.monotonic()
                sent = await flooded(broker.port)
                busy = steps_a_second(site, began)
                print(f"{sent} messages; control steps a second: {quiet:.2f} before, {busy:.2f} in the flood")
                assert sent >= 0.5 * A_SECOND * LASTS_S, "it was no flood"
                assert busy >= (1.0 - LOST_AT_MOST) * quiet > 0.0
                assert site.is_steered
                await until(lambda: "message_refused" in running.said(), "that it was refused")
                assert len(running.said()) - said < 20_000
                assert running.stop() == 0
    finally:
        broker.stop()
