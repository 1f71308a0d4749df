"""Growatt SPH and SPA on the wire, against the simulated inverters."""

import pytest

from drivers.device import Applied, Clamped, Later
from drivers.errors import NotApplied, NotSupported
from drivers.families.growatt_sph import LIMITS, formulas, steering
from drivers.formula import rows_in
from drivers.reading import Quantity
from drivers.registry import FAMILIES
from drivers.spans import plan_spans
from simulator.families.growatt_sph import OFF_GRID
from tests.simulator.vendors import met

ALL_DAY = [0, 0x173B, 1]
OWNERS = [2 * 256, 5 * 256, 0]  # the owner's slot: 2:00 to 5:00, not enabled; his charge rate is 80 %


async def test_what_is_written() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        found = await site.device.as_found()
        assert await site.device.set_power(-1520, 600) == Applied(-1500), "30 % of 5000 W"
        assert site.written() == [(1090, [30]), (1092, [1]), (1100, ALL_DAY)]
        site.clock.move(60)
        assert await site.device.set_power(0, 600) == Applied(0)
        assert site.written() == [(1092, [0]), (1090, [80])]
        site.clock.move(60)
        result = await site.device.set_power(1000, 600)
        assert result == Clamped(1000, "it covers the house by its own rule, which cannot be limited")
        assert site.written() == [(1100, [0, 0x173B, 0])]
        await site.device.release()
        assert site.written() == [(1100, OWNERS)]
        assert await site.device.as_found() == found
        await site.device.release()
        assert site.written() == []


@pytest.mark.parametrize(
    ("load_w", "pv_w", "grid_w", "battery_w"), [(8000.0, 1000.0, 3000.0, 4000.0), (100.0, 6000.0, -900.0, -5000.0)]
)
async def test_what_is_read(load_w: float, pv_w: float, grid_w: float, battery_w: float) -> None:
    async with met("growatt_sph", "growatt_sph", load_w=load_w, pv_w=pv_w) as site:
        site.clock.move(600)
        found = await site.values()
        soc_pct = site.plant.soc_pct
    assert found[Quantity.GRID_W] == pytest.approx(grid_w, abs=0.2)
    assert found[Quantity.BATTERY_W] == pytest.approx(battery_w, abs=0.2)
    assert found[Quantity.PV_W] == pytest.approx(pv_w, abs=0.2)
    assert found[Quantity.LOAD_W] == pytest.approx(load_w, abs=0.2)
    assert found[Quantity.SOC_PCT] == pytest.approx(soc_pct, abs=0.5)
    assert found[Quantity.SOH_PCT] == 98
    assert found[Quantity.IMPORT_WH] == pytest.approx(7_310_000.0 + max(0.0, grid_w) / 6.0, abs=100.0)


async def test_an_spa_has_no_low_registers() -> None:
    async with met("growatt_sph", "growatt_spa") as site:
        assert await site.battery_w(60) == pytest.approx(-2000.0, abs=0.2)
        found = await site.values()
        assert found[Quantity.PV_W] is None
        assert found[Quantity.GRID_W] == pytest.approx(0.0, abs=0.2)
        assert await site.device.set_power(-1000, 60) == Applied(-1000)


async def test_an_hu_model_has_its_battery_in_the_bms_block() -> None:
    async with met("growatt_sph", "growatt_sph", options={"model": "hu"}) as site:
        site.unit.inputs.put("SoC", 0)  # type: ignore[union-attr]
        found = await site.values()
        assert found[Quantity.SOC_PCT] == pytest.approx(50.0)
        assert found[Quantity.BATTERY_V] == pytest.approx(52.5)


async def test_the_battery_follows_and_stays_there_in_silence() -> None:
    async with met("growatt_sph", "growatt_sph", load_w=2000.0, pv_w=500.0) as site:
        await site.device.as_found()
        assert await site.battery_w(60) == pytest.approx(1500.0, abs=0.2)
        await site.device.set_power(-1000, 60)
        assert await site.battery_w(90) == pytest.approx(-1000.0, abs=0.2), "a whole slot is not taken back"
        assert await site.battery_w(1800) == pytest.approx(-1000.0, abs=0.2), "it has no timeout"
        await site.device.set_power(0, 60)
        assert await site.battery_w(60) == pytest.approx(-500.0, abs=0.2), "the sun charges, nothing discharges"
        await site.device.set_power(700, 60)
        assert await site.battery_w(60) == pytest.approx(1500.0, abs=0.2), "its own rule has no limit"
        await site.device.release()
        assert await site.battery_w(60) == pytest.approx(1500.0, abs=0.2)


