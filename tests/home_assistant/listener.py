"""What a broker has heard, as Home Assistant would hear it; and what Home Assistant would say."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

MARKS = "tests/marks"


class Listener:
    """``newest`` payload by topic, and ``heard``: every payload of a topic in the order in which they came."""

    def __init__(self, port: int) -> None:
        self.newest: dict[str, bytes] = {}
        self.heard: dict[str, list[bytes]] = defaultdict(list)
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._hear
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(60.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, payload: str, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60.0)

    def say_quickly(self, topic: str, payload: str) -> None:
        """Without waiting for the broker."""
        self._client.publish(topic, payload)

    def text(self, topic: str) -> str | None:
        payload = self.newest.get(topic)
        return None if payload is None else payload.decode()

    def catch_up(self) -> None:
        """Wait until all has been heard that the broker had taken, or kept, before this call: it keeps their order."""
        mark = uuid4().hex
        self.say(MARKS, mark)
        self.until(lambda: mark.encode() in self.heard[MARKS], "a message of its own")

    def state(self, key: str, site: str = "home-1") -> str | None:
        return self.text(f"enalysis_edge/{site}/{key}")

    def config(self, site: str = "home-1") -> Any:
        payload = self.newest.get(f"homeassistant/device/ee_{site}/config")
        return None if not payload else json.loads(payload)

    def until(self, reached: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s; newest {self.newest}"
            time.sleep(0.02)

    def _hear(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        self.newest[message.topic] = message.payload
        self.heard[message.topic].append(message.payload)


@contextmanager
def listening(port: int) -> Iterator[Listener]:
    listener = Listener(port)
    try:
        yield listener
    finally:
        listener.close()


def retained(port: int) -> dict[str, bytes]:
    """What the broker keeps."""
    with listening(port) as fresh:
        fresh.catch_up()
        return {topic: payload for topic, payload in fresh.newest.items() if not topic.startswith(("$SYS", MARKS))}


def section(port: int, more: str = "") -> str:
    """[home_assistant] with a broker on this machine."""
    return f'\n[home_assistant]\nhost = "127.0.0.1"\nport = {port}\ntls = false\n{more}'
