"""What was steered and not given back is told as long as no battery or relay of the site stands at its address."""

import json
from collections.abc import Mapping

from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import RelayTerms, SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Outcome, Rung, Setpoint, Unreachable
from tests.adapters.devices.test_relays_kept import ADDRESS as COIL
from tests.adapters.devices.test_relays_kept import Board
from tests.adapters.devices.test_steered_battery import NOW, OWNERS, Inverter

HERE, THERE = "10.0.0.5:502 unit 1", "10.0.0.6:502 unit 1"
RELEASE = Setpoint(NOW, None, 0.0, Rung.RELEASE, "its section was edited")


class OtherFamily(Inverter):
    """As the other, of another make."""


class Site:
    """One battery at ``HERE`` and one relay; ``known`` is what earlier processes could not give back, by address."""

    def __init__(self, known: Mapping[str, Mapping[str, float]]) -> None:
        self.memory = SteeringMemory()
        self.inverter = Inverter([])
        relays = {"relay": RelayTerms(COIL, True)}
        self.devices = Devices(
            [self.inverter, Board([])], "inverter", terms=self.terms(HERE), memory=self.memory, relays=relays
        )
        left = {address: {"steering": True, "found": dict(found)} for address, found in known.items()}
        self.devices.recall(json.dumps(left))

    def terms(self, address: str) -> dict[str, SteeringTerms]:
        return {"inverter": SteeringTerms(address, WriteBudget(), self.memory, lambda: NOW)}

    async def exchange(self, new: Inverter) -> Outcome:
        """The battery is at ``THERE`` now, steered by ``new``; what came of its release before."""
        await self.devices.steer(Setpoint(NOW, 1500.0, 60.0, Rung.PLAN, "charging"))
        return (await self.devices.exchange(["inverter"], [new], self.terms(THERE), RELEASE))["inverter"]

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
    assert isinstance(await site.exchange(OtherFamily([])), Applied)
    assert site.told() == ()


async def test_one_that_took_none_and_was_exchanged_for_another_family_is_told() -> None:
    site = Site({})
    await site.devices.steer(Setpoint(NOW, 1500.0, 60.0, Rung.PLAN, "charging"))
    assert site.told() == (), "it is steered"
    site.inverter.silent = True
    assert isinstance(await site.exchange(OtherFamily([])), Unreachable)
    assert site.told() == (HERE,)


async def test_one_of_the_same_family_is_taken_for_the_one_that_was_moved() -> None:
    site = Site({})
    await site.devices.steer(Setpoint(NOW, 1500.0, 60.0, Rung.PLAN, "charging"))
    site.inverter.silent = True
    assert isinstance(await site.exchange(Inverter([])), Unreachable)
    assert site.told() == ()
    assert site.devices.left_behind
