"""A device by its rows: signs, missing and implausible values, refused blocks, partial and whole failures."""

import pytest

from drivers.device import Readable, Span
from drivers.errors import BadFrame, DriverError, LinkDown, NoAnswer, Refused
from drivers.formula import FirstOf, Formula, Sum
from drivers.plausible import connection_bounds, is_plausible
from drivers.reading import Quality, Quantity, Reading
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits
from drivers.table_device import Constant, TableDevice
from tests.drivers.memory import MemoryTransport

INT = WIRE_TYPES["int16"]
Q = Quantity


def row(address: int, **options: object) -> Register:
    return Register(f"r{address}", address, INT, **options)  # type: ignore[arg-type]


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def device(transport: MemoryTransport, formulas: dict[Quantity, Formula], **options: object) -> TableDevice:
    return TableDevice("d", transport, formulas, monotonic=options.pop("clock", Ticking()), **options)  # type: ignore[arg-type]


async def read(found: TableDevice) -> dict[Quantity, Reading]:
    return {reading.quantity: reading for reading in await found.read()}


async def one(formula: Formula, words: dict[int, int], quantity: Quantity = Q.GRID_W) -> Reading:
    return (await read(device(MemoryTransport(words), {quantity: formula}, limits=SpanLimits(max_gap=9))))[quantity]


async def test_it_is_readable_and_stamps_before_asking() -> None:
    clock = Ticking()
    transport = MemoryTransport({0: 5})

    def later(span: Span) -> None:
        clock.now += 3.0

    transport.failure = later
    found = device(transport, {Q.GRID_W: row(0)}, clock=clock)
    assert isinstance(found, Readable)
    assert await found.read() == [Reading(Q.GRID_W, 5.0, 100.0)]


@pytest.mark.parametrize(
    ("formula", "words", "value", "quality"),
    [
        (row(0, sign=-1), {0: 5}, -5, Quality.GOOD),
        (row(0), {0: 0x8000}, None, Quality.MISSING),
        (Sum((row(0), row(1, sign=-1))), {0: 7, 1: 3}, 4, Quality.GOOD),
        (Sum((row(0), row(1))), {0: 7, 1: 0x8000}, None, Quality.MISSING),
        (Sum((row(0), row(1)), any_part=True), {0: 7, 1: 0x8000}, 7, Quality.GOOD),
        (Sum((row(0), row(1)), any_part=True), {0: 0x8000, 1: 0x8000}, None, Quality.MISSING),
        (Sum((row(0), row(1)), estimated=True), {0: 7, 1: 1}, 8, Quality.ESTIMATED),
        (Sum((row(0),), floor=0.0), {0: 0xFFF0}, 0, Quality.GOOD),
        (FirstOf((row(0), row(1))), {0: 7, 1: 1}, 7, Quality.GOOD),
        (FirstOf((row(0), row(1))), {0: 0x8000, 1: 1}, 1, Quality.GOOD),
        (FirstOf((row(0), Sum((row(1),), estimated=True))), {0: 0x8000, 1: 1}, 1, Quality.ESTIMATED),
        (FirstOf((row(0), row(1))), {0: 0x8000, 1: 0x8000}, None, Quality.MISSING),
    ],
)
async def test_formulas(formula: Formula, words: dict[int, int], value: float | None, quality: Quality) -> None:
    reading = await one(formula, words)
    assert (reading.value, reading.quality) == (value, quality)


@pytest.mark.parametrize(
    ("quantity", "value", "quality"),
    [
        (Q.SOC_PCT, 0, Quality.GOOD),
        (Q.SOC_PCT, 100, Quality.GOOD),
        (Q.SOC_PCT, 101, Quality.IMPLAUSIBLE),
        (Q.SOC_PCT, -1, Quality.IMPLAUSIBLE),
        (Q.FREQUENCY_HZ, 0, Quality.GOOD),
        (Q.FREQUENCY_HZ, 50, Quality.GOOD),
        (Q.FREQUENCY_HZ, 40, Quality.IMPLAUSIBLE),
        (Q.VOLTAGE_L1_V, 500, Quality.IMPLAUSIBLE),
        (Q.IMPORT_WH, -1, Quality.IMPLAUSIBLE),
        (Q.GRID_W, 30000, Quality.GOOD),
    ],
)
async def test_plausibility_keeps_the_value(quantity: Quantity, value: int, quality: Quality) -> None:
    reading = await one(row(0), {0: value & 0xFFFF}, quantity)
    assert (reading.value, reading.quality) == (value, quality)


