"""The family ``sungrow_sh`` meets a simulated SH10RT, of new and of old firmware."""

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import NotApplied, NotSupported, Refused
from drivers.identity import Found
from drivers.reading import Quality, Quantity
from simulator.families.sungrow import Sungrow
from simulator.faults import Fault, FaultScript
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import Met, met

MODE, COMMAND, POWER, MOST_DISCHARGE = 13049, 13050, 13051, 33047
CHARGE, DISCHARGE, STOP = 0xAA, 0xBB, 0xCC
UNIT = ("sungrow_sh", "sungrow")
BOTH = pytest.mark.parametrize("profile", ["sungrow", "sungrow_old"])
BY_OTHERS = [(MODE, [2]), (COMMAND, [CHARGE]), (POWER, [3000])]


def face(one: Met) -> Sungrow:
    found = one.unit._face
    assert isinstance(found, Sungrow)
    return found


def write(one: Met, *writes: tuple[int, list[int]]) -> None:
    """As another controller does."""
    for address, words in writes:
        assert one.unit.write(16, address, words) is None
    one.unit.requests.clear()


@BOTH
@pytest.mark.parametrize(
    ("load_w", "pv_w", "battery_w"), [(8000.0, 1000.0, 4000.0), (1000.0, 3000.0, -2000.0), (500.0, 6000.0, -5000.0)]
)
async def test_it_reads_as_it_is(profile: str, load_w: float, pv_w: float, battery_w: float) -> None:
    async with met("sungrow_sh", profile, load_w=load_w, pv_w=pv_w) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.BATTERY_W] == battery_w
        assert found[Quantity.GRID_W] == load_w - pv_w - battery_w
        assert (found[Quantity.PV_W], found[Quantity.AC_W]) == (pv_w, pv_w + battery_w)
        assert found[Quantity.LOAD_W] == load_w
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.1)
        assert found[Quantity.IMPORT_WH] == pytest.approx(4_210_000.0 + one.plant.counters.import_wh, abs=50)
        assert found[Quantity.EXPORT_WH] == pytest.approx(1_930_000.0 + one.plant.counters.export_wh, abs=50)
        assert (found[Quantity.RATED_W], found[Quantity.RATED_WH]) == (10000.0, 10000.0)
        assert found[Quantity.FREQUENCY_HZ] == pytest.approx(50.0, abs=0.05)
        assert found[Quantity.STATE] == 0x40
        if profile == "sungrow":
            assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * (load_w - pv_w - battery_w), abs=1)
            assert None not in found.values()


async def test_a_missing_meter_is_no_grid_power_of_0() -> None:
    async with met(*UNIT) as one:
        face(one).has_meter = False
        one.clock.move(60)
        found = await one.values()
        assert (found[Quantity.GRID_W], found[Quantity.GRID_L1_W]) == (None, None)


@pytest.mark.parametrize(("load_w", "battery_w"), [(5000.0, 2000.0), (1000.0, -2000.0)])
async def test_without_flags_the_direction_follows_from_the_sun(load_w: float, battery_w: float) -> None:
    async with met("sungrow_sh", "sungrow_old", load_w=load_w) as one:
        face(one).flags_stay = True
        one.clock.move(60)
        (reading,) = (one for one in await one.device.read() if one.quantity is Quantity.BATTERY_W)
        assert (reading.value, reading.quality) == (battery_w, Quality.ESTIMATED)


@pytest.mark.parametrize(
    ("power_w", "request_"),
    [
        (-3500.0, (MODE, [2, CHARGE, 3500])),
        (1500.0, (MODE, [2, DISCHARGE, 1500])),
        (0.0, (MODE, [2, STOP])),
    ],
)
async def test_an_order_is_one_request_and_stands_for_ever(power_w: float, request_: tuple[int, list[int]]) -> None:
    async with met(*UNIT) as one:
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        assert one.written() == [request_]
        assert await one.battery_w() == power_w
        assert await one.battery_w(300) == power_w, "nothing ends forced mode"
        assert not one.device.reverts
        assert one.device.wears


async def test_only_what_changes_is_written() -> None:
    async with met(*UNIT) as one:
        await one.device.set_power(-3500, 60)
        one.written()
        await one.device.set_power(-3500, 60)
        assert one.written() == []
        await one.device.set_power(-2000, 60)
        assert one.written() == [(POWER, [2000])]
        await one.device.set_power(1500, 60)
        assert one.written() == [(COMMAND, [DISCHARGE, 1500])]
        await one.device.set_power(0, 60)
        assert one.written() == [(COMMAND, [STOP])]
        await one.device.release()
        assert one.written() == [(MODE, [0, STOP])]
        await one.device.release()
        assert one.written() == []
        assert await one.battery_w() == -2000.0


