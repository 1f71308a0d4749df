"""A relay is held only by a connection whose last will leaves it at rest."""

import asyncio
from dataclasses import replace

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.mqtt_settings import MqttSettings
from agent.domain.envelope import Envelope
from agent.domain.topic_relay import TopicRelay
from agent.ports import LinkFailure

LOOK_EVERY_S = 0.02


class RelayLease:
    """A connection for one relay, since a connection has one will. There is one only while the relay is held.

    However it ends, the relay is told to rest: by us when it is stopped, by the broker when it is lost. When it comes
    back it says nothing by itself; a lease that has lapsed is replaced by another one.
    """

    def __init__(self, reach: MqttSettings, relay: TopicRelay, number: int) -> None:
        self._rest = command(relay, relay.rests_on)
        self._is_given_back = False
        own = replace(reach, client_id=f"{reach.site_id}-relay-{number}")
        self._link = MqttLink(own, self._status, topics=())

    @property
    def stands(self) -> bool:
        """False once the connection was lost, also when there is another one."""
        return self._link.connected and self._link.connections == 1

    async def begin(self) -> None:
        """Return when the broker has our will. Raises LinkFailure; the caller says how long that may take."""
        await self._link.start()
        while not self._link.connected:
            if self._link.trouble is not None:
                raise LinkFailure(self._link.trouble)
            await asyncio.sleep(LOOK_EVERY_S)

    async def say(self, envelope: Envelope) -> None:
        """Raises LinkFailure."""
        await self._link.publish(envelope)

    async def end(self, is_given_back: bool) -> None:
        """Let go of the relay, which is told to rest unless it ``is_given_back`` already."""
        self._is_given_back = is_given_back
        await self._link.stop()

    def _status(self, word: str) -> Envelope | None:
        return None if word == "online" or (word == "stopping" and self._is_given_back) else self._rest


def command(relay: TopicRelay, on: bool) -> Envelope:
    """Never retained: the broker would say it again to a relay that comes back a year later."""
    return Envelope(relay.command.topic, relay.payload(on).encode())
