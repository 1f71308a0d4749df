"""The way of a market's prices from the household's MQTT broker. Loaded where a tariff has a topic.

Whatever goes wrong here touches neither control nor the way to the platform.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from agent.adapters.mqtt.mqtt_link import MqttLink
from agent.adapters.mqtt.price_message import read_market
from agent.cycles.alarms import Alarms
from agent.cycles.inputs import TakeInputs
from agent.cycles.market_prices import EVERY_S, MarketPrices
from agent.domain.inputs import MarketInput
from agent.domain.sentences import prices as say
from agent.domain.sentences import relays
from agent.household_broker import PRICES_MOST_BYTES, reach
from agent.ports import Clock
from agent.settings.schema import Settings


@dataclass(slots=True)
class PriceBridge:
    """Built and not yet running: ``start``, then the cycle's ``step`` again and again, then ``stop``.

    A ``link`` that is not our own is the relays', and is started and stopped by them.
    """

    topics: tuple[str, ...]
    cycle: MarketPrices
    link: MqttLink
    is_own: bool
    every_s: float = EVERY_S

    async def start(self) -> None:
        if self.is_own:
            await self.link.start()

    async def stop(self) -> None:
        if self.is_own:
            await self.link.stop()

    def troubles(self) -> tuple[str, ...]:
        """A sentence for everything for which no newer prices come."""
        return (*self.cycle.troubles(), *(self._away() or self.cycle.silences()))

    def _away(self) -> tuple[str, ...]:
        cause = self.link.trouble or relays.relay_not_connected()
        if self.link.connected and not any(topic in cause for topic in self.topics):  # none of ours was refused
            return ()
        return (say.market_prices_away(topic=", ".join(self.topics), cause=cause),)


def connect_prices(
    settings: Settings, clock: Clock, inputs: TakeInputs, alarms: Alarms, shared: MqttLink | None
) -> PriceBridge:
    """The way of the site file's price topics, not yet connected. ``shared``: the relays' connection, not started."""
    section, topics = settings.household_broker, settings.price_topics
    assert section is not None
    read = partial(_read, settings.site.currency)
    cycle = MarketPrices(clock, topics, read, inputs.take, alarms)
    own = replace(
        reach(section, settings.site.id), client_id=f"{settings.site.id}-prices", most_bytes=PRICES_MOST_BYTES
    )
    link = MqttLink(own, lambda _word: None, topics=()) if shared is None else shared
    link.hear_at_once(cycle.takers)
    return PriceBridge(topics, cycle, link, shared is None)


def _read(currency: str, topic: str, payload: bytes, now: datetime) -> MarketInput:
    return read_market(topic, payload, now, currency)
