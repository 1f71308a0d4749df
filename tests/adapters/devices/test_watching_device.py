"""A device that watches whether its controller lives is told so at each step, while an order of ours may stand."""

import pytest

from agent.adapters.devices.known_device import TRIES
from agent.adapters.devices.site_devices import Devices
from agent.adapters.devices.steering_memory import SteeringMemory
from agent.adapters.devices.steering_terms import SteeringTerms
from agent.dispatch.write_budget import WriteBudget
from agent.domain.setpoint import Applied, Outcome, Rung, Setpoint, Unreachable
from drivers.errors import LinkDown
from drivers.reading import Reading
from tests.adapters.devices.test_steered_battery import NOW, Inverter

HOLD_S = 60.0


class WatchingInverter(Inverter):
    """Notes each beat; ``deaf`` hears none."""

    deaf = is_gone = False

    async def read(self) -> list[Reading]:
        if self.is_gone:
            raise LinkDown("gone")
        return []

    async def beat(self) -> None:
        if self.deaf:
            raise LinkDown("gone")
        self.log.append("beat")


class Site:
    """One battery that watches, read every ``poll_s`` seconds; a step of the control loop is a second."""

    def __init__(self, poll_s: float = 1.0) -> None:
        self.now_s = 0.0
        self.log: list[str] = []
        self.inverter = WatchingInverter(self.log)
        self.says: str | None = "A"
        memory = SteeringMemory()
        terms = SteeringTerms("at 1", WriteBudget(), memory, lambda: NOW, self.which)
        self.devices = Devices(
            [self.inverter],
            "inverter",
            monotonic=lambda: self.now_s,
            terms={"inverter": terms},
            memory=memory,
            poll_s={"inverter": poll_s},
        )

    async def which(self) -> str | None:
        return self.says

    async def steer(self, battery_w: float | None) -> Outcome:
        return await self.devices.steer(Setpoint(NOW, battery_w, HOLD_S, Rung.PLAN, "a reason"))

    async def steps(self, seconds: int) -> int:
        """How many beats there were in so many steps."""
        before = self.log.count("beat")
        for _ in range(seconds):
            self.now_s += 1.0
            await self.devices.read(1.0)
        return self.log.count("beat") - before


@pytest.mark.parametrize("poll_s", [1.0, 5.0, 60.0])
async def test_at_each_step_from_the_order_to_the_release_however_seldom_it_is_read(poll_s: float) -> None:
    site = Site(poll_s)
    assert await site.steps(5) == 0, "nothing was ordered"
    assert await site.steer(1000.0) == Applied(1000.0)
    assert await site.steps(20) == 20
    assert await site.steer(None) == Applied(None)
    assert await site.steps(5) == 0


async def test_no_longer_than_the_lease_and_on_with_each_renewal() -> None:
    site = Site()
    for _ in range(2):
        await site.steer(1000.0)
        assert await site.steps(50) == 50
    assert await site.steps(50) == 9, "60 s after the order nobody controls any more, though it is still read"


async def test_an_order_that_was_perhaps_taken_is_kept_alive_for_as_long_as_it_may_stand() -> None:
    site = Site()
    site.inverter.write_fails = True
    assert isinstance(await site.steer(1000.0), Unreachable)
    assert await site.steps(5) == 5


async def test_not_for_a_battery_that_something_else_steers() -> None:
    site = Site()
    for _ in range(3):
        await site.steer(1000.0)
        site.inverter.holds = {"watts": -700.0}
        await site.steps(5)
    assert await site.steps(5) == 0


async def test_one_that_does_not_hear_is_read_and_looked_at_all_the_same() -> None:
    site = Site()
    await site.steer(1000.0)
    site.inverter.holds, site.inverter.deaf = {}, True
    assert await site.steps(5) == 0
    assert site.devices.steering().lost, "it was seen that the order has ended"
    assert site.devices.troubles() == {}
    site.inverter.deaf = False
    assert await site.steps(5) == 5


async def test_one_that_was_silent_is_told_when_it_was_read_again() -> None:
    site = Site(5.0)
    await site.steps(1)
    await site.steer(1000.0)
    site.inverter.is_gone = True
    await site.steps(5)
    site.inverter.is_gone = False
    assert await site.steps(4) == 0, "what answers next may be another one"
    assert await site.steps(5) == 5


async def test_what_may_be_another_device_now_is_told_nothing() -> None:
    site = Site()
    await site.steer(1000.0)
    site.inverter.is_gone, site.says = True, None
    await site.steps(1)
    site.inverter.is_gone = False
    assert await site.steps(TRIES) == 0, "it is asked which one it is, and does not say"


async def test_what_does_not_watch_is_not_told() -> None:
    site = Site()
    site.devices = Devices([Inverter(site.log)], "inverter", monotonic=lambda: site.now_s)
    await site.steer(1000.0)
    assert await site.steps(5) == 0
