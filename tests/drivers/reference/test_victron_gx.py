"""Victron GX, unit 100, against attributes.csv of dbus_modbustcp: rows and writes typed in a second time."""

import pytest

from drivers.device import Applied
from drivers.errors import NotApplied
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import Row, differences, image, read, steered, words

Q = Quantity

WIDE_PV = [Row(884 + 2 * i, "u32", raw) for i, raw in enumerate((40000, 0, 0, 1500, 0, 0, 20, 0, 0))]
ROWS = [
    *(Row(808 + i, "u16", raw) for i, raw in enumerate((40000, 0, 0, 1500, 0, 0, 20, 0, 0))),
    *(Row(817 + i, "u16", raw) for i, raw in enumerate((700, 800, 900))),
    *(Row(820 + i, "i16", raw) for i, raw in enumerate((-32768, -200, 300))),
    Row(826, "i16", 1),
    Row(840, "u16", 523),
    Row(841, "i16", 191),
    Row(842, "i16", 1000),
    Row(843, "u16", 64),
    Row(844, "u16", 1),
    Row(850, "u16", 2480),
    *WIDE_PV,
    *(Row(902 + 2 * i, "u32", raw) for i, raw in enumerate((700, 800, 900))),
    *(Row(908 + 2 * i, "i32", raw) for i, raw in enumerate((-40100, -200, 300))),
    Row(2700, "i16", 50),
    Row(2716, "i32", 0),
    Row(2902, "u16", 2),
    Row(5400, "u16", 0),
]
READ = {
    Q.GRID_W: -40000,
    Q.GRID_L1_W: -40100,
    Q.GRID_L2_W: -200,
    Q.GRID_L3_W: 300,
    Q.LOAD_W: 2400,
    Q.PV_W: 44000,
    Q.BATTERY_V: 52.3,
    Q.BATTERY_W: -1000,
    Q.SOC_PCT: 64,
}
BALANCE_W = -41000  # grid and battery together


async def test_it_reads() -> None:
    assert differences(await read(steered("victron_gx", MemoryTransport(image(ROWS)))), READ) == {}


@pytest.mark.parametrize("power_w", [-2000.0, 2000.0, 0.0])
async def test_it_writes_the_grid_setpoint_that_makes_the_power(power_w: float) -> None:
    transport = MemoryTransport(image(ROWS))
    device = steered("victron_gx", transport)
    assert await device.set_power(power_w, 20) == Applied(power_w)
    assert transport.writes == [(2716, words("i32", BALANCE_W - power_w))]
    await device.release()
    assert transport.writes[1:] == [(2716, words("i32", 50))]


async def test_a_gx_that_is_starting_reads_zeros_and_knows_nothing() -> None:
    transport = MemoryTransport(dict.fromkeys(image(ROWS), 0))
    found = await read(steered("victron_gx", transport))
    assert [quantity.value for quantity, value in found.items() if value is not None] == []


@pytest.mark.parametrize("source", [1, 240])
async def test_without_a_battery_the_grid_is_known_by_its_input(source: int) -> None:
    away = [Row(840, "u16", 0), Row(842, "i16", 0), Row(843, "u16", 0), Row(826, "i16", source)]
    found = await read(steered("victron_gx", MemoryTransport(image([*ROWS, *away]))))
    assert (found[Q.GRID_W], found[Q.BATTERY_W], found[Q.SOC_PCT]) == (-40000, None, None)


@pytest.mark.parametrize("raw", [32767, -32768])
async def test_a_battery_power_at_the_end_of_its_type_is_more_than_that(raw: int) -> None:
    transport = MemoryTransport(image([*ROWS, Row(842, "i16", raw)]))
    device = steered("victron_gx", transport)
    assert (await read(device))[Q.BATTERY_W] is None
    with pytest.raises(NotApplied, match="does not know the power"):
        await device.set_power(-2000, 20)
    assert transport.writes == []


async def test_before_350_the_setting_of_the_owner_comes_back_whatever_it_was() -> None:
    old = {at: word for at, word in image(ROWS).items() if at not in (2716, 2717)}
    transport = MemoryTransport(old | image([Row(908, "i32", -1000), Row(2700, "i16", 32500)]))
    device = steered("victron_gx", transport)
    assert await device.as_found() == {"2700 grid setpoint": 32500}
    await device.set_power(-2000, 20)
    await device.release()
    assert transport.writes == [(2700, words("i16", -1000 + 100 - 1000 + 2000)), (2700, [32500])]
