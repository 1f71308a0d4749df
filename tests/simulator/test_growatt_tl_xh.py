"""Growatt MOD, MIN and TL-XH2 on the wire, by VPP and by slots, against the simulated inverters."""

import pytest

from drivers.device import Action, Applied, Clamped
from drivers.errors import NotApplied, NotSupported
from drivers.families.growatt_tl_xh import steering
from drivers.families.growatt_tl_xh_rows import LIMITS, formulas
from drivers.formula import rows_in
from drivers.reading import Quantity
from drivers.registry import FAMILIES
from drivers.spans import plan_spans
from simulator.families.growatt_tl_xh import OFF_GRID
from tests.simulator.vendors import met

SLOT = [0xA000, 0x173B]
OWNERS = [0x2200, 0x0500]
FULL: dict[str, object] = {"battery_w": 5000}


async def test_what_vpp_writes() -> None:
    async with met("growatt_tl_xh", "growatt_mod") as site:
        found = await site.device.as_found()
        assert await site.device.set_power(-1520, 600) == Applied(-1500), "30 % of 5000 W"
        assert site.written() == [(30100, [1]), (30410, [1]), (30407, [1, 10, 30])]
        site.clock.move(60)
        assert await site.device.set_power(0, 90) == Applied(0)
        assert site.written() == [(30407, [1, 2, 0])]
        site.clock.move(60)
        assert await site.device.set_power(1000, 90) == Applied(1000)
        assert site.written() == [(30407, [1, 2, 0x10000 - 20])]
        assert site.device.actions == {Action.SETPOINT}
        assert not site.device.reverts
        await site.device.release()
        assert site.written() == [(30407, [0, 0, 0]), (30410, [0]), (30100, [0])]
        assert await site.device.as_found() == found
        assert site.device.persistent_writes == {"30100 control authority": 2, "30410 AC charge": 2}


async def test_what_the_slots_write() -> None:
    async with met("growatt_tl_xh", "growatt_min", options=FULL) as site:
        found = await site.device.as_found()
        assert await site.device.set_power(-1520, 600) == Applied(-1500)
        assert site.written() == [(3047, [30]), (3049, [1]), (3038, SLOT)]
        site.clock.move(60)
        assert await site.device.set_power(0, 600) == Applied(0)
        assert site.written() == [(3049, [0]), (3047, [80])]
        site.clock.move(60)
        result = await site.device.set_power(1000, 600)
        assert result == Clamped(1000, "it covers the house by its own rule, which cannot be limited")
        assert site.written() == [(3038, [0x2000, 0x173B])]
        await site.device.release()
        assert site.written() == [(3038, OWNERS)]
        assert await site.device.as_found() == found


@pytest.mark.parametrize("profile", ["growatt_mod", "growatt_min", "growatt_tl_xh2"])
@pytest.mark.parametrize(
    ("load_w", "pv_w", "grid_w", "battery_w"), [(8000.0, 1000.0, 3000.0, 4000.0), (100.0, 6000.0, -900.0, -5000.0)]
)
async def test_what_is_read(profile: str, load_w: float, pv_w: float, grid_w: float, battery_w: float) -> None:
    async with met("growatt_tl_xh", profile, load_w=load_w, pv_w=pv_w) as site:
        site.clock.move(600)
        found = await site.values()
        soc_pct = site.plant.soc_pct
    assert found[Quantity.GRID_W] == pytest.approx(grid_w, abs=0.2)
    assert found[Quantity.BATTERY_W] == pytest.approx(battery_w, abs=0.2)
    assert found[Quantity.PV_W] == pytest.approx(pv_w, abs=0.2)
    assert found[Quantity.LOAD_W] == pytest.approx(load_w, abs=0.2)
    assert found[Quantity.SOC_PCT] == pytest.approx(soc_pct, abs=0.5)
    assert found[Quantity.BATTERY_V] == pytest.approx(380.0 + 0.4 * soc_pct, abs=0.1)
    assert found[Quantity.IMPORT_WH] == pytest.approx(7_310_000.0 + max(0.0, grid_w) / 6.0, abs=100.0)
    assert found.get(Quantity.RATED_CHARGE_W) == (None if profile == "growatt_min" else 5000.0)


