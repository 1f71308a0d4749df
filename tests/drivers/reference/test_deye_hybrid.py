"""Deye, Sunsynk, Sol-Ark: three maps, the low word first, and no setpoint: currents, slots and a state of charge."""

import pytest

from drivers.device import Action, Span, Steerable
from drivers.errors import NoAnswer
from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Cell, Q
from tests.drivers.reference.rig import Rig, in_turn, low_first, words_of

LARGEST_READ = 20
SINGLE = (
    Cell(Q.STATE, 59, "H", 2, 2),
    Cell(Q.FREQUENCY_HZ, 79, "H", 5001, 50.01),
    low_first(Q.EXPORT_WH, 81, "I", 70_001, 7_000_100),
    Cell(Q.TEMPERATURE_C, 91, "H", 1405, 40.5),
    Cell(Q.VOLTAGE_L1_V, 150, "H", 2345, 234.5),
    Cell(Q.GRID_W, 172, "h", -3_312, -3_312),
    Cell(Q.AC_W, 175, "h", 2_001, 2_001),
    Cell(Q.LOAD_W, 178, "h", 1_234, 1_234),
    Cell(Q.BATTERY_V, 183, "H", 5000, 50.0),
    Cell(Q.SOC_PCT, 184, "H", 55, 55),
    Cell(Q.BATTERY_W, 190, "h", -1_800, -1_800),
)
SINGLE_MORE = {0: 0x0300, 78: 4465, 80: 1, 169: 21, 186: 1500, 187: 700, 188: 0, 194: 1}
SINGLE_SET = {210: 100, 211: 90, 230: 40, 232: 0, 248: 0, 268: 20, 274: 0}
THREE = (
    Cell(Q.STATE, 500, "H", 2, 2),
    low_first(Q.IMPORT_WH, 522, "I", 70_001, 7_000_100),
    low_first(Q.EXPORT_WH, 524, "I", 80_002, 8_000_200),
    Cell(Q.TEMPERATURE_C, 541, "H", 995, -0.5),
    Cell(Q.SOC_PCT, 588, "H", 56, 56),
    Cell(Q.VOLTAGE_L1_V, 598, "H", 2301, 230.1),
    Cell(Q.VOLTAGE_L2_V, 599, "H", 2312, 231.2),
    Cell(Q.VOLTAGE_L3_V, 600, "H", 2323, 232.3),
    Cell(Q.FREQUENCY_HZ, 609, "H", 4999, 49.99),
    Cell(Q.GRID_L1_W, 622, "h", -1_001, -1_001),
    Cell(Q.GRID_L2_W, 623, "h", 502, 502),
    Cell(Q.GRID_L3_W, 624, "h", 1_503, 1_503),
    Cell(Q.GRID_W, 625, "h", 1_004, 1_004),
    Cell(Q.AC_W, 636, "h", -444, -444),
    Cell(Q.LOAD_W, 653, "h", 560, 560),
)
THREE_LV = (*THREE, Cell(Q.BATTERY_W, 590, "h", 1_700, 1_700), Cell(Q.BATTERY_V, 587, "H", 5000, 50.0))
THREE_HV = (
    *THREE,
    Cell(Q.BATTERY_W, 590, "h", 170, 1_700),
    Cell(Q.BATTERY_V, 587, "H", 5000, 500.0),
    Cell(Q.SOH_PCT, 224, "H", 99, 99),
)
THREE_MORE = {552: 4, 650: 200, 651: 150, 652: 210, 672: 300, 673: 20, 674: 0, 675: 1}
THREE_SET = {108: 100, 109: 90, 127: 30, 128: 40, 130: 0, 146: 0xFF}


class Deye(MemoryTransport):
    """Refuses more than twenty registers at once."""

    async def read(self, span: Span) -> list[int]:
        assert span.count <= LARGEST_READ
        return await super().read(span)


def single() -> Deye:
    holes = (range(150, 195), range(268, 280))
    return Deye(words_of(SINGLE, holes, SINGLE_MORE | SINGLE_SET | dict.fromkeys(range(268, 274), 20)))


def three(code: int, cells: tuple[Cell, ...], **words: int) -> Deye:
    holes = (range(500, 630), range(636, 680))
    changed = {int(at[1:]): word for at, word in words.items()}
    return Deye(words_of(cells, holes, {0: code} | THREE_MORE | THREE_SET | changed))


def wide(**words: int) -> Deye:
    """One that is rated 30 kW."""
    image = three(0x0006, THREE_HV, r20=0x93E0, r21=4)
    image.words.update(dict.fromkeys((687, 688, 689, 690, 694, 659), 0))
    image.words.update({int(at[1:]): word for at, word in words.items()})
    return image


async def test_the_single_phase_rows() -> None:
    rig = Rig("deye_hybrid", single())
    await rig.reads(SINGLE)
    found = await rig.readings()
    assert found[Q.IMPORT_WH] == pytest.approx((65536 + 4465) * 100), "the high word of 78 is 80"
    assert found[Q.PV_W] == 2200


