"""Growatt: the storage block of an SPH, and the 3000 block of a TL-XH by slots and by VPP; the high word first."""

import pytest

from drivers.device import Action, Span, Steerable
from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Cell, Q
from tests.drivers.reference.rig import Rig, in_turn, words_of

BORDERS = (0, 125, 1000, 1125, 1250, 3000, 3125, 3250)
END_OF_DAY = 0x173B
SPH = (
    Cell(Q.STATE, 0, "H", 5, 5),
    Cell(Q.PV_W, 1, "I", 70_001, 7_000.1),
    Cell(Q.BATTERY_V, 1013, "H", 521, 52.1),
    Cell(Q.SOC_PCT, 1014, "H", 64, 64),
    Cell(Q.LOAD_W, 1037, "I", 90_002, 9_000.2),
    Cell(Q.TEMPERATURE_C, 1040, "H", 251, 25.1),
    Cell(Q.IMPORT_WH, 1046, "I", 70_003, 7_000_300),
    Cell(Q.SOH_PCT, 1096, "H", 97, 97),
)
TL_XH = (
    Cell(Q.STATE, 3000, "H", 1, 1),
    Cell(Q.PV_W, 3001, "I", 70_001, 7_000.1),
    Cell(Q.LOAD_W, 3045, "I", 90_002, 9_000.2),
    Cell(Q.BATTERY_V, 3169, "H", 40_020, 400.2),
    Cell(Q.SOC_PCT, 3171, "H", 64, 64),
    Cell(Q.TEMPERATURE_C, 3176, "H", 251, 25.1),
)
TL_XH2 = (
    Cell(Q.BATTERY_W, 31200, "i", -25_000, 2_500),
    Cell(Q.BATTERY_V, 31214, "H", 4002, 400.2),
    Cell(Q.SOC_PCT, 31217, "H", 65, 65),
)
SPH_SET = dict.fromkeys((*range(1070, 1094), *range(1100, 1109)), 0) | {1090: 80, 1091: 100, 1100: 0x0100, 1101: 0x0200}
SLOTS_SET = {3038: 0x2100, 3039: 0x0300, 3047: 80, 3048: 100, 3049: 0}
VPP_SET = {
    30099: 203,
    30100: 0,
    30407: 0,
    30408: 0,
    30409: 0,
    30410: 1,
    30016: 1,
    30017: 34464,
    30026: 0,
    30027: 50_000,
}


class Growatt(MemoryTransport):
    """Refuses a read over a border of 125 registers."""

    async def read(self, span: Span) -> list[int]:
        assert not any(span.address < border < span.address + span.count for border in BORDERS)
        return await super().read(span)


def _pair(first: int, tenths: int) -> dict[int, int]:
    return {first: tenths >> 16, first + 1: tenths & 0xFFFF}


def sph(battery: tuple[int, int] = (0, 25_000), **words: int) -> Growatt:
    """``battery`` are its discharging and charging power in tenths of a watt."""
    flows = _pair(1009, battery[0]) | _pair(1011, battery[1]) | _pair(1021, 70_000) | _pair(1029, 0)
    changed = {int(at[1:]): word for at, word in words.items()}
    return Growatt(SPH_SET | changed, words_of(SPH, (range(125), range(1000, 1125)), flows))


def tl_xh(*, vpp: bool = False, **words: int) -> Growatt:
    flows = _pair(3041, 0) | _pair(3043, 70_000) | _pair(3178, 25_000) | _pair(3180, 0) | {31000: 1}
    holes = (range(3000, 3250), range(31000, 31125), range(31200, 31220))
    changed = {int(at[1:]): word for at, word in words.items()}
    return Growatt(SLOTS_SET | (VPP_SET if vpp else {}) | changed, words_of(TL_XH, holes, flows))


