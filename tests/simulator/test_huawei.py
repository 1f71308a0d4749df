"""The family ``huawei_luna`` meets a simulated SUN2000 with LUNA2000."""

import asyncio
from dataclasses import replace

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.endpoint import TcpEndpoint
from drivers.errors import LinkDown, NoAnswer, NotApplied, Refused
from drivers.families.huawei_luna import FAMILY
from drivers.modbus import Bus
from drivers.reading import Quantity
from simulator.server import SimulatedSite
from tests.simulator.sites import Clock, flat_plant
from tests.simulator.vendors import met

MOST_DISCHARGE, MINUTES, COMMAND, ENDS_BY, CHARGE_W, DISCHARGE_W = 47077, 47083, 47100, 47246, 47247, 47249
UNIT = ("huawei_luna", "huawei")
BY_LIMIT: dict[str, object] = {"hold_by": "limit"}


async def test_it_reads_as_it_is() -> None:
    async with met(*UNIT, load_w=8000.0, pv_w=1000.0) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.GRID_W] == 3000.0
        assert found[Quantity.GRID_L1_W] == 1260.0
        assert found[Quantity.BATTERY_W] == 4000.0
        assert (found[Quantity.PV_W], found[Quantity.AC_W]) == (1000.0, 5000.0)
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.1)
        assert found[Quantity.IMPORT_WH] == pytest.approx(4_210_500.0, abs=10)
        assert (found[Quantity.RATED_W], found[Quantity.RATED_WH]) == (10000.0, 10000.0)
        assert None not in found.values()


async def test_what_is_away_is_missing() -> None:
    async with met(*UNIT) as one:
        one.unit.image.put("meter_w", None)
        one.unit._face.measured = lambda state, counters: {"battery_status": 0, "meter_w": None}  # type: ignore[method-assign]
        one.clock.move(60)
        found = await one.values()
        assert (found[Quantity.GRID_W], found[Quantity.BATTERY_W], found[Quantity.SOC_PCT]) == (None, None, None)


@pytest.mark.parametrize(
    ("power_w", "command", "row"), [(-3500.0, 1, CHARGE_W), (1500.0, 2, DISCHARGE_W), (0.0, 2, DISCHARGE_W)]
)
async def test_a_forced_power_is_followed_and_runs_out(power_w: float, command: int, row: int) -> None:
    async with met(*UNIT) as one:
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        forced = [(row, [0, int(abs(power_w))]), (MINUTES, [2]), (ENDS_BY, [0]), (COMMAND, [command])]
        assert one.written() == forced
        assert await one.battery_w(60) == power_w
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        assert one.written() == forced, "volatile ones are written again: that begins the minutes anew"
        assert await one.battery_w(110) == power_w
        assert await one.battery_w(30) == -2000.0, "two minutes after the last write"
        assert one.unit.wear == {}
        assert one.device.reverts


async def test_a_change_of_direction_is_stopped_first() -> None:
    async with met(*UNIT) as one:
        await one.device.set_power(-3500, 60)
        one.written()
        await one.device.set_power(1500, 60)
        assert one.written()[0] == (COMMAND, [0])
        assert await one.battery_w() == 1500.0


async def test_a_hold_is_the_discharge_limit_and_is_given_back() -> None:
    async with met(*UNIT, load_w=3000.0, pv_w=500.0, options=BY_LIMIT) as one:
        await one.device.as_found()
        assert await one.device.set_power(0, 60) == Applied(0)
        assert one.written() == [(MOST_DISCHARGE, [0, 0])]
        assert not one.device.reverts, "nothing but us ends it"
        await one.device.set_power(0, 60)
        assert one.written() == [], "it is kept in flash, and written on change only"
        assert await one.battery_w(3600) == 0.0
        await one.device.release()
        assert one.written() == [(MOST_DISCHARGE, [0, 4000])]
        assert await one.battery_w() == 2500.0
        assert one.unit.wear == {"max_discharge_w": 2}
        assert one.device.persistent_writes == {"47077 discharge limit": 2}


