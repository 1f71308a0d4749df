"""One site of the fleet: the product's sync, envelopes and MQTT link, on a store in memory."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import random
from uuid import uuid4

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.cycles.listening import Listening, Takers
from agent.cycles.sync import Sync
from agent.cycles.sync_rules import SyncRules
from agent.domain.alarms import EventKind
from agent.domain.envelope import Envelope
from agent.platform import SYNC_EVERY_S
from agent.recording.pending_writes import PendingWrites
from agent.site_view import Outlet
from demo.fleet.fast_clock import FastClock
from demo.fleet.light_store import LightStore
from demo.fleet.site_day import SiteMinute, live_state, plan_at

PLAN_EVERY = timedelta(minutes=15)
HEAD_BYTES = (
    9  # of a PUBLISH of a few hundred bytes by MQTT 5: type, length, length of the topic, packet id, properties
)


def _nothing(_: object) -> None:
    """A light site obeys nobody and steers nothing."""


class CountedLink:
    """Implements ``agent.ports.CloudLink``: the product's link, with what passed it by topic (messages, bytes)."""

    def __init__(self, link: MqttLink, root: str) -> None:
        self._link, self._root_bytes = link, len(root)
        self.messages: Counter[str] = Counter()
        self.octets: Counter[str] = Counter()

    @property
    def connected(self) -> bool:
        return self._link.connected

    @property
    def connections(self) -> int:
        return self._link.connections

    @property
    def trouble(self) -> str | None:
        return self._link.trouble

    async def publish(self, envelope: Envelope) -> None:
        await self._link.publish(envelope)
        self._count(envelope.topic, len(envelope.payload))

    async def incoming(self) -> tuple[str, bytes, bool]:
        topic, payload, retained = await self._link.incoming()
        self._count(topic, len(payload))
        return topic, payload, retained

    def _count(self, topic: str, payload_bytes: int) -> None:
        self.messages[topic] += 1
        self.octets[topic] += HEAD_BYTES + self._root_bytes + len(topic) + payload_bytes


class LightSite:
    """``run`` is a task; cancel it and then call ``stop``."""

    def __init__(self, reach: MqttSettings, clock: FastClock, day: list[SiteMinute], offset: int) -> None:
        self.site_id = reach.site_id
        self._clock, self._day = clock, day
        self._pending, self._outlet = PendingWrites(), Outlet()
        self.store = LightStore(clock, day, offset)
        self._payloads = JsonPayloads(reach.site_id, uuid4().hex[:12])
        self.link = MqttLink(reach, lambda word: self._payloads.status(word, clock.now()))
        self.counted = CountedLink(self.link, f"ee/1/{reach.site_id}/")
        wire = (clock, self.store, self.counted, self._payloads, self._pending)
        self.sync = Sync(*wire, self._outlet, lambda: {"version": "fleet"}, SyncRules())
        takers = Takers(_nothing, _nothing, _nothing, _nothing)
        self._listening = Listening(clock, self.counted, self._payloads, self._pending, self.sync, takers)
        self._plan_at = clock.now() - random() * PLAN_EVERY

    async def run(self, wait_s: float) -> None:
        """Connect after ``wait_s`` seconds; then measure, keep and send, for ever."""
        await asyncio.sleep(wait_s)
        self._pending.event(self._clock.now(), EventKind.STARTED.value, "info", "the agent has started")
        await self.link.start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listening.listen())
            tasks.create_task(self._step())

    async def stop(self) -> None:
        await self.link.stop()

    async def _step(self) -> None:
        await asyncio.sleep(SYNC_EVERY_S * random())
        while True:
            self._measure()
            await self.sync.step()
            await self.store.write(self._pending.take(self._clock.now()))
            await asyncio.sleep(SYNC_EVERY_S)

    def _measure(self) -> None:
        now, minute = self._clock.now(), self.store.minute_of_day()
        view = replace(self._outlet.view, state=live_state(self._day[minute], now))
        if now - self._plan_at >= PLAN_EVERY:
            self._plan_at = max(self._plan_at + PLAN_EVERY, now - PLAN_EVERY)
            view = replace(view, plan=plan_at(self._day, minute, now))
        self._outlet.show(view)
