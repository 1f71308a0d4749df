"""SolarEdge with a battery against the technical note 3.2 and the power control protocol, typed in a second time."""

from dataclasses import replace

import pytest

from drivers.device import Applied, Clamped
from drivers.errors import NotSupported
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import Row, differences, image, read, steered, words

Q = Quantity
NONE = -3.4028234663852886e38

INVERTER = [  # PDU addresses; factors beside their values
    Row(40069, "u16", 103),
    Row(40070, "u16", 50),
    *(Row(40079 + i, "u16", raw) for i, raw in enumerate((2301, 2302, 2303))),
    Row(40082, "i16", -1),
    Row(40083, "i16", -1900),
    Row(40084, "i16", 0),
    Row(40085, "u16", 50012),
    Row(40086, "i16", -3),
    Row(40093, "u32", 12_345_678),
    Row(40095, "u16", 0),
    Row(40100, "i16", 2500),
    Row(40101, "i16", 0),
    Row(40103, "i16", 4150),
    Row(40106, "i16", -2),
    Row(40107, "u16", 4),
]
METER = 40188  # its model's head; values from +2
METER_ROWS = [
    Row(METER, "u16", 203),
    Row(METER + 1, "u16", 105),
    *(Row(METER + 18 + i, "i16", raw) for i, raw in enumerate((-2000, -900, 400, -1500))),
    Row(METER + 22, "i16", 1),
    Row(METER + 38, "u32", 111_000),
    Row(METER + 46, "u32", 222_000),
    Row(METER + 54, "i16", 0),
]


def battery(at: int, power_w: float, soe_pct: float) -> list[Row]:
    floats = {
        0x42: 9700.0,
        0x44: 5000.0,
        0x46: 4500.0,
        0x70: 380.5,
        0x74: power_w,
        0x82: 98.0,
        0x84: soe_pct,
    }
    return [Row(at + offset, "f32", value, low_first=True) for offset, value in floats.items()]


CONTROL = [
    Row(0xE004, "u16", 1),
    Row(0xE005, "u16", 2),
    Row(0xE006, "f32", 0.0, low_first=True),
    Row(0xE008, "f32", 10.0, low_first=True),
    Row(0xE00A, "u16", 1),
    Row(0xE00B, "u32", 3600, low_first=True),
    Row(0xE00D, "u16", 0),
    Row(0xE00E, "f32", 5000.0, low_first=True),
    Row(0xE010, "f32", 4500.0, low_first=True),
]
READ = {
    Q.AC_W: -1900,
    Q.AC_WH: 12_345_678,
    Q.FREQUENCY_HZ: 50.012,
    Q.VOLTAGE_L1_V: 230.1,
    Q.VOLTAGE_L2_V: 230.2,
    Q.VOLTAGE_L3_V: 230.3,
    Q.TEMPERATURE_C: 41.5,
    Q.STATE: 4,
    Q.GRID_W: 20000,
    Q.GRID_L1_W: 9000,
    Q.GRID_L2_W: -4000,
    Q.GRID_L3_W: 15000,
    Q.EXPORT_WH: 111_000,
    Q.IMPORT_WH: 222_000,
    Q.BATTERY_W: -2000.5,
    Q.BATTERY_V: 380.5,
    Q.PV_W: 4500.5,
    Q.SOC_PCT: 71,
    Q.SOH_PCT: 98,
    Q.RATED_WH: 9700,
    Q.RATED_CHARGE_W: 5000,
    Q.RATED_DISCHARGE_W: 4500,
}


def hub(*changed: Row) -> MemoryTransport:
    rows = [*INVERTER, *METER_ROWS, *battery(0xE100, 2000.5, 71.0), *CONTROL, *changed]
    blocks = [(40069, 40121), (METER, METER + 107), (0xE100, 0xE18A), (0xE004, 0xE012)]
    unused = {at: 0x8000 for first, end in blocks for at in range(first, end)}
    return MemoryTransport(unused | image(rows))


def limit(value: float) -> list[int]:
    return words("f32", value, low_first=True)