async def test_a_limit_is_given_back_as_far_as_the_battery_gives_now() -> None:
    async with met(*UNIT, load_w=3000.0, pv_w=0.0, soc_pct=7.0, options=BY_LIMIT) as one:
        one.unit.image.put("max_discharge_w", 4000.0)
        await one.device.as_found()
        await one.device.set_power(0, 60)
        one.written()
        await one.device.release()
        ((address, (high, low)),) = one.written()
        assert (address, high) == (MOST_DISCHARGE, 0)
        assert 3000 < low < 4000, "more is refused with exception 4"


async def test_a_hold_that_somebody_left_is_ended() -> None:
    async with met(*UNIT) as one:
        one.unit.write(16, MOST_DISCHARGE, [0, 0])
        one.written()
        assert await one.device.as_found() == {"47077 discharge limit": 4000.0}
        await one.device.release()
        assert one.written() == [(MOST_DISCHARGE, [0, 4000])]


async def test_a_hold_gives_way_to_an_order() -> None:
    async with met(*UNIT, options=BY_LIMIT) as one:
        await one.device.set_power(0, 60)
        one.written()
        await one.device.set_power(1500, 60)
        assert one.written()[0] == (MOST_DISCHARGE, [0, 4000])
        assert await one.battery_w() == 1500.0


async def test_the_battery_s_own_limit_clamps() -> None:
    async with met(*UNIT) as one:
        assert await one.device.set_power(9000, 60) == Clamped(4000, "the battery gives at most 4000 W now")


async def test_without_grid_the_order_does_not_stand() -> None:
    async with met(*UNIT, pv_w=0.0, options=BY_LIMIT) as one:
        await one.device.set_power(0, 60)
        face, measured = one.unit._face, one.unit._face.measured
        face.measured = lambda state, counters: {**measured(state, counters), "status": 0x0203}  # type: ignore[method-assign]
        one.written()
        one.clock.move(5)
        await one.device.read()
        assert one.written() == [(MOST_DISCHARGE, [0, 4000])]
        with pytest.raises(NotApplied, match="the grid is lost"):
            await one.device.set_power(0, 60)


@pytest.mark.parametrize(("address", "count"), [(32000, 65), (30075, 20), (40000, 1)])
async def test_its_reads_are_bounded(address: int, count: int) -> None:
    async with met(*UNIT) as one:
        with pytest.raises(Refused, match=r"exception [23]"):
            await one.device._transport.read(Span("holding", address, count))


@pytest.mark.parametrize("patient", [False, True])
async def test_a_request_right_after_connecting_is_lost(patient: bool) -> None:
    settle_s = FAMILY.link.settle_after_connect_s if patient else 0.0
    async with SimulatedSite(flat_plant(Clock()), "huawei") as site:
        endpoint = TcpEndpoint("127.0.0.1", site.inverter_port)
        transport = Bus(endpoint, timeout_s=0.5, retries=0, settle_s=settle_s).transport(1)
        try:
            assert await transport.read(Span("holding", 47086, 1)) == [2]
            assert patient
        except NoAnswer:
            assert not patient
        finally:
            await transport.close()


async def test_overlapping_requests_are_refused_as_busy() -> None:
    site = SimulatedSite(flat_plant(Clock()), "huawei")
    site.link = replace(site.link, settle_s=0.0, answer_s=0.3)
    async with site, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.inverter_port)
        for number in (1, 2):
            writer.write(bytes([0, number, 0, 0, 0, 6, 1, 3, *(32080).to_bytes(2, "big"), 0, 2]))
            await writer.drain()
            await asyncio.sleep(0.05)
        busy = await reader.readexactly(9)
        answer = await reader.readexactly(13)
        writer.close()
    assert (busy[7], busy[8]) == (0x83, 6)
    assert answer[7:9] == bytes([3, 4])


async def test_a_second_client_is_hung_up_on() -> None:
    async with met(*UNIT) as one:
        await one.device.read()
        bus = one.device._transport._bus  # type: ignore[attr-defined]
        other = Bus(bus.endpoint, timeout_s=0.5, retries=0).transport(1)
        with pytest.raises((LinkDown, NoAnswer)):
            await other.read(Span("holding", 32080, 2))
        await other.close()
        assert (await one.values())[Quantity.AC_W] == 3000.0
