"""What the platform says: judged by its time of issue, kept, and there again after a restart."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from agent.adapters.mqtt.incoming_messages import parse_input
from agent.cycles.inputs import MOST_AHEAD, TakeInputs
from agent.domain.inputs import GridLimitInput, TariffInput
from agent.domain.request import Objective, Place
from agent.domain.site import Connection
from agent.domain.tariff import PriceList
from agent.site_conditions.site_conditions import SiteConditions
from tests.cycles.hearing import Hearing

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = PriceList(NOW, 3600, ())


@dataclass
class Time:
    """A clock whose word may be doubted."""

    at: datetime = NOW
    believed: bool = True

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None: ...

    def trusted(self) -> bool:
        return self.believed


@dataclass
class Scene:
    clock: Time = field(default_factory=Time)
    documents: dict[str, str] = field(default_factory=dict)
    conditions: SiteConditions = field(
        default_factory=lambda: SiteConditions(
            NOTHING, NOTHING, 0.0, Connection(), Objective(), Place(51.5, 0.0, "Europe/London")
        )
    )

    def __post_init__(self) -> None:
        self.hearing = Hearing(self.clock)
        self.inputs = TakeInputs(self.conditions, self.clock, self.documents.__setitem__, self.hearing.alarms)

    @property
    def told(self) -> list[str]:
        return [text for _, _, text in self.hearing.told]

    async def kept(self, name: str) -> str | None:
        """As a store that holds what was kept."""
        return self.documents.get(name)

    async def restarted(self) -> "Scene":
        again = Scene(self.clock)
        await again.inputs.restore(self, partial(parse_input, currency="GBP"))  # type: ignore[arg-type]
        return again


def prices(issued_at: datetime, *bought: float, start: datetime = NOW) -> TariffInput:
    return TariffInput(issued_at, start, 3600, bought, None)


def test_what_claims_to_be_from_the_future_is_refused_and_locks_nothing_out() -> None:
    scene = Scene()
    refusal = scene.inputs.take(prices(NOW + timedelta(days=300), 0.99))
    assert refusal is not None
    assert refusal.startswith("issued_at: it claims to be issued 300 days from now")
    assert scene.conditions.import_prices is None
    assert scene.documents == {}
    assert scene.inputs.take(prices(NOW, 0.26)) is None
    assert scene.conditions.at(NOW).import_price == 0.26
    assert scene.inputs.take(prices(NOW + MOST_AHEAD, 0.27)) is None, "clocks differ a little"
    assert scene.conditions.at(NOW).import_price == 0.27


def test_while_our_clock_is_not_trusted_messages_wait_and_are_judged_afterwards() -> None:
    scene = Scene(Time(datetime(1970, 1, 1, tzinfo=UTC), believed=False))
    for message in (prices(NOW, 0.26), prices(NOW - HOUR, 0.99), prices(NOW + 300 * 24 * HOUR, 0.50)):
        assert scene.inputs.take(message) is None
    scene.inputs.step()
    assert scene.conditions.import_prices is None
    scene.clock.at, scene.clock.believed = NOW, True
    scene.inputs.step()
    assert scene.conditions.at(NOW).import_price == 0.26
    assert len(scene.told) == 1
    assert "300 days" in scene.told[0]


def test_what_was_taken_while_our_clock_was_wrong_does_not_outrank_what_comes_after() -> None:
    scene = Scene(Time(NOW + timedelta(days=300)))
    poison = GridLimitInput(NOW + timedelta(days=299), NOW, NOW + 8 * HOUR, 9000.0, None)
    assert scene.inputs.take(poison) is None
    scene.clock.at = NOW
    assert scene.inputs.take(GridLimitInput(NOW, NOW, NOW + HOUR, 4200.0, None)) is None
    assert scene.conditions.connection(NOW) == Connection(4200.0, None)


async def test_a_restart_loses_no_word_that_still_counts() -> None:
    scene = Scene()
    scene.inputs.take(prices(NOW - 20 * HOUR, *[0.20] * 12))
    scene.inputs.take(prices(NOW, *[0.40] * 24, start=NOW + 12 * HOUR))
    scene.inputs.take(GridLimitInput(NOW, NOW, NOW + HOUR, 4200.0, None))
    again = await scene.restarted()
    assert again.conditions.said == scene.conditions.said
    assert again.conditions.at(NOW).import_price == 0.20
    assert again.told == []


async def test_a_message_that_an_older_version_kept_is_taken_up_and_one_from_the_future_is_not() -> None:
    scene = Scene()
    body = {"schema": "tariff/1.0", "issued_at": NOW.isoformat(), "valid_from": NOW.isoformat(), "step_s": 3600}
    scene.documents["input/tariff"] = json.dumps(body | {"import_price": [0.26]})
    limit = {"schema": "gridlimit/1.0", "issued_at": "2027-03-17T12:00:00Z", "valid_from": NOW.isoformat()}
    limit |= {"valid_to": (NOW + HOUR).isoformat(), "import_limit_w": 9000.0}
    scene.documents["input/gridlimit"] = json.dumps(limit)
    again = await scene.restarted()
    assert again.conditions.at(NOW).import_price == 0.26
    assert again.conditions.limit is None
    assert [word.startswith("the kept gridlimit cannot be used: issued_at") for word in again.told] == [True]


@pytest.mark.parametrize("text", ["{", "[]", '{"limit": 7}', '{"import_prices": {"words": [{}]}}'])
async def test_kept_inputs_that_cannot_be_read_are_told_and_left_out(text: str) -> None:
    scene = Scene()
    scene.documents["inputs"] = text
    again = await scene.restarted()
    assert len(again.told) == 1
    assert again.told[0].startswith("the kept inputs cannot be used")
    assert again.conditions.import_prices is None


def test_what_is_said_again_is_not_written_again() -> None:
    scene = Scene()
    message = prices(NOW, 0.26)
    scene.inputs.take(message)
    scene.documents.clear()
    scene.inputs.take(message)
    assert scene.documents == {}
