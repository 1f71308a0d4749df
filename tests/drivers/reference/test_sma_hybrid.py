"""SMA battery inverters against SMA_Modbus-TI-en-15, typed in a second time. Registers that are absent read as NaN."""

import pytest

from drivers.device import Applied, Clamped, Span
from drivers.errors import NotSupported
from drivers.reading import Quantity
from tests.drivers.memory import MemoryTransport
from tests.drivers.reference.rows import Row, differences, image, read, steered, words

Q = Quantity

ROWS = [
    Row(30201, "u32", 307),
    Row(30513, "u64", 5_000_000_000),
    Row(30529, "u32", 0xFFFFFFFF),
    Row(30773, "i32", 1500),
    Row(30775, "i32", -1900),
    *(Row(30783 + 2 * i, "u32", raw) for i, raw in enumerate((23010, 23020, 23030))),
    Row(30803, "u32", 5002),
    Row(30845, "u32", 47),
    Row(30849, "i32", -25),
    Row(30851, "u32", 40050),
    Row(30865, "i32", 20000),
    Row(30867, "i32", 0),
    Row(30581, "u32", 1_234_567),
    Row(30583, "u32", 0x80000000),
    Row(30961, "i32", 900),
    Row(30967, "i32", -0x80000000),
    *(Row(31259 + 2 * i, "u32", raw) for i, raw in enumerate((0, 250, 0))),
    *(Row(31265 + 2 * i, "u32", raw) for i, raw in enumerate((9000, 0, 11250))),
    Row(31393, "u32", 2000),
    Row(31395, "u32", 0),
    Row(40187, "u32", 9800),
    Row(40189, "u32", 3000),
    Row(40191, "u32", 2500),
]
READ = {
    Q.STATE: 307,
    Q.AC_WH: 5_000_000_000,
    Q.AC_W: -1900,
    Q.VOLTAGE_L1_V: 230.1,
    Q.VOLTAGE_L3_V: 230.3,
    Q.FREQUENCY_HZ: 50.02,
    Q.SOC_PCT: 47,
    Q.TEMPERATURE_C: -2.5,
    Q.BATTERY_V: 400.5,
    Q.GRID_W: 20000,
    Q.GRID_L1_W: 9000,
    Q.GRID_L2_W: -250,
    Q.GRID_L3_W: 11250,
    Q.IMPORT_WH: 1_234_567,
    Q.BATTERY_W: -2000,
    Q.RATED_WH: 9800,
    Q.RATED_CHARGE_W: 3000,
    Q.RATED_DISCHARGE_W: 2500,
    Q.PV_W: 2400,
}
WINDOW = (40236, 40793, 40795, 40797, 40799, 40801)


class Sma(MemoryTransport):
    """Absent registers read as NaN."""

    def __init__(self, *changed: Row) -> None:
        super().__init__(image([*ROWS, *changed]))

    async def read(self, span: Span) -> list[int]:
        self.reads.append(span)
        return [self.words.get(at, 0xFFFF) for at in range(span.address, span.address + span.count)]

    def take(self, address: int, words: list[int]) -> None:
        """Write-only registers."""


def window(*values: int) -> list[tuple[int, list[int]]]:
    return [(address, words("u32", value)) for address, value in zip(WINDOW, values, strict=True)]


async def test_it_reads() -> None:
    found = await read(steered("sma_hybrid", Sma(), solar_strings=True, rated_w=5000))
    assert differences(found, READ) == {}
    assert found[Q.EXPORT_WH] is None


async def test_no_request_cuts_a_value() -> None:
    transport = Sma()
    await read(steered("sma_hybrid", transport, solar_strings=True))
    begins = {row.address for row in ROWS}
    ends = {row.address + len(row.words) for row in ROWS}
    assert {span.address for span in transport.reads} <= begins
    assert {span.address + span.count for span in transport.reads} <= ends


@pytest.mark.parametrize(
    ("power_w", "values", "taken_w"),
    [
        (-2000.0, (2289, 2000, 2000, 0, 0, 0), -2000),
        (2000.0, (2290, 0, 0, 2000, 2000, 0), 2000),
        (0.0, (2424, 0, 0, 0, 0, 0), 0),
        (-0.3, (2424, 0, 0, 0, 0, 0), 0),
        (1500.4, (2290, 0, 0, 1500, 1500, 0), 1500),
    ],
)
async def test_the_window_is_six_values_in_a_request_each(
    power_w: float, values: tuple[int, ...], taken_w: float
) -> None:
    transport = Sma()
    device = steered("sma_hybrid", transport)
    assert await device.set_power(power_w, 60) == Applied(taken_w)
    assert transport.writes == window(*values)
    await device.release()
    assert transport.writes[6:] == window(2424, 0, 3000, 0, 2500, 0)


async def test_more_than_the_battery_takes_is_cut() -> None:
    transport = Sma()
    result = await steered("sma_hybrid", transport).set_power(-9000, 60)
    assert isinstance(result, Clamped)
    assert transport.writes == window(2289, 3000, 3000, 0, 0, 0)


@pytest.mark.parametrize("power_w", [-2000.0, 2000.0, 0.0])
async def test_the_setpoint_and_its_code_go_together(power_w: float) -> None:
    transport = Sma(Row(41193, "u32", 2507), Row(41195, "u32", 300))
    device = steered("sma_hybrid", transport, steered_by="setpoint")
    assert await device.set_power(power_w, 600) == Applied(power_w)
    assert device.longest_hold_s == 300
    assert transport.writes == [(40149, [*words("i32", power_w), *words("u32", 802)])]
    await device.release()
    assert transport.writes[1:] == [(40151, words("u32", 803))]


async def test_a_setpoint_that_nothing_would_end_is_not_written() -> None:
    transport = Sma(Row(41193, "u32", 2506))
    with pytest.raises(NotSupported, match="2507"):
        await steered("sma_hybrid", transport, steered_by="setpoint").set_power(-2000, 60)
    assert transport.writes == []
