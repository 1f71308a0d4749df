"""Schneider Electric iEM3000 (iEM3155, iEM3255) and PM3000, PM5000 with the same list: positive for import.

Source: Schneider Electric "iEM3000 series user guide", DOCA0005DE-12. The guide counts registers from 1; the addresses
below are those on the wire, one less. High word first; powers in kW, energies in Wh. Missing is NaN, or the most
negative integer. The iEM3150 and iEM3250 measure one direction only.

Link: RTU, unit 1, 19200 8E1 (9600 and 38400 can be set); PM5000 with Ethernet TCP 502, unit 1 or 255. Function 3, at
most 125 registers.
Identity: no code is in the sources; it is known by its mains.
"""

from drivers.family import LinkFacts, SerialLine
from drivers.formula import Coded, Formula
from drivers.meter_family import looks_alive, meter_family
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits


def _row(name: str, number: int, wire: str, unit: str, scale: float = 1.0) -> Register:
    """A row by the ``number`` of the guide, which is the address on the wire plus 1."""
    return Register(name, number - 1, WIRE_TYPES[wire], scale=scale, unit=unit)


def power_factor(code: float) -> float | None:
    """The size of a power factor that is coded by quadrant: -2 to 2, beyond 1 counted back from 2 (leading)."""
    size = abs(code)
    if size > 2.0:
        return None
    return size if size <= 1.0 else 2.0 - size


_FREQUENCY = _row("Frequency", 3110, "float32", "Hz")
_VOLTAGE = _row("Voltage L1-N", 3028, "float32", "V")
ROWS: dict[Quantity, Formula] = {
    Quantity.CURRENT_L1_A: _row("Current phase 1", 3000, "float32", "A"),
    Quantity.CURRENT_L2_A: _row("Current phase 2", 3002, "float32", "A"),
    Quantity.CURRENT_L3_A: _row("Current phase 3", 3004, "float32", "A"),
    Quantity.VOLTAGE_L1_V: _VOLTAGE,
    Quantity.VOLTAGE_L2_V: _row("Voltage L2-N", 3030, "float32", "V"),
    Quantity.VOLTAGE_L3_V: _row("Voltage L3-N", 3032, "float32", "V"),
    Quantity.GRID_L1_W: _row("Active power phase 1", 3054, "float32", "kW", 1000.0),
    Quantity.GRID_L2_W: _row("Active power phase 2", 3056, "float32", "kW", 1000.0),
    Quantity.GRID_L3_W: _row("Active power phase 3", 3058, "float32", "kW", 1000.0),
    Quantity.GRID_W: _row("Total active power", 3060, "float32", "kW", 1000.0),
    Quantity.POWER_FACTOR: Coded(_row("Total power factor", 3084, "float32", ""), power_factor),
    Quantity.FREQUENCY_HZ: _FREQUENCY,
    Quantity.IMPORT_WH: _row("Total active energy import", 3204, "int64", "Wh"),
    Quantity.EXPORT_WH: _row("Total active energy export", 3208, "int64", "Wh"),
}
# Whether a request may go over the numbers that the guide does not list is in no source.
LIMITS = SpanLimits(max_gap=0)

FAMILY = meter_family(
    "schneider_iem3000",
    "Schneider Electric iEM3155, iEM3255",
    "Schneider Electric iEM3000 user guide DOCA0005DE-12",
    ROWS,
    LIMITS,
    link=LinkFacts(unit_ids=(1, 255), serial=tuple(SerialLine(baud, "E") for baud in (19200, 9600, 38400))),
    identity=looks_alive(_FREQUENCY, _VOLTAGE),
)