async def test_an_hour_of_steering_writes_one_register_a_change() -> None:
    async with met(*UNIT, load_w=3000.0, pv_w=0.0) as one:
        for minute in range(60):
            await one.device.set_power(1000.0 + 100.0 * (minute // 10), 120)
            one.clock.move(60)
        assert one.unit.wear == {"mode": 1, "command": 1, "power": 6}
        assert sum(one.device.persistent_writes.values()) == 8


async def test_a_forced_mode_that_somebody_left_is_ended() -> None:
    async with met(*UNIT) as one:
        write(one, *BY_OTHERS)
        assert (await one.device.in_force()).order == {
            "13049 EMS mode": 2,
            "13050 charge/discharge command": CHARGE,
            "13051 charge/discharge power": 3000,
        }
        found = await one.device.as_found()
        assert found == {"13049 EMS mode": 0, "13050 charge/discharge command": STOP}
        await one.device.release()
        assert one.written() == [(MODE, [0, STOP])]
        assert (await one.device.in_force()).order == {}


async def test_a_hold_that_somebody_left_is_ended() -> None:
    async with met(*UNIT, load_w=3000.0, pv_w=0.0) as one:
        write(one, (MOST_DISCHARGE, [1]))
        assert (await one.device.in_force()).order == {"33047 max. discharging power": 10.0}
        await one.device.set_power(1500, 60)
        assert one.written() == [(MOST_DISCHARGE, [500]), (MODE, [2, DISCHARGE, 1500])]
        write(one, (MOST_DISCHARGE, [1]))
        await one.device.release()
        assert one.written() == [(MODE, [0, STOP]), (MOST_DISCHARGE, [500])]
        assert await one.battery_w() == 3000.0


async def test_the_owner_s_limit_clamps_and_stays() -> None:
    async with met(*UNIT, load_w=3000.0, pv_w=0.0) as one:
        write(one, (MOST_DISCHARGE, [120]))
        assert await one.device.set_power(3000, 60) == Clamped(1200, "the battery gives at most 1200 W now")
        await one.device.release()
        assert one.unit.image.get("most_discharge") == 1200.0


@pytest.mark.parametrize("mode", [3, 4])
async def test_another_energy_manager_is_left_alone(mode: int) -> None:
    async with met(*UNIT) as one:
        write(one, (MODE, [mode]))
        with pytest.raises(NotSupported, match=f"13049 EMS mode reads {mode}: another energy manager"):
            await one.device.set_power(1500, 60)
        await one.device.release()
        assert one.written() == []


async def test_the_live_limit_of_the_battery_clamps() -> None:
    async with met(*UNIT, soc_pct=98.0) as one:
        result = await one.device.set_power(-5000, 60)
        assert isinstance(result, Clamped)
        assert -2000 < result.battery_w < -1000


@pytest.mark.parametrize(("options", "most_w"), [({}, 4000.0), ({"rated_discharge_w": 2500.0}, 2500.0)])
async def test_an_older_one_does_not_tell_its_rating(options: dict[str, object], most_w: float) -> None:
    async with met("sungrow_sh", "sungrow_old", options=options) as one:
        result = await one.device.set_power(9000, 60)
        assert result.battery_w == pytest.approx(most_w, abs=200)
        assert isinstance(result, Clamped)


async def test_without_grid_nothing_stands() -> None:
    async with met(*UNIT, pv_w=0.0) as one:
        await one.device.set_power(0, 60)
        measured = one.unit._face.measured
        one.unit._face.measured = lambda state, counters: {**measured(state, counters), "state": 0x1000}  # type: ignore[method-assign]
        one.written()
        one.clock.move(5)
        await one.device.read()
        assert one.written() == [(MODE, [0, STOP])]
        with pytest.raises(NotApplied, match="the grid is lost"):
            await one.device.set_power(0, 60)


@pytest.mark.parametrize(
    "span", [Span("input", 13049, 1), Span("holding", 5016, 2), Span("input", 4999, 101), Span("input", 5600, 2)]
)
async def test_its_tables_are_apart_and_its_reads_bounded(span: Span) -> None:
    async with met("sungrow_sh", "sungrow_old") as one:
        with pytest.raises(Refused, match=r"exception [23]"):
            await one.device._transport.read(span)


async def test_it_is_recognised_as_nothing_else() -> None:
    async with met(*UNIT) as one:
        assert await one.recognised() == {"sungrow_sh": Found(None, None, "A2290912345", None)}


async def test_what_it_calls_missing_is_missing() -> None:
    script = FaultScript((Fault("sentinel", "inverter", BEGINNING, 3600.0),))
    async with met(*UNIT, faults=script) as one:
        found = await one.values()
        for quantity in (Quantity.GRID_W, Quantity.BATTERY_W, Quantity.PV_W, Quantity.SOC_PCT, Quantity.IMPORT_WH):
            assert found[quantity] is None


async def test_an_order_that_is_taken_and_not_obeyed_reads_back_all_the_same() -> None:
    script = FaultScript((Fault("unheeded_write", "inverter", BEGINNING, 3600.0),))
    async with met(*UNIT, faults=script) as one:
        assert await one.device.set_power(-3500, 60) == Applied(-3500)
        assert await one.battery_w() == -2000.0, "only the measured power tells"


async def test_forced_mode_survives_a_restart() -> None:
    async with met(*UNIT) as one:
        await one.device.set_power(1500, 60)
        one.plant.reboot(30.0)
        one.unit.forget()
        assert await one.battery_w(60) == 1500.0
        await one.device.release()
        assert await one.battery_w() == -2000.0
