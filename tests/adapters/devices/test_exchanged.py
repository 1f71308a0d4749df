"""A battery that is exchanged for another one at its address: what the first is owed is written to no other."""

import json
from collections.abc import Mapping

import pytest

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import SteeringMemory, set_aside
from agent.adapters.devices.steering_terms import SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Rung, Setpoint, Unreachable
from drivers.errors import DriverError, NoAnswer
from drivers.reading import Reading
from tests.adapters.devices.test_steered_battery import NOW, OWNERS, Inverter

HERE = "10.0.0.5:502 unit 1"
RELEASE = Setpoint(NOW, None, 0.0, Rung.RELEASE, "the agent stops")
ORDER = Setpoint(NOW, 1500.0, 60.0, Rung.PLAN, "charging")
SILENT = NoAnswer("silent")
OWED_TO_FIRST = set_aside(HERE, "the first")


class Box(Inverter):
    """One of the maker's inverters; ``found`` is what its owner has set."""

    found: Mapping[str, float] = OWNERS

    async def read(self) -> list[Reading]:
        if self.silent:
            raise SILENT
        return []

    async def as_found(self) -> dict[str, float]:
        self.log.append("found")
        self.recalled = None
        return dict(self.found)


class Site:
    """One battery. ``which`` is what it says it is; None says no number."""

    def __init__(self, which: str | None = "the first") -> None:
        self.kept: list[str] = []
        self.which: str | DriverError | None = which
        self.asked = 0
        self.start()

    def start(self) -> None:
        """As a process begins."""
        self.memory = SteeringMemory(self._write)
        self.box = Box([])
        terms = {"inverter": SteeringTerms(HERE, WriteBudget(), self.memory, lambda: NOW, which=self._says)}
        self.devices = Devices([self.box], "inverter", terms=terms, memory=self.memory)
        self.devices.recall(self.kept[-1] if self.kept else None)

    async def _write(self, document: str) -> None:
        self.kept.append(document)

    async def _says(self) -> str | None:
        self.asked += 1
        if self.box.silent:
            raise SILENT
        if isinstance(self.which, DriverError):
            raise self.which
        return self.which

    async def steers(self) -> None:
        await self.devices.read(5.0)
        assert await self.devices.steer(ORDER) == Applied(1500.0)

    async def is_exchanged(self, which: str | DriverError | None) -> None:
        """It goes away, and one that has not been written to is put in its place."""
        self.box.silent = True
        await self.devices.read(5.0)
        self.box.silent, self.which = False, which
        self.box.holds, self.box.found = {}, {"mode": 1.0, "limit": 100.0}
        self.box.log.clear()


@pytest.mark.parametrize("is_read_first", [True, False])
async def test_another_one_gets_nothing_of_what_the_first_is_owed(is_read_first: bool) -> None:
    site = Site()
    await site.steers()
    await site.is_exchanged("the second")
    if is_read_first:
        await site.devices.read(5.0)
    assert await site.devices.steer(RELEASE) == Applied(None)
    assert site.box.recalled is None
    assert site.box.log == (["found", "released"] if is_read_first else []), "with what stands there"
    assert site.devices.steering().owed_to_exchanged == site.devices.owed_elsewhere
    assert site.devices.owed_elsewhere == (OWED_TO_FIRST,)
    assert not site.devices.left_behind


async def test_what_stands_there_is_kept_before_another_one_is_steered() -> None:
    site = Site()
    await site.steers()
    await site.is_exchanged("the second")
    await site.devices.read(5.0)
    assert site.devices.steering().lost, "what was ordered went with the first"
    await site.steers()
    assert site.box.log == ["found", "power"]
    await site.devices.settle(1.0)
    kept = json.loads(site.kept[-1])
    assert kept[HERE]["found"] == site.box.found
    assert kept[OWED_TO_FIRST]["found"] == OWNERS


async def test_the_next_process_writes_none_of_it_either() -> None:
    site = Site()
    await site.steers()
    await site.devices.settle(1.0)
    site.start()
    site.which = "the second"
    assert await site.devices.steer(RELEASE) == Applied(None)
    assert site.box.recalled is None
    assert site.devices.owed_elsewhere == (OWED_TO_FIRST,)


async def test_a_store_that_is_read_late_says_to_whom_it_is_owed() -> None:
    first = Site()
    await first.steers()
    await first.devices.settle(1.0)
    site = Site("the second")
    await site.steers()
    site.devices.recall(first.kept[-1])
    assert await site.devices.steer(RELEASE) == Applied(None)
    assert site.box.recalled is None
    assert site.devices.owed_elsewhere == (OWED_TO_FIRST,)


async def test_the_first_is_given_back_what_it_is_owed_when_it_is_back() -> None:
    site = Site()
    await site.steers()
    await site.is_exchanged("the second")
    await site.steers()
    await site.devices.steer(RELEASE)
    await site.is_exchanged("the first")
    await site.devices.read(5.0)
    assert site.devices.owed_elsewhere == ()
    assert await site.devices.steer(RELEASE) == Applied(None)
    assert site.box.recalled == OWNERS


async def test_one_that_was_silent_and_is_the_same_is_given_back_what_was_found() -> None:
    site = Site()
    await site.steers()
    site.box.silent = True
    await site.devices.read(5.0)
    assert isinstance(await site.devices.steer(RELEASE), Unreachable)
    site.box.silent = False
    assert await site.devices.steer(RELEASE) == Applied(None)
    assert site.box.holds == {}
    assert site.devices.owed_elsewhere == ()


@pytest.mark.parametrize("says", [None, NoAnswer("no such register")])
async def test_it_is_waited_a_little_for_one_that_does_not_say_any_more(says: DriverError | None) -> None:
    """Some say no number while they start. A battery is not left in an order for ever because of that."""
    site = Site()
    await site.steers()
    await site.is_exchanged(says)
    for _ in range(3):
        assert isinstance(await site.devices.steer(RELEASE), Unreachable)
    assert site.box.log == []
    assert await site.devices.steer(RELEASE) == Applied(None)
    assert site.devices.owed_elsewhere == ()


async def test_one_that_never_said_a_number_is_waited_for_by_nobody() -> None:
    site = Site(None)
    await site.steers()
    await site.is_exchanged(None)
    assert await site.devices.steer(RELEASE) == Applied(None)


async def test_it_is_asked_again_only_after_it_was_silent() -> None:
    site = Site()
    for _ in range(3):
        await site.steers()
    assert site.asked == 1
    await site.is_exchanged("the first")
    for _ in range(3):
        await site.steers()
    assert site.asked == 2