@pytest.mark.parametrize(
    ("quantity", "value", "quality"),
    [
        (Q.AC_W, 6500, Quality.GOOD),
        (Q.AC_W, -6501, Quality.IMPLAUSIBLE),
        (Q.BATTERY_W, 9100, Quality.GOOD),
        (Q.BATTERY_W, 9101, Quality.IMPLAUSIBLE),
        (Q.PV_W, 15600, Quality.GOOD),
        (Q.PV_W, 15601, Quality.IMPLAUSIBLE),
        (Q.GRID_W, 30000, Quality.GOOD),
        (Q.GRID_L1_W, -30000, Quality.GOOD),
        (Q.LOAD_W, 30000, Quality.GOOD),
        (Q.SOC_PCT, 50, Quality.GOOD),
    ],
)
async def test_power_against_ratings_that_the_device_tells(quantity: Quantity, value: int, quality: Quality) -> None:
    formulas: dict[Quantity, Formula] = {quantity: row(0), Q.RATED_W: row(1), Q.RATED_CHARGE_W: row(2)}
    readings = await read(device(MemoryTransport({0: value & 0xFFFF, 1: 5000, 2: 7000}), formulas))
    assert (readings[quantity].value, readings[quantity].quality) == (value, quality)


@pytest.mark.parametrize(
    ("quantity", "value", "ratings", "there"),
    [
        (Q.GRID_W, 3e6, {Q.RATED_W: 5000.0}, True),
        (Q.GRID_W, -3.1e6, {}, False),
        (Q.LOAD_W, 3.1e6, {Q.RATED_W: 5000.0}, False),
        (Q.GRID_W, 14301.0, connection_bounds(11000.0), False),
        (Q.GRID_L3_W, -14300.0, connection_bounds(11000.0), True),
        (Q.BATTERY_W, -5000.0, {Q.RATED_W: 3000.0}, True),
        (Q.BATTERY_W, -(2.0**31), {}, False),
        (Q.PV_W, 2.0**32, {}, False),
        (Q.AC_W, 1e306, {}, False),
        (Q.BATTERY_W, -5000.0, {Q.RATED_W: 3000.0, Q.RATED_CHARGE_W: 3000.0}, False),
        (Q.PV_W, 50000.0, {Q.BATTERY_W: 5000.0}, True),
        (Q.AC_W, 3000.0, {Q.RATED_W: 0.0}, True),  # a rating of nothing is none
        (Q.BATTERY_W, -8000.0, {Q.RATED_W: 3000.0}, False),
    ],
)
def test_plausible(quantity: Quantity, value: float, ratings: dict[Quantity, float], *, there: bool) -> None:
    assert is_plausible(quantity, value, ratings) is there


async def test_ratings_are_asked_for_once_a_minute_and_keep_their_age() -> None:
    clock, transport = Ticking(), MemoryTransport({0: 1, 50: 5000})
    found = device(transport, {Q.AC_W: row(0), Q.RATED_W: row(50)}, clock=clock)
    await found.read()
    clock.now += 59.0
    readings = await read(found)
    assert (readings[Q.RATED_W].at, readings[Q.AC_W].at) == (100.0, 159.0)
    assert len(transport.reads) == 3
    clock.now += 1.0
    assert (await read(found))[Q.RATED_W].at == 160.0


async def test_an_accumulator_at_zero_is_missing_before_and_after_it_has_moved() -> None:
    transport = MemoryTransport({0: 0, 1: 0})
    found = device(transport, {Q.IMPORT_WH: Register("acc", 0, WIRE_TYPES["acc32"])})
    assert (await read(found))[Q.IMPORT_WH].quality is Quality.MISSING
    transport.words[1] = 7
    assert (await read(found))[Q.IMPORT_WH].value == 7
    transport.words[1] = 0
    assert (await read(found))[Q.IMPORT_WH].quality is Quality.MISSING


