"""A market's prices that something in the home publishes on the household's broker: taken in now and then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from agent.cycles.alarms import Alarms
from agent.domain.alarms import EventKind
from agent.domain.inputs import MarketInput, Said
from agent.domain.sentence import Sentence, sentence_of
from agent.domain.sentences import prices as say
from agent.ports import Clock, PayloadRefused

EVERY_S = 5.0
MANY = 50  # messages between two steps: more is a flood
REFUSED_EVERY_S = 60.0
SAME_EVERY_S = 3600.0

# Topic, payload and the time at which it is read. Raises PayloadRefused.
ReadMarket = Callable[[str, bytes, datetime], MarketInput]


@dataclass(slots=True)
class _Topic:
    """``newest`` waits to be read, the last of ``many`` that came. ``trouble``: why what came last is not taken."""

    newest: bytes | None = None
    many: int = 0
    is_silent: bool = True  # since the start
    trouble: Sentence | None = None
    told: Sentence | None = None
    told_s: float | None = None


class MarketPrices:
    """Give what comes on a topic to its entry of ``takers`` at once, and run ``step`` every few seconds.

    The newest message of each topic is read, and none before the time is trusted: nobody could tell what is over.
    A refusal changes nothing of what was known. ``take`` says why it refuses prices, or None.
    """

    def __init__(
        self,
        clock: Clock,
        topics: tuple[str, ...],
        read: ReadMarket,
        take: Callable[[Said], str | None],
        alarms: Alarms,
    ) -> None:
        self._clock, self._read, self._take, self._alarms = clock, read, take, alarms
        self._topics = {topic: _Topic() for topic in topics}

    @property
    def takers(self) -> Mapping[str, Callable[[bytes], None]]:
        return {topic: partial(_hear, found) for topic, found in self._topics.items()}

    def troubles(self) -> tuple[str, ...]:
        """One sentence for each topic whose last message was not taken."""
        return tuple(one.trouble for one in self._topics.values() if one.trouble is not None)

    def silences(self) -> tuple[str, ...]:
        """One sentence for each topic on which nothing has come."""
        return tuple(say.market_prices_silent(topic=topic) for topic, one in self._topics.items() if one.is_silent)

    async def step(self) -> None:
        for topic, found in self._topics.items():
            many, found.many = found.many, 0
            if found.newest is not None and self._clock.trusted():
                payload, found.newest = found.newest, None
                self._judge(topic, found, payload)
            if many > MANY:
                self._tell(found, say.too_many_price_messages(topic=topic, within_s=EVERY_S))

    def _judge(self, topic: str, found: _Topic, payload: bytes) -> None:
        try:
            refusal = self._take(self._read(topic, payload, self._clock.now()))
        except PayloadRefused as error:
            refusal = sentence_of(error)
        found.trouble = None
        if refusal is not None:
            found.trouble = say.market_prices_refused(topic=topic, cause=refusal)
            self._tell(found, found.trouble)

    def _tell(self, found: _Topic, text: Sentence) -> None:
        """Once a minute, and the same once an hour: who publishes what is bad does so again and again."""
        now_s = self._clock.monotonic()
        rests_s = SAME_EVERY_S if text == found.told else REFUSED_EVERY_S
        if found.told_s is None or now_s - found.told_s >= rests_s:
            found.told, found.told_s = text, now_s
            self._alarms.note(EventKind.MESSAGE_REFUSED, text)


def _hear(found: _Topic, payload: bytes) -> None:
    found.newest, found.is_silent = payload, False
    found.many += 1
