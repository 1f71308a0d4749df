"""The family ``solax_hybrid`` meets a simulated X3-Hybrid, of generation 4 and 5."""

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import NotApplied, NotSupported, Refused
from drivers.identity import Found
from drivers.reading import Quantity
from simulator.families.solax import SolaX
from simulator.faults import Fault, FaultScript
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import Met, met

BLOCK = 0x7C
UNLOCK = (0, [2014])
UNIT = ("solax_hybrid", "solax")


def face(one: Met) -> SolaX:
    found = one.unit._face
    assert isinstance(found, SolaX)
    return found


def low_first(value: int) -> list[int]:
    return [value & 0xFFFF, value >> 16 & 0xFFFF]


def block(mode: int, hold_s: int, active_w: int = 0, push_w: int = 0) -> tuple[int, list[int]]:
    """0x7C to 0x8A as in the maker's table."""
    words = [mode, 1 if mode else 0, *low_first(active_w), 0, 0, hold_s, 0, 0, 0, 0, 0, hold_s, *low_first(push_w)]
    assert len(words) == 15
    return BLOCK, words


@pytest.mark.parametrize(("profile", "generation"), [("solax", 4), ("solax_g5", 5), ("solax_g5", 6)])
@pytest.mark.parametrize(("load_w", "pv_w", "battery_w"), [(8000.0, 1000.0, 4000.0), (500.0, 6000.0, -5000.0)])
async def test_it_reads_as_it_is(profile: str, generation: int, load_w: float, pv_w: float, battery_w: float) -> None:
    async with met("solax_hybrid", profile, load_w=load_w, pv_w=pv_w, options={"generation": generation}) as one:
        one.clock.move(600)
        found = await one.values()
        assert found[Quantity.BATTERY_W] == battery_w
        assert found[Quantity.GRID_W] == load_w - pv_w - battery_w
        assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * (load_w - pv_w - battery_w), abs=1)
        assert found[Quantity.PV_W] == pv_w
        assert found[Quantity.AC_W] == pytest.approx(pv_w + battery_w, abs=2)
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.5)
        assert found[Quantity.IMPORT_WH] == pytest.approx(4_210_000.0 + one.plant.counters.import_wh, abs=5)
        assert found[Quantity.EXPORT_WH] == pytest.approx(1_930_000.0 + one.plant.counters.export_wh, abs=5)
        assert found[Quantity.FREQUENCY_HZ] == pytest.approx(50.0, abs=0.05)
        assert None not in found.values()


async def test_a_gauge_without_its_battery_is_missing() -> None:
    async with met(*UNIT) as one:
        face(one).bms_link = False
        one.clock.move(60)
        assert (await one.values())[Quantity.SOC_PCT] is None


@pytest.mark.parametrize("power_w", [-3500, 1500, 0])
async def test_an_order_is_unlocked_followed_and_runs_out(power_w: int) -> None:
    async with met(*UNIT) as one:
        assert await one.device.set_power(power_w, 40) == Applied(power_w)
        assert one.written() == [UNLOCK, block(4, 40, push_w=power_w)]
        assert await one.battery_w(30) == power_w
        await one.device.set_power(power_w, 40)
        assert one.written() == [block(4, 40, push_w=power_w)], "it is open, and volatile: written again"
        assert await one.battery_w(35) == power_w
        assert await one.battery_w(30) == -2000.0
        assert (await one.device.in_force()).order == {}
        assert one.device.reverts
        assert (one.unit.wear, one.device.persistent_writes) == ({}, {})


async def test_a_lease_is_a_minute_at_most() -> None:
    async with met(*UNIT) as one:
        await one.device.set_power(1500, 900)
        assert one.written()[1] == block(4, 60, push_w=1500)
        assert one.device.longest_hold_s == 60.0


@pytest.mark.parametrize("power_w", [-3500, 1500, 0])
async def test_mode_1_is_the_battery_less_the_sun(power_w: int) -> None:
    async with met(*UNIT, options={"remote_mode": 1}) as one:
        assert await one.device.set_power(power_w, 40) == Applied(power_w)
        assert one.written() == [UNLOCK, block(1, 40, active_w=-power_w - 3000)]
        assert await one.battery_w() == power_w
        assert await one.battery_w(60) == -2000.0


