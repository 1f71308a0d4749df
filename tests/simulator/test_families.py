"""The drivers' families meet the simulated devices: what they read is what the plant does, what they say is obeyed."""

import pytest

from drivers.device import Applied, Steerable
from drivers.reading import Quantity
from simulator.server import SimulatedSite
from tests.simulator.sites import Clock, built, flat_plant, values


@pytest.mark.parametrize("profile", ["sunspec7xx", "gen24"])
async def test_the_site_reads_as_it_is(profile: str) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=8000.0, pv_w=1000.0)
    clock.move(600)
    async with SimulatedSite(plant, profile) as site:  # type: ignore[arg-type]
        inverter, meter, sdm630 = (
            built("sunspec_hybrid", site.inverter_port),
            built("sunspec_meter", site.meter_port),
            built("sdm630", site.sdm_port),
        )
        found = await values(inverter)
        for at_the_grid in (await values(meter), await values(sdm630)):
            assert at_the_grid[Quantity.GRID_W] == pytest.approx(3000.0)
            assert at_the_grid[Quantity.IMPORT_WH] == pytest.approx(4_210_500.0, abs=1.0)
        for device in (inverter, meter, sdm630):
            await device.close()
    assert found[Quantity.AC_W] == pytest.approx(5000.0)
    assert found[Quantity.PV_W] == pytest.approx(1000.0)
    assert found[Quantity.BATTERY_W] == pytest.approx(4000.0)
    assert found[Quantity.SOC_PCT] == pytest.approx(plant.state.soc_pct, abs=0.01)
    assert (found[Quantity.RATED_CHARGE_W], found[Quantity.RATED_WH]) == (5000.0, 10000.0)


@pytest.mark.parametrize("profile", ["sunspec7xx", "gen24"])
async def test_the_battery_is_steered_and_goes_back_by_itself(profile: str) -> None:
    clock = Clock()
    plant = flat_plant(clock, load_w=1000.0, pv_w=3000.0)
    async with SimulatedSite(plant, profile) as site:  # type: ignore[arg-type]
        inverter = built("sunspec_hybrid", site.inverter_port)
        assert isinstance(inverter, Steerable)
        await inverter.read()
        assert inverter.reverts
        for power_w in (1500.0, -3500.0):
            assert await inverter.set_power(power_w, 90.0) == Applied(power_w)
            clock.move(60)
            assert (await values(inverter))[Quantity.BATTERY_W] == pytest.approx(power_w)
        clock.move(60)
        assert (await values(inverter))[Quantity.BATTERY_W] == pytest.approx(-2000.0)
        for power_w in (-1000.0, 0.0):
            assert await inverter.set_power(power_w, 90.0) == Applied(power_w)
            clock.move(20)
            await inverter.read()
            assert isinstance(await inverter.limit_pv(1500.0, 60.0), Applied)
            clock.move(40)
            assert (await values(inverter))[Quantity.PV_W] == pytest.approx(1500.0, abs=1.0)
        await inverter.release()
        clock.move(60)
        await inverter.read()
        await inverter.close()
    assert plant.mode() == "self-consumption"
    assert [record.ending for record in plant.orders] == ["replaced", "lapsed", "replaced", "released"]