@pytest.mark.parametrize("code", [0x0005, 0x0500])
async def test_the_three_phase_rows_of_low_voltage(code: int) -> None:
    rig = Rig("deye_hybrid", three(code, THREE_LV))
    await rig.reads(THREE_LV)
    assert (await rig.readings())[Q.PV_W] == 321


@pytest.mark.parametrize("code", [0x0006, 0x0601, 0x0602])
async def test_the_three_phase_rows_of_high_voltage_count_tens(code: int) -> None:
    rig = Rig("deye_hybrid", three(code, THREE_HV))
    await rig.reads(THREE_HV)
    assert (await rig.readings())[Q.PV_W] == 3210


@pytest.mark.parametrize("code", [0x0005, 0x0006])
async def test_a_site_may_draw_more_than_the_low_word_of_its_total_holds(code: int) -> None:
    phases = {"r622": 14_000, "r623": 13_000, "r624": 13_500, "r650": 14_500, "r651": 13_000, "r652": 13_500}
    image = three(code, THREE, **phases, r625=40_500, r653=41_000)
    found = await Rig("deye_hybrid", image).readings()
    assert (found[Q.GRID_W], found[Q.LOAD_W]) == (40_500, 41_000)


async def test_two_batteries_of_high_voltage_are_one() -> None:
    image = three(0x0006, THREE_HV, r588=90, r589=30, r593=4800, r595=100)
    found = await Rig("deye_hybrid", image).readings()
    assert (found[Q.SOC_PCT], found[Q.BATTERY_W]) == (60, 2_700)
    image.words[593] = 0
    assert (await Rig("deye_hybrid", image).readings())[Q.SOC_PCT] == 90, "there is no second one"


async def test_beyond_32_kw_the_high_words_stand_apart() -> None:
    image = wide(r625=0xEE90, r690=0xFFFE)
    assert (await Rig("deye_hybrid", image).readings())[Q.GRID_W] == -70_000


async def test_a_power_that_passes_0_between_its_two_words_is_the_sum_of_its_phases() -> None:
    image = wide(r622=200, r623=100, r624=0x10000 - 298, r689=0xFFFF, r625=2, r690=0xFFFF)
    assert (await Rig("deye_hybrid", image).readings())[Q.GRID_W] == 2


async def test_three_phases_charge_hold_and_release() -> None:
    rig = Rig("deye_hybrid", three(0x0005, THREE_LV))
    assert isinstance(rig.device, Steerable)
    found = await rig.device.as_found()
    await rig.told(-2000)
    assert rig.holds(128, 127, 130, 146) == [40, 100, 1, 0xFE], "40 A at 50 V; start at any charge; timer off"
    await rig.told(0)
    assert rig.holds(109, 130) == [0, 0]
    await rig.told(None)
    assert {at: rig.image.words[at] for at in THREE_SET} == THREE_SET
    assert found["109 max discharge current"] == 90


async def test_a_single_phase_charges_by_all_slots_and_gives_them_back() -> None:
    rig = Rig("deye_hybrid", single())
    assert isinstance(rig.device, Steerable)
    await rig.device.as_found()
    before = dict(rig.image.words)
    await rig.told(-2000)
    assert rig.holds(230, 232, 248) == [40, 1, 0xFF]
    assert rig.holds(*range(268, 274)) == [100] * 6
    assert rig.holds(*range(274, 280)) == [1] * 6
    await rig.told(0)
    assert rig.holds(211, 232) == [0, 0]
    await rig.told(None)
    assert rig.image.words == before


async def test_it_cannot_be_made_to_discharge() -> None:
    rig = Rig("deye_hybrid", three(0x0005, THREE_LV))
    assert isinstance(rig.device, Steerable)
    assert not rig.device.actions & {Action.DISCHARGE, Action.SETPOINT}
    await rig.told(2000)
    assert rig.holds(109, 130) == [40, 0], "its own rule, with at most 40 A"


async def test_after_a_crash_a_discharge_current_of_0_and_forced_charging_end() -> None:
    rig = Rig("deye_hybrid", three(0x0005, THREE_LV, r109=0, r127=100, r128=100, r130=1, r146=0xFE))
    await rig.told(None)
    assert rig.holds(109, 130) == [100, 0], "as much as it may be charged with"


async def test_nothing_is_written_twice() -> None:
    rig = Rig("deye_hybrid", three(0x0005, THREE_LV))
    await rig.told(-2000)
    assert in_turn(await rig.told(-2000)) == []


class Breaking(Deye):
    """Takes what is written and says nothing, once it ``breaks``."""

    breaks = False

    def take(self, address: int, words: list[int]) -> None:
        super().take(address, words)
        if self.breaks:
            raise NoAnswer("it is gone")


@pytest.mark.parametrize(("made", "grid_charge"), [(single(), 232), (three(0x0005, THREE_LV), 130)])
async def test_what_breaks_off_between_charging_and_a_hold_does_not_go_on_charging(
    made: Deye, grid_charge: int
) -> None:
    image = Breaking(made.words)
    rig = Rig("deye_hybrid", image)
    await rig.told(-1000.0)
    assert rig.holds(grid_charge) == [1]
    image.breaks = True
    with pytest.raises(NoAnswer):
        await rig.told(0.0)
    assert rig.holds(grid_charge) == [0]