async def test_a_release_is_the_whole_block_of_zeros_and_once() -> None:
    async with met(*UNIT) as one:
        await one.device.release()
        assert one.written() == [], "nothing was in force"
        await one.device.set_power(-3500, 60)
        assert one.device.written is not None
        assert one.device.written.order == {"0x7C power control": 4}
        one.written()
        await one.device.release()
        assert one.written() == [block(0, 0)]
        await one.device.release()
        assert one.written() == []
        assert await one.battery_w() == -2000.0


async def test_what_another_left_without_an_end_is_ended() -> None:
    async with met(*UNIT) as one:
        face(one).is_locked = False
        one.unit.write(16, *block(4, 0, push_w=4000))
        one.unit.requests.clear()
        assert await one.battery_w(3600) == 4000.0
        assert (await one.device.in_force()).order == {"0x7C power control": 4}
        await one.device.release()
        assert one.written() == [block(0, 0)]
        assert await one.battery_w() == -2000.0


async def test_a_restart_locks_it_again() -> None:
    async with met(*UNIT) as one:
        await one.device.set_power(1500, 60)
        one.unit.forget()
        one.written()
        await one.device.set_power(1500, 60)
        assert one.written()[0] == UNLOCK


async def test_a_locked_inverter_refuses() -> None:
    async with met(*UNIT) as one:
        with pytest.raises(Refused, match="exception 2"):
            await one.device._transport.write(*block(4, 20, push_w=1000))


async def test_a_part_of_the_block_is_answered_and_not_obeyed() -> None:
    async with met(*UNIT) as one:
        await one.device._transport.write(*UNLOCK)
        await one.device._transport.write(BLOCK, block(4, 20)[1][:13])
        assert one.plant.band is None


async def test_its_addresses_read_something_else() -> None:
    async with met(*UNIT) as one:
        await one.device.set_power(1500, 60)
        assert await one.device._transport.read(Span("holding", BLOCK, 1)) == [147]


async def test_a_mode_that_is_not_shown_is_not_applied() -> None:
    script = FaultScript((Fault("unheeded_write", "inverter", BEGINNING, 3600.0),))
    async with met(*UNIT, faults=script) as one:
        face(one).is_locked = False
        with pytest.raises(NotApplied, match="0x7C power control was set to 4 and reads 0"):
            await one.device.set_power(1500, 60)


async def test_generation_3_is_read_and_not_steered() -> None:
    async with met(*UNIT, options={"generation": 3}) as one:
        assert (await one.values())[Quantity.BATTERY_W] == 0.0
        with pytest.raises(NotSupported, match="cannot be steered in this variant"):
            await one.device.set_power(1500, 60)
        await one.device.release()
        assert one.written() == []


async def test_limits_clamp() -> None:
    async with met(*UNIT, options={"rated_charge_w": 3000.0}) as one:
        assert await one.device.set_power(-5000, 60) == Clamped(-3000, "the battery takes at most 3000 W now")
        result = await one.device.set_power(9000, 60)
        assert isinstance(result, Clamped)
        assert result.battery_w == pytest.approx(4000, abs=50), "0x25 in amps at 0x14"


async def test_without_grid_nothing_stands() -> None:
    async with met(*UNIT, pv_w=0.0) as one:
        await one.device.set_power(0, 60)
        measured = one.unit._face.measured
        one.unit._face.measured = lambda state, counters: {**measured(state, counters), "run_mode": 7}  # type: ignore[method-assign]
        one.written()
        one.clock.move(5)
        await one.device.read()
        assert one.written() == [block(0, 0)]
        with pytest.raises(NotApplied, match="the grid is lost"):
            await one.device.set_power(0, 60)


async def test_it_is_recognised_as_nothing_else() -> None:
    async with met(*UNIT) as one:
        assert await one.recognised() == {"solax_hybrid": Found("SolaX", "X3-Hybrid-G4", "H34T10H1234567", None)}
