"""The family ``goodwe_et`` meets a simulated GW10K-ET, of either platform."""

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import NotApplied, NotSupported, Refused
from drivers.identity import Found
from drivers.reading import Quantity
from simulator.families.goodwe import GoodWe
from simulator.faults import Fault, FaultScript
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import Met, met

EMS, NEW_EMS = 47511, 42000
AUTO, CONSERVE, OFF_GRID, STANDBY, CHARGE, DISCHARGE, STOPPED = 1, 6, 7, 8, 11, 12, 255
UNIT = ("goodwe_et", "goodwe")


def face(one: Met) -> GoodWe:
    found = one.unit._face
    assert isinstance(found, GoodWe)
    return found


def write(one: Met, *words: int) -> None:
    """As another controller does."""
    assert one.unit.write(16, EMS, list(words)) is None
    one.unit.requests.clear()


@pytest.mark.parametrize(("load_w", "pv_w", "battery_w"), [(8000.0, 1000.0, 4000.0), (500.0, 6000.0, -5000.0)])
async def test_it_reads_as_it_is(load_w: float, pv_w: float, battery_w: float) -> None:
    async with met(*UNIT, load_w=load_w, pv_w=pv_w) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.BATTERY_W] == battery_w
        assert found[Quantity.GRID_W] == load_w - pv_w - battery_w
        assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * (load_w - pv_w - battery_w), abs=1)
        assert (found[Quantity.PV_W], found[Quantity.AC_W]) == (pv_w, pv_w + battery_w)
        assert found[Quantity.LOAD_W] == load_w
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.5)
        assert found[Quantity.IMPORT_WH] == pytest.approx(4_210_000.0 + one.plant.counters.import_wh, abs=1)
        assert found[Quantity.EXPORT_WH] == pytest.approx(1_930_000.0 + one.plant.counters.export_wh, abs=1)
        assert found[Quantity.RATED_W] == 10000.0
        assert found[Quantity.FREQUENCY_HZ] == pytest.approx(50.0, abs=0.05)
        assert None not in found.values()


async def test_the_long_total_goes_over_32_kw() -> None:
    async with met(*UNIT, load_w=45000.0, pv_w=1000.0) as one:
        one.clock.move(600)
        assert (await one.values())[Quantity.GRID_W] == 40000.0
        assert one.unit.image.get("meter_short_w") == -32767.0


async def test_a_lost_meter_keeps_its_values_and_they_are_missing() -> None:
    async with met(*UNIT) as one:
        await one.values()
        face(one).has_meter = False
        one.clock.move(60)
        found = await one.values()
        assert [found[one] for one in (Quantity.GRID_W, Quantity.GRID_L3_W, Quantity.IMPORT_WH)] == [None, None, None]


async def test_without_a_battery_its_values_are_missing_and_it_is_not_steered() -> None:
    async with met(*UNIT) as one:
        face(one).has_battery = False
        one.clock.move(60)
        found = await one.values()
        assert [found[one] for one in (Quantity.BATTERY_W, Quantity.SOC_PCT, Quantity.BATTERY_V)] == [None, None, None]
        with pytest.raises(NotSupported, match="35184 battery mode reads 0: there is no battery"):
            await one.device.set_power(1500, 60)


@pytest.mark.parametrize(
    ("power_w", "words"),
    [(-3500.0, [CHARGE, 3500]), (1500.0, [DISCHARGE, 1500]), (0.0, [STANDBY, 0])],
)
async def test_an_order_is_one_request_and_stands_for_ever(power_w: float, words: list[int]) -> None:
    async with met(*UNIT) as one:
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        assert one.written() == [(EMS, words)]
        await one.device.set_power(power_w, 60)
        assert one.written() == [], "written on change"
        assert await one.battery_w() == power_w
        assert await one.battery_w(300) == power_w
        assert not one.device.reverts
        assert one.device.wears
        await one.device.release()
        assert one.written() == [(EMS, [AUTO, 0])]
        assert await one.battery_w() == -2000.0
        await one.device.release()
        assert one.written() == []


