"""Huawei SUN2000 with LUNA2000 against the rows of huawei-solar-lib, typed in a second time."""

import pytest

from drivers.device import Applied
from drivers.errors import Refused
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import Row, differences, image, read, steered, words

Q = Quantity

ROWS = [
    Row(30073, "u32", 3000),
    Row(32064, "i32", 5200),
    *(Row(32069 + i, "u16", raw) for i, raw in enumerate((2301, 2302, 2303))),
    *(Row(32072 + 2 * i, "i32", raw) for i, raw in enumerate((-1500, 2500, 70000))),
    Row(32080, "i32", 700),
    Row(32085, "u16", 4998),
    Row(32087, "i16", -35),
    Row(32089, "u16", 0x0200),
    Row(32106, "u32", 123456),
    Row(37046, "u32", 5000),
    Row(37048, "u32", 4000),
    Row(37100, "u16", 1),
    Row(37113, "i32", -9500),
    Row(37119, "i32", -70010),
    Row(37121, "i32", 80020),
    *(Row(37132 + 2 * i, "i32", raw) for i, raw in enumerate((-9000, -800, 300))),
    Row(37758, "u32", 15000),
    Row(37760, "u16", 555),
    Row(37762, "u16", 2),
    Row(37763, "u16", 7001),
    Row(37765, "i32", 4500),
    Row(47077, "u32", 2500),
    Row(47083, "u16", 0),
    Row(47100, "u16", 0),
    Row(47246, "u16", 1),
    Row(47247, "u32", 0),
    Row(47249, "u32", 0),
]
HOLES = {at: 0 for first, end in ((47079, 47083), (47084, 47100)) for at in range(first, end)}
HOLES |= dict.fromkeys((32066, 32067, 32068, *range(32078, 32090), *range(37101, 37138), 37759, 37761, 37764), 0)
READ = {
    Q.RATED_W: 3000,
    Q.PV_W: 5200,
    Q.VOLTAGE_L2_V: 230.2,
    Q.CURRENT_L1_A: -1.5,
    Q.CURRENT_L3_A: 70.0,
    Q.AC_W: 700,
    Q.FREQUENCY_HZ: 49.98,
    Q.TEMPERATURE_C: -3.5,
    Q.AC_WH: 1_234_560,
    Q.GRID_W: 9500,
    Q.GRID_L1_W: 9000,
    Q.GRID_L2_W: 800,
    Q.GRID_L3_W: -300,
    Q.EXPORT_WH: 700_100,
    Q.IMPORT_WH: 800_200,
    Q.RATED_WH: 15000,
    Q.SOC_PCT: 55.5,
    Q.BATTERY_V: 700.1,
    Q.BATTERY_W: -4500,
}
LIMIT = "47077 discharge limit"


def luna(*changed: Row) -> MemoryTransport:
    return MemoryTransport(HOLES | image([*ROWS, *changed]))


class Bounded(MemoryTransport):
    """Refuses a discharge limit over 37048 with exception 4."""

    async def write(self, address: int, words: object) -> None:
        raw = list(words)  # type: ignore[call-overload]
        if address == 47077 and raw > [self.words[37048], self.words[37049]]:
            raise Refused(4, "writing 47077")
        await super().write(address, raw)


async def test_it_reads() -> None:
    assert differences(await read(steered("huawei_luna", luna())), READ) == {}


async def test_asleep_every_row_is_missing() -> None:
    missing = [
        Row(row.address, row.kind, {"u16": 0xFFFF, "u32": 0xFFFFFFFF, "i16": 0x7FFF, "i32": 0x7FFFFFFF}[row.kind])
        for row in ROWS
    ]
    found = await read(steered("huawei_luna", luna(*missing)))
    assert [quantity.value for quantity, value in found.items() if value is not None] == []


@pytest.mark.parametrize(("power_w", "row", "command"), [(-2000.0, 47247, 1), (2000.0, 47249, 2), (0.0, 47249, 2)])
async def test_power_minutes_and_end_come_before_the_command(power_w: float, row: int, command: int) -> None:
    transport = luna()
    device = steered("huawei_luna", transport)
    assert await device.set_power(power_w, 60) == Applied(power_w)
    order = [(row, words("u32", abs(power_w))), (47083, [2]), (47246, [0]), (47100, [command])]
    assert transport.writes == order
    await device.release()
    assert transport.writes == [*order, (47100, [0])]


async def test_no_read_is_over_64_registers() -> None:
    transport = luna()
    device = steered("huawei_luna", transport)
    await device.read()
    await device.in_force()
    assert max(span.count for span in transport.reads) <= 64


async def test_a_power_below_a_watt_is_no_power() -> None:
    transport = luna()
    assert await steered("huawei_luna", transport).set_power(-0.3, 60) == Applied(0)
    assert transport.writes[0] == (47247, [0, 0])


async def test_a_limit_of_the_owner_comes_back_after_a_hold_and_an_order() -> None:
    transport = luna()
    device = steered("huawei_luna", transport, hold_by="limit")
    assert await device.as_found() == {LIMIT: 2500}
    await device.set_power(0, 60)
    await device.set_power(2000, 60)
    await device.release()
    assert [write for write in transport.writes if write[0] == 47077] == [(47077, [0, 0]), (47077, [0, 2500])]


async def test_an_empty_battery_that_is_held_can_be_charged_and_its_release_is_not_taken_for_done() -> None:
    transport = Bounded(luna().words)
    device = steered("huawei_luna", transport, hold_by="limit")
    await device.as_found()
    await device.set_power(0, 60)
    transport.words[37049] = 0
    await device.set_power(-2000, 60)
    assert not device.reverts, "the limit stands when the minutes are over"
    with pytest.raises(Refused):
        await device.release()
    transport.words[37049] = 4000
    await device.release()
    assert transport.words[47100] == 0
    assert transport.words[47078] == 2500


async def test_a_hold_found_with_an_empty_battery_is_nobodys_setting() -> None:
    transport = luna(Row(47077, "u32", 0), Row(37048, "u32", 0))
    device = steered("huawei_luna", transport, hold_by="limit")
    assert await device.as_found() == {}
    transport.words[37049] = 4000
    await device.release()
    assert transport.writes == [(47077, [0, 4000])]


async def test_no_hold_is_longer_than_a_day() -> None:
    transport = luna()
    device = steered("huawei_luna", transport)
    assert device.longest_hold_s == 86400
    await device.set_power(-2000, 1e9)
    assert (47083, [1440]) in transport.writes