async def test_a_tl_xh2_whose_battery_is_empty_is_read_where_its_battery_stands() -> None:
    async with met("growatt_tl_xh", "growatt_tl_xh2", load_w=100.0, pv_w=6000.0, soc_pct=0.0) as site:
        assert (await site.values())[Quantity.SOC_PCT] == 0.0
        site.clock.move(600)
        found = await site.values()
    assert found[Quantity.BATTERY_W] == pytest.approx(-5000.0, abs=0.2)
    assert found[Quantity.SOC_PCT] == pytest.approx(8.0, abs=0.5)


async def test_the_battery_follows_vpp_which_does_not_end_by_itself() -> None:
    async with met("growatt_tl_xh", "growatt_mod", load_w=2000.0, pv_w=0.0) as site:
        await site.device.as_found()
        for power_w in (-2000.0, 0.0, 1500.0):
            assert await site.device.set_power(power_w, 300) == Applied(power_w)
            assert await site.battery_w(60) == pytest.approx(power_w, abs=0.2)
        assert await site.battery_w(390) == pytest.approx(1500.0, abs=0.2), "five minutes were not over in the field"
        await site.device.release()
        assert await site.battery_w(60) == pytest.approx(2000.0, abs=0.2)


async def test_two_minutes_end_and_the_registers_do_not_show_it() -> None:
    async with met("growatt_tl_xh", "growatt_mod", load_w=2000.0, pv_w=0.0) as site:
        await site.device.set_power(-1000, 120)
        assert await site.battery_w(60) == pytest.approx(-1000.0, abs=0.2)
        assert await site.battery_w(90) == pytest.approx(2000.0, abs=0.2)
        assert (await site.device.in_force()).order == {"30407 remote power enable": 1, "30409 remote power": 20}
        await site.device.set_power(-1000, 120)
        assert await site.battery_w(60) == pytest.approx(-1000.0, abs=0.2), "written again it holds again"


async def test_the_battery_follows_the_slots_and_stays_there_in_silence() -> None:
    async with met("growatt_tl_xh", "growatt_min", load_w=2000.0, pv_w=500.0, options=FULL) as site:
        await site.device.as_found()
        await site.device.set_power(-1000, 60)
        assert await site.battery_w(60) == pytest.approx(-1000.0, abs=0.2)
        assert await site.battery_w(1800) == pytest.approx(-1000.0, abs=0.2), "it has no timeout"
        await site.device.set_power(0, 60)
        assert await site.battery_w(60) == pytest.approx(-500.0, abs=0.2), "the sun charges, nothing discharges"
        await site.device.set_power(700, 60)
        assert await site.battery_w(60) == pytest.approx(1500.0, abs=0.2), "its own rule has no limit"
        await site.device.release()
        assert await site.battery_w(60) == pytest.approx(1500.0, abs=0.2)


async def test_authority_that_clears_itself_is_seen_and_taken_again() -> None:
    async with met("growatt_tl_xh", "growatt_mod") as site:
        await site.device.set_power(-1000, 120)
        assert len((await site.device.in_force()).order) == 2
        site.unit.image.put("authority", 0)
        assert (await site.device.in_force()).order == {}
        site.clock.move(60)
        site.written()
        await site.device.set_power(-1000, 120)
        assert site.written()[0] == (30100, [1])


async def test_the_limits_of_the_battery() -> None:
    async with met("growatt_tl_xh", "growatt_mod") as site:
        assert await site.device.set_power(4900, 60) == Clamped(4000, "the battery gives at most 4000 W now")
        site.clock.move(5)
        assert await site.device.set_power(0, 60) == Applied(0)
        site.clock.move(60)
        site.plant.recalibrate(100.0)
        site.clock.move(5)
        result = await site.device.set_power(-3000, 60)
        assert result == Clamped(-500, "the battery takes at most 500 W now")


async def test_a_mod_that_takes_a_slot_back_is_seen() -> None:
    async with met("growatt_tl_xh", "growatt_mod", options={"steer_by": "slots"}) as site:
        await site.device.as_found()
        assert await site.device.set_power(0, 60) == Applied(0)
        assert len((await site.device.in_force()).order) == 2
        site.clock.move(31)
        assert (await site.device.in_force()).order == {}, "without 3049 it goes back to the owner's slot"
        site.clock.move(31)
        assert await site.device.set_power(-1000, 60) == Applied(-1000)
        site.clock.move(61)
        assert len((await site.device.in_force()).order) == 4, "with 3049 it stays"


