"""Home Assistant is told what has changed, and once more all of it when it has started. When, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.cycles.alarms import Alarms
from agent.cycles.home_orders import HomeOrders
from agent.domain.alarms import AlarmKind
from agent.domain.energy_totals import EnergyTotals
from agent.domain.envelope import Envelope
from agent.domain.sentences.home_assistant import home_assistant_away
from agent.hearing import hear
from agent.home_assistant.discovery import ONLINE, Household, availability, discovery
from agent.home_assistant.states import Known, attributes, states
from agent.ports import Clock, CloudLink, EnvelopeRefused, LinkFailure
from agent.site_view import Outlet

BIRTH_WITHIN_S = 10.0  # a random part of it: all devices of a household hear the same birth
APART_S = 60.0  # between two times that all is told: Home Assistant may restart every minute
DOWN_S = 300.0  # one that restarts, or is updated, is no alarm

Prices = Callable[[datetime], tuple[float | None, float | None]]


@dataclass(slots=True)
class Counts:
    """Since the start: envelopes sent, times that all was told."""

    sent: int = 0
    told: int = 0


class HomeAssistant:
    """Run ``step`` every few seconds and ``listen`` as a task of its own; they do not raise.

    ``energies`` gives those of the last finished minute; ``written`` says that a commit has made them durable.
    ``random`` gives numbers from 0 to below 1.
    """

    def __init__(
        self,
        clock: Clock,
        link: CloudLink,
        home: Household,
        outlet: Outlet,
        alarms: Alarms,
        orders: HomeOrders,
        prices: Prices,
        zone: ZoneInfo,
        random: Callable[[], float],
    ) -> None:
        self._clock, self._link, self._home, self._outlet, self._alarms = clock, link, home, outlet, alarms
        self._orders, self._prices, self._zone, self._random = orders, prices, zone, random
        self._entities = {entity.key: entity for entity in home.entities}
        self._sent: dict[str, tuple[bytes, float]] = {}  # payload by topic, and when it was sent
        self._connection = 0
        self._all_due: float | None = None  # when all is told again
        self._all_told = -APART_S
        self._down_since = clock.monotonic()
        self._refused: dict[str, str] = {}
        self._written: EnergyTotals | None = None
        self.counts = Counts()

    def written(self, energies: EnergyTotals | None) -> None:
        """``energies`` are durable: from now on they may be told."""
        self._written = energies

    async def listen(self) -> None:
        """Take in messages for ever: births of Home Assistant, and orders."""
        await hear(self._link.incoming, self._take)

    async def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic == self._home.birth_topic:
            self._hear_status(payload, retained)
        else:
            self._orders.take(topic, payload, retained)

    async def step(self) -> None:
        """Obey what was ordered, and tell what has changed."""
        self._orders.step()
        if not self._link.connected:
            self._watch(self._link.trouble)
            return
        try:
            if self._is_all_due():
                await self._tell_all()
            await self._tell_changes()
        except LinkFailure as failure:
            self._connection = -1  # all is told with the next connection
            self._watch(str(failure))
        else:
            self._watch(next(iter(self._refused.values()), self._link.trouble))

    def _hear_status(self, payload: bytes, retained: bool) -> None:
        """A status that the broker has kept is older than what was told with the connection."""
        if retained or payload.strip() != ONLINE.encode() or self._all_due is not None:
            return
        now = self._clock.monotonic()
        self._all_due = max(now + BIRTH_WITHIN_S * self._random(), self._all_told + APART_S)

    def _is_all_due(self) -> bool:
        born = self._all_due is not None and self._clock.monotonic() >= self._all_due
        return born or self._connection != self._link.connections

    async def _tell_all(self) -> None:
        connection = self._link.connections
        self._sent.clear()
        self._all_due, self._all_told = None, self._clock.monotonic()
        for envelope in (discovery(self._home), availability(self._home, ONLINE)):
            await self._publish(envelope)
        self._connection = connection
        self.counts.told += 1

    async def _tell_changes(self) -> None:
        for topic, (payload, every_s) in self._payloads().items():
            sent, at = self._sent.get(topic, (None, 0.0))
            if payload != sent and (sent is None or self._clock.monotonic() - at >= every_s):
                await self._publish(Envelope(topic, payload, retain=True))
                self._sent[topic] = payload, self._clock.monotonic()

    def _payloads(self) -> Mapping[str, tuple[bytes, float]]:
        """What each topic should say, and how seldom it changes."""
        terms, now = self._orders.terms, self._clock.now()
        view, prices = self._outlet.view, self._prices(now)
        of_orders = terms.power_w, terms.minutes, self._orders.result
        known = Known(view, now, self._zone, prices, self._written, *of_orders)
        found = {}
        for text, topic in ((states(known), self._home.state_topic), (attributes(known), self._home.attributes_topic)):
            for key, payload in text.items():
                if key in self._entities:
                    found[topic(key)] = payload.encode(), self._entities[key].every_s
        return found

    async def _publish(self, envelope: Envelope) -> None:
        """What the broker refuses is not tried again before it changes; the alarm says so."""
        try:
            await self._link.publish(envelope)
        except EnvelopeRefused as refusal:
            self._refused[envelope.topic] = str(refusal)
        else:
            self._refused.pop(envelope.topic, None)
            self.counts.sent += 1

    def _watch(self, trouble: str | None) -> None:
        """The alarm, once it has lasted, also since before the start; with a connection that works it is over."""
        now = self._clock.monotonic()
        if trouble is None:
            self._down_since = now
            self._alarms.alarm(AlarmKind.HOME_ASSISTANT_AWAY, None)
        elif now - self._down_since >= DOWN_S or self._alarms.stood(AlarmKind.HOME_ASSISTANT_AWAY):
            self._alarms.alarm(AlarmKind.HOME_ASSISTANT_AWAY, home_assistant_away(cause=trouble))
