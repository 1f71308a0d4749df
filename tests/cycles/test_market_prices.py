"""A market's prices by topic: kept, waiting for the clock, and what is bad changes nothing and is told seldom."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from agent.adapters.mqtt.incoming_messages import parse_input
from agent.adapters.mqtt.price_message import read_market
from agent.cycles.inputs import TakeInputs
from agent.cycles.market_prices import MANY, MarketPrices
from agent.domain.horizon import Horizon
from agent.domain.inputs import MarketInput, TariffInput
from agent.domain.request import Objective, Place
from agent.domain.site import Connection
from agent.domain.tariff import Dynamic, Flat, PriceList
from agent.site_conditions.site_conditions import SiteConditions
from tests.cycles.hearing import Hearing

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = PriceList(NOW, 3600, ())
TOPIC, OTHER = "energy/day-ahead", "energy/feed-in"


@dataclass
class Time:
    """A clock whose word may be doubted."""

    at: datetime = NOW
    passed_s: float = 0.0
    believed: bool = True

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep(self, seconds: float) -> None: ...

    def trusted(self) -> bool:
        return self.believed


def conditions() -> SiteConditions:
    bought, sold = Dynamic(NOTHING, 1.25, Flat(0.1), TOPIC), Dynamic(NOTHING, 1.0, Flat(-0.01), OTHER)
    return SiteConditions(bought, sold, 0.0, Connection(), Objective(), Place(51.5, 0.0, "Europe/London"))


@dataclass
class Scene:
    clock: Time = field(default_factory=Time)
    conditions: SiteConditions = field(default_factory=conditions)

    def __post_init__(self) -> None:
        self.hearing = Hearing(self.clock)
        self.inputs = TakeInputs(self.conditions, self.clock, self.hearing.pending.keep, self.hearing.alarms)
        read = lambda topic, payload, now: read_market(topic, payload, now, "EUR")  # noqa: E731
        self.cycle = MarketPrices(self.clock, (TOPIC, OTHER), read, self.inputs.take, self.hearing.alarms)

    def say(self, *prices: object, topic: str = TOPIC, start: datetime = NOW) -> None:
        """A price an hour from ``start`` on."""
        hours = [
            {"start": (start + index * HOUR).isoformat(), "price_per_kwh": one} for index, one in enumerate(prices)
        ]
        self.publish(json.dumps(hours).encode(), topic)

    def publish(self, payload: bytes, topic: str = TOPIC) -> None:
        self.cycle.takers[topic](payload)

    async def step(self, after_s: float = 5.0) -> None:
        self.clock.passed_s += after_s
        self.clock.at += timedelta(seconds=after_s)
        await self.cycle.step()

    @property
    def told(self) -> list[str]:
        return [text for _, _, text in self.hearing.told]

    def import_price(self, hours: float = 0.5) -> float | None:
        return self.conditions.known_at(NOW + hours * HOUR)[0]


async def test_they_are_the_markets_of_import_and_of_export() -> None:
    scene = Scene()
    scene.say(0.2, 0.4)
    scene.say(0.05, 0.06, topic=OTHER)
    await scene.step()
    assert scene.conditions.known_at(NOW + HOUR) == (pytest.approx(0.6), pytest.approx(0.05))
    assert scene.told == []


async def test_a_topic_that_says_nothing_is_told_of_until_it_does() -> None:
    scene = Scene()
    scene.say(0.2, 0.4)
    assert scene.cycle.silences() == (f"nothing has come on {OTHER} since the start",)
    scene.publish(b"[", OTHER)
    assert scene.cycle.silences() == ()


async def test_one_topic_may_serve_both() -> None:
    scene = Scene()
    scene.conditions.export_tariff = Dynamic(NOTHING, 0.9, Flat(0.0), TOPIC)
    scene.say(0.2, 0.4)
    await scene.step()
    assert scene.conditions.known_at(NOW) == (pytest.approx(0.35), pytest.approx(0.18))


async def test_a_new_day_joins_what_was_known_and_a_correction_replaces_it() -> None:
    scene = Scene()
    scene.say(*[0.2] * 12)
    await scene.step()
    scene.say(*[0.4] * 24, start=NOW + 12 * HOUR)
    await scene.step()
    assert [scene.import_price(hour) for hour in (1, 11, 13, 35, 36)] == pytest.approx([0.35, 0.35, 0.6, 0.6, None])
    scene.say(0.3, 0.3)
    await scene.step()
    assert [scene.import_price(hour) for hour in (1, 2)] == pytest.approx([0.475, 0.35])
    curves = scene.conditions.curves(Horizon(NOW, 3600, 40))
    assert curves is not None
    assert curves.import_price[30] == pytest.approx(0.6)
    assert any("import price" in note for note in curves.notes), "what nobody has said is guessed and told"


async def test_the_platforms_prices_stand_above_them() -> None:
    scene = Scene()
    scene.say(0.2, 0.2)
    await scene.step()
    assert scene.inputs.take(TariffInput(NOW, NOW, 3600, (0.4,), None)) is None
    assert [scene.import_price(hour) for hour in (0, 1)] == pytest.approx([0.6, 0.35])


async def test_they_count_for_no_other_tariff_or_topic() -> None:
    scene = Scene()
    scene.say(0.2, 0.2)
    await scene.step()
    scene.conditions.import_tariff = Flat(0.28)
    assert scene.import_price() == 0.28
    scene.conditions.import_tariff = Dynamic(NOTHING, 1.25, Flat(0.1), "another")
    assert scene.import_price() is None


BAD = [b"", b"[", b"[]", b" " * 70_000, b'[{"start":"2026-03-17T12:00:00","price_per_kwh":0.1}]', b'{"price":1}']


@pytest.mark.parametrize("payload", BAD)
async def test_what_is_bad_changes_nothing_and_is_told_once(payload: bytes) -> None:
    scene = Scene()
    scene.say(0.2, 0.4)
    await scene.step()
    before = scene.conditions.said
    for _ in range(100):
        scene.publish(payload)
        await scene.step(20.0)
    assert scene.conditions.said == before
    (told,) = scene.told
    assert told.startswith(f"the prices on {TOPIC} are not taken: ")
    assert scene.cycle.troubles() == (told,)
    scene.say(0.3, 0.3)
    await scene.step()
    assert (scene.cycle.troubles(), scene.import_price()) == ((), pytest.approx(0.475))


async def test_another_reason_is_told_after_a_minute_and_the_same_after_an_hour() -> None:
    scene = Scene()
    for payload, after_s, many in ((b"[", 5, 1), (b"[]", 5, 1), (b"[]", 60, 2), (b"[]", 1800, 2), (b"[]", 1800, 3)):
        scene.publish(payload)
        await scene.step(after_s)
        assert len(scene.told) == many


async def test_of_a_flood_the_newest_is_read_and_it_is_told_once() -> None:
    scene = Scene()
    for step in range(20):
        for _ in range(MANY):
            scene.publish(b"[")
        scene.say(0.2 + step / 100, 0.2)
        await scene.step()
        assert scene.import_price() == pytest.approx(1.25 * (0.2 + step / 100) + 0.1)
    (told,) = scene.told
    assert told == f"so many messages come on {TOPIC} that only the newest of each 5 s is read"


async def test_while_the_clock_is_not_trusted_the_newest_waits() -> None:
    scene = Scene(Time(datetime(1970, 1, 1, tzinfo=UTC), believed=False))
    for _ in range(2 * MANY):
        scene.say(0.1, 0.1)
        await scene.step()
    scene.say(0.2, 0.2)
    await scene.step()
    assert scene.conditions.said.markets == ()
    assert scene.told == []
    scene.clock.at, scene.clock.believed = NOW, True
    await scene.step()
    assert scene.import_price() == pytest.approx(0.35)


@dataclass
class Kept:
    """A store that holds these documents."""

    documents: Mapping[str, str]

    async def kept(self, name: str) -> str | None:
        return self.documents.get(name)


async def test_a_restart_without_the_broker_loses_nothing() -> None:
    scene = Scene()
    scene.say(0.2, 0.4)
    await scene.step()
    again = Scene(scene.clock)
    await again.inputs.restore(Kept(scene.hearing.documents), partial(parse_input, currency="EUR"))  # type: ignore[arg-type]
    assert again.conditions.said == scene.conditions.said
    assert again.import_price() == pytest.approx(0.35)
    assert again.told == []


async def test_what_an_older_release_kept_is_read() -> None:
    scene = Scene()
    old = '{"import_prices":null,"export_prices":null,"carbon":null,"weather":[],"limit":null}'
    await scene.inputs.restore(Kept({"inputs": old}), partial(parse_input, currency="EUR"))  # type: ignore[arg-type]
    assert scene.told == []


async def test_what_says_nothing_new_is_not_written_again() -> None:
    scene = Scene()
    scene.say(0.2, 0.4)
    await scene.step()
    first = scene.conditions.said
    scene.say(0.2, 0.4)
    await scene.step()
    assert scene.conditions.said is first


async def test_of_topics_that_were_given_up_no_more_is_kept_than_of_two() -> None:
    scene = Scene()
    for topic in "abcd":
        assert scene.inputs.take(MarketInput(topic, NOW, NOW, 3600, (0.1,))) is None
    assert [one.topic for one in scene.conditions.said.markets] == ["d", "c"]