async def test_half_a_slot_is_answered_and_not_stored() -> None:
    async with met("growatt_tl_xh", "growatt_min") as site:
        site.unit.write(16, 3038, [0xA000])
        assert (await site.device.in_force()).settings["3038 slot 1 start"] == 0x2200


async def test_what_another_controller_left_is_not_given_back() -> None:
    async with met("growatt_tl_xh", "growatt_min") as slots, met("growatt_tl_xh", "growatt_mod") as vpp:
        slots.unit.image.put_all({"start": 0xA000, "end": 0x173B, "ac_charge": 1})
        vpp.unit.image.put_all({"authority": 1, "enable": 1, "share": 50})
        for site in (slots, vpp):
            assert (await site.device.in_force()).order
            await site.device.as_found()
            await site.device.release()
            assert (await site.device.in_force()).order == {}
        assert slots.written() == [(3049, [0]), (3038, [0x2000, 0x173B])]
        assert vpp.written() == [(30407, [0, 0, 0])]


async def test_without_its_rating_the_site_file_must_say_it() -> None:
    async with met("growatt_tl_xh", "growatt_min") as slots, met("growatt_tl_xh", "growatt_mod") as vpp:
        vpp.unit.image.put("rated_battery_w", 0)
        for site in (slots, vpp):
            with pytest.raises(NotSupported, match="set the option battery_w"):
                await site.device.set_power(-1000, 60)
            assert site.written() == []


async def test_vpp_asked_for_and_not_there_is_told() -> None:
    async with met("growatt_tl_xh", "growatt_min", options={"steer_by": "vpp", "battery_w": 5000}) as site:
        with pytest.raises(NotSupported, match="30100 control authority cannot be read"):
            await site.device.set_power(-1000, 60)


@pytest.mark.parametrize(("profile", "point"), [("growatt_mod", "vpp_state"), ("growatt_min", "state")])
async def test_without_grid_the_battery_is_let_go(profile: str, point: str) -> None:
    async with met("growatt_tl_xh", profile, options=FULL) as site:
        await site.device.as_found()
        await site.device.set_power(0, 60)
        assert site.unit.inputs is not None
        site.unit.inputs.put(point, OFF_GRID)
        await site.device.read()
        assert (await site.device.in_force()).order == {}
        with pytest.raises(NotApplied, match="the grid is lost"):
            await site.device.set_power(0, 60)


async def test_an_hour_by_vpp_wears_two_registers_once() -> None:
    async with met("growatt_tl_xh", "growatt_mod") as site:
        await site.device.as_found()
        for i in range(360):
            await site.device.set_power(-500.0 * (i % 7), 60)
            site.clock.move(10)
        assert not site.device.wears
        assert site.device.persistent_writes == {"30100 control authority": 1, "30410 AC charge": 1}
        assert sum(site.unit.wear.values()) == 2


async def test_an_hour_by_slots() -> None:
    async with met("growatt_tl_xh", "growatt_min", options=FULL) as site:
        await site.device.as_found()
        for i in range(360):
            await site.device.set_power(-500.0 * (i % 7), 60)
            site.clock.move(10)
        assert site.device.wears
        assert sum(site.unit.wear.values()) == sum(site.device.persistent_writes.values())
        assert site.device.persistent_writes["3047 battery first charge rate"] <= 60
        assert site.device.persistent_writes["3038 slot 1 start"] == 1


async def test_it_is_recognised_by_its_type() -> None:
    identity = FAMILIES["growatt_tl_xh"].identity
    assert identity is not None
    assert identity.recognise({"holding": {30000: 5400}}) is not None
    assert identity.recognise({"holding": {30000: 3502}}) is None


@pytest.mark.parametrize("block", ["3000", "31200"])
def test_no_read_crosses_a_border(block: str) -> None:
    rows = [row for formula in formulas(block, 0.01, vpp=True).values() for row in rows_in(formula)]
    everything = [*rows, *steering(None, vpp=True).rows, *steering(None, vpp=False).rows]
    blocks = [range(3000, 3125), range(3125, 3250), range(30000, 30100), range(30100, 30500)]
    blocks += [range(31000, 31125), range(31125, 31250)]
    for span in plan_spans(everything, LIMITS):
        assert any(span.address in there and span.address + span.count - 1 in there for there in blocks), span
