"""The way to the central platform: one MQTT connection, kept up by a thread of its own.

Every attempt to connect is a new paho client. So nothing waits in paho's memory and is sent twice or all at once after
a return: what was not acknowledged is in the store. The broker keeps our session (client id, clean start off, expiry a
week), so messages sent while we were away arrive.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from random import uniform

from paho.mqtt import client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from agent.domain.envelope import Envelope
from agent.edges.incoming_models import ADVICE_TOPIC, INPUT_TOPICS
from agent.edges.mqtt_settings import MqttSettings, connect_arguments, new_client
from agent.ports import EnvelopeRefused, LinkFailure

IN_FLIGHT = 16
NO_SUBSCRIBERS = 0x10
WAITING_MESSAGES = 1000
STOP_S = 2.0
TAKEN_OVER_PAUSE_S = 60.0
STEADY_S = 60.0
TOPICS = ("down/ack", ADVICE_TOPIC, *INPUT_TOPICS)

StatusEnvelope = Callable[[str], Envelope]


class MqttLink:
    """Implements ``agent.ports.CloudLink``. ``start`` and ``stop`` belong to the event loop that uses it.

    ``status`` builds the envelope for ``online``, ``stopping`` and ``lost``, the last of which is our will.
    ``trouble`` is why there is no connection, in one sentence, or None; ``unheard`` counts envelopes that the broker
    took although nobody had subscribed to them.
    """

    def __init__(self, settings: MqttSettings, status: StatusEnvelope) -> None:
        self._settings = settings
        self._status = status
        self._root = f"ee/1/{settings.site_id}/"
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._messages: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue(WAITING_MESSAGES)
        self._client: mqtt.Client | None = None  # accepted by the broker; belongs to the event loop
        self._attempt: mqtt.Client | None = None  # the newest, accepted or not; written by the thread only
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._gone = asyncio.Event()
        self._greeting: asyncio.Future[None] | None = None
        self._pause_s = 0.0
        self.trouble: str | None = None
        self.unheard = 0
        self.connections = 0

    @property
    def connected(self) -> bool:
        return self._client is not None

    async def start(self) -> None:
        """Begin to connect, and stay connected until ``stop``. Returns at once."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._stay_connected, name="mqtt", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Say ``stopping``, disconnect and end the thread within two seconds, even when the broker has frozen."""
        self._stopping.set()
        try:
            async with asyncio.timeout(STOP_S / 2):
                if self.connected:
                    await self._send(self._status("stopping"))
        except (LinkFailure, TimeoutError):
            pass  # it is said by the will instead
        client = self._attempt
        if client is not None:
            client.disconnect()
        try:
            async with asyncio.timeout(STOP_S / 4):
                await self._gone.wait()
        except TimeoutError:
            _break_off(client)

    async def publish(self, envelope: Envelope) -> None:
        """Raises EnvelopeRefused for a refusal by the broker and LinkFailure when it did not answer."""
        async with self._places:
            await self._send(envelope)

    async def incoming(self) -> tuple[str, bytes, bool]:
        return await self._messages.get()

    async def _send(self, envelope: Envelope) -> None:
        client = self._client
        if client is None:
            raise LinkFailure(self.trouble or "there is no connection to the broker")
        sent = client.publish(self._root + envelope.topic, envelope.payload, qos=1, retain=envelope.retain)
        if sent.rc != mqtt.MQTT_ERR_SUCCESS:
            raise LinkFailure(f"{envelope.topic} was not sent: {mqtt.error_string(sent.rc)}")
        answer = asyncio.get_running_loop().create_future()
        self._answers[sent.mid] = answer
        patience_s = 2 * self._settings.keepalive_s
        try:
            async with asyncio.timeout(patience_s):
                code = await answer
        except TimeoutError:
            self.trouble = f"the broker did not acknowledge within {patience_s} s"
            _break_off(client)
            raise LinkFailure(self.trouble) from None
        finally:
            self._answers.pop(sent.mid, None)
        if code >= 0x80:
            raise EnvelopeRefused(code, f"the broker refused {envelope.topic} with code 0x{code:02x}")
        self.unheard += code == NO_SUBSCRIBERS

    # The thread: connect, loop, say that it is over, wait, again.

    def _stay_connected(self) -> None:
        longest_s = 0.0
        while not self._stopping.is_set():
            lasted_s = self._one_connection()
            longest_s = longest_pause(longest_s, lasted_s, self._settings.longest_pause_s)
            # Full jitter: a thousand sites that lost their broker together do not come back together.
            self._stopping.wait(max(self._pause_s, uniform(0.0, longest_s)))
        self._tell(self._gone.set)

    def _one_connection(self) -> float:
        """One client from its making to its end. Returns for how many seconds the broker had accepted it."""
        self._pause_s = 0.0
        began = time.monotonic()
        accepted = threading.Event()
        trouble = None
        try:
            client = self._make_client(accepted)
            self._attempt = client
            client.connect(**connect_arguments(self._settings))
            while client.loop(timeout=1.0) == mqtt.MQTT_ERR_SUCCESS:
                pass
        except Exception as error:  # whatever paho or a file raises ends this attempt, not the thread
            trouble = f"{self._settings.host}:{self._settings.port}: {error or type(error).__name__}"
        self._tell(self._lost, trouble)
        return time.monotonic() - began if accepted.is_set() else 0.0

    def _make_client(self, accepted: threading.Event) -> mqtt.Client:
        will = self._status("lost")
        client = new_client(self._settings, self._root + will.topic, will.payload)
        client.on_connect = partial(self._on_connect, accepted)
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        """Run ``what`` on the event loop. A loop that has been closed no longer cares."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:
            self._stopping.set()

    # paho's callbacks, on the thread. They only hand over, because one that raises would end the connection.

    def _on_connect(
        self,
        accepted: threading.Event,
        client: mqtt.Client,
        userdata: object,
        flags: object,
        reason: ReasonCode,
        properties: object,
    ) -> None:
        if reason.is_failure:
            self._tell(self._set_trouble, f"the broker refused the connection: {reason}")
            return
        accepted.set()
        if self._stopping.is_set():
            client.disconnect()
            return
        for topic in TOPICS:
            client.subscribe(self._root + topic, qos=1)
        self._tell(self._accepted, client)

    def _on_subscribe(
        self, client: mqtt.Client, userdata: object, mid: int, reasons: list[ReasonCode], properties: object
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                self._tell(self._set_trouble, f"the broker refused a subscription: {reason}")

    def _on_publish(
        self, client: mqtt.Client, userdata: object, mid: int, reason: ReasonCode, properties: object
    ) -> None:
        self._tell(self._answer, client, mid, reason.value)

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        topic = message.topic.removeprefix(self._root)
        self._tell(self._take, topic, bytes(message.payload), bool(message.retain))

    def _on_disconnect(
        self, client: mqtt.Client, userdata: object, flags: object, reason: ReasonCode, properties: object
    ) -> None:
        if reason.value == 0x8E:
            self._pause_s = TAKEN_OVER_PAUSE_S
            self._tell(self._set_trouble, "another client has connected with this site's id")

    # What the thread hands over, on the event loop.

    def _accepted(self, client: mqtt.Client) -> None:
        self._client = client
        self.trouble = None
        self.connections += 1
        self._greeting = asyncio.ensure_future(self._say_online())

    async def _say_online(self) -> None:
        try:
            await self._send(self._status("online"))
        except LinkFailure as failure:
            self.trouble = f"up/status could not be published: {failure}"

    def _lost(self, trouble: str | None) -> None:
        self._client = None
        self.trouble = trouble or self.trouble or "the connection to the broker was lost"
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkFailure(self.trouble))

    def _set_trouble(self, trouble: str) -> None:
        self.trouble = trouble

    def _answer(self, client: mqtt.Client, mid: int, code: int) -> None:
        answer = self._answers.get(mid)
        if client is self._client and answer is not None and not answer.done():
            answer.set_result(code)

    def _take(self, topic: str, payload: bytes, retain: bool) -> None:
        if self._messages.full():
            self._messages.get_nowait()  # the oldest: inputs and acknowledgements replace their predecessors
        self._messages.put_nowait((topic, payload, retain))


def longest_pause(before_s: float, lasted_s: float, most_s: float) -> float:
    """The upper end of the next pause, s: it doubles until a connection has lasted a minute.

    One that ends at once is no success: two clients with one id would throw each other out for ever.
    """
    return min(1.0 if lasted_s >= STEADY_S else max(1.0, 2.0 * before_s), most_s)


def _break_off(client: mqtt.Client | None) -> None:
    """Cut the connection, which wakes the thread up."""
    sock = None if client is None else client.socket()
    if isinstance(sock, socket.socket):
        with suppress(OSError):  # it was gone already
            sock.shutdown(socket.SHUT_RDWR)
