"""The meters that are read by rows, against their documents: values, what is not available, requests, mounting."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Readable
from drivers.families.schneider_iem3000 import power_factor
from drivers.reading import Quality, Quantity, Reading
from drivers.registry import FAMILIES, build
from drivers.table_device import TableDevice
from tests.drivers.memory import MemoryTransport
from tests.drivers.meter_sheets import EM340, IEM3000, SDM630, SHEETS, Sheet

Q = Quantity
POWERS = (Q.GRID_W, Q.GRID_L1_W, Q.GRID_L2_W, Q.GRID_L3_W)
every_sheet = pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: f"{sheet.family} {dict(sheet.options)}")


def meter(sheet: Sheet, transport: MemoryTransport, **options: object) -> Readable:
    return build(sheet.family, "m", transport, {**dict(sheet.options), **options})


async def read(device: Readable) -> Mapping[Quantity, Reading]:
    return {reading.quantity: reading for reading in await device.read()}


def test_every_meter_that_is_read_by_rows_has_a_sheet() -> None:
    by_rows = {name for name in FAMILIES if type(build(name, "m", MemoryTransport(), {})) is TableDevice}
    assert {sheet.family for sheet in SHEETS} == by_rows


@every_sheet
async def test_every_row_is_where_and_what_the_document_says(sheet: Sheet) -> None:
    found = await read(meter(sheet, sheet.transport()))
    assert found.keys() == {cell.quantity for cell in sheet.cells}
    for cell in sheet.cells:
        assert found[cell.quantity].value == pytest.approx(cell.value, rel=1e-9), cell
        assert found[cell.quantity].quality is Quality.GOOD


@every_sheet
async def test_what_is_not_available_is_missing(sheet: Sheet) -> None:
    found = await read(meter(sheet, sheet.transport(absent=True)))
    assert {reading.quality for reading in found.values()} == {Quality.MISSING}


@every_sheet
async def test_requests_keep_to_the_limits_of_the_device(sheet: Sheet) -> None:
    transport = sheet.transport()
    await meter(sheet, transport).read()
    for span in transport.reads:
        assert span.table == sheet.table
        assert span.count <= sheet.largest_read
        assert not (sheet.even and (span.address % 2 or span.count % 2))
    starts = {cell.address for cell in sheet.cells} | {cell.end for cell in sheet.cells}
    assert {span.address for span in transport.reads} <= starts
    assert {span.address + span.count for span in transport.reads} <= starts


@every_sheet
async def test_a_meter_that_is_mounted_the_other_way_round(sheet: Sheet) -> None:
    found = await read(meter(sheet, sheet.transport(), sign=-1))
    expected = {cell.quantity: cell.value for cell in sheet.cells}
    expected |= {power: -expected[power] for power in POWERS if power in expected}
    expected |= {Q.IMPORT_WH: expected[Q.EXPORT_WH], Q.EXPORT_WH: expected[Q.IMPORT_WH]}
    assert {quantity: reading.value for quantity, reading in found.items()} == pytest.approx(expected)


async def test_distortion_is_read_once_a_minute() -> None:
    transport = SDM630.transport()
    device = meter(SDM630, transport)
    first = await read(device)
    asked = len(transport.reads)
    second = await read(device)
    assert len(transport.reads) == 2 * asked - 1
    assert second[Q.VOLTAGE_THD_PCT] == first[Q.VOLTAGE_THD_PCT]
    assert second[Q.GRID_W].at > first[Q.GRID_W].at


@given(st.integers(-(2**31), 2**31 - 2))
async def test_a_low_word_comes_first(raw: int) -> None:
    words = dict.fromkeys(range(0x50), 0) | {0x28: raw & 0xFFFF, 0x29: raw >> 16 & 0xFFFF}
    assert (await read(meter(EM340, MemoryTransport(words))))[Q.GRID_W].value == pytest.approx(raw / 10.0)


@pytest.mark.parametrize(
    ("code", "size"),
    [
        (1.0, 1.0),
        (0.8, 0.8),
        (0.0, 0.0),
        (-0.8, 0.8),
        (-1.0, 1.0),
        (1.2, 0.8),
        (-1.2, 0.8),
        (2.0, 0.0),
        (-2.0, 0.0),
        (2.5, None),
        (-3.0, None),
    ],
)
def test_schneiders_power_factor_is_coded_by_quadrant(code: float, size: float | None) -> None:
    assert power_factor(code) == (None if size is None else pytest.approx(size))


async def test_a_power_factor_without_a_meaning_is_missing() -> None:
    transport = IEM3000.transport()
    transport.words.update({3083: 0x4040, 3084: 0})  # 3.0
    found = await read(meter(IEM3000, transport))
    assert found[Q.POWER_FACTOR].quality is Quality.MISSING
    assert found[Q.GRID_W].value == -1250


async def test_a_rated_power_bounds_what_is_believed() -> None:
    found = await read(meter(EM340, EM340.transport(), rated_w=11000))
    assert found[Q.GRID_W].quality is Quality.IMPLAUSIBLE
    assert math.isclose(found[Q.GRID_W].value or 0.0, -70100.5)
