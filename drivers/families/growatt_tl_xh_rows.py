"""The registers of Growatt MOD, MID and MIN TL-XH inverters: what is read, on both blocks a battery may stand in.

Source: Growatt Inverter Modbus RTU Protocol II V1.24 and VPP Communication Protocol V2.03 by way of
0xAHA/Growatt_ModbusTCP 64434f9; evcc growatt-hybrid-tlxh. High word first, no read across a border of 125 registers.
"""

from collections.abc import Mapping

from drivers.datasheet import Values
from drivers.device import Table
from drivers.formula import Formula, Sum
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

U16, I16, U32, I32 = (WIRE_TYPES[name] for name in ("uint16", "int16", "uint32", "int32"))
LIMITS = SpanLimits(
    max_gap=124, barriers=(3000, 3125, 3250, 30000, 30100, 30225, 30350, 30475, 31000, 31125, 31250, 31375)
)


def _row(name: str, address: int, scale: float = 1.0, unit: str = "", table: Table = "input") -> Register:
    return Register(f"{address} {name}", address, U16, table, scale=scale, unit=unit)


def _watts(name: str, address: int, sign: int = 1, table: Table = "input") -> Register:
    return Register(f"{address} {name}", address, U32, table, scale=0.1, sign=sign, unit="W")


STATE = _row("state", 3000)
SOC = _row("state of charge", 3171, unit="%")
TYPE = _row("device type", 30000, table="holding")
RATED = _watts("rated power", 30016, table="holding")
RATED_BATTERY = _watts("rated battery power", 30026, table="holding")
VPP_VERSION = _row("VPP version", 30099, table="holding")
VPP_STATE = _row("VPP state", 31000)
VPP_SOC = _row("VPP state of charge", 31217, unit="%")
VOLTS_THERE = _row("battery voltage is there", 3169)
VPP_VOLTS = _row("VPP battery voltage", 31214, 0.1, "V")
CHARGE_LIMIT = _watts("charge limit now", 31210)
DISCHARGE_LIMIT = _watts("discharge limit now", 31212)


PROBES = (VPP_VERSION, SOC, VPP_SOC, VOLTS_THERE, VPP_VOLTS)


def stands_in_vpp_block(seen: Values) -> bool:
    """Whether the battery shows in the second block alone. An empty one has no state of charge in either, but volts."""
    has_soc, has_vpp_soc = bool(seen[SOC.name]), bool(seen[VPP_SOC.name])
    if has_soc or has_vpp_soc:
        return not has_soc
    return not seen[VOLTS_THERE.name] and bool(seen[VPP_VOLTS.name])


def formulas(block: str, volt: float, *, vpp: bool) -> Mapping[Quantity, Formula]:
    """``block`` "3000" or "31200" is where the battery stands, ``volt`` the step of its voltage in the first."""
    found: dict[Quantity, Formula] = {
        Quantity.STATE: STATE,
        Quantity.PV_W: _watts("PV power", 3001),
        Quantity.FREQUENCY_HZ: _row("grid frequency", 3025, 0.01, "Hz"),
        Quantity.GRID_W: Sum((_watts("power to user", 3041), _watts("power to grid", 3043, -1))),
        Quantity.LOAD_W: _watts("power to load", 3045),
        Quantity.IMPORT_WH: Register("3069 energy to user", 3069, U32, "input", scale=100.0, unit="Wh"),
    }
    if block == "3000":
        found |= {
            Quantity.BATTERY_V: _row("battery voltage", 3169, volt, "V"),
            Quantity.SOC_PCT: SOC,
            Quantity.TEMPERATURE_C: _row("battery temperature", 3176, 0.1, "C"),
            Quantity.BATTERY_W: Sum((_watts("discharge power", 3178), _watts("charge power", 3180, -1))),
        }
    else:
        power = Register("31200 battery power", 31200, I32, "input", scale=0.1, sign=-1, unit="W")
        found |= {
            Quantity.BATTERY_W: power,
            Quantity.BATTERY_V: VPP_VOLTS,
            Quantity.SOC_PCT: VPP_SOC,
            Quantity.SOH_PCT: _row("VPP state of health", 31218, unit="%"),
        }
    if vpp:
        found |= {Quantity.RATED_W: RATED, Quantity.RATED_CHARGE_W: RATED_BATTERY}
        found[Quantity.RATED_DISCHARGE_W] = RATED_BATTERY
    return found
