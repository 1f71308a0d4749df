"""GoodWe ET: holding registers with the high word first; the meter counts export, the battery discharge."""

import pytest

from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Cell, Q
from tests.drivers.reference.rig import Rig, words_of

HOLES = (range(35001, 35020), range(35100, 35225), range(36000, 36045), range(37000, 37024))
PV = {35105: 0, 35106: 3000, 35109: 1, 35110: 4, 35113: 0, 35114: 5, 35117: 0xFFFF, 35118: 0xFFFF}
CELLS = (
    Cell(Q.RATED_W, 35001, "H", 10_000, 10_000),
    Cell(Q.VOLTAGE_L1_V, 35121, "H", 2311, 231.1),
    Cell(Q.CURRENT_L1_A, 35122, "H", 112, 11.2),
    Cell(Q.FREQUENCY_HZ, 35123, "H", 5002, 50.02),
    Cell(Q.VOLTAGE_L2_V, 35126, "H", 2322, 232.2),
    Cell(Q.VOLTAGE_L3_V, 35131, "H", 2333, 233.3),
    Cell(Q.AC_W, 35138, "h", -1_234, -1_234),
    Cell(Q.LOAD_W, 35172, "h", 4_321, 4_321),
    Cell(Q.TEMPERATURE_C, 35174, "h", 415, 41.5),
    Cell(Q.BATTERY_V, 35180, "H", 4001, 400.1),
    Cell(Q.BATTERY_W, 35182, "i", -2_750, -2_750),
    Cell(Q.STATE, 35187, "H", 1, 1),
    Cell(Q.EXPORT_WH, 36015, "f", 4_194_304.0, 4_194_304),
    Cell(Q.IMPORT_WH, 36017, "f", 8_388_608.0, 8_388_608),
    Cell(Q.GRID_L1_W, 36019, "i", -1_001, 1_001),
    Cell(Q.GRID_L2_W, 36021, "i", 502, -502),
    Cell(Q.GRID_L3_W, 36023, "i", -40_003, 40_003),
    Cell(Q.GRID_W, 36025, "i", -40_502, 40_502),
    Cell(Q.SOC_PCT, 37007, "H", 64, 64),
    Cell(Q.SOH_PCT, 37008, "H", 98, 98),
)
STATES = {35136: 1, 35184: 3, 36004: 1, 37004: 25, 37005: 20}
OLD, NEW = {47511: 1, 47512: 0}, {42000: 1, 42001: 0, 42002: 0}


def device(controls: dict[int, int], **words: int) -> MemoryTransport:
    changed = {int(at[1:]): word for at, word in words.items()}
    return MemoryTransport(words_of(CELLS, HOLES, PV | STATES | controls | changed))


async def test_each_row_reads_as_the_reference_says() -> None:
    rig = Rig("goodwe_et", device(OLD))
    await rig.reads(CELLS)
    assert (await rig.readings())[Q.PV_W] == 3000 + 65540 + 5


@pytest.mark.parametrize(("register", "gone"), [(36004, Q.GRID_W), (36004, Q.IMPORT_WH), (35184, Q.BATTERY_W)])
async def test_what_is_not_connected_is_missing(register: int, gone: Q) -> None:
    image = device(OLD)
    image.words[register] = 0
    assert (await Rig("goodwe_et", image).readings())[gone] is None


@pytest.mark.parametrize(("mode", "battery_w", "soc_pct"), [(3, -5_250, 52), (0, -2_750, 64)])
async def test_a_second_battery_counts_where_there_is_one(mode: int, battery_w: float, soc_pct: float) -> None:
    image = device(OLD, r35264=0xFFFF, r35265=0x10000 - 2_500, r35266=mode, r39005=40)
    found = await Rig("goodwe_et", image).readings()
    assert (found[Q.BATTERY_W], found[Q.SOC_PCT]) == (battery_w, soc_pct)


async def test_an_old_meter_has_sixteen_bits() -> None:
    image = device(OLD)
    image.words[36008] = 0x10000 - 1500
    for address in range(36009, 36045):
        del image.words[address]
    rig = Rig("goodwe_et", image)
    for _ in range(4):  # a block that is refused is halved with each read
        found = await rig.readings()
    assert found[Q.GRID_W] == 1500


async def test_charge_discharge_hold_release() -> None:
    rig = Rig("goodwe_et", device(OLD))
    assert await rig.told(-2000) == [(47511, [11, 2000])]
    assert await rig.told(2000) == [(47511, [12, 2000])]
    assert await rig.told(0) == [(47511, [8, 0])]
    assert await rig.told(None) == [(47511, [1, 0])]
    assert await rig.told(None) == []


async def test_newer_platforms_have_it_at_42000_with_two_words() -> None:
    rig = Rig("goodwe_et", device(NEW))
    assert await rig.told(-2000) == [(42000, [11, 0, 2000])]
    assert await rig.told(None) == [(42000, [1, 0, 0])]


@pytest.mark.parametrize("mode", [2, 3, 4, 5, 8, 9, 10, 11, 12])
async def test_a_crash_leaves_a_mode_that_a_release_ends(mode: int) -> None:
    rig = Rig("goodwe_et", device(OLD, r47511=mode, r47512=5000))
    await rig.told(None)
    assert rig.holds(47511) == [1]


@pytest.mark.parametrize("mode", [6, 7, 0xFF])
async def test_what_a_person_chose_stays(mode: int) -> None:
    rig = Rig("goodwe_et", device(OLD, r47511=mode))
    await rig.told(None)
    assert rig.holds(47511) == [mode]
