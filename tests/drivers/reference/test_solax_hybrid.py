"""SolaX hybrids: input registers with the low word first, and the remote control block of fifteen registers."""

import struct

import pytest

from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Cell, Q
from tests.drivers.reference.rig import Rig, low_first, words_of

HOLES = (range(0xD1), range(0x100, 0x130))
COMMON = (
    Cell(Q.STATE, 0x09, "H", 2, 2),
    Cell(Q.BATTERY_V, 0x14, "H", 2200, 220.0),
    low_first(Q.GRID_W, 0x46, "i", -70_123, 70_123),
    low_first(Q.EXPORT_WH, 0x48, "I", 1_234_567, 12_345_670),
    low_first(Q.IMPORT_WH, 0x4A, "I", 654_321, 6_543_210),
    Cell(Q.VOLTAGE_L1_V, 0x6A, "H", 2301, 230.1),
    Cell(Q.CURRENT_L1_A, 0x6B, "h", -51, -5.1),
    Cell(Q.FREQUENCY_HZ, 0x6D, "H", 4999, 49.99),
    Cell(Q.VOLTAGE_L2_V, 0x6E, "H", 2312, 231.2),
    Cell(Q.VOLTAGE_L3_V, 0x72, "H", 2323, 232.3),
    low_first(Q.GRID_L1_W, 0x82, "i", 1_000, -1_000),
    low_first(Q.GRID_L2_W, 0x84, "i", -2_000, 2_000),
    low_first(Q.GRID_L3_W, 0x86, "i", -3_000, 3_000),
)
GENERATION_4 = (
    *COMMON,
    Cell(Q.BATTERY_W, 0x16, "h", 1_500, -1_500),
    Cell(Q.SOC_PCT, 0x1C, "H", 71, 71),
    Cell(Q.SOH_PCT, 0xBF, "H", 97, 97),
)
GENERATION_5 = (
    *COMMON,
    low_first(Q.BATTERY_W, 0x38, "i", 1_500, -1_500),
    Cell(Q.SOC_PCT, 0x3C, "H", 71, 71),
    Cell(Q.SOH_PCT, 0x3D, "H", 97, 97),
)
PV_1, PV_2, BMS, CHARGE_A, DISCHARGE_A, LOCK, MODE_SHOWN = 0x0A, 0x0B, 0x17, 0x24, 0x25, 0x54, 0x100
STATES = {PV_1: 2000, PV_2: 1000, BMS: 1, CHARGE_A: 250, DISCHARGE_A: 300, LOCK: 1, MODE_SHOWN: 0}


class Solax(MemoryTransport):
    """Shows the mode of the block, which itself cannot be read, in an input register."""

    def __init__(self, cells: tuple[Cell, ...] = GENERATION_4, **states: int) -> None:
        named = {"lock": LOCK}
        super().__init__(inputs=words_of(cells, HOLES, STATES | {named[name]: word for name, word in states.items()}))

    def take(self, address: int, words: list[int]) -> None:
        if address == 0x7C:
            self.tables["input"][MODE_SHOWN] = words[0]


def block(mode: int, set_type: int = 0, active_w: int = 0, seconds: int = 0, push_w: int = 0) -> list[int]:
    """The fifteen registers from 0x7C on, 32-bit values with the low word first."""
    active, push = (struct.unpack(">HH", struct.pack(">i", watts))[::-1] for watts in (active_w, push_w))
    return [mode, set_type, *active, 0, 0, seconds, 0, 0, 0, 0, 0, seconds, *push]


@pytest.mark.parametrize(("generation", "cells"), [(4, GENERATION_4), (5, GENERATION_5)])
async def test_each_row_reads_as_the_reference_says(generation: int, cells: tuple[Cell, ...]) -> None:
    rig = Rig("solax_hybrid", Solax(cells), generation=generation)
    await rig.reads(cells)
    assert (await rig.readings())[Q.PV_W] == 3000


async def test_mode_4_gives_the_battery_a_power_for_a_time() -> None:
    rig = Rig("solax_hybrid", Solax())
    assert await rig.told(-2000) == [(0x7C, block(4, 1, seconds=60, push_w=-2000))]
    assert await rig.told(2000) == [(0x7C, block(4, 1, seconds=60, push_w=2000))]
    assert await rig.told(0) == [(0x7C, block(4, 1, seconds=60))]
    assert await rig.told(None) == [(0x7C, block(0))]
    assert await rig.told(None) == []


async def test_mode_1_is_the_power_at_the_terminals_where_charging_is_positive() -> None:
    rig = Rig("solax_hybrid", Solax(), remote_mode=1)
    assert await rig.told(-2000) == [(0x7C, block(1, 1, active_w=-1000, seconds=60))]
    assert await rig.told(2000) == [(0x7C, block(1, 1, active_w=-5000, seconds=60))]


async def test_a_locked_inverter_is_unlocked_first() -> None:
    rig = Rig("solax_hybrid", Solax(lock=0))
    assert [request for request in await rig.told(-2000) if request[0] == 0] == [(0x00, [2014])]
    assert rig.image.writes[0] == (0x00, [2014])


async def test_what_another_left_in_mode_8_is_ended() -> None:
    image = Solax()
    image.tables["input"][MODE_SHOWN] = 8
    assert await Rig("solax_hybrid", image).told(None) == [(0x7C, block(0))]


async def test_a_battery_takes_no_more_than_its_management_allows() -> None:
    rig = Rig("solax_hybrid", Solax())
    assert await rig.told(-9000) == [(0x7C, block(4, 1, seconds=60, push_w=-5500))]  # 25 A at 220 V
