"""The family ``victron_gx`` meets a simulated GX."""

import pytest

from drivers.device import Applied, Span
from drivers.errors import NotApplied, NotSupported, Refused
from drivers.reading import Quantity
from tests.simulator.vendors import Met, met

OVERRIDE, SETPOINT = 2716, 2700


def gx(one: Met):  # type: ignore[no-untyped-def]
    return one.unit._face


async def test_it_reads_as_it_is() -> None:
    async with met("victron_gx", "victron", load_w=8000.0, pv_w=1000.0) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.GRID_W] == pytest.approx(3000.0, abs=2)
        assert found[Quantity.BATTERY_W] == 4000.0
        assert found[Quantity.PV_W] == 1000.0
        assert found[Quantity.LOAD_W] == pytest.approx(8000.0, abs=2)
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.5)
        assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * 3000.0, abs=1)
        assert found[Quantity.BATTERY_V] is not None


async def test_a_battery_that_is_not_known_is_missing_and_not_zero() -> None:
    async with met("victron_gx", "victron") as one:
        gx(one).battery_known = False
        one.clock.move(60)
        found = await one.values()
        assert (found[Quantity.SOC_PCT], found[Quantity.BATTERY_W], found[Quantity.BATTERY_V]) == (None, None, None)
        with pytest.raises(NotApplied, match="does not know the power"):
            await one.device.set_power(-1000, 20)
        assert one.written() == []


@pytest.mark.parametrize(("power_w", "grid_w"), [(-3500.0, 1500), (1500.0, -3500), (0.0, -2000)])
async def test_the_grid_setpoint_brings_the_battery_to_its_power(power_w: float, grid_w: int) -> None:
    async with met("victron_gx", "victron") as one:
        one.clock.move(60)
        await one.values()
        assert await one.device.set_power(power_w, 20) == Applied(power_w)
        assert one.written() == [(OVERRIDE, [grid_w >> 16 & 0xFFFF, grid_w & 0xFFFF])]
        assert await one.battery_w() == power_w
        assert one.unit.wear == {}
        await one.device.release()
        assert await one.battery_w() == -2000.0


async def test_an_error_is_put_right_with_the_next_write() -> None:
    async with met("victron_gx", "victron") as one:
        one.clock.move(60)
        await one.values()
        await one.device.set_power(-3500, 20)
        one.plant.rating_share = 0.5  # the battery takes less than it was told, and the loop cannot help it
        assert await one.battery_w() == -2500.0
        one.plant.rating_share = 1.0
        await one.device.set_power(-3500, 20)
        assert await one.battery_w() == -3500.0


async def test_it_goes_back_by_itself_to_the_owners_setpoint() -> None:
    async with met("victron_gx", "victron") as one:
        one.unit.write(16, SETPOINT, [100])
        one.clock.move(60)
        assert await one.battery_w() == -1900.0 - 200.0
        one.written()
        await one.device.set_power(-3500, 20)
        assert await one.battery_w(60) == -3500.0
        assert await one.battery_w(200) == -2100.0
        assert (await one.device.in_force()).order == {}
        assert one.device.reverts


async def test_a_release_writes_the_owners_setpoint() -> None:
    async with met("victron_gx", "victron") as one:
        one.unit.write(16, SETPOINT, [100])
        one.written()
        await one.device.set_power(-3500, 20)
        one.written()
        await one.device.release()
        assert one.written() == [(OVERRIDE, [0, 100])]
        await one.device.release()
        assert one.written() == []


@pytest.mark.parametrize(("address", "value", "sentence"), [(2902, 3, "mode 3"), (5400, 1, "Dynamic ESS steers")])
async def test_others_that_steer_are_named(address: int, value: int, sentence: str) -> None:
    async with met("victron_gx", "victron") as one:
        one.unit.image.store(address, [value])
        with pytest.raises(NotSupported, match=sentence):
            await one.device.set_power(-1000, 20)
        assert one.written() == []


async def test_without_grid_the_order_does_not_stand() -> None:
    async with met("victron_gx", "victron") as one:
        await one.device.set_power(-3500, 20)
        one.written()
        gx(one).go_off_grid()
        await one.device.read()
        assert one.written() == [(OVERRIDE, [0, 0])]
        with pytest.raises(NotApplied, match="the grid is lost"):
            await one.device.set_power(-3500, 20)


async def test_before_350_the_setting_is_steered_and_given_back() -> None:
    async with met("victron_gx", "victron_old") as one:
        one.unit.write(16, SETPOINT, [50])
        one.written()
        one.clock.move(60)
        assert await one.device.as_found() == {"2700 grid setpoint": 50.0}
        assert (one.device.wears, one.device.reverts) == (True, False)
        await one.device.set_power(-3500, 600)
        ((address, (grid_w,)),) = one.written()
        assert address == SETPOINT
        assert grid_w == pytest.approx(1500, abs=1), "three phases in whole watts"
        assert await one.battery_w(3600) == pytest.approx(-3500.0, abs=1)
        assert one.device.persistent_writes == {"2700 grid setpoint": 1}
        await one.device.release()
        assert one.written() == [(SETPOINT, [50])]


async def test_a_unit_that_is_not_there_is_told() -> None:
    async with met("victron_gx", "victron") as one:
        other = one.device._transport._bus.transport(225)  # type: ignore[attr-defined]
        with pytest.raises(Refused, match="exception 10"):
            await other.read(Span("holding", 256, 2))
