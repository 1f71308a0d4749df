"""The network thread of the MQTT link: connect, serve the connection, say that it is over, wait, again.

Every attempt to connect is a new paho client. So nothing waits in paho's memory and is sent twice or all at once after
a return: what was not acknowledged is in the store.
"""

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from agent.adapters.mqtt import mqtt_troubles as troubles
from agent.adapters.mqtt.mqtt_settings import MqttSettings, connect_arguments, new_client
from agent.adapters.mqtt.own_certificate import OwnCertificate
from agent.adapters.mqtt.own_status import STATUS_TOPIC
from agent.adapters.mqtt.reconnect_delay import STEADY_S, Ending, ReconnectDelay
from agent.domain.envelope import Envelope
from agent.domain.sentences import link as say

IN_FLIGHT = 16
PASS_S = 1.0
ANSWER_WITHIN_S = 10.0
RIVAL_AFTER = 5  # short connections in a row, each reached at the first try
TAKEN_OVER, KEEPALIVE_TIMEOUT = 0x8E, 0x8D


class Listener(Protocol):
    """What the thread hands over, on the event loop.

    ``waiting`` alone is asked by the thread: how many envelopes have no answer yet.
    """

    @property
    def waiting(self) -> int: ...

    def accepted(self, thread: "NetworkThread", client: mqtt.Client, limits: "BrokerLimits") -> None: ...

    def lost(self, thread: "NetworkThread", trouble: str, ending: Ending) -> None: ...

    def troubled(self, thread: "NetworkThread", trouble: str) -> None: ...

    def answered(self, client: mqtt.Client, mid: int, code: int) -> None: ...

    def heard(self, topic: str, payload: bytes, retain: bool) -> None: ...

    def ended(self, thread: "NetworkThread") -> None: ...


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What the broker takes: messages that it has not acknowledged, and bytes of one packet (None: any size)."""

    in_flight: int = IN_FLIGHT
    packet_bytes: int | None = None


class _Attempt:
    """One client from its making to its end: what is known of it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.accepted_at: float | None = None
        self.ending = Ending.LOST
        self.goodbye: str | None = None  # the broker's own words, or paho's
        self.subscribed: dict[int | None, str] = {}


