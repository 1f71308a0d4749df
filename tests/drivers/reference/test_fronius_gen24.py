"""Fronius GEN24 with integers and scale factors, at the addresses of the maker's tables: what is read and written."""

import pytest

from drivers.device import Steerable
from drivers.errors import NotSupported
from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import Q
from tests.drivers.reference.rig import Rig, in_turn

CHAIN = {40002: (1, 65), 40069: (103, 50), 40121: (120, 26), 40149: (121, 30), 40181: (122, 44), 40227: (123, 24)}
BATTERY_CHAIN = {40253: (160, 88), 40343: (124, 24), 40369: (0xFFFF, 0)}
INVERTER = {40083: 4210, 40084: 0, 40124: 1000, 40125: 1}  # W, its factor; WRtg, its factor
FACTORS_160 = {40255: -2, 40256: -2, 40257: -1}
DCW = {40274: 40_000, 40294: 1_000, 40314: 0, 40334: 15_000}  # PV 1 and 2, charge, discharge
W_CHA_MAX, MODE, CHA_STATE, OUT, IN, REVERT_S, FROM_GRID = 40345, 40348, 40351, 40355, 40356, 40358, 40360
FACTORS_124 = {40361: 0, 40364: -2, 40365: -2, 40368: -2}
STORAGE = {W_CHA_MAX: 5000, MODE: 0, CHA_STATE: 4150, OUT: 10_000, IN: 10_000, REVERT_S: 0, FROM_GRID: 0}


def raw(number: int) -> int:
    return number & 0xFFFF


def gen24(**storage: int) -> MemoryTransport:
    words = dict.fromkeys(range(40002, 40371), 0)
    words |= {40000: 0x5375, 40001: 0x6E53, 40261: 4}
    for at, header in (CHAIN | BATTERY_CHAIN).items():
        words |= dict(enumerate(header, start=at))
    for table in (INVERTER, FACTORS_160, DCW, FACTORS_124, STORAGE):
        words |= {at: raw(number) for at, number in table.items()}
    return MemoryTransport(words | {int(at[1:]): raw(number) for at, number in storage.items()})


async def test_rows() -> None:
    found = await Rig("fronius_gen24", gen24()).readings()
    assert found[Q.AC_W] == 4210
    assert found[Q.PV_W] == pytest.approx(4100), "a raw power over 32767 is positive"
    assert found[Q.BATTERY_W] == pytest.approx(1500)
    assert found[Q.SOC_PCT] == pytest.approx(41.5)
    assert found[Q.RATED_W] == 10_000
    assert (found[Q.RATED_CHARGE_W], found[Q.RATED_DISCHARGE_W]) == (5000, 5000)


@pytest.mark.parametrize(("power_w", "out_rate", "in_rate"), [(-2000, -4000, 4000), (2000, 4000, -4000), (0, 0, 0)])
async def test_an_order_closes_both_limits_for_a_time(power_w: float, out_rate: int, in_rate: int) -> None:
    rig = Rig("fronius_gen24", gen24())
    requests = in_turn(await rig.told(power_w))
    assert requests[-1] == (MODE, 3), "the activation comes last"
    assert rig.holds(OUT, IN, REVERT_S, FROM_GRID) == [raw(out_rate), raw(in_rate), 60, 1]
    written = [address for address, _ in requests]
    assert written.index(REVERT_S) < written.index(OUT), "no rate without its timer"


async def test_a_renewal_writes_the_mode_and_no_persistent_register() -> None:
    rig = Rig("fronius_gen24", gen24())
    await rig.told(-2000)
    assert {address for address, _ in in_turn(await rig.told(-2000))} == {OUT, IN, MODE}


async def test_a_release_is_the_automatic_row_mode_first() -> None:
    rig = Rig("fronius_gen24", gen24())
    assert isinstance(rig.device, Steerable)
    await rig.device.as_found()
    await rig.told(-2000)
    assert in_turn(await rig.told(None))[0] == (MODE, 0)
    assert rig.holds(MODE, OUT, IN, REVERT_S, FROM_GRID) == [0, 10_000, 10_000, 0, 0]


async def test_what_a_crash_left_without_a_timer_is_ended() -> None:
    rig = Rig("fronius_gen24", gen24(r40348=2, r40355=-10_000, r40360=1))
    await rig.told(None)
    assert rig.holds(MODE, OUT, FROM_GRID) == [0, 10_000, 0]


async def test_watts_are_whole_tens() -> None:
    rig = Rig("fronius_gen24", gen24())
    await rig.told(2009)
    assert rig.holds(OUT) == [4000]
    await rig.told(9)
    assert rig.holds(OUT, IN) == [0, 0]


async def test_a_battery_that_was_away_at_the_first_look_is_steered_later() -> None:
    rig = Rig("fronius_gen24", gen24(r40345=0xFFFF, r40348=0xFFFF, r40355=0x8000, r40356=0x8000))
    await rig.readings()
    with pytest.raises(NotSupported):
        await rig.told(-2000)
    rig.image.words.update(gen24().words)
    await rig.told(-2000)
    assert rig.holds(MODE, OUT, IN) == [3, raw(-4000), 4000]


async def test_a_release_needs_no_battery() -> None:
    rig = Rig("fronius_gen24", gen24(r40345=0xFFFF, r40348=2, r40355=-10_000))
    await rig.told(None)
    assert rig.holds(MODE, OUT) == [0, 10_000]
