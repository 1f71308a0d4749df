"""Eastron SDM120 and SDM230: single-phase meters, positive for import.

Source: Eastron "SDM120 Modbus protocol", V2.4 (input registers, function 4, IEEE 754 floats, high word first). Requests
must start and end at even addresses and hold at most 60 registers.

Link: RTU, unit 1, 2400 8N1 (a bus shared with a meter at 9600 needs one of them set anew), 60 ms of silence between
telegrams. Identity: holding 0xFC02 is the meter's code, 0x0020 for the SDM120; 0xFC00 the serial, u32.
"""

from dataclasses import replace

from drivers.families.sdm630 import COUNTED, LIMITS, LINK, measured
from drivers.family import SerialLine
from drivers.formula import Coded, Formula
from drivers.identity import Identity, Sign
from drivers.meter_family import meter_family
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register

ROWS: dict[Quantity, Formula] = {
    Quantity.VOLTAGE_L1_V: measured("Line to neutral volts", 0x00, "V"),
    Quantity.CURRENT_L1_A: measured("Current", 0x06, "A"),
    Quantity.GRID_W: measured("Active power", 0x0C, "W"),
    Quantity.POWER_FACTOR: Coded(measured("Power factor", 0x1E, ""), abs),
    **COUNTED,
}

FAMILY = meter_family(
    "sdm120",
    "Eastron SDM120, SDM230",
    "Eastron SDM120 Modbus protocol V2.4",
    ROWS,
    LIMITS,
    link=replace(LINK, serial=tuple(map(SerialLine, (2400, 9600, 4800, 1200)))),
    identity=Identity((Sign(Register("Meter code", 0xFC02, WIRE_TYPES["uint16"]), choices=(0x0020,)),)),
)