async def test_a_refused_block_is_halved_until_only_the_bad_row_is_left_out() -> None:
    quantities = [
        Q.GRID_W,
        Q.GRID_L1_W,
        Q.GRID_L2_W,
        Q.GRID_L3_W,
        Q.CURRENT_L1_A,
        Q.CURRENT_L2_A,
        Q.CURRENT_L3_A,
        Q.AC_W,
    ]
    transport = MemoryTransport({address: address + 1 for address in range(8) if address != 5})
    found = device(transport, {quantity: row(i) for i, quantity in enumerate(quantities)})
    first = await read(found)
    assert [first[quantity].value for quantity in quantities] == [1, 2, 3, 4, None, None, None, None]
    for _ in range(3):
        last = await read(found)
    assert [last[quantity].value for quantity in quantities] == [1, 2, 3, 4, 5, None, 7, 8]
    transport.reads.clear()
    await found.read()
    assert not any(span.address <= 5 < span.address + span.count for span in transport.reads)


async def test_what_was_refused_is_asked_for_again_after_the_link_broke() -> None:
    transport = MemoryTransport({0: 1})
    found = device(transport, {Q.GRID_W: row(0), Q.AC_W: row(1)})
    for _ in range(3):
        assert (await read(found))[Q.AC_W].value is None
    assert transport.reads[-1] == Span("holding", 0, 1), "the dead row is not asked for any more"
    transport.failure = lambda span: LinkDown("gone")
    with pytest.raises(LinkDown):
        await found.read()
    transport.failure = lambda span: None
    transport.words[1] = 2
    assert (await read(found))[Q.AC_W].value == 2


async def test_a_device_that_refuses_everything_keeps_failing_and_comes_back() -> None:
    transport = MemoryTransport()
    found = device(transport, {Q.GRID_W: row(0), Q.AC_W: row(1)})
    for _ in range(6):
        with pytest.raises(Refused):
            await found.read()
    transport.words.update({0: 1, 1: 2})
    for _ in range(2):
        try:
            values = {quantity: reading.value for quantity, reading in (await read(found)).items()}
        except Refused:
            continue
    assert values == {Q.GRID_W: 1, Q.AC_W: 2}


@pytest.mark.parametrize(
    "error", [NoAnswer("x"), LinkDown("x"), Refused(4, "x"), Refused(11, "x"), BadFrame("x")], ids=repr
)
async def test_whole_failure_raises(error: DriverError) -> None:
    transport = MemoryTransport({0: 1, 50: 1})
    transport.failure = lambda span: error
    with pytest.raises(type(error)):
        await device(transport, {Q.GRID_W: row(0), Q.AC_W: row(50)}).read()


@pytest.mark.parametrize(
    ("error", "asked", "values"),
    [
        (NoAnswer("x"), 2, [1, None, None]),
        (LinkDown("x"), 2, [1, None, None]),
        (Refused(11, "x"), 2, [1, None, None]),
        (Refused(4, "x"), 3, [1, None, 3]),
        (BadFrame("x"), 3, [1, None, 3]),
    ],
    ids=repr,
)
async def test_partial_failure_is_missing_values(error: DriverError, asked: int, values: list[float | None]) -> None:
    transport = MemoryTransport({0: 1, 20: 2, 40: 3})
    transport.failure = lambda span: error if span.address == 20 else None
    readings = await read(device(transport, {Q.GRID_W: row(0), Q.AC_W: row(20), Q.LOAD_W: row(40)}))
    assert [reading.value for reading in readings.values()] == values
    assert len(transport.reads) == asked


async def test_a_wrong_constant_makes_the_whole_answer_void() -> None:
    transport = MemoryTransport({0: 103, 1: 42})
    found = device(transport, {Q.GRID_W: row(1)}, constants=(Constant(row(0), 103.0),))
    assert (await read(found))[Q.GRID_W].value == 42
    transport.words[0] = 104
    with pytest.raises(BadFrame, match="is 104 instead of 103"):
        await found.read()


async def test_close_closes_the_transport() -> None:
    transport = MemoryTransport()
    await device(transport, {}).close()
    assert transport.closed == 1


def test_rows_that_cannot_be_read_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="over 1"):
        device(MemoryTransport(), {Q.AC_W: Register("x", 0, WIRE_TYPES["int32"])}, limits=SpanLimits(1))