@pytest.mark.parametrize(("battery", "battery_w"), [((0, 25_000), -2500), ((80_000, 0), 8000), ((0, 0), 0)])
async def test_sph_rows(battery: tuple[int, int], battery_w: float) -> None:
    rig = Rig("growatt_sph", sph(battery))
    await rig.reads(SPH)
    found = await rig.readings()
    assert (found[Q.BATTERY_W], found[Q.GRID_W]) == (battery_w, 7000)
    assert Q.EXPORT_WH not in found, "1050 disagreed with the portal"


async def test_an_spa_has_no_registers_below_1000() -> None:
    image = sph()
    for address in range(125):
        del image.tables["input"][address]
    found = await Rig("growatt_sph", image).readings()
    assert (found[Q.BATTERY_W], found[Q.PV_W], found[Q.SOC_PCT]) == (-2500, None, 64)


async def test_sph_charge_hold_release() -> None:
    rig = Rig("growatt_sph", sph(), charge_w=5000)
    assert isinstance(rig.device, Steerable)
    assert not rig.device.actions & {Action.DISCHARGE, Action.SETPOINT}
    await rig.device.as_found()
    before = dict(rig.image.words)
    assert (1100, [0, END_OF_DAY, 1]) in await rig.told(-2000), "a slot goes in one request"
    assert rig.holds(1090, 1092) == [40, 1]
    await rig.told(0)
    assert rig.holds(1092, 1100, 1101, 1102) == [0, 0, END_OF_DAY, 1]
    assert (1100, [0x0100, 0x0200, 0]) in await rig.told(None)
    assert rig.image.words == before


async def test_sph_after_a_crash_nothing_forces_it() -> None:
    image = sph(r1090=100, r1092=1, r1100=0, r1101=END_OF_DAY, r1102=1)
    rig = Rig("growatt_sph", image, charge_w=5000)
    await rig.told(None)
    assert rig.holds(1092, 1102) == [0, 0]


async def test_tl_xh_rows() -> None:
    rig = Rig("growatt_tl_xh", tl_xh())
    await rig.reads(TL_XH)
    found = await rig.readings()
    assert (found[Q.BATTERY_W], found[Q.GRID_W]) == (2500, -7000)


async def test_tl_xh2_rows() -> None:
    image = tl_xh(vpp=True)
    image.tables["input"] |= words_of(TL_XH2) | {3171: 0}
    rig = Rig("growatt_tl_xh", image)
    await rig.reads(TL_XH2)
    assert (await rig.readings())[Q.RATED_W] == 10_000


async def test_tl_xh_charge_hold_release_by_slots() -> None:
    rig = Rig("growatt_tl_xh", tl_xh(), battery_w=5000)
    assert isinstance(rig.device, Steerable)
    await rig.device.as_found()
    before = dict(rig.image.words)
    assert (3038, [0xA000, END_OF_DAY]) in await rig.told(-2000)
    assert rig.holds(3047, 3049) == [40, 1]
    await rig.told(0)
    assert rig.holds(3038, 3039, 3049) == [0xA000, END_OF_DAY, 0]
    await rig.told(None)
    assert rig.image.words == before


async def test_tl_xh_charge_discharge_hold_release_by_vpp() -> None:
    rig = Rig("growatt_tl_xh", tl_xh(vpp=True))
    assert isinstance(rig.device, Steerable)
    await rig.device.as_found()
    before = dict(rig.image.words)
    assert in_turn(await rig.told(-2000)) == [(30100, 1), (30407, 1), (30408, 1), (30409, 40)]
    assert in_turn(await rig.told(2000)) == [(30407, 1), (30408, 1), (30409, 0x10000 - 40)]
    assert in_turn(await rig.told(0)) == [(30407, 1), (30408, 1), (30409, 0)]
    await rig.told(None)
    assert rig.image.words == before
    assert not rig.device.reverts, "its minutes are not relied on"


async def test_vpp_is_ended_after_a_crash() -> None:
    rig = Rig("growatt_tl_xh", tl_xh(vpp=True, r30100=1, r30407=1, r30408=5, r30409=100))
    await rig.told(None)
    assert rig.holds(30407, 30409) == [0, 0]