class NetworkThread:
    """One thread. ``end`` makes it stop after the connection that it has; ``break_off`` ends that connection."""

    def __init__(
        self,
        settings: MqttSettings,
        will: Callable[[], Envelope | None],
        topics: tuple[str, ...],
        listener: Listener,
        delay: ReconnectDelay,
    ) -> None:
        self._settings, self._will, self._topics = settings, will, topics
        self._certificate = OwnCertificate(settings)
        self._listener, self._delay = listener, delay
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._asked: deque[asyncio.Future[None]] = deque()
        self._short = 0
        self._thread = threading.Thread(target=self._stay_connected, name="mqtt", daemon=True)
        self.client: mqtt.Client | None = None  # the newest, accepted or not

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stopping.set()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def disconnect(self) -> None:
        """Say goodbye to the broker, so that it does not publish our will."""
        if self.client is not None:
            self.client.disconnect()

    def leave(self) -> None:
        """End the connection to make another one. The broker publishes our will where that one does not come."""
        if self._settings.protocol != "5":
            self.break_off()  # a goodbye of MQTT 3.1.1 takes the will along
        elif self.client is not None:
            self.client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))

    def break_off(self) -> None:
        """Cut the connection, which wakes the thread up."""
        sock = None if self.client is None else self.client.socket()
        if isinstance(sock, socket.socket):
            with suppress(OSError):  # it was gone already
                sock.shutdown(socket.SHUT_RDWR)

    async def turns(self, patience_s: float) -> bool:
        """A round trip: the thread answers a question of the event loop in its next pass, which lasts a second."""
        answer: asyncio.Future[None] = self._loop.create_future()
        self._asked.append(answer)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await answer
        return answer.done() and not answer.cancelled()

    # On the thread.

    def _stay_connected(self) -> None:
        try:
            while not self._stopping.is_set():
                lasted_s, ending = self._one_connection()
                self._stopping.wait(self._delay.after(lasted_s, ending))
        finally:
            self._tell(self._listener.ended, self)

    def _one_connection(self) -> tuple[float, Ending]:
        """(for how many seconds the broker had accepted it, how it ended)."""
        attempt = _Attempt()
        try:
            client = self._make_client(attempt)
            self.client = client
            client.connect(**connect_arguments(self._settings))
            trouble = self._serve(client, attempt)
        except Exception as error:  # noqa: BLE001 paho, a file or a callback: it ends this attempt, not the thread
            trouble = troubles.why_not(error, self._settings.host, self._settings.port)
        lasted_s = 0.0 if attempt.accepted_at is None else time.monotonic() - attempt.accepted_at
        self._count_short(attempt, lasted_s)
        if self._short >= RIVAL_AFTER:
            attempt.ending, trouble = Ending.TAKEN_OVER, say.perhaps_other_client(times=self._short)
        self._tell(self._listener.lost, self, trouble, attempt.ending)
        return lasted_s, attempt.ending

    def _serve(self, client: mqtt.Client, attempt: _Attempt) -> str:
        """Turn until the connection is over. Returns why it is."""
        place = f"{self._settings.host}:{self._settings.port}"
        while client.loop(timeout=PASS_S) == mqtt.MQTT_ERR_SUCCESS:
            while self._asked:
                self._tell(_set, self._asked.popleft())
            if attempt.accepted_at is None and time.monotonic() - attempt.began > ANSWER_WITHIN_S:
                self.break_off()
                return attempt.goodbye or say.broker_says_nothing(place=place)
        if attempt.accepted_at is None:
            return attempt.goodbye or say.broker_speaks_no_mqtt(place=place)
        return attempt.goodbye or say.broker_lost()

    def _count_short(self, attempt: _Attempt, lasted_s: float) -> None:
        """Connections that the broker took at the first try and ended soon without a word: a second client does that.

        A broker that restarts lets some tries fail in between, or says why it ends the connection. What ends while a
        message is on its way may have been ended by that message, and counts neither way.
        """
        if attempt.accepted_at is not None and self._listener.waiting:
            return
        silent = attempt.ending is Ending.LOST and attempt.goodbye is None
        short = silent and attempt.accepted_at is not None and lasted_s < STEADY_S and not self._stopping.is_set()
        self._short = self._short + 1 if short else 0

    def _make_client(self, attempt: _Attempt) -> mqtt.Client:
        client = new_client(self._certificate.next(), self._will())
        client.max_inflight_messages = IN_FLIGHT
        client.max_queued_messages = 2 * IN_FLIGHT  # paho lets go of a message only after it has told us
        client.on_connect = partial(self._on_connect, attempt)
        client.on_subscribe = partial(self._on_subscribe, attempt)
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = partial(self._on_disconnect, attempt)
        client.on_log = partial(self._on_log, attempt)
        return client

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        """Run ``what`` on the event loop. A loop that has been closed no longer cares."""
        try:
            self._loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:
            self._stopping.set()

    # paho's callbacks. They only hand over, because one that raises ends the connection.

    def _on_connect(
        self, attempt: _Attempt, client: mqtt.Client, userdata: object, flags: object, reason: ReasonCode, more: object
    ) -> None:
        if reason.is_failure:
            attempt.ending, attempt.goodbye = Ending.REFUSED, troubles.refusal(reason)
            return
        attempt.accepted_at = time.monotonic()
        try:
            self._certificate.accepted()
        except OSError as error:
            self._tell(self._listener.troubled, self, f"the new certificate cannot be kept: {error.strerror}")
        if self._stopping.is_set():
            client.disconnect()
            return
        for topic in self._topics:
            _, mid = client.subscribe(self._settings.full_topic(topic), qos=1)
            attempt.subscribed[mid] = topic
        if self._settings.is_sites_own:
            status = self._settings.full_topic(STATUS_TOPIC)  # only what the broker keeps; done without if refused
            client.subscribe(status, qos=0)
            client.unsubscribe(status)
        in_flight = min(IN_FLIGHT, int(getattr(more, "ReceiveMaximum", IN_FLIGHT)))
        limits = BrokerLimits(in_flight, getattr(more, "MaximumPacketSize", None))
        self._tell(self._listener.accepted, self, client, limits)

    def _on_subscribe(
        self,
        attempt: _Attempt,
        client: mqtt.Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        more: object,
    ) -> None:
        topic = attempt.subscribed.pop(mid, None)
        for reason in reasons:
            if reason.is_failure and topic is not None:
                self._tell(self._listener.troubled, self, f"the broker refused the subscription to {topic}: {reason}")

    def _on_publish(
        self, client: mqtt.Client, userdata: object, mid: int, reason: ReasonCode, properties: object
    ) -> None:
        self._tell(self._listener.answered, client, mid, reason.value)

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        topic = self._settings.own_topic(message.topic)
        self._tell(self._listener.heard, topic, bytes(message.payload), bool(message.retain))

    def _on_disconnect(
        self,
        attempt: _Attempt,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        properties: object,
    ) -> None:
        if reason.value == TAKEN_OVER:
            attempt.ending, attempt.goodbye = Ending.TAKEN_OVER, say.other_client()
        elif flags.is_disconnect_packet_from_server:
            attempt.goodbye = f"the broker ended the connection: {reason}"
        elif reason.value == KEEPALIVE_TIMEOUT and attempt.goodbye is None and attempt.accepted_at is not None:
            attempt.goodbye = say.broker_frozen(after_s=2 * self._settings.keepalive_s)

    def _on_log(self, attempt: _Attempt, client: mqtt.Client, userdata: object, level: int, text: str) -> None:
        """paho logs why a read failed and then only says that the connection is gone."""
        if text.startswith("Received malformed packet"):
            attempt.goodbye = say.broker_malformed()
        elif level == mqtt.MQTT_LOG_ERR and attempt.goodbye is None:
            attempt.goodbye = troubles.not_received(text)


def _set(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)
