"""The relays of a site that are switched by topics of the household's MQTT broker."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from agent.adapters.devices.relay_memory import RelayMemory
from agent.adapters.mqtt.heard_relay import MOST_BYTES, HeardRelay
from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.adapters.mqtt.relay_lease import RelayLease, command
from agent.domain.envelope import Envelope
from agent.domain.sentences import relays as say
from agent.domain.topic_relay import TopicRelay
from agent.hearing import hear
from agent.ports import LinkFailure
from agent.switch_ports import Switches, SwitchFailure

ANSWER_WITHIN_S = 5.0
QUERY_AFTER_S = 1.0  # without an answer to a command
SETTLE_S = 2.0  # after a connection: what the broker has kept comes first


@dataclass(slots=True)
class _OwnRelay:
    """One relay. There is a ``lease`` while it is held away from its rest."""

    relay: TopicRelay
    number: int
    heard: HeardRelay
    lease: RelayLease | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class TopicRelays:
    """Implements ``agent.switch_ports.Switches``; what is no relay of its own is asked of ``others``.

    One connection, ``link``, listens to all of them, and may do so for others. ``reach`` says where the broker is; no
    session is kept there. ``memory`` outlives us and the broker.
    """

    def __init__(
        self,
        reach: MqttSettings,
        relays: Sequence[TopicRelay],
        others: Switches,
        monotonic: Callable[[], float],
        memory: RelayMemory,
    ) -> None:
        self._reach, self._others, self._monotonic, self._memory = reach, others, monotonic, memory
        self._own = {
            relay.name: _OwnRelay(relay, number, HeardRelay(relay)) for number, relay in enumerate(relays, start=1)
        }
        settings = replace(reach, client_id=f"{reach.site_id}-relays", most_bytes=reach.most_bytes or MOST_BYTES)
        topics = dict.fromkeys(topic for relay in relays for topic in relay.topics)
        self.link = MqttLink(settings, self._greet, topics=tuple(topics))
        self._since_s = monotonic()
        self._listening: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, and stay connected until ``stop``. Returns at once."""
        await self.link.start()
        self._listening = asyncio.create_task(hear(self.link.incoming, self._take))

    async def stop(self) -> None:
        """Every relay that is still held is told to rest."""
        for task in (self._listening, self._asking):
            if task is not None:
                task.cancel()
        held = [own.lease for own in self._own.values() if own.lease is not None]
        await asyncio.gather(*(lease.end(is_given_back=False) for lease in held), self.link.stop())

    # The port.

    def is_on(self, name: str, stale_s: float) -> bool | None:
        own = self._own.get(name)
        if own is None:
            return self._others.is_on(name, stale_s)
        return own.heard.on(self._monotonic()) if self.link.connected else None

    def trouble(self, name: str) -> str | None:
        own = self._own.get(name)
        if own is None:
            return self._others.trouble(name)
        if not self.link.connected:
            return say.relay_broker_away(cause=self.link.trouble or say.relay_not_connected())
        found = own.heard.trouble(self._monotonic())
        return None if found is None else self.link.trouble or found

    def takes_orders(self, name: str) -> bool:
        own = self._own.get(name)
        if own is None:
            return self._others.takes_orders(name)
        has_settled = self._monotonic() - self._since_s >= SETTLE_S
        return self.link.connected and has_settled and not own.heard.is_gone

    def holds(self, name: str, on: bool) -> bool:
        own = self._own.get(name)
        if own is None:
            return self._others.holds(name, on)
        if on is own.relay.rests_on:
            return own.lease is None
        return own.lease is not None and own.lease.stands

    def is_owed_rest(self, name: str) -> bool:
        """What a process before us has held was told to rest by the broker, unless that was gone, too."""
        own = self._own.get(name)
        if own is None:
            return self._others.is_owed_rest(name)
        return own.lease is not None or self._memory.is_owed(name)

    async def switch(self, name: str, on: bool) -> None:
        own = self._own.get(name)
        if own is None:
            await self._others.switch(name, on)
            return
        if not self.link.connected or own.heard.is_gone:
            if on is own.relay.rests_on:
                await self._rest_unheard(own)
            raise SwitchFailure(self.trouble(name))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S), own.turn:
                await self._tell(own, on)
                await self._see(own, on)
        except LinkFailure as failure:
            raise SwitchFailure(*failure.args) from failure
        except TimeoutError:
            not_seen = say.relay_did_not_go_on if on else say.relay_did_not_go_off
            raise SwitchFailure(not_seen(topic=own.relay.state.topic, within_s=ANSWER_WITHIN_S)) from None
        if on is own.relay.rests_on:
            await self.let_go(name)

    async def renew(self, name: str, on: bool) -> None:
        own = self._own.get(name)
        if own is None:
            await self._others.renew(name, on)
        elif own.lease is not None:
            with suppress(LinkFailure, TimeoutError):  # a lease that is lost shows by itself
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await own.lease.say(command(own.relay, on))
                    await self._ask(own)

    async def let_go(self, name: str) -> None:
        own = self._own.get(name)
        if own is None:
            await self._others.let_go(name)
            return
        self._memory.ended(name)
        if own.lease is not None:
            lease, own.lease = own.lease, None
            await lease.end(is_given_back=True)

    # What it is told and what it says.

    async def _tell(self, own: _OwnRelay, on: bool) -> None:
        if on is own.relay.rests_on:
            # Where it was held, behind what was said there: the broker may not have taken that in yet.
            lease = own.lease
            way = lease.say if lease is not None and lease.stands else self.link.publish
            await way(command(own.relay, on))
            return
        await self._memory.told(own.relay.name, on)
        if own.lease is not None and not own.lease.stands:
            lapsed, own.lease = own.lease, None
            await lapsed.end(is_given_back=True)
        if own.lease is None:
            lease = RelayLease(self._reach, own.relay, own.number)
            try:
                await lease.begin()
            except BaseException:
                await lease.end(is_given_back=True)  # nothing was told yet
                raise
            own.lease = lease
        await own.lease.say(command(own.relay, on))

    async def _rest_unheard(self, own: _OwnRelay) -> None:
        """The lease has a connection of its own: it tells the relay to rest though nobody hears whether it does."""
        async with own.turn:
            lease, own.lease = own.lease, None
            if lease is not None:
                await lease.end(is_given_back=False)

    async def _see(self, own: _OwnRelay, on: bool) -> None:
        """Return when it says that it is ``on``. One that does not say so by itself is asked once."""
        patience_s = None if own.relay.query is None else QUERY_AFTER_S
        while own.heard.on(self._monotonic()) is not on:
            own.changed.clear()
            try:
                async with asyncio.timeout(patience_s):
                    await own.changed.wait()
            except TimeoutError:
                patience_s = None
                await self._ask(own)

    async def _ask(self, own: _OwnRelay) -> None:
        if own.relay.query is not None:
            topic, payload = own.relay.query
            await self.link.publish(Envelope(topic, payload.encode()))

    def _greet(self, word: str) -> None:
        """A connection begins: all that was said before it is forgotten, and asked for. The broker is told nothing."""
        if word == "online":
            self._since_s = self._monotonic()
            for own in self._own.values():
                own.heard.forget()
            self._asking = asyncio.create_task(self._ask_all())

    async def _ask_all(self) -> None:
        for own in self._own.values():
            with suppress(LinkFailure):  # they are asked again with the next connection
                await self._ask(own)

    async def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        for own in self._own.values():
            own.heard.hear(topic, payload, retained, self._monotonic())
            own.changed.set()
