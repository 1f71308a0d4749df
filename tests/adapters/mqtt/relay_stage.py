"""Relays by topic at a broker on this machine, as the site file's lines name them."""

import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from agent.adapters.devices.relay_memory import RelayMemory
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import RelayTerms
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.topic_relays import TopicRelays
from agent.domain.topic_relay import TopicRelay
from agent.settings.flexible_load_section import FlexibleLoad
from agent.settings.to_domain import switched_loads
from simulator.broker import Broker
from simulator.topic_relay import TopicRelay as Simulated
from tests.waiting import until

HEATPUMP = "heat pump"
TERMS = {HEATPUMP: RelayTerms("topic cmnd/heatpump/POWER", True)}


class NoDevices:
    """``Switches`` of a site without any on Modbus: to ask them is a mistake of the test."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")


def relay_of(kind: str = "tasmota", at_rest: str = "on", name: str = HEATPUMP, **keys: object) -> TopicRelay:
    """What the lines of a simulated relay become. ``keys`` stand beside them; None takes one away."""
    lines = tomllib.loads(Simulated(1883, kind=kind).lines(site_broker=False))["flexible_load"]["mqtt_relay"]
    section = {key: value for key, value in {**lines, **keys}.items() if value is not None}
    words = {"power_w": 2500.0, "duration_min": 60, "earliest": "00:00", "latest": "23:00"}
    (load,) = switched_loads([FlexibleLoad(name=name, at_rest=at_rest, mqtt_relay=section, **words)])  # type: ignore[arg-type]
    assert load.topic is not None
    return load.topic


def bridge(port: int, *relays: TopicRelay, memory: SteeringMemory | None = None, **changes: object) -> TopicRelays:
    """Not yet connected. Without ``relays`` a Tasmota that rests on, which is kept in ``memory``."""
    options: dict[str, object] = {"tls": False, "longest_pause_s": 0.2, "apart_s": 0.2, "keepalive_s": 5} | changes
    reach = MqttSettings("127.0.0.1", port, "site-1", root="", session_expiry_s=0, **options)  # type: ignore[arg-type]
    return TopicRelays(reach, relays or (relay_of(),), NoDevices(), time.monotonic, RelayMemory(memory, TERMS))


async def settled(relays: TopicRelays, name: str = HEATPUMP) -> None:
    """What it is has come."""
    await until(lambda: relays.is_on(name, 0.0) is not None)


@contextmanager
def played(broker: Broker, kind: str = "tasmota", on: bool = True) -> Iterator[Simulated]:
    device = Simulated(broker.port, kind=kind, on=on)
    device.start()
    try:
        yield device
    finally:
        device.stop()


@asynccontextmanager
async def connected(broker: Broker, *given: TopicRelay) -> AsyncIterator[TopicRelays]:
    relays = bridge(broker.port, *given)
    await relays.start()
    try:
        yield relays
    finally:
        await relays.stop()
