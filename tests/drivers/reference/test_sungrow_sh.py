"""Sungrow SH: input registers with the low word first, settings in holding registers, forced mode without a timer."""

import pytest

from drivers.errors import NotSupported
from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Cell, Q
from tests.drivers.reference.rig import Rig, in_turn, low_first, words_of

HOLES = (range(4989, 5021), range(5213, 5242), range(5600, 5640), range(12999, 13047))
COMMON = (
    Cell(Q.RATED_W, 5000, "H", 100, 10_000),
    Cell(Q.TEMPERATURE_C, 5007, "h", -55, -5.5),
    low_first(Q.PV_W, 5016, "I", 7_001, 7_001),
    Cell(Q.VOLTAGE_L1_V, 5018, "H", 2301, 230.1),
    Cell(Q.VOLTAGE_L3_V, 5020, "H", 2323, 232.3),
    Cell(Q.FREQUENCY_HZ, 5241, "H", 4998, 49.98),
    Cell(Q.RATED_CHARGE_W, 5627, "H", 106, 10_600),
    Cell(Q.RATED_WH, 5638, "H", 960, 9_600),
    Cell(Q.STATE, 12999, "H", 0x4000, 0x4000),
    low_first(Q.LOAD_W, 13007, "i", 8_210, 8_210),
    low_first(Q.GRID_W, 13009, "i", -3_210, 3_210),
    Cell(Q.BATTERY_V, 13019, "H", 2560, 256.0),
    Cell(Q.SOC_PCT, 13022, "H", 437, 43.7),
    Cell(Q.SOH_PCT, 13023, "H", 990, 99.0),
    Cell(Q.CURRENT_L1_A, 13030, "h", -71, -7.1),
    Cell(Q.CURRENT_L3_A, 13032, "h", 73, 7.3),
    low_first(Q.AC_W, 13033, "i", 4_501, 4_501),
    low_first(Q.IMPORT_WH, 13036, "I", 1_234_567, 123_456_700),
    low_first(Q.EXPORT_WH, 13045, "I", 765_432, 76_543_200),
)
NEW = (
    *COMMON,
    low_first(Q.BATTERY_W, 5213, "i", -2_500, -2_500),
    low_first(Q.GRID_L1_W, 5602, "i", 1_000, 1_000),
    low_first(Q.GRID_L2_W, 5604, "i", -501, -501),
    low_first(Q.GRID_L3_W, 5606, "i", 2_711, 2_711),
)
CURRENT_LIMITS = {5634: 30, 5635: 25}  # A
SETTINGS = {13049: 0, 13050: 0xCC, 13051: 0, 33046: 1060, 33047: 1060}


def new(**settings: int) -> MemoryTransport:
    return MemoryTransport(
        SETTINGS | {int(at[1:]): word for at, word in settings.items()}, words_of(NEW, HOLES, CURRENT_LIMITS)
    )


def old(flags: int, battery: int) -> MemoryTransport:
    holes = (range(4989, 5021), range(5241, 5242), range(12999, 13047))
    cells = tuple(cell for cell in COMMON if cell.quantity not in (Q.RATED_CHARGE_W, Q.RATED_WH))
    return MemoryTransport(SETTINGS, words_of(cells, holes, {13000: flags, 13021: battery}))


async def test_each_row_reads_as_the_reference_says() -> None:
    await Rig("sungrow_sh", new()).reads(NEW)


@pytest.mark.parametrize(
    ("flags", "battery", "battery_w"),
    [(0b010, 1800, -1800), (0b100, 1800, 1800), (0, 1800, -1800), (0, 0, 0), (0b010, 0xFFFF - 1799, -1800)],
    ids=["charging", "discharging", "no flag, less AC than sun", "idle", "signed"],
)
async def test_the_direction_of_old_firmware(flags: int, battery: int, battery_w: float) -> None:
    found = await Rig("sungrow_sh", old(flags, battery)).readings()
    assert found[Q.BATTERY_W] == battery_w


async def test_without_a_meter_grid_power_is_missing() -> None:
    image = new()
    image.tables["input"] |= {5600: 0xFFFF, 5601: 0x7FFF}
    assert (await Rig("sungrow_sh", image).readings())[Q.GRID_W] is None


async def test_charge_discharge_hold_release() -> None:
    rig = Rig("sungrow_sh", new())
    assert in_turn(await rig.told(-2000)) == [(13049, 2), (13050, 0xAA), (13051, 2000)]
    assert in_turn(await rig.told(2000)) == [(13050, 0xBB), (13051, 2000)]
    assert in_turn(await rig.told(0)) == [(13050, 0xCC)]
    await rig.told(None)
    assert rig.holds(13049, 13050) == [0, 0xCC]
    assert await rig.told(None) == []


async def test_a_hold_that_somebody_left_is_undone() -> None:
    rig = Rig("sungrow_sh", new(r33047=1))
    await rig.told(None)
    assert rig.holds(33047) == [1060]


async def test_a_rating_beyond_all_devices_holds_no_release_back() -> None:
    image = new(r13049=2, r13050=0xAA, r33047=1)
    image.tables["input"][5627] = 5947
    rig = Rig("sungrow_sh", image)
    await rig.told(None)
    assert rig.holds(13049, 13050, 33047) == [0, 0xCC, 5000]


async def test_another_energy_manager_is_left_alone() -> None:
    rig = Rig("sungrow_sh", new(r13049=3))
    with pytest.raises(NotSupported):
        await rig.told(-2000)
    assert await rig.told(None) == []


async def test_a_battery_takes_no_more_than_its_management_allows() -> None:
    rig = Rig("sungrow_sh", new())
    assert in_turn(await rig.told(-9000))[-1] == (13051, 7680)  # 30 A at 256 V
    assert in_turn(await rig.told(9000))[-1] == (13051, 6400)
