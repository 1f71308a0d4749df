"""The link speaks MQTT 3.1.1 to the broker that is used where mosquitto is not installed."""

import asyncio
import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.domain.envelope import Envelope
from agent.domain.records import OutboxRow
from simulator.broker import start_broker
from simulator.platform import Platform


@pytest.mark.skipif(importlib.util.find_spec("amqtt") is None, reason="amqtt (the demo extra) is not installed")
async def test_rows_and_inputs_pass_through_amqtt(tmp_path: Path) -> None:
    broker = start_broker(tmp_path, kind="amqtt")
    assert (broker.kind, broker.protocol) == ("amqtt", "3.1.1")
    platform = Platform(broker.port, protocol=broker.protocol)
    platform.start()
    speaker = JsonPayloads("site-1", "s")
    settings = MqttSettings("127.0.0.1", broker.port, "site-1", protocol="3.1.1", tls=False)
    link = MqttLink(settings, lambda word: speaker.status(word, datetime.now(UTC)))
    await link.start()
    async with asyncio.timeout(10):
        while not link.connected:
            await asyncio.sleep(0.01)
        row = OutboxRow(2, ("at", "text"), ("now", "hello"))
        await link.publish(speaker.rows("event", [row], 1, datetime.now(UTC)))
        topic, payload, _ = await link.incoming()
        assert topic == "down/ack"
        assert b'"event": 2' in payload
        await link.publish(Envelope("up/info", b'{"version":"1"}', retain=True))
        while platform.document("site-1", "info") is None:
            await asyncio.sleep(0.01)
    await link.stop()
    platform.stop()
    broker.stop()
