"""What the broker keeps as the site's status is true also when a connection was ended to make another one."""

import time
from datetime import UTC, datetime

import pytest

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from simulator.broker import Broker, find_mosquitto
from simulator.platform import Platform
from tests.faults.cloud import Proxy
from tests.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed on this machine"),
]
SITE = "site-1"


def new_link(port: int, **changes: object) -> MqttLink:
    """The broker waits a second before it tells that we are lost: a session of a second lets it wait no longer."""
    speaker = JsonPayloads(SITE, f"session-{time.monotonic_ns()}")
    options: dict[str, object] = {"tls": False, "longest_pause_s": 0.1, "session_expiry_s": 1} | changes
    settings = MqttSettings("127.0.0.1", port, SITE, **options)  # type: ignore[arg-type]
    return MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))


def said(platform: Platform) -> object:
    return (platform.document(SITE, "status") or {}).get("status")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_site_that_leaves_to_come_again_and_cannot_is_lost(
    broker: Broker, platform: Platform, protocol: str
) -> None:
    async with Proxy(broker.port) as line:
        link = new_link(line.port, protocol=protocol)
        await link.start()
        try:
            await until(lambda: said(platform) == "online")
            line.close()
            link.reconnect()
            await until(lambda: said(platform) == "lost")
            assert not link.connected
        finally:
            await link.stop()


async def test_a_site_that_leaves_and_comes_again_was_never_lost(broker: Broker, platform: Platform) -> None:
    link = new_link(broker.port, session_expiry_s=600)
    await link.start()
    try:
        await until(lambda: said(platform) == "online")
        for times in (2, 3):
            link.reconnect()
            await until(lambda at=times: link.connections == at)  # type: ignore[misc]
        await until(lambda: len(platform.lives[SITE]) == 3)
        assert (said(platform), platform.counts["late_deaths"]) == ("online", 0)
    finally:
        await link.stop()
    await until(lambda: said(platform) == "stopping")
