"""A device that watches whether its controller lives is told so with each look, while an order of ours may stand."""

import pytest

from agent.domain.setpoint import Applied, Unreachable
from drivers.errors import LinkDown
from tests.adapters.devices.test_steered_battery import Inverter, Stage


class WatchingInverter(Inverter):
    """Notes each beat."""

    def __init__(self, log: list[str]) -> None:
        super().__init__(log)
        self.deaf = False

    async def beat(self) -> None:
        if self.silent or self.deaf:
            raise LinkDown("gone")
        self.log.append("beat")


def staged() -> tuple[Stage, WatchingInverter]:
    stage = Stage(inverter_of=WatchingInverter)
    assert isinstance(stage.inverter, WatchingInverter)
    return stage, stage.inverter


def beats(stage: Stage) -> int:
    return stage.log.count("beat")


async def test_with_each_look_from_the_order_to_the_release() -> None:
    stage, _ = staged()
    await stage.look(1.0)
    assert beats(stage) == 0, "nothing was ordered"
    assert await stage.steer(1000.0) == Applied(1000.0)
    for _ in range(10):
        await stage.look(1.0)
    assert beats(stage) == 10
    assert await stage.steer(None) == Applied(None)
    await stage.look(1.0)
    assert beats(stage) == 10


async def test_no_longer_than_the_lease_and_on_with_each_renewal() -> None:
    stage, _ = staged()
    for _ in range(2):
        await stage.steer(1000.0)
        await stage.look(50.0)
    assert beats(stage) == 2
    await stage.look(10.0)
    assert beats(stage) == 2, "60 s after the order: nobody controls any more, though it is still read"


async def test_an_order_that_was_perhaps_taken_is_kept_alive_for_as_long_as_it_may_stand() -> None:
    stage, inverter = staged()
    inverter.write_fails = True
    assert isinstance(await stage.steer(1000.0), Unreachable)
    await stage.look(1.0)
    assert beats(stage) == 1


async def test_not_for_a_battery_that_something_else_steers() -> None:
    stage, inverter = staged()
    for _ in range(3):
        await stage.steer(1000.0)
        inverter.holds = {"watts": -700.0}
        await stage.look(5.0)
    stage.log.clear()
    await stage.look(1.0)
    assert beats(stage) == 0


@pytest.mark.parametrize("silent", [True, False])
async def test_one_that_is_not_heard_ends_no_look(silent: bool) -> None:
    stage, inverter = staged()
    await stage.steer(1000.0)
    inverter.holds, inverter.deaf = {}, True
    inverter.silent = silent
    await stage.look(5.0)
    assert stage.battery.lost is not silent, "it is seen that the order has ended, unless nothing is seen at all"
