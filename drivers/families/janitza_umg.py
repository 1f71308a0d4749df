"""Janitza UMG: power analysers, positive for import as far as the current transformers look towards the site.

Sources: Janitza "Modbus address list UMG 96RM" (the list at 19000, which the 96RM, 96RM-E, 96-PA, 806, 20xCM and 604
have) and "UMG 604" (the native list of the 604, 605 and 508, for firmware without the list at 19000). Floats, high word
first; an address plus 32768 gives the same value with its words the other way round. Energies are floats in Wh, which
at 100 MWh have steps of 8 Wh. Distortion is given by phase; cos phi too (19044-19048), of which no total is listed.

Link: TCP 502, unit 1; RTU, unit 1, 9600 to 115200 8N1. Functions 3 and 4 alike; values are renewed every 200 ms.
Identity: no code is in the sources; it is known by its mains in the list at 19000.
"""

from collections.abc import Mapping

from drivers.family import LinkFacts, Option, SerialLine
from drivers.formula import Formula, Mean
from drivers.meter_family import looks_alive, meter_family
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits


def _row(name: str, address: int, unit: str) -> Register:
    return Register(name, address, WIRE_TYPES["float32"], unit=unit)


def _mean(name: str, first: int) -> Mean:
    """The mean of three rows that follow each other, %."""
    return Mean(tuple(_row(f"{name}[{phase}]", first + 2 * phase, "%") for phase in range(3)))


_FREQUENCY, _VOLTAGE = _row("_G_FREQ", 19050, "Hz"), _row("_G_ULN[0]", 19000, "V")
COMMON: dict[Quantity, Formula] = {
    Quantity.VOLTAGE_L1_V: _VOLTAGE,
    Quantity.VOLTAGE_L2_V: _row("_G_ULN[1]", 19002, "V"),
    Quantity.VOLTAGE_L3_V: _row("_G_ULN[2]", 19004, "V"),
    Quantity.CURRENT_L1_A: _row("_G_ILN[0]", 19012, "A"),
    Quantity.CURRENT_L2_A: _row("_G_ILN[1]", 19014, "A"),
    Quantity.CURRENT_L3_A: _row("_G_ILN[2]", 19016, "A"),
    Quantity.GRID_L1_W: _row("_G_PLN[0]", 19020, "W"),
    Quantity.GRID_L2_W: _row("_G_PLN[1]", 19022, "W"),
    Quantity.GRID_L3_W: _row("_G_PLN[2]", 19024, "W"),
    Quantity.GRID_W: _row("_G_P_SUM3", 19026, "W"),
    Quantity.FREQUENCY_HZ: _FREQUENCY,
    Quantity.IMPORT_WH: _row("_G_WH_V_HT_SUML13", 19068, "Wh"),
    Quantity.EXPORT_WH: _row("_G_WH_Z_SUML13", 19076, "Wh"),
    Quantity.VOLTAGE_THD_PCT: _mean("_G_THD_ULN", 19110),
    Quantity.CURRENT_THD_PCT: _mean("_G_THD_ILN", 19116),
}
NATIVE_604: dict[Quantity, Formula] = {
    Quantity.VOLTAGE_L1_V: _row("Voltage L1-N", 1317, "V"),
    Quantity.VOLTAGE_L2_V: _row("Voltage L2-N", 1319, "V"),
    Quantity.VOLTAGE_L3_V: _row("Voltage L3-N", 1321, "V"),
    Quantity.CURRENT_L1_A: _row("Current L1", 1325, "A"),
    Quantity.CURRENT_L2_A: _row("Current L2", 1327, "A"),
    Quantity.CURRENT_L3_A: _row("Current L3", 1329, "A"),
    Quantity.GRID_L1_W: _row("Real power L1", 1333, "W"),
    Quantity.GRID_L2_W: _row("Real power L2", 1335, "W"),
    Quantity.GRID_L3_W: _row("Real power L3", 1337, "W"),
    Quantity.GRID_W: _row("Real power sum", 1369, "W"),
    Quantity.FREQUENCY_HZ: _row("Frequency", 1439, "Hz"),
    Quantity.IMPORT_WH: _row("Real energy consumed", 9851, "Wh"),
    Quantity.EXPORT_WH: _row("Real energy delivered", 9863, "Wh"),
}
_LISTS = {"19000": COMMON, "native": NATIVE_604}


def _rows(options: Mapping[str, object]) -> dict[Quantity, Formula]:
    return _LISTS[str(options["list"])]


# Everything from 19000 to 19121 is listed; in the native list only the rows above are known to be there.
LIMITS = SpanLimits(max_gap=40)

FAMILY = meter_family(
    "janitza_umg",
    "Janitza UMG 96RM, 96-PA, 604, 806",
    "Janitza Modbus address lists UMG 96RM and UMG 604, no edition",
    _rows,
    LIMITS,
    link=LinkFacts(fastest_poll_s=0.2, serial=tuple(map(SerialLine, (9600, 19200, 38400, 57600, 115200)))),
    identity=looks_alive(_FREQUENCY, _VOLTAGE),
    options={
        "list": Option(str, "19000", '"native" for a UMG 604, 605 or 508 without the list at 19000', tuple(_LISTS))
    },
)
