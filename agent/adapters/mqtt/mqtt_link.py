"""The way to the central platform: one MQTT connection, kept up by a thread of its own.

The broker keeps our session (client id, clean start off, expiry a week), so messages sent while we were away arrive.
The link asks its thread now and then whether it still turns; one that does not is replaced.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import random

from paho.mqtt import client as mqtt

from agent.adapters.mqtt.incoming_messages import COMMAND_TOPICS, INPUT_TOPICS, NOTICE_TOPIC
from agent.adapters.mqtt.mqtt_settings import MqttSettings, publish_properties
from agent.adapters.mqtt.mqtt_thread import IN_FLIGHT, BrokerLimits, NetworkThread
from agent.adapters.mqtt.own_status import STATUS_TOPIC, OwnStatus
from agent.adapters.mqtt.reconnect_delay import Ending, ReconnectDelay
from agent.domain.envelope import Envelope
from agent.domain.sentence import sentence_of
from agent.domain.sentences import link as say
from agent.ports import EnvelopeRefused, LinkFailure

NO_SUBSCRIBERS, PACKET_TOO_LARGE = 0x10, 0x95
HEAD_BYTES = 16  # of a PUBLISH without its topic, at most
WAITING_MESSAGES = 1000
STOP_S = 2.0
PROBE_EVERY_S = 5.0
PROBE_PATIENCE_S = 8.0  # of a thread whose pass lasts a second
TOPICS = ("down/ack", "down/model", "down/desired", *COMMAND_TOPICS, *INPUT_TOPICS, NOTICE_TOPIC)
HANDED_OUT_EVERY_S = 0.01  # what a flood may cost the event loop

StatusEnvelope = Callable[[str], Envelope | None]


class MqttLink:
    """Implements ``agent.ports.CloudLink``. ``start`` and ``stop`` belong to the event loop that uses it.

    ``status`` builds the envelope for ``online``, ``stopping`` and ``lost``, the last of which is our will; None says
    nothing. ``topics`` are subscribed to.
    ``trouble`` is why there is no connection, in one sentence, or None; ``rival`` is the sentence about another client
    with our id, until a connection has been accepted again; ``unheard`` counts envelopes that the broker took although
    nobody had subscribed to them, ``rebuilt`` threads that had to be replaced, ``dropped`` messages that came faster
    than they could be taken in.
    """

    def __init__(
        self,
        settings: MqttSettings,
        status: StatusEnvelope,
        random: Callable[[], float] = random,
        topics: tuple[str, ...] = TOPICS,
    ) -> None:
        self._settings = settings
        self._status, self._topics = status, topics
        self._takers: Mapping[str, Callable[[bytes], None]] = {}
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._most_bytes: int | None = None
        self._answers: dict[int, asyncio.Future[int | None]] = {}  # None: the connection ended before
        self._messages: asyncio.Queue[tuple[str, bytes, bool]] = asyncio.Queue(WAITING_MESSAGES)
        self._client: mqtt.Client | None = None  # accepted by the broker
        self._thread: NetworkThread | None = None
        self._delay = ReconnectDelay(random, settings.longest_pause_s, settings.apart_s)
        self._own_status = OwnStatus()
        self._gone = asyncio.Event()
        self._greeting: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None
        self.trouble: str | None = None
        self.rival: str | None = None
        self.unheard = 0
        self.connections = 0
        self.rebuilt = 0
        self.dropped = 0

    @property
    def connected(self) -> bool:
        return self._client is not None

    def hear_at_once(self, takers: Mapping[str, Callable[[bytes], None]]) -> None:
        """From the start on, subscribe to these topics as well. What comes there is for its taker and never queues."""
        self._takers = takers

    async def start(self) -> None:
        """Begin to connect, and stay connected until ``stop``. Returns at once."""
        self._thread = self._new_thread()
        self._thread.start()
        self._probing = asyncio.create_task(self._probe())

    async def stop(self) -> None:
        """Say ``stopping``, disconnect and end the thread within two seconds, even when the broker has frozen."""
        thread = self._thread
        if thread is None:
            return
        if self._probing is not None:
            self._probing.cancel()
        thread.end()
        with suppress(LinkFailure, TimeoutError):  # it is said by the will instead
            async with asyncio.timeout(STOP_S / 2):
                status = self._status("stopping")
                if self.connected and status is not None:
                    await self._send(status)
        thread.disconnect()
        try:
            async with asyncio.timeout(STOP_S / 4):
                await self._gone.wait()
        except TimeoutError:
            thread.break_off()

    def reconnect(self) -> None:
        """End the connection; another one is made at once, with the files as they are now."""
        if self._thread is not None:
            self._thread.leave()

    async def publish(self, envelope: Envelope) -> None:
        """Raises EnvelopeRefused for a refusal by the broker and LinkFailure when it did not answer."""
        async with self._places:
            await self._send(envelope)

    async def incoming(self) -> tuple[str, bytes, bool]:
        """The next message; no more than a hundred a second, so that a flood of them leaves the loop to control."""
        await asyncio.sleep(HANDED_OUT_EVERY_S)
        return await self._messages.get()

    async def _send(self, envelope: Envelope) -> None:
        client = self._client
        if client is None:
            raise LinkFailure(self.trouble or say.not_connected())
        topic = self._settings.full_topic(envelope.topic)
        size = len(envelope.payload) + len(topic) + len(envelope.correlation or b"") + HEAD_BYTES
        if self._most_bytes is not None and size > self._most_bytes:
            told = say.envelope_too_large(topic=envelope.topic, counted=size, most=self._most_bytes)
            raise EnvelopeRefused(PACKET_TOO_LARGE, told)
        more = publish_properties(self._settings, envelope)
        sent = client.publish(topic, envelope.payload, qos=1, retain=envelope.retain, properties=more)
        if sent.rc != mqtt.MQTT_ERR_SUCCESS:
            raise LinkFailure(say.envelope_not_sent(topic=envelope.topic, cause=mqtt.error_string(sent.rc)))
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._answers[sent.mid] = answer
        patience_s = 2 * self._settings.keepalive_s
        try:
            async with asyncio.timeout(patience_s):
                code = await answer
        except TimeoutError:
            raise LinkFailure(self._give_up(client, patience_s)) from None
        finally:
            self._answers.pop(sent.mid, None)
        if code is None:
            raise LinkFailure(self.trouble or say.broker_lost())
        if code >= 0x80:
            raise EnvelopeRefused(code, say.envelope_refused(topic=envelope.topic, reason=f"0x{code:02x}"))
        self.unheard += code == NO_SUBSCRIBERS

    def _give_up(self, client: mqtt.Client, patience_s: float) -> str:
        """Break off the connection that did not acknowledge. Returns the trouble."""
        trouble = say.broker_frozen(after_s=patience_s)
        if client is self._client and self._thread is not None:
            self.trouble = trouble
            self._thread.break_off()
        return trouble

    # The thread and its replacement.

    def _new_thread(self) -> NetworkThread:
        topics = tuple(dict.fromkeys((*self._topics, *self._takers)))
        return NetworkThread(self._settings, lambda: self._status("lost"), topics, self, self._delay)

    async def _probe(self) -> None:
        """See within 15 s that the thread is dead, or that it hangs while it has a connection; take a new one then.

        Without a connection the thread may wait for a name server, or for its next try.
        """
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            thread = self._thread
            assert thread is not None
            if thread.alive() and (not self.connected or await thread.turns(PROBE_PATIENCE_S) or not self.connected):
                continue
            self.rebuilt += 1
            thread.end()
            thread.break_off()
            self.lost(thread, say.network_thread_replaced(), Ending.LOST)
            self._gone.clear()
            self._thread = self._new_thread()
            self._thread.start()

    # What the thread hands over (``mqtt_thread.Listener``).

    @property
    def waiting(self) -> int:
        return len(self._answers)

    def accepted(self, thread: NetworkThread, client: mqtt.Client, limits: BrokerLimits) -> None:
        if thread is not self._thread:
            return
        self._client = client
        self._places, self._most_bytes = asyncio.Semaphore(limits.in_flight), limits.packet_bytes
        self.trouble = self.rival = None
        self.connections += 1
        self._greeting = asyncio.create_task(self._say_online())

    async def _say_online(self) -> None:
        status = self._status("online")
        if status is None:
            return
        try:
            await self._send(status)
            if self._settings.is_sites_own:
                self._own_status.said(status.payload)
        except LinkFailure as failure:
            self.trouble = say.status_not_published(topic=status.topic, cause=sentence_of(failure))

    def lost(self, thread: NetworkThread, trouble: str, ending: Ending) -> None:
        if thread is not self._thread:
            return
        if trouble != say.broker_lost() or self.trouble is None:  # else a sentence that says more stands already
            self.trouble = trouble
        self._client = None
        if ending is Ending.TAKEN_OVER:
            self.rival = trouble
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(None)  # an exception in a future would keep the client alive by its traceback

    def troubled(self, thread: NetworkThread, trouble: str) -> None:
        if thread is self._thread:
            self.trouble = trouble

    def answered(self, client: mqtt.Client, mid: int, code: int) -> None:
        answer = self._answers.get(mid)
        if client is self._client and answer is not None and not answer.done():
            answer.set_result(code)

    def heard(self, topic: str, payload: bytes, retain: bool) -> None:
        if topic == STATUS_TOPIC and self._settings.is_sites_own:
            if self._own_status.is_of_another(payload):
                self.rival = say.other_client()
            return
        take = self._takers.get(topic)
        if take is not None:
            take(payload)
            if topic not in self._topics:
                return
        if self._messages.full():
            self._messages.get_nowait()  # the oldest: inputs and acknowledgements replace their predecessors
            self.dropped += 1
        self._messages.put_nowait((topic, payload, retain))

    def ended(self, thread: NetworkThread) -> None:
        if thread is self._thread:
            self._gone.set()
