"""Register words: a number, or missing; and whole devices whose registers say anything at all."""

import asyncio
import math
from random import Random

from drivers.device import Readable
from drivers.errors import DriverError
from drivers.families.sdm630 import ROWS
from drivers.formula import rows_in
from drivers.register import WIRE_TYPES, Register
from drivers.registry import build
from drivers.sunspec import Model, model_rows, registers_of
from tests.drivers.hybrids import gen24, hybrid_7xx
from tests.drivers.memory import COMMON, MemoryTransport, SunSpecMap
from tests.drivers.meter_sheets import SHEETS
from tests.fuzz.tally import Tally, Tick

MODELS = (1, 101, 111, 120, 121, 122, 123, 124, 160, 201, 211, 701, 702, 703, 704, 713, 714, 715, 802)
WORDS = (0, 1, 2, 9, 10, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0xFFFE, 0xFFF6, 0xFFF5, 0x7FC0, 0x7F80, 0xFF80, 0x5375, 0x6E53)
SLOW_S = 61.0


def words(chance: Random, count: int, tick: Tick) -> Tally:
    """Every row of every datasheet, and every type with any scale factor, on any words."""
    tally, rows = Tally("register words"), _rows()
    for number in range(count):
        row = chance.choice(rows)
        found = {row.address + i: _word(chance) for i in range(row.count)}
        if row.scale_address is not None and chance.random() < 0.9:
            found[row.scale_address] = _word(chance)
        with tally.watched((row, found)):
            value = row.decode(found)
            if value is None:
                tally.refused += 1
            elif math.isfinite(value):
                tally.taken += 1
            else:
                tally.fault(f"{row.name} is {value}", found)
        tick(number)
    return tally


def devices(chance: Random, count: int, tick: Tick) -> Tally:
    """The walk along the models and two reads of a device of each family, on maps that are damaged or all noise."""
    return asyncio.run(_devices(chance, count, tick))


async def _devices(chance: Random, count: int, tick: Tick) -> Tally:
    tally = Tally("devices with any registers")
    for number in range(count):
        family, transport = _device(chance)
        with tally.watched((family, number)):
            clock = iter([50.0, 50.0, 50.0, *(50.0 + SLOW_S * i for i in range(1, 1000))])
            device = build(family, "device", transport, {}, lambda: next(clock))  # noqa: B023 - used within the turn
            await _read_twice(device, transport, chance, tally)
        tick(number)
    return tally


async def _read_twice(device: Readable, transport: MemoryTransport, chance: Random, tally: Tally) -> None:
    for _ in range(2):
        try:
            readings = await device.read()
        except DriverError as error:
            tally.refusal(str(error), transport)
            return
        for reading in readings:
            if reading.value is not None and not math.isfinite(reading.value):
                tally.fault(f"{reading.quantity} is {reading.value}", transport)
        _damage(chance, transport.tables["input"] or transport.words)
    tally.taken += 1


def _device(chance: Random) -> tuple[str, MemoryTransport]:
    kind = chance.randrange(4)
    if kind == 0:
        sheet = chance.choice(SHEETS)
        transport = sheet.transport()
        words = transport.tables[sheet.table]
        words |= {at: _word(chance) for cell in sheet.cells for at in range(cell.address, cell.end)}
        return sheet.family, transport
    if kind == 1:
        layout = SunSpecMap()
        layout.add(1, COMMON)
        layout.add(chance.choice((201, 203, 211, 213)), {})
        found: tuple[str, MemoryTransport] = "sunspec_meter", layout.end().transport()
    else:
        found = "sunspec_hybrid", hybrid_7xx() if kind == 2 else gen24()
    _damage(chance, found[1].words)
    return found


def _damage(chance: Random, registers: dict[int, int]) -> None:
    addresses = sorted(registers)
    if not addresses:
        return
    for _ in range(chance.choice((0, 1, 3, 30))):
        address = chance.choice(addresses)
        if chance.random() < 0.1:
            registers.pop(address, None)
        else:
            registers[address] = _word(chance)


def _word(chance: Random) -> int:
    return chance.choice(WORDS) if chance.random() < 0.5 else chance.randrange(0x10000)


def _rows() -> list[Register]:
    rows = [row for formula in ROWS.values() for row in rows_in(formula)]
    for model_id in MODELS:
        size = max(row.offset + row.registers for row in model_rows(model_id))
        rows += registers_of(Model(model_id, 40000, size)).values()
    rows += [Register(name, 0, wire, scale_address=100) for name, wire in WIRE_TYPES.items()]
    return rows
