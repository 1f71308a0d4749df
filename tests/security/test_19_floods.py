"""Item 19: a thousand bad messages a second cost the controller no more than what the machine itself lacks."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from simulator.broker import find_mosquitto, start_broker
from tests.app.processes import daemon, quick_site
from tests.faults.served_site import served_site, until
from tests.security.items import security
from tests.site_files import CLOUD, HOME_ID

STEP_S = 0.5  # of quick_site
LASTS_S, A_SECOND = 4.0, 1000
LOST_AT_MOST = 0.4  # of the steps: as in tests/console/test_security_control.py
BAD = (b"{", b'{"schema":"tariff/1.0","import_price":[]}', b"[" * 4000, b"\xff" * 60_000)


@contextmanager
def flooder(port: int) -> Iterator[mqtt.Client]:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="flood")
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


async def flood(client: mqtt.Client) -> int:
    """How many messages were sent to the site in ``LASTS_S``."""
    sent, began = 0, time.monotonic()
    while time.monotonic() - began < LASTS_S:
        for number in range(A_SECOND // 20):
            large = number % 50 == 49
            payload = BAD[3] if large else BAD[number % 3]
            topic = ("down/input/tariff", "down/ack", "down/cmd/advice")[number % 3]
            client.publish(f"ee/1/{HOME_ID}/{topic}", payload, qos=0)
            sent += 1
        await asyncio.sleep(max(0.0, began + sent / A_SECOND - time.monotonic()))
    return sent


@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine")
@security(19, shows="1,000 bad messages a second of a real broker: the real daemon steers on, and its log stays small")
async def test_a_flood_of_messages_leaves_control_alone(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    broker = start_broker(tmp_path / "broker")
    try:
        async with served_site() as site:
            config = quick_site(tmp_path, site.inverter_port, site.meter_port, cloud=CLOUD.format(port=broker.port))
            with daemon(config) as running, flooder(broker.port) as client:
                await until(lambda: site.is_steered, "a setpoint")
                began, said = time.monotonic(), len(running.said())
                sent = await flood(client)
                lasted_s = time.monotonic() - began
                asked = [at for at in site.asked_at if at >= began]
                steps = sum(after - before > STEP_S / 2 for before, after in zip([began, *asked], asked, strict=False))
                assert sent >= 0.5 * A_SECOND * LASTS_S, "it was no flood"
                assert steps >= (1.0 - LOST_AT_MOST) * lasted_s / STEP_S, f"{steps} steps in {lasted_s:.1f} s"
                assert site.is_steered
                await until(lambda: "message_refused" in running.said(), "that it was refused")
                assert len(running.said()) - said < 20_000
                assert running.stop(10.0) == 0
    finally:
        broker.stop()