READY = [(0xE00A, [7]), (0xE004, [4]), (0xE00B, [300, 0])]
OWNERS = [(0xE00A, [1]), (0xE00B, [3600, 0]), (0xE004, [1])]


async def test_it_reads() -> None:
    assert differences(await read(steered("solaredge_storedge", hub(), rated_w=5000)), READ) == {}


@pytest.mark.parametrize(("model", "length"), [(160, 48), (64110, 68)])
async def test_the_meters_stand_behind_a_model_of_strings(model: int, length: int) -> None:
    moved = [replace(row, address=row.address + 2 + length) for row in METER_ROWS]
    between = [Row(40121, "u16", model), Row(40122, "u16", length)]
    transport = hub()
    transport.words.update(dict.fromkeys(range(40121, METER + 2 + length + 107), 77) | image([*between, *moved]))
    assert differences(await read(steered("solaredge_storedge", transport, rated_w=5000)), READ) == {}


async def test_two_batteries_are_one_by_their_size() -> None:
    second = [*battery(0xE200, 1000.0, 50.0), Row(0xE242, "f32", 4850.0, low_first=True)]
    unused = dict.fromkeys(range(0xE200, 0xE28A), 0)
    transport = MemoryTransport(hub().words | unused | image(second))
    found = await read(steered("solaredge_storedge", transport, batteries=2))
    assert found[Q.BATTERY_W] == -3000.5
    assert found[Q.PV_W] == 5500.5
    assert found[Q.SOC_PCT] == pytest.approx((71 * 9700 + 50 * 4850) / (9700 + 4850))


@pytest.mark.parametrize(
    ("power_w", "begin", "opened"),
    [
        (-2000.0, [(0xE00E, limit(2000.0)), (0xE00D, [3])], [(0xE00E, limit(5000.0))]),
        (2000.0, [(0xE010, limit(2000.0)), (0xE00D, [4])], [(0xE010, limit(4500.0))]),
    ],
)
async def test_limit_and_timeout_come_before_the_command(
    power_w: float, begin: list[tuple[int, list[int]]], opened: list[tuple[int, list[int]]]
) -> None:
    transport = hub()
    device = steered("solaredge_storedge", transport)
    await device.as_found()
    assert await device.set_power(power_w, 300) == Applied(power_w)
    assert transport.writes == [*READY, *begin]
    await device.set_power(power_w, 300)
    assert transport.writes[5:] == begin[1:], "the command alone renews it"
    await device.release()
    assert transport.writes[6:] == [(0xE00D, [7]), *opened, *OWNERS]


async def test_no_power_is_both_limits_at_nothing() -> None:
    transport = hub()
    device = steered("solaredge_storedge", transport)
    assert await device.set_power(0, 300) == Applied(0)
    assert transport.writes == [*READY, (0xE00E, [0, 0]), (0xE010, [0, 0]), (0xE00D, [7])]


async def test_a_policy_without_the_grid_is_told_and_kept() -> None:
    transport = hub(Row(0xE005, "u16", 0))
    result = await steered("solaredge_storedge", transport).set_power(-2000, 300)
    assert isinstance(result, Clamped)
    assert 0xE005 not in [address for address, _ in transport.writes]


async def test_the_longest_timeout_is_a_day() -> None:
    transport = hub()
    device = steered("solaredge_storedge", transport)
    await device.set_power(-2000, 1e9)
    assert (0xE00B, words("u32", 86400, low_first=True)) in transport.writes
    assert device.longest_hold_s == 86400


async def test_floats_that_mean_nothing_are_missing_and_nothing_is_steered() -> None:
    none = [Row(row.address, "f32", NONE, low_first=True) for row in battery(0xE100, 0.0, 0.0)]
    transport = hub(*none)
    device = steered("solaredge_storedge", transport)
    found = await read(device)
    assert {found[quantity] for quantity in (Q.BATTERY_W, Q.SOC_PCT, Q.PV_W, Q.RATED_WH)} == {None}
    with pytest.raises(NotSupported, match="does not tell"):
        await device.set_power(-2000, 300)
    assert transport.writes == []
