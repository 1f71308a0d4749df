"""Kostal Plenticore against "Interface MODBUS (TCP) & SunSpec" 03/2019, typed in a second time."""

import pytest

from drivers.device import Applied
from drivers.errors import NotApplied, NotSupported
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import Row, differences, image, read, steered, words

Q = Quantity

FLOATS = {
    152: 49.97,
    154: 3.1,
    158: 231.5,
    160: 3.2,
    164: 232.5,
    166: 3.3,
    170: 233.5,
    172: 2150.0,
    210: 57.0,
    216: 412.5,
    224: 9000.5,
    234: -800.0,
    244: 12000.0,
    252: 20200.5,
    320: 7_654_321.0,
    1034: 0.0,
    1066: 4321.0,
}
READ = {
    Q.FREQUENCY_HZ: 49.97,
    Q.CURRENT_L1_A: 3.1,
    Q.VOLTAGE_L1_V: 231.5,
    Q.CURRENT_L2_A: 3.2,
    Q.VOLTAGE_L2_V: 232.5,
    Q.CURRENT_L3_A: 3.3,
    Q.VOLTAGE_L3_V: 233.5,
    Q.AC_W: 2150,
    Q.SOC_PCT: 57,
    Q.BATTERY_V: 412.5,
    Q.GRID_L1_W: 9000.5,
    Q.GRID_L2_W: -800,
    Q.GRID_L3_W: 12000,
    Q.GRID_W: 20200.5,
    Q.AC_WH: 7_654_321,
    Q.BATTERY_W: -2100,
    Q.PV_W: 4321,
    Q.RATED_WH: 10240,
    Q.RATED_W: 4600,
}


def plenticore(*, big_endian: bool = False, management: int = 2, state: int = 6) -> MemoryTransport:
    low_first = not big_endian
    rows = [
        Row(5, "u16", int(big_endian)),
        Row(56, "u32", state, low_first),
        *(Row(address, "f32", value, low_first) for address, value in FLOATS.items()),
        Row(529, "u32", 10240, low_first),
        Row(531, "u16", 4600),
        Row(582, "i16", -2100),
        Row(1080, "u16", management),
    ]
    return MemoryTransport(image(rows))


@pytest.mark.parametrize("big_endian", [False, True])
async def test_it_reads_in_the_order_that_register_5_tells(*, big_endian: bool) -> None:
    found = await read(steered("kostal_plenticore", plenticore(big_endian=big_endian)))
    assert differences(found, READ) == {}


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("power_w", [-2000.0, 2000.0, 0.0, -0.0, -0.3])
async def test_one_float_in_one_request(power_w: float, *, big_endian: bool) -> None:
    transport = plenticore(big_endian=big_endian)
    device = steered("kostal_plenticore", transport)
    result = await device.set_power(power_w, 30)
    assert isinstance(result, Applied)
    assert transport.writes == [(1034, words("f32", power_w + 0.0, low_first=not big_endian))]
    await device.release()
    assert [words for _, words in transport.writes[1:]] == [[0, 0]] * (power_w != 0)


async def test_it_lasts_as_long_as_the_web_page_says() -> None:
    device = steered("kostal_plenticore", plenticore(), fallback_s=60)
    assert (device.longest_hold_s, device.reverts, device.persistent_writes) == (60, True, {})


async def test_internal_management_would_not_obey() -> None:
    transport = plenticore(management=1)
    with pytest.raises(NotSupported, match="external"):
        await steered("kostal_plenticore", transport).set_power(-2000, 30)
    assert transport.writes == []


@pytest.mark.parametrize("state", [13, 17])
async def test_without_grid_nothing_is_held(state: int) -> None:
    transport = plenticore(state=state)
    with pytest.raises(NotApplied, match="the grid is lost"):
        await steered("kostal_plenticore", transport).set_power(0, 30)
    assert transport.writes == []


async def test_a_meter_in_the_house_says_nothing_of_the_grid() -> None:
    found = await read(steered("kostal_plenticore", plenticore(), meter_at="house"))
    assert [quantity for quantity in found if quantity.value.startswith("grid")] == []
