"""The Fronius families on a simulated GEN24: its steps, its meter behind it, and how both are recognised."""

import asyncio

import pytest

from drivers.device import Applied, Readable, Steerable
from drivers.errors import Refused
from drivers.family import Family
from drivers.reading import Quantity
from drivers.registry import FAMILIES
from simulator.chain_unit import ChainOptions
from simulator.faults import Fault, FaultScript
from simulator.server import GEN24_METER_UNIT_ID, SimulatedSite
from tests.drivers.memory import COMMON, SunSpecMap
from tests.simulator.sites import Clock, built, discharging, flat_plant, values

Q = Quantity


@pytest.mark.parametrize(("asked_w", "held_w"), [(1234.0, 1230.0), (-1239.0, -1230.0), (9.0, 0.0), (-4000.0, -4000.0)])
async def test_a_gen24_is_steered_in_steps_of_ten_watts(asked_w: float, held_w: float) -> None:
    clock = Clock()
    plant = discharging(clock)
    async with SimulatedSite(plant, "gen24") as site:
        device = built("fronius_gen24", site.inverter_port)
        assert isinstance(device, Steerable)
        assert await device.set_power(asked_w, 90.0) == Applied(held_w)
        clock.move(30)
        assert (await values(device))[Q.BATTERY_W] == pytest.approx(held_w)
        await device.close()


@pytest.mark.parametrize("numbers", ["int", "float"])
async def test_a_fronius_meter_that_restarts_is_refused_and_comes_back(numbers: str) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=8000.0, pv_w=1000.0)
    clock.move(60)
    faults = FaultScript([Fault("refused_read", "meter", clock.at, 60.0, code=11)])
    chain = ChainOptions("gen24", numbers=numbers)  # type: ignore[arg-type]
    async with SimulatedSite(plant, chain, faults) as site:
        device = built("fronius_smart_meter", site.inverter_port, GEN24_METER_UNIT_ID)
        with pytest.raises(Refused) as refused:
            await device.read()
        assert refused.value.code == 11
        clock.move(60)
        async with asyncio.timeout(20):
            found = await read_when_it_answers(device)
        assert found[Q.GRID_W] == pytest.approx(3000.0)
        await device.close()


async def read_when_it_answers(device: Readable) -> dict[Quantity, float | None]:
    """The bus leaves a unit alone for a while that was refused."""
    while True:
        try:
            return await values(device)
        except Refused:
            continue


def recognised(family: Family, maker: str, model_id: int) -> bool:
    layout = SunSpecMap()
    layout.add(1, {**COMMON, "Mn": maker}, length=65)
    layout.add(model_id)
    assert family.identity is not None
    return family.identity.recognise({"holding": layout.end().words}) is not None


@pytest.mark.parametrize(("maker", "fronius"), [("Fronius", True), ("Kostal", False)])
@pytest.mark.parametrize("model_id", [103, 113, 203, 213])
def test_inverter_and_meter_are_told_apart_and_from_others(maker: str, fronius: bool, model_id: int) -> None:
    inverter = model_id < 200
    assert recognised(FAMILIES["fronius_gen24"], maker, model_id) is (fronius and inverter)
    assert recognised(FAMILIES["fronius_smart_meter"], maker, model_id) is (fronius and not inverter)
    assert recognised(FAMILIES["sunspec_hybrid"], maker, model_id)
