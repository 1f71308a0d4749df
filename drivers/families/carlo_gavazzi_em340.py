"""Carlo Gavazzi EM330, EM340, ET340 and EM24-DIN Ethernet (E1): three-phase meters, positive for import.

Source: Carlo Gavazzi "EM/ET300 series communication protocol". 32-bit numbers come low word first; "EEE" (overflow, not
measured) is the largest positive number. At most 50 registers a request, functions 3 and 4 alike; the frame table of
older firmware prints 20. Energies have steps of 0.1 kWh. The ET340 also counts export by phase (0x60-0x64).

The meter must be set to measure both directions (type B, or PF B): in "easy connection" every power is positive and
export is never counted. An EM24-E1 must be in application H (0xA000 = 7).

Link: RTU, unit 1, 9600 8N1; EM24-E1 TCP 502, unit 1. An answer takes 40 ms and may take 500.
Identity: 0x000B, asked for alone, is the model: 330-348 EM/ET300, of them 335, 336 and 345 ET; 1648-1653 EM24-E1.
0x5000 is the serial, 7 registers of text.
"""

from drivers.family import LinkFacts
from drivers.formula import Coded, Formula
from drivers.identity import Identity, Sign, Text
from drivers.meter_family import meter_family
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits


def wide(name: str, address: int, unit: str, scale: float) -> Register:
    """A 32-bit row."""
    overflow = 0x7FFFFFFF
    return Register(name, address, WIRE_TYPES["int32"], scale=scale, sentinel=overflow, low_word_first=True, unit=unit)


def narrow(name: str, address: int, unit: str, scale: float) -> Register:
    """A 16-bit row."""
    return Register(name, address, WIRE_TYPES["int16"], scale=scale, sentinel=0x7FFF, unit=unit)


MEASURED: dict[Quantity, Formula] = {
    Quantity.VOLTAGE_L1_V: wide("V L1-N", 0x00, "V", 0.1),
    Quantity.VOLTAGE_L2_V: wide("V L2-N", 0x02, "V", 0.1),
    Quantity.VOLTAGE_L3_V: wide("V L3-N", 0x04, "V", 0.1),
    Quantity.CURRENT_L1_A: wide("A L1", 0x0C, "A", 0.001),
    Quantity.CURRENT_L2_A: wide("A L2", 0x0E, "A", 0.001),
    Quantity.CURRENT_L3_A: wide("A L3", 0x10, "A", 0.001),
    Quantity.GRID_L1_W: wide("W L1", 0x12, "W", 0.1),
    Quantity.GRID_L2_W: wide("W L2", 0x14, "W", 0.1),
    Quantity.GRID_L3_W: wide("W L3", 0x16, "W", 0.1),
    Quantity.GRID_W: wide("W sys", 0x28, "W", 0.1),
}
ROWS: dict[Quantity, Formula] = {
    **MEASURED,
    Quantity.POWER_FACTOR: Coded(narrow("PF sys", 0x31, "", 0.001), abs),
    Quantity.FREQUENCY_HZ: narrow("Hz", 0x33, "Hz", 0.1),
    Quantity.IMPORT_WH: wide("kWh (+) TOT", 0x34, "kWh", 100.0),
    Quantity.EXPORT_WH: wide("kWh (-) TOT", 0x4E, "kWh", 100.0),
}
# The tables of both documents have no hole from 0 to the energies.
LIMITS = SpanLimits(max_registers=50, max_gap=30)


def modelled(*numbers: int) -> Identity:
    """A meter that shows one of the model ``numbers`` where its number stands."""
    row = Register("Carlo Gavazzi controls identification code", 0x0B, WIRE_TYPES["uint16"])
    return Identity((Sign(row, choices=tuple(map(float, numbers))),), serial=Text(0x5000, 7))


FAMILY = meter_family(
    "carlo_gavazzi_em340",
    "Carlo Gavazzi EM330, EM340, ET340, EM24 E1",
    "Carlo Gavazzi EM/ET300 series communication protocol, no edition",
    ROWS,
    LIMITS,
    link=LinkFacts(answer_s=0.5, fastest_poll_s=0.5),
    identity=modelled(*range(330, 349), *range(1648, 1654)),
)