async def test_the_newer_platform_has_its_ems_elsewhere() -> None:
    async with met("goodwe_et", "goodwe_new_platform") as one:
        assert await one.device.set_power(-3500, 60) == Applied(-3500)
        assert one.written() == [(NEW_EMS, [CHARGE, 0, 3500])]
        assert await one.battery_w() == -3500.0
        await one.device.release()
        assert one.written() == [(NEW_EMS, [AUTO, 0, 0])]


async def test_an_hour_of_steering_writes_mode_and_power_a_change() -> None:
    async with met(*UNIT, load_w=3000.0, pv_w=0.0) as one:
        for minute in range(60):
            await one.device.set_power(1000.0 + 100.0 * (minute // 10), 120)
            one.clock.move(60)
        assert one.unit.wear == {"ems_mode": 6, "ems_power": 6}
        assert one.device.persistent_writes == {"47511 EMS power mode": 6, "47512 EMS power set": 6}


async def test_what_evcc_left_is_ended() -> None:
    async with met(*UNIT) as one:
        write(one, 2, 10000)
        state = await one.device.in_force()
        assert state.order == {"47511 EMS power mode": 2, "47512 EMS power set": 10000}
        assert await one.device.as_found() == {"47511 EMS power mode": AUTO}
        await one.device.release()
        assert one.written() == [(EMS, [AUTO, 0])]


async def test_keeping_for_backup_is_the_owner_s_and_given_back() -> None:
    async with met(*UNIT) as one:
        write(one, CONSERVE)
        found = await one.device.as_found()
        assert found == {"47511 EMS power mode": CONSERVE}
        assert (await one.device.in_force()).order == {}
        await one.device.set_power(-3500, 60)
        one.written()
        await one.device.release()
        assert one.written() == [(EMS, [CONSERVE, 0])]


@pytest.mark.parametrize("mode", [OFF_GRID, STOPPED])
async def test_what_was_stopped_on_purpose_stays_stopped(mode: int) -> None:
    async with met(*UNIT) as one:
        write(one, mode)
        with pytest.raises(NotSupported, match="stopped or cut from the grid on purpose"):
            await one.device.set_power(1500, 60)
        await one.device.release()
        assert one.written() == []


async def test_limits_clamp() -> None:
    async with met(*UNIT, options={"rated_charge_w": 3000.0}) as one:
        assert await one.device.set_power(-5000, 60) == Clamped(-3000, "the battery takes at most 3000 W now")
        result = await one.device.set_power(9000, 60)
        assert isinstance(result, Clamped)
        assert result.battery_w == pytest.approx(4000, abs=200), "37005 in amps at 35180"


async def test_a_write_that_is_ignored_is_not_applied() -> None:
    script = FaultScript((Fault("ignored_write", "inverter", BEGINNING, 3600.0),))
    async with met(*UNIT, faults=script) as one:
        with pytest.raises(NotApplied, match="47511 EMS power mode was set to 11 and reads 1"):
            await one.device.set_power(-3500, 60)


async def test_without_grid_nothing_stands() -> None:
    async with met(*UNIT, pv_w=0.0) as one:
        await one.device.set_power(0, 60)
        measured = one.unit._face.measured
        one.unit._face.measured = lambda state, counters: {**measured(state, counters), "grid_mode": 0}  # type: ignore[method-assign]
        one.written()
        one.clock.move(5)
        await one.device.read()
        assert one.written() == [(EMS, [AUTO, 0])]
        with pytest.raises(NotApplied, match="the grid is lost"):
            await one.device.set_power(0, 60)


async def test_licence_registers_are_refused() -> None:
    async with met(*UNIT) as one:
        with pytest.raises(Refused, match="exception 2"):
            await one.device._transport.read(Span("holding", 45333, 7))


async def test_it_is_recognised_as_nothing_else() -> None:
    async with met(*UNIT) as one:
        assert await one.recognised() == {"goodwe_et": Found(None, "GW10K-ET", "9010KETU213W0001", None)}
