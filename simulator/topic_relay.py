"""A relay on an MQTT broker, as a Shelly, Tasmota or Zigbee2MQTT would play it.

``python -m simulator relay`` runs one, with a broker of its own where none is named, and prints what a site file needs.
Topics and payloads are those of the makers' documents; no device was at hand to try them against.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def _plain(on: bool) -> str:
    return "on" if on else "off"


def _capital(on: bool) -> str:
    return "ON" if on else "OFF"


def _shelly_output(on: bool) -> str:
    return json.dumps({"id": 0, "source": "MQTT", "output": on})


def _zigbee_state(on: bool) -> str:
    return json.dumps({"state": _capital(on), "linkquality": 120})


def _switch_set(**more: object) -> str:
    """An order by remote procedure call, which a Shelly of the second generation takes with a timer in it."""
    return json.dumps({"id": 1, "src": "edge", "method": "Switch.Set", "params": {"id": 0, **more}})


@dataclass(frozen=True, slots=True)
class Dialect:
    """Topics with ``{name}`` in them; ``says`` makes the payload of a state, ``keys`` are lines of a site file.

    A ``keeps`` relay has its states retained; an ``echoes`` one answers each order, the others only tell changes.
    """

    command: str
    state: str
    availability: str
    available: str
    gone: str
    query: str
    query_payload: str
    says: Callable[[bool], str]
    keeps: bool
    echoes: bool
    keys: tuple[str, ...]


DIALECTS = {
    "shelly": Dialect(
        "{name}/rpc", "{name}/status/switch:0", "{name}/online", "true", "false",
        "{name}/command/switch:0", "status_update", _shelly_output, False, False,
        (
            f"payload_on = '{_switch_set(on=True)}'", f"payload_off = '{_switch_set(on=False, toggle_after=300)}'",
            'state_key = "output"', 'state_on = "true"', 'state_off = "false"',
        ),
    ),
    "shelly_gen1": Dialect(
        "shellies/{name}/relay/0/command", "shellies/{name}/relay/0", "shellies/{name}/online", "true", "false",
        "shellies/{name}/command", "announce", _plain, True, True, ('payload_on = "on"', 'payload_off = "off"'),
    ),
    "tasmota": Dialect(
        "cmnd/{name}/POWER", "stat/{name}/POWER", "tele/{name}/LWT", "Online", "Offline",
        "cmnd/{name}/POWER", "", _capital, False, True, (),
    ),
    "zigbee2mqtt": Dialect(
        "zigbee2mqtt/{name}/set", "zigbee2mqtt/{name}", "zigbee2mqtt/{name}/availability",
        '{"state":"online"}', '{"state":"offline"}',
        "zigbee2mqtt/{name}/get", '{"state":""}', _zigbee_state, True, True,
        ('state_key = "state"', 'availability_key = "state"'),
    ),
}  # fmt: skip


def read_order(payload: bytes) -> tuple[bool, float | None] | None:
    """(on, seconds until it goes back by itself) of any dialect's order; None for what is none."""
    text = payload.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        asked = found.get("params", found)
        word, timer_s = asked.get("on", asked.get("state")), asked.get("toggle_after", asked.get("on_time"))
    else:
        word, timer_s = text, None
    on = {"on": True, "off": False, "true": True, "false": False}.get(str(word).lower())
    return None if on is None else (on, None if timer_s is None else float(timer_s))


@dataclass(slots=True)
class Played:
    """What it does wrong: a ``deaf`` one obeys nothing, a ``mute`` one says nothing. ``words`` replace what it says."""

    deaf: bool = False
    mute: bool = False
    words: bytes | None = None


@dataclass(slots=True)
class Order:
    """An order as it came."""

    on: bool
    timer_s: float | None
    retained: bool


@dataclass(slots=True)
class TopicRelay:
    """One relay at a broker on this machine, run by paho's thread between ``start`` and ``stop``."""

    port: int
    name: str = "heatpump"
    kind: str = "tasmota"
    on: bool = True
    host: str = "127.0.0.1"
    played: Played = field(default_factory=Played)
    orders: list[Order] = field(default_factory=list)
    _client: mqtt.Client | None = None
    _timer: threading.Timer | None = None
    _ready: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Returns once it hears orders."""
        dialect = DIALECTS[self.kind]
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.will_set(self._named(dialect.availability), dialect.gone, qos=1, retain=True)
        client.on_connect = lambda *_: self._greet()
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = lambda _client, _data, message: self._hear(message)
        client.reconnect_delay_set(1, 1)
        self._client = client
        client.connect(self.host, self.port)
        client.loop_start()
        if not self._ready.wait(10.0):
            raise RuntimeError(f"the broker at {self.host}:{self.port} does not answer")

    def stop(self) -> None:
        """As when its power is cut: the broker says that it is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if self._client is not None:
            sock = self._client.socket()
            self._client.loop_stop()
            if sock is not None:
                sock.close()
            self._client = None

    def press(self, on: bool) -> None:
        """Somebody presses its button."""
        self._go(on)

    def lines(self, site_broker: bool = True) -> str:
        """What a site file says of it, behind a [[flexible_load]]."""
        dialect = DIALECTS[self.kind]
        own = [
            f'command_topic = "{self._named(dialect.command)}"',
            f'state_topic = "{self._named(dialect.state)}"',
            f'availability_topic = "{self._named(dialect.availability)}"',
            *(() if "{" in dialect.available else (
                f'payload_available = "{dialect.available}"', f'payload_not_available = "{dialect.gone}"',
            )),
            f'query_topic = "{self._named(dialect.query)}"',
            *((f"query_payload = '{dialect.query_payload}'",) if dialect.query_payload else ()),
            *dialect.keys,
        ]  # fmt: skip
        broker = f'\n[local_broker]\nhost = "{self.host}"\nport = {self.port}\ntls = false\n' if site_broker else ""
        return "\n".join(["[flexible_load.mqtt_relay]", *own, broker])

    def _named(self, topic: str) -> str:
        return topic.replace("{name}", self.name)

    def _greet(self) -> None:
        dialect = DIALECTS[self.kind]
        self._publish(dialect.availability, dialect.available, retain=True)
        self._say()
        if self._client is not None:
            topics = dict.fromkeys((dialect.command, dialect.query))
            self._client.subscribe([(self._named(topic), 1) for topic in topics])

    def _publish(self, topic: str, payload: bytes | str, retain: bool) -> None:
        if self._client is not None:
            self._client.publish(self._named(topic), payload, qos=1, retain=retain)

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        dialect = DIALECTS[self.kind]
        found = read_order(bytes(message.payload)) if message.topic == self._named(dialect.command) else None
        if found is not None:
            self.orders.append(Order(*found, bool(message.retain)))
            if not self.played.deaf:
                self._go(*found)
        elif message.payload.decode("utf-8", "replace") == dialect.query_payload:
            self._say()

    def _go(self, on: bool, timer_s: float | None = None) -> None:
        dialect = DIALECTS[self.kind]
        changes, self.on = on is not self.on, on
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if timer_s is not None:
            self._timer = threading.Timer(timer_s, self._go, (not on,))
            self._timer.daemon = True
            self._timer.start()
        if changes or dialect.echoes:
            self._say()

    def _say(self) -> None:
        dialect = DIALECTS[self.kind]
        words = self.played.words or dialect.says(self.on).encode()
        if not self.played.mute:
            self._publish(dialect.state, words, retain=dialect.keeps)
