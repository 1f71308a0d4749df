"""The family ``fenecon_openems`` meets a simulated OpenEMS Edge, whose map it must walk."""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.datasheet import Datasheet
from drivers.device import Applied, Clamped, Span
from drivers.errors import BadFrame, NotApplied, NotSupported, Refused
from drivers.families.fenecon_openems import Map, Storage, Totals, facts_of
from drivers.reading import Quantity
from drivers.register import Register
from drivers.registry import FAMILIES
from simulator.families import openems
from simulator.faults import Fault, FaultScript
from simulator.units import Unit
from tests.simulator.sites import BEGINNING
from tests.simulator.vendors import Met, met

AT_MOST, AT_LEAST = 810, 814
BOTH = pytest.mark.parametrize(("profile", "managed"), [("openems", 800), ("openems_other_order", 980)])


def watts(value: float) -> list[int]:
    return list(struct.unpack(">HH", struct.pack(">f", value)))


def edge(one: Met):  # type: ignore[no-untyped-def]
    return one.unit._face


@asynccontextmanager
async def settled(profile: str = "openems", **options: object) -> AsyncIterator[Met]:
    """1000 W of load, 3000 W of sun behind the storage system, and its battery at -2000 W."""
    async with met("fenecon_openems", profile, options=options) as one:
        one.clock.move(600)
        await one.values()
        yield one


@BOTH
@pytest.mark.parametrize(
    ("load_w", "pv_w", "battery_w", "grid_w"), [(8000.0, 1000.0, 4000.0, 3000.0), (1000.0, 3000.0, -2000.0, 0.0)]
)
async def test_it_reads_as_it_is(
    profile: str, managed: int, load_w: float, pv_w: float, battery_w: float, grid_w: float
) -> None:
    async with met("fenecon_openems", profile, load_w=load_w, pv_w=pv_w) as one:
        one.clock.move(600)
        found = await one.values()
        assert (found[Quantity.BATTERY_W], found[Quantity.GRID_W], found[Quantity.PV_W]) == (battery_w, grid_w, pv_w)
        assert (found[Quantity.AC_W], found[Quantity.LOAD_W]) == (battery_w + pv_w, load_w)
        assert found[Quantity.GRID_L1_W] == pytest.approx(0.42 * grid_w)
        assert found[Quantity.IMPORT_WH] == pytest.approx(4_210_000 + one.plant.counters.import_wh)
        assert found[Quantity.SOC_PCT] == pytest.approx(one.plant.state.soc_pct, abs=0.5)
        assert found[Quantity.RATED_WH] == 10000.0
        assert None not in found.values()


@BOTH
@pytest.mark.parametrize(("power_w", "towards_less"), [(-3500.0, True), (1500.0, False), (0.0, False)])
async def test_an_order_is_the_battery_s_power_with_the_sun(
    profile: str, managed: int, power_w: float, towards_less: bool
) -> None:
    async with settled(profile) as one:
        assert await one.device.set_power(power_w, 60) == Applied(power_w)
        at_most, at_least = ((managed + offset, watts(power_w + 3000)) for offset in (10, 14))
        assert one.written() == ([at_least, at_most] if towards_less else [at_most, at_least])
        assert await one.battery_w(50) == power_w
        assert await one.battery_w(30) == -2000.0, "nothing was written for 60 s"
        assert (one.device.longest_hold_s, one.device.reverts, one.device.persistent_writes) == (60.0, True, {})


async def test_a_release_opens_both_limits_at_once() -> None:
    async with settled() as one:
        await one.device.as_found()
        await one.device.set_power(1500, 60)
        one.written()
        await one.device.release()
        assert one.written() == [(AT_MOST, watts(10000)), (AT_LEAST, watts(-10000))]
        assert await one.battery_w(15) == -2000.0


@pytest.mark.parametrize(
    ("asked_w", "held_w", "sentence"),
    [(-9000, -5000, "takes no less than -2000 W"), (9000, 4000, "gives at most 7000 W")],
)
async def test_what_the_storage_system_allows_now_cuts(asked_w: float, held_w: float, sentence: str) -> None:
    async with settled() as one:
        result = await one.device.set_power(asked_w, 60)
        assert isinstance(result, Clamped)
        assert result.battery_w == held_w
        assert sentence in result.reason


def test_an_order_is_not_turned_round_by_the_sun() -> None:
    storage = Storage(Totals(300), 600, 800)
    now = {storage.totals.ess_w: 5000.0, storage.totals.battery_w: -3000.0, storage.most: 6000.0, storage.least: 0.0}
    seen = {row.name: value for row, value in now.items()}
    with pytest.raises(NotApplied, match="gives at most 6000 W at its terminals now, with 8000 W of sun"):
        storage.order(500, 60, seen)
    assert storage.order(0, 60, seen).battery_w == -2000.0


