"""What was steered and not given back is told as long as no battery or relay of the site stands at its address."""

import json
from collections.abc import Mapping

import pytest

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import SteeringMemory, set_aside
from agent.adapters.devices.steering_terms import RelayTerms, SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Outcome, Rung, Setpoint, Unreachable
from drivers.errors import NoAnswer
from tests.adapters.devices.test_relays_kept import ADDRESS as COIL
from tests.adapters.devices.test_relays_kept import Board
from tests.adapters.devices.test_steered_battery import NOW, OWNERS, Inverter

Which = str | Exception | None
SILENT = NoAnswer("it does not say which one it is")
HERE, THERE = "10.0.0.5:502 unit 1", "10.0.0.6:502 unit 1"
RELEASE = Setpoint(NOW, None, 0.0, Rung.RELEASE, "its section was edited")


class WithOurs(Inverter):
    """Holds what we have left there."""

    async def as_found(self) -> dict[str, float]:
        return {"mode": 9.0, "limit": 5.0}


class Site:
    """One battery at ``HERE`` and one relay; ``known`` is what earlier processes could not give back, by address.

    ``which`` is what the battery says it is.
    """

    def __init__(self, known: Mapping[str, Mapping[str, float]], which: Which = "the first") -> None:
        self.memory, self.which = SteeringMemory(), which
        self.inverter = Inverter([])
        relays = {"relay": RelayTerms(COIL, True)}
        self.devices = Devices(
            [self.inverter, Board([])], "inverter", terms=self.terms(HERE), memory=self.memory, relays=relays
        )
        left = {address: {"steering": True, "found": dict(found)} for address, found in known.items()}
        self.devices.recall(json.dumps(left))

    def terms(self, address: str) -> dict[str, SteeringTerms]:
        return {"inverter": SteeringTerms(address, WriteBudget(), self.memory, lambda: NOW, which=self.says)}

    async def says(self) -> str | None:
        if isinstance(self.which, Exception):
            raise self.which
        return self.which

    async def steers(self) -> None:
        await self.devices.read(5.0)
        await self.devices.steer(Setpoint(NOW, 1500.0, 60.0, Rung.PLAN, "charging"))

    async def exchange(self, which: Which, address: str = THERE) -> Outcome:
        """The battery that says it is ``which`` is to be steered at ``address``; what came of the release before."""
        outcomes = await self.devices.exchange(["inverter"], [WithOurs([])], self.terms(address), RELEASE)
        self.which = which
        return outcomes["inverter"]

    def told(self) -> tuple[str, ...]:
        assert self.devices.steering().owed_elsewhere == self.devices.owed_elsewhere
        return self.devices.owed_elsewhere


def test_what_the_site_still_has_is_owed_there_and_not_elsewhere() -> None:
    site = Site({HERE: OWNERS, COIL: {"rests_on": 1.0}})
    assert site.told() == ()
    assert site.devices.left_behind
    assert site.devices.is_owed_rest("relay")


def test_a_battery_and_a_relay_that_are_gone_from_the_site_file_are_told() -> None:
    other = "10.0.0.7:502 unit 1 coil 3"
    site = Site({HERE: OWNERS, THERE: OWNERS, other: {"rests_on": 1.0}})
    assert site.told() == (THERE, other)
    site.memory.ended(THERE)
    assert site.told() == (other,)


async def test_one_that_took_its_release_before_it_was_exchanged_is_owed_nothing() -> None:
    site = Site({})
    await site.steers()
    assert isinstance(await site.exchange("the second"), Applied)
    assert site.told() == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [("the first", "the second"), ("the first", None), (None, "the first"), (None, None), (SILENT, SILENT)],
)
async def test_one_that_took_none_is_owed_it_where_it_was_unless_it_is_known_again(before: Which, after: Which) -> None:
    site = Site({}, before)
    await site.steers()
    assert site.told() == (), "it is steered"
    site.inverter.silent = True
    assert isinstance(await site.exchange(after), Unreachable)
    for _ in range(5):
        await site.steers()
    assert site.told() == (HERE,)
    await site.devices.steer(RELEASE)
    assert site.told() == (HERE,), "it was another one that took it"
    assert not site.devices.left_behind


@pytest.mark.parametrize("is_steered", [True, False])
async def test_one_that_has_moved_is_given_back_what_its_owner_had_set(is_steered: bool) -> None:
    """Also where it answers only after it was steered at its new address: what was found there was ours."""
    site = Site({})
    await site.steers()
    site.inverter.silent = True
    await site.exchange(SILENT)
    if is_steered:
        await site.steers()
    site.which = "the first"
    await site.devices.read(5.0)
    assert site.told() == ()
    assert site.devices.left_behind
    assert site.devices.steering().lost is not is_steered
    await site.devices.steer(RELEASE)
    moved = site.devices.device("inverter")
    assert isinstance(moved, Inverter)
    assert moved.recalled == OWNERS
    assert not site.devices.left_behind


def test_one_that_has_moved_twice_is_owed_what_was_found_first() -> None:
    memory, ours = SteeringMemory(), {"mode": 9.0}
    left = {
        address: {"steering": True, "found": found, "device": "the first"}
        for address, found in ((HERE, OWNERS), (THERE, ours))
    }
    memory.recall(json.dumps(left))
    memory.stands_at("its third", "the first")
    assert memory.moved((HERE, THERE), "its third")
    assert memory.left_behind("its third") == OWNERS
    assert memory.not_given_back == ("its third",)


async def test_what_another_one_is_owed_at_the_new_address_is_not_lost() -> None:
    """It was exchanged there for the one that has moved, which is given back what is its own."""
    there = "10.0.0.9:502 unit 1"
    site = Site({})
    await site.steers()
    site.inverter.silent = True
    await site.exchange("the second", there)
    await site.steers()
    other = site.devices.device("inverter")
    assert isinstance(other, Inverter)
    other.silent = True
    await site.exchange("the first", there)
    await site.devices.read(5.0)
    assert site.told() == (set_aside(there, "the second"),)
    await site.devices.steer(RELEASE)
    moved = site.devices.device("inverter")
    assert isinstance(moved, Inverter)
    assert moved.recalled == OWNERS
    assert site.told() == (set_aside(there, "the second"),)


async def test_one_that_has_moved_is_known_again_by_the_next_process() -> None:
    kept: list[str] = []

    async def write(document: str) -> None:
        kept.append(document)

    site = Site({})
    site.memory = SteeringMemory(write)
    site.devices = Devices([site.inverter], "inverter", terms=site.terms(HERE), memory=site.memory)
    await site.steers()
    await site.devices.settle(1.0)
    after = Site({})
    after.devices = Devices([after.inverter], "inverter", terms=after.terms(THERE), memory=after.memory)
    after.devices.recall(kept[-1])
    assert after.told() == (HERE,)
    await after.devices.know_again()
    assert after.told() == ()
    assert after.devices.left_behind
