"""ABB B21, B23 and B24 (EQ meters), positive for import.

Source: ABB "B23/B24 user manual", 2CMC485003M0201, chapter 9 (the B21 has the same table). Holding registers, high word
first. Not available: all ones where unsigned, the largest positive number where signed. So are the phase powers of the
single-phase B21, whose total stands for them, and the export of the Steel and Bronze variants, which do not count it.
A request may go over addresses without a value.

Link: RTU, unit 1 (some are set to 2), baud and parity by the meter's menu, 9600 8E1 or 8N1. Function 3.
Identity: 0x8960 is the type as text, "B21 ", "B23 " or "B24 "; 0x8900 the serial, u32; 0x8908 the firmware, 8 registers
of text.
"""

from drivers.family import LinkFacts, SerialLine
from drivers.formula import Coded, Formula
from drivers.identity import Identity, Text
from drivers.meter_family import meter_family
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_LARGEST = {"int16": 0x7FFF, "int32": 0x7FFFFFFF}


def _row(name: str, address: int, wire: str, unit: str, scale: float) -> Register:
    return Register(name, address, WIRE_TYPES[wire], scale=scale, sentinel=_LARGEST.get(wire), unit=unit)


ROWS: dict[Quantity, Formula] = {
    Quantity.IMPORT_WH: _row("Active energy import", 0x5000, "uint64", "kWh", 10.0),
    Quantity.EXPORT_WH: _row("Active energy export", 0x5004, "uint64", "kWh", 10.0),
    Quantity.VOLTAGE_L1_V: _row("Voltage L1-N", 0x5B00, "uint32", "V", 0.1),
    Quantity.VOLTAGE_L2_V: _row("Voltage L2-N", 0x5B02, "uint32", "V", 0.1),
    Quantity.VOLTAGE_L3_V: _row("Voltage L3-N", 0x5B04, "uint32", "V", 0.1),
    Quantity.CURRENT_L1_A: _row("Current L1", 0x5B0C, "uint32", "A", 0.01),
    Quantity.CURRENT_L2_A: _row("Current L2", 0x5B0E, "uint32", "A", 0.01),
    Quantity.CURRENT_L3_A: _row("Current L3", 0x5B10, "uint32", "A", 0.01),
    Quantity.GRID_W: _row("Active power total", 0x5B14, "int32", "W", 0.01),
    Quantity.GRID_L1_W: _row("Active power L1", 0x5B16, "int32", "W", 0.01),
    Quantity.GRID_L2_W: _row("Active power L2", 0x5B18, "int32", "W", 0.01),
    Quantity.GRID_L3_W: _row("Active power L3", 0x5B1A, "int32", "W", 0.01),
    Quantity.FREQUENCY_HZ: _row("Frequency", 0x5B2C, "uint16", "Hz", 0.01),
    Quantity.POWER_FACTOR: Coded(_row("Power factor total", 0x5B3A, "int16", "", 0.001), abs),
}
LIMITS = SpanLimits(max_gap=40)

_TYPE = Text(0x8960, 2)

FAMILY = meter_family(
    "abb_b2x",
    "ABB B21, B23, B24",
    "ABB B23/B24 user manual 2CMC485003M0201",
    ROWS,
    LIMITS,
    link=LinkFacts(unit_ids=(1, 2), serial=(SerialLine(parity="E"), SerialLine())),
    identity=Identity(named=_TYPE, begins=("B21", "B23", "B24"), model=_TYPE, firmware=Text(0x8908, 8)),
)