async def test_without_grid_the_order_does_not_stand() -> None:
    async with settled() as one:
        await one.device.set_power(0, 60)
        one.written()
        edge(one).off_grid = True
        one.clock.move(5)
        await one.device.read()
        assert one.written() == [(AT_MOST, watts(10000)), (AT_LEAST, watts(-10000))]
        with pytest.raises(NotApplied, match="the grid is lost"):
            await one.device.set_power(0, 60)


async def test_components_that_move_while_connected_are_not_written_to() -> None:
    async with settled() as one:
        one.unit.image.store(800, [0x42EE])
        with pytest.raises(NotSupported, match="the components were changed"):
            await one.device.set_power(0, 60)
        with pytest.raises(BadFrame, match="nature ManagedSymmetricEss at 800"):
            await one.device.read()
        assert one.written() == []
        await one.device.read()
        with pytest.raises(NotSupported, match="cannot be steered in this variant"):
            await one.device.set_power(0, 60)


async def test_a_server_without_a_storage_system_is_read_and_not_steered() -> None:
    async with met("fenecon_openems", "openems") as one:
        replace_map(one.unit, openems.laid_out(one.plant, openems.READ_ONLY)[1])
        assert (await one.values())[Quantity.SOC_PCT] == 50.0
        with pytest.raises(NotSupported, match="cannot be steered"):
            await one.device.set_power(0, 60)


def replace_map(unit: Unit, other: Unit) -> None:
    """``unit`` serves the registers of ``other`` as far as it reaches."""
    end = min(unit.image.end, other.image.end)
    words = other.image.read(0, end) + [0xFFFF] * (unit.image.end - end)
    unit.image.store(0, words)


@pytest.mark.parametrize(("ess", "steered"), [("ess0", True), ("ess7", False)])
async def test_the_storage_system_may_be_named(ess: str, steered: bool) -> None:
    async with settled("openems_other_order", ess=ess) as one:
        if steered:
            assert await one.device.set_power(0, 60) == Applied(0)
        else:
            with pytest.raises(NotSupported, match="cannot be steered"):
                await one.device.set_power(0, 60)


async def test_a_licence_for_reading_refuses() -> None:
    script = FaultScript((Fault("refused_write", "inverter", BEGINNING, 3600.0, code=1),))
    async with met("fenecon_openems", "openems", faults=script) as one:
        with pytest.raises(Refused, match="exception 1"):
            await one.device.set_power(0, 60)


async def test_another_time_out_of_the_server_is_an_option() -> None:
    async with settled(api_timeout_s=20.0) as one:
        assert one.device.longest_hold_s == 20.0


@pytest.mark.parametrize(("address", "count"), [(304, 2), (303, 1), (200, 8)])
async def test_half_of_a_value_cannot_be_read(address: int, count: int) -> None:
    async with met("fenecon_openems", "openems") as one:
        with pytest.raises(Refused, match="exception 2"):
            await one.device._transport.read(Span("holding", address, count))


async def test_it_is_recognised() -> None:
    identity = FAMILIES["fenecon_openems"].identity
    assert identity is not None
    async with met("fenecon_openems", "openems") as one:
        words = {
            span.address + i: word
            for span in identity.spans
            for i, word in enumerate(await one.device._transport.read(span))
        }
    found = identity.recognise({"holding": words})
    assert found is not None
    assert (found.maker, found.model, found.serial) == ("FENECON GmbH", "FENECON Home 10", "FEMS-0815")


def walk(words: dict[int, int]) -> Datasheet:
    """What is found on a map with ``words``; all others read 0xFFFF."""
    step, seen, steps = Map(None, facts_of(60.0), {}).step, dict[str, float | None](), 0
    found = step(seen)
    while not isinstance(found, Datasheet):
        seen |= {row.name: read(row, words) for row in found}
        steps += 1
        assert steps < 3000
        found = step(seen)
    return found


def read(row: Register, words: dict[int, int]) -> float | None:
    return row.decode({at: words.get(at, 0xFFFF) for at in row.addresses})


@given(st.dictionaries(st.integers(200, 700), st.sampled_from([0, 1, 20, 80, 100, 0x42EE, 0xA3ED, 0xB3DC, 0x462B])))
def test_a_walk_ends_whatever_the_map_says(words: dict[int, int]) -> None:
    there = {**words, 0: 0x6201, 1: 199}
    if 0x462B not in words.values():
        with pytest.raises(NotSupported, match="no component _sum"):
            walk(there)
        return
    with suppress(NotSupported):  # the hash may stand where no nature begins
        assert Quantity.SOC_PCT in walk(there).formulas


@pytest.mark.parametrize(
    ("words", "sentence"), [({}, "this is no OpenEMS"), ({0: 0x6201, 1: 199}, "no component _sum")]
)
def test_what_is_no_openems_is_told(words: dict[int, int], sentence: str) -> None:
    with pytest.raises(NotSupported, match=sentence):
        walk(words)
