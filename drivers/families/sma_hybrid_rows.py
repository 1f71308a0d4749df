"""What an SMA inverter with a battery shows. Pure.

Sources: SMA "SMA_Modbus-TI-en-15" and "-28"; evcc sma-sbs-modbus, sma-hybrid, sma-si-modbus; OpenEMS sma. All values
have two registers or four, the high word first. Directions are two positive numbers: drawn and fed in, charged and
discharged. A register that the device does not have reads as "not a number", and so does what is not there by night.
"""

from dataclasses import replace

from drivers.formula import FirstOf, Formula, Sum
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_U32, _S32, _U64 = WIRE_TYPES["uint32"], WIRE_TYPES["int32"], WIRE_TYPES["uint64"]
NO_INFORMATION = 0xFFFFFD  # of a list of codes
_S32_NAN = 0x80000000

LIMITS = SpanLimits(max_gap=60)  # registers that are not there are no error; a request may not cut a value

CONDITION = Register("Condition", 30201, _U32, also_missing=(NO_INFORMATION,))
SERIAL = Register("Serial number", 30057, _U32)
CHARGE_W = Register("Present battery charge", 31393, _U32, unit="W")
DISCHARGE_W = Register("Present battery discharge", 31395, _U32, unit="W")
MOST_CHARGE_W = Register("Max battery charge", 40189, _U32, unit="W")
MOST_DISCHARGE_W = Register("Max battery discharge", 40191, _U32, unit="W")
SOC = Register("Battery state of charge", 30845, _U32, unit="%")
AC_W = Register("Active power", 30775, _S32, unit="W")

_STRINGS = tuple(Register(f"DC power input {i}", at, _S32, unit="W") for i, at in ((1, 30773), (2, 30961), (3, 30967)))
_PHASES = (("L1", 31259, 31265, 30783), ("L2", 31261, 31267, 30785), ("L3", 31263, 31269, 30787))


def formulas_of(has_strings: bool) -> dict[Quantity, Formula]:
    """All quantities. ``has_strings``: solar strings are at this device; else its AC power is that of its battery."""
    battery_w = Sum((DISCHARGE_W, replace(CHARGE_W, sign=-1)))
    found: dict[Quantity, Formula] = {
        Quantity.AC_W: AC_W,
        Quantity.BATTERY_W: battery_w if has_strings else FirstOf((battery_w, AC_W)),
        Quantity.SOC_PCT: SOC,
        Quantity.BATTERY_V: Register("Battery voltage", 30851, _U32, scale=0.01, unit="V"),
        Quantity.TEMPERATURE_C: Register("Battery temperature", 30849, _S32, scale=0.1, unit="C"),
        Quantity.FREQUENCY_HZ: Register("Grid frequency", 30803, _U32, scale=0.01, unit="Hz"),
        Quantity.AC_WH: FirstOf(
            (Register("Total yield", 30513, _U64, unit="Wh"), Register("Total yield, 32 bit", 30529, _U32, unit="Wh"))
        ),
        Quantity.STATE: CONDITION,
        Quantity.RATED_WH: Register("Battery nominal capacity", 40187, _U32, unit="Wh"),
        Quantity.RATED_CHARGE_W: MOST_CHARGE_W,
        Quantity.RATED_DISCHARGE_W: MOST_DISCHARGE_W,
        **_grid(),
    }
    return found | {Quantity.PV_W: Sum(_STRINGS, any_part=True)} if has_strings else found


def _grid() -> dict[Quantity, Formula]:
    """What SMA's own meter at the connection point says."""
    found: dict[Quantity, Formula] = {
        Quantity.GRID_W: _difference("Power drawn", 30865, "Power fed in", 30867, "int32"),
        Quantity.IMPORT_WH: Register("Meter import", 30581, _U32, also_missing=(_S32_NAN,), unit="Wh"),
        Quantity.EXPORT_WH: Register("Meter export", 30583, _U32, also_missing=(_S32_NAN,), unit="Wh"),
    }
    for phase, fed_in, drawn, volts in _PHASES:
        found[Quantity[f"GRID_{phase}_W"]] = _difference(f"{phase} drawn", drawn, f"{phase} fed in", fed_in, "uint32")
        found[Quantity[f"VOLTAGE_{phase}_V"]] = Register(f"{phase} voltage", volts, _U32, scale=0.01, unit="V")
    return found


def _difference(drawn: str, drawn_at: int, fed_in: str, fed_in_at: int, wire: str) -> Sum:
    return Sum(
        (
            Register(drawn, drawn_at, WIRE_TYPES[wire], unit="W"),
            Register(fed_in, fed_in_at, WIRE_TYPES[wire], sign=-1, unit="W"),
        )
    )
