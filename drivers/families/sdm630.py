"""Eastron SDM630: a three-phase meter, positive for import.

Source: Eastron "SDM630 Modbus protocol" (input registers, function 4, IEEE 754 floats, high word first), and for the
distortions nmakel/sdm_modbus. Requests must start and end at even addresses and hold at most 60 registers in the older
editions, 80 in the newer; phases that are not wired read 0.

Link: RTU, unit 1, 9600 8N1 (2400 to 38400 can be set), 60 ms of silence between telegrams, which is what a bus keeps
on RTU by default.
Identity: holding 0xFC02 is the meter's code, but that of the SDM630 (0x0070) is uncertain, so it is known by its mains;
0xFC00 is the serial, u32.
"""

from drivers.family import LinkFacts, SerialLine
from drivers.formula import Coded, Formula
from drivers.meter_family import looks_alive, meter_family
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits


def measured(name: str, address: int, unit: str, scale: float = 1.0) -> Register:
    """A row of Eastron's input registers."""
    return Register(name, address, WIRE_TYPES["float32"], "input", scale=scale, unit=unit)


COUNTED = {
    Quantity.FREQUENCY_HZ: measured("Frequency of supply voltages", 0x46, "Hz"),
    Quantity.IMPORT_WH: measured("Import Wh since last reset", 0x48, "kWh", 1000.0),
    Quantity.EXPORT_WH: measured("Export Wh since last reset", 0x4A, "kWh", 1000.0),
}
THREE_PHASE: dict[Quantity, Formula] = {
    Quantity.VOLTAGE_L1_V: measured("Phase 1 line to neutral volts", 0x00, "V"),
    Quantity.VOLTAGE_L2_V: measured("Phase 2 line to neutral volts", 0x02, "V"),
    Quantity.VOLTAGE_L3_V: measured("Phase 3 line to neutral volts", 0x04, "V"),
    Quantity.CURRENT_L1_A: measured("Phase 1 current", 0x06, "A"),
    Quantity.CURRENT_L2_A: measured("Phase 2 current", 0x08, "A"),
    Quantity.CURRENT_L3_A: measured("Phase 3 current", 0x0A, "A"),
    Quantity.GRID_L1_W: measured("Phase 1 power", 0x0C, "W"),
    Quantity.GRID_L2_W: measured("Phase 2 power", 0x0E, "W"),
    Quantity.GRID_L3_W: measured("Phase 3 power", 0x10, "W"),
    Quantity.GRID_W: measured("Total system power", 0x34, "W"),
    Quantity.POWER_FACTOR: Coded(measured("Total system power factor", 0x3E, ""), abs),
    **COUNTED,
}
ROWS: dict[Quantity, Formula] = {
    **THREE_PHASE,
    Quantity.VOLTAGE_THD_PCT: measured("Average line to neutral volts THD", 0xF8, "%"),
    Quantity.CURRENT_THD_PCT: measured("Average line current THD", 0xFA, "%"),
}
LIMITS = SpanLimits(max_registers=60, max_gap=60, even=True)

LINK = LinkFacts(fastest_poll_s=0.2, serial=tuple(map(SerialLine, (9600, 19200, 38400, 2400, 4800))))

FAMILY = meter_family(
    "sdm630",
    "Eastron SDM630",
    "Eastron SDM630 Modbus protocol, no edition",
    ROWS,
    LIMITS,
    link=LINK,
    identity=looks_alive(COUNTED[Quantity.FREQUENCY_HZ], measured("Phase 1 line to neutral volts", 0x00, "V")),
)