async def test_its_pace_runs_from_what_was_written_last_also_by_a_release() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        await site.device.as_found()
        assert await site.device.set_power(-1000, 60) == Applied(-1000)
        site.clock.move(60)
        assert site.written()
        assert await site.device.set_power(-1000, 60) == Applied(-1000)
        assert site.written() == [], "every register holds its value"
        site.clock.move(1)
        assert await site.device.set_power(-1500, 60) == Applied(-1500)
        site.clock.move(10)
        await site.device.release()
        site.clock.move(1)
        assert site.written()
        later = await site.device.set_power(-1000, 60)
        assert isinstance(later, Later)
        assert later.battery_w is None
        assert 0.0 < later.later_s < 60.0
        assert site.written() == []
        site.clock.move(60)
        assert await site.device.set_power(-1000, 60) == Applied(-1000)


async def test_a_slot_written_in_parts_is_taken_back() -> None:
    """The trap itself, which the driver never steps into."""
    async with met("growatt_sph", "growatt_sph") as site:
        site.unit.write(16, 1102, [1])
        assert (await site.device.in_force()).settings["1102 battery first slot 1 enable"] == 1
        site.clock.move(80)
        assert (await site.device.in_force()).settings["1102 battery first slot 1 enable"] == 0


async def test_what_another_controller_left_is_not_given_back() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        image = site.unit.image
        image.put_all({"start": 0, "end": 0x173B, "enable": 1, "ac_charge": 1})
        image.put_all({"grid_start": 0, "grid_end": 0x173B, "grid_enable": 1})
        assert len((await site.device.in_force()).order) == 8
        await site.device.as_found()
        await site.device.release()
        assert site.written() == [(1092, [0]), (1100, [0, 0x173B, 0]), (1080, [0, 0x173B, 0])]
        assert (await site.device.in_force()).order == {}


async def test_the_owners_slots_are_given_back_whole() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        image = site.unit.image
        owned = {"start": 0x0100, "end": 0x0500, "enable": 1, "ac_charge": 1}
        owned |= {"grid_start": 0x1200, "grid_end": 0x1500, "grid_enable": 1}
        image.put_all(owned)
        await site.device.as_found()
        await site.device.set_power(-1000, 60)
        assert (1080, [0x1200, 0x1500, 0]) in site.written(), "the battery would go to the grid at six"
        await site.device.release()
        assert {name: image.value(name) for name in owned} == owned


async def test_more_than_the_battery_takes_is_cut() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        assert await site.device.set_power(-9000, 60) == Clamped(-5000, "the battery takes at most 5000 W")


async def test_without_its_rating_the_site_file_must_say_it() -> None:
    async with (
        met("growatt_sph", "growatt_sph") as site,
        met("growatt_sph", "growatt_sph", options={"charge_w": 3000}) as told,
    ):
        for one in (site, told):
            one.unit.image.put("rated_battery_w", 0)
        with pytest.raises(NotSupported, match="set the option charge_w"):
            await site.device.set_power(-1000, 60)
        assert site.written() == []
        assert await site.device.set_power(0, 60) == Applied(0), "to hold needs no rating"
        assert await told.device.set_power(-1500, 60) == Applied(-1500)


async def test_without_grid_the_battery_is_let_go() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        await site.device.as_found()
        await site.device.set_power(0, 60)
        assert site.unit.inputs is not None
        site.unit.inputs.put("state", OFF_GRID)
        await site.device.read()
        assert site.unit.image.value("enable") == 0
        with pytest.raises(NotApplied, match="the grid is lost"):
            await site.device.set_power(0, 60)


async def test_an_hour_of_one_order_and_of_new_ones() -> None:
    async with met("growatt_sph", "growatt_sph") as site:
        await site.device.as_found()
        for powers_w, most in (([-1000.0], 5), ([-1000.0, -1500.0, -2000.0, -2500.0, -3000.0], 60)):
            before = sum(site.device.persistent_writes.values())
            for i in range(360):
                await site.device.set_power(powers_w[i % len(powers_w)], 60)
                site.clock.move(10)
            assert 1 < sum(site.device.persistent_writes.values()) - before <= most
        assert sum(site.unit.wear.values()) == sum(site.device.persistent_writes.values())


async def test_it_is_recognised_by_its_type() -> None:
    identity = FAMILIES["growatt_sph"].identity
    assert identity is not None
    assert identity.recognise({"holding": {30000: 3502}}) is not None
    assert identity.recognise({"holding": {30000: 5400}}) is None


def test_no_read_crosses_a_border() -> None:
    rows = [row for formula in formulas("sph").values() for row in rows_in(formula)]
    spans = plan_spans([*rows, *steering(5000.0).rows], LIMITS)
    assert [(span.table, span.address // 125, (span.address + span.count - 1) // 125) for span in spans] == [
        ("holding", 8, 8),
        ("holding", 240, 240),
        ("input", 0, 0),
        ("input", 8, 8),
    ]
