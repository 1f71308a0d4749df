"""The family ``kostal_plenticore`` meets a simulated Plenticore, in either word order."""

import struct

import pytest

from drivers.device import Applied, Span
from drivers.errors import NotSupported, Refused
from drivers.reading import Quantity
from simulator.faults import Fault, FaultScript
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import met

SETPOINT = 1034
BOTH = pytest.mark.parametrize("profile", ["kostal", "kostal_big_endian"])


def floats(value: float, profile: str) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [high, low] if profile == "kostal_big_endian" else [low, high]


@BOTH
async def test_it_reads_as_it_is(profile: str) -> None:
    async with met("kostal_plenticore", profile, load_w=8000.0, pv_w=1000.0) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.GRID_W] == pytest.approx(3000.0)
        assert found[Quantity.GRID_L1_W] == pytest.approx(1260.0)
        assert (found[Quantity.BATTERY_W], found[Quantity.PV_W], found[Quantity.AC_W]) == (4000.0, 1000.0, 5000.0)
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.01)
        assert (found[Quantity.RATED_W], found[Quantity.RATED_WH]) == (10000.0, 10000.0)
        assert None not in found.values()


@BOTH
@pytest.mark.parametrize("power_w", [-3500.0, 1500.0, 0.0])
async def test_a_setpoint_is_followed_and_lapses(profile: str, power_w: float) -> None:
    async with met("kostal_plenticore", profile) as one:
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        assert one.written() == [(SETPOINT, floats(power_w, profile))]
        assert await one.battery_w(25) == power_w
        await one.device.set_power(power_w, 60)
        assert await one.battery_w(25) == power_w
        assert await one.battery_w(30) == -2000.0
        assert one.device.longest_hold_s == 30.0


@BOTH
async def test_a_release_writes_0_once_and_no_more(profile: str) -> None:
    async with met("kostal_plenticore", profile) as one:
        await one.device.set_power(-3500, 30)
        one.written()
        await one.device.release()
        assert one.written() == [(SETPOINT, [0, 0])]
        await one.device.release()
        assert one.written() == []
        assert await one.battery_w(60) == -2000.0


async def test_an_inverter_without_external_management_says_so() -> None:
    async with met("kostal_plenticore", "kostal") as one:
        one.unit.image.put("management", 0)
        with pytest.raises(NotSupported, match="1080 battery management reads 0: the installer must set"):
            await one.device.set_power(-3500, 30)
        assert one.written() == []


async def test_a_firmware_that_stores_and_does_not_act_reads_back_all_the_same() -> None:
    script = FaultScript((Fault("unheeded_write", "inverter", BEGINNING, 3600.0),))
    async with met("kostal_plenticore", "kostal", faults=script) as one:
        assert await one.device.set_power(-3500, 30) == Applied(-3500)
        assert await one.battery_w() == -2000.0, "only the measured power tells"


async def test_a_meter_in_the_house_is_not_the_grid_s() -> None:
    async with met("kostal_plenticore", "kostal", options={"meter_at": "house"}) as one:
        assert Quantity.GRID_W not in await one.values()


async def test_the_time_out_of_the_web_page_is_an_option() -> None:
    async with met("kostal_plenticore", "kostal", options={"fallback_s": 60.0}) as one:
        assert one.device.longest_hold_s == 60.0


async def test_half_of_a_value_cannot_be_read() -> None:
    async with met("kostal_plenticore", "kostal") as one:
        with pytest.raises(Refused, match="exception 2"):
            await one.device._transport.read(Span("holding", 173, 2))
