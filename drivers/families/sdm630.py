"""Eastron SDM630 and SDM72D-M-2: a three-phase meter, positive for import.

Source: Eastron "SDM630 Modbus protocol" (input registers, function 4, IEEE 754 floats, high word first). Requests must
start and end at even addresses and hold at most 60 registers in the older editions, 80 in the newer; 60 ms of silence
between telegrams, which is what a bus keeps on RTU by default.
"""

from collections.abc import Mapping

from drivers.device import Transport
from drivers.family import Family, LinkFacts, Monotonic, Option
from drivers.identity import Identity, Sign
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits
from drivers.table_device import TableDevice

_FLOAT = WIRE_TYPES["float32"]

ROWS = {
    Quantity.VOLTAGE_L1_V: Register("Phase 1 line to neutral volts", 0x00, _FLOAT, "input", unit="V"),
    Quantity.VOLTAGE_L2_V: Register("Phase 2 line to neutral volts", 0x02, _FLOAT, "input", unit="V"),
    Quantity.VOLTAGE_L3_V: Register("Phase 3 line to neutral volts", 0x04, _FLOAT, "input", unit="V"),
    Quantity.CURRENT_L1_A: Register("Phase 1 current", 0x06, _FLOAT, "input", unit="A"),
    Quantity.CURRENT_L2_A: Register("Phase 2 current", 0x08, _FLOAT, "input", unit="A"),
    Quantity.CURRENT_L3_A: Register("Phase 3 current", 0x0A, _FLOAT, "input", unit="A"),
    Quantity.GRID_L1_W: Register("Phase 1 power", 0x0C, _FLOAT, "input", unit="W"),
    Quantity.GRID_L2_W: Register("Phase 2 power", 0x0E, _FLOAT, "input", unit="W"),
    Quantity.GRID_L3_W: Register("Phase 3 power", 0x10, _FLOAT, "input", unit="W"),
    Quantity.GRID_W: Register("Total system power", 0x34, _FLOAT, "input", unit="W"),
    Quantity.FREQUENCY_HZ: Register("Frequency of supply voltages", 0x46, _FLOAT, "input", unit="Hz"),
    Quantity.IMPORT_WH: Register("Import Wh since last reset", 0x48, _FLOAT, "input", scale=1000.0, unit="kWh"),
    Quantity.EXPORT_WH: Register("Export Wh since last reset", 0x4A, _FLOAT, "input", scale=1000.0, unit="kWh"),
}
LIMITS = SpanLimits(max_registers=60, max_gap=60, even=True)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> TableDevice:
    rated_w = options["rated_w"]
    ratings = {Quantity.RATED_W: float(rated_w)} if isinstance(rated_w, int | float) else {}
    return TableDevice(name, transport, ROWS, LIMITS, ratings=ratings, monotonic=monotonic)


FAMILY = Family(
    name="sdm630",
    build=_build,
    brand="Eastron SDM630, SDM72D-M-2",
    document="Eastron SDM630 Modbus protocol",
    confidence="A",
    link=LinkFacts(fastest_poll_s=0.2),
    identity=Identity(
        (
            Sign(ROWS[Quantity.FREQUENCY_HZ], low=45.0, high=65.0),
            Sign(ROWS[Quantity.VOLTAGE_L1_V], low=80.0, high=300.0),
        )
    ),
    options={"rated_w": Option(float, None, "rated power of the connection in W, for plausibility", low=1)},
)
