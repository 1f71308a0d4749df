"""The registers of Deye, Sunsynk and Sol-Ark hybrids: what is read and what steers, on the three maps.

Source: kellerza/sunsynk, definitions single_phase, three_phase_common, three_phase_lv and three_phase_hv; evcc
deye-hybrid-3p. All are holding registers, 32-bit values with the low word first and not always side by side. On the
high-voltage map battery, PV and slot powers count tens of watts, and the battery's voltage tenths of a volt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.formula import FirstOf, Formula, Halves, Mean, OnlyWhile, Sum
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register

_U16, _I16, _U32 = (WIRE_TYPES[name] for name in ("uint16", "int16", "uint32"))
_SLOTS = range(6)
_THERE_V = 50.0  # of a battery of high voltage
_TORN_W = 3000.0  # how far a power moves in the fraction of a second between its two words

DEVICE_TYPE = Register("0 device type", 0, _U16)


def _watts(name: str, address: int, scale: float = 1.0) -> Register:
    return Register(f"{address} {name}", address, _I16, scale=scale, unit="W")


def _plain(name: str, address: int, scale: float = 1.0, unit: str = "", offset: float = 0.0) -> Register:
    return Register(f"{address} {name}", address, _U16, scale=scale, offset=offset, unit=unit)


def _counter(name: str, address: int, high: int) -> Register:
    """Tenths of a kWh, in Wh."""
    scattered = () if high == address + 1 else (address, high)
    return Register(
        f"{address} {name}", address, _U32, scale=100.0, low_word_first=True, scattered=scattered, unit="Wh"
    )


def _setting(name: str, address: int, unit: str = "") -> Register:
    """Everything that can be written is kept in flash."""
    return Register(f"{address} {name}", address, _U16, persistent=True, unit=unit)


def _rated(address: int) -> Register:
    return Register(f"{address} rated power", address, _U32, scale=0.1, low_word_first=True, unit="W")


def _celsius(name: str, address: int) -> Register:
    return _plain(name, address, 0.1, "C", offset=-100.0)


RATED_THREE_PHASE = _rated(20)


@dataclass(frozen=True, slots=True)
class Levers:
    """The registers that steer one map, and those that say what can be had.

    ``start_soc`` is where there is a state of charge below which it charges from the grid; without it the six slots of
    the timer say it, by ``slot_socs`` and ``slot_flags``.
    """

    most_discharge: Register
    most_charge: Register
    grid_charge_a: Register
    grid_charge: Register
    timer: Register
    start_soc: Register | None
    slot_socs: tuple[Register, ...]
    slot_flags: tuple[Register, ...]
    battery_v: Register
    bms_v: Register
    bms_charge_a: Register
    bms_discharge_a: Register
    rated: Register
    grid: Register


SINGLE_PHASE = Levers(
    most_discharge=_setting("max discharge current", 211, "A"),
    most_charge=_setting("max charge current", 210, "A"),
    grid_charge_a=_setting("grid charge current", 230, "A"),
    grid_charge=_setting("grid charge enable", 232),
    timer=_setting("timer", 248),
    start_soc=None,
    slot_socs=tuple(_setting(f"slot {i + 1} charge target", 268 + i, "%") for i in _SLOTS),
    slot_flags=tuple(_setting(f"slot {i + 1} flags", 274 + i) for i in _SLOTS),
    battery_v=_plain("battery voltage", 183, 0.01, "V"),
    bms_v=_plain("BMS charging voltage", 312, 0.01, "V"),
    bms_charge_a=_plain("BMS charge limit", 314, unit="A"),
    bms_discharge_a=_plain("BMS discharge limit", 315, unit="A"),
    rated=_rated(16),
    grid=_plain("grid connected", 194),
)
THREE_PHASE_LV = Levers(
    most_discharge=_setting("max discharge current", 109, "A"),
    most_charge=_setting("max charge current", 108, "A"),
    grid_charge_a=_setting("grid charge current", 128, "A"),
    grid_charge=_setting("grid charge enable", 130),
    timer=_setting("timer", 146),
    start_soc=_setting("grid charge start SoC", 127, "%"),
    slot_socs=(),
    slot_flags=(),
    battery_v=_plain("battery voltage", 587, 0.01, "V"),
    bms_v=_plain("BMS voltage", 215, 0.01, "V"),
    bms_charge_a=_plain("BMS charge limit", 212, unit="A"),
    bms_discharge_a=_plain("BMS discharge limit", 213, unit="A"),
    rated=RATED_THREE_PHASE,
    grid=_plain("relays", 552),
)
THREE_PHASE_HV = replace(
    THREE_PHASE_LV,
    battery_v=_plain("battery voltage", 587, 0.1, "V"),
    bms_v=_plain("BMS voltage", 215, 0.1, "V"),
)


def single_phase(grid_at: str) -> Mapping[Quantity, Formula]:
    """``grid_at``: "ct" is the external current transformer, "port" the inverter's own connection."""
    grid = _watts("grid CT power", 172) if grid_at == "ct" else _watts("grid power", 169)
    return {
        Quantity.STATE: _plain("state", 59),
        Quantity.IMPORT_WH: _counter("total grid import", 78, 80),
        Quantity.FREQUENCY_HZ: _plain("grid frequency", 79, 0.01, "Hz"),
        Quantity.EXPORT_WH: _counter("total grid export", 81, 82),
        Quantity.TEMPERATURE_C: _celsius("radiator temperature", 91),
        Quantity.VOLTAGE_L1_V: _plain("grid voltage", 150, 0.1, "V"),
        Quantity.GRID_W: grid,
        Quantity.AC_W: _watts("inverter power", 175),
        Quantity.LOAD_W: _watts("load power", 178),
        Quantity.BATTERY_V: SINGLE_PHASE.battery_v,
        Quantity.SOC_PCT: _plain("battery SoC", 184, unit="%"),
        Quantity.PV_W: Sum(tuple(_plain(f"PV{i + 1} power", 186 + i, unit="W") for i in range(3)), any_part=True),
        Quantity.BATTERY_W: _watts("battery power", 190),
        Quantity.RATED_W: SINGLE_PHASE.rated,
    }


def three_phase(grid_at: str, *, high_voltage: bool, wide: bool) -> Mapping[Quantity, Formula]:
    """``grid_at`` "ct" or "port". ``wide``: powers may pass 32 kW, so their high words are read as well."""
    tens = 10.0 if high_voltage else 1.0
    strings = [672, 673, 674, 675, *((727, 728, 729, 730) if high_voltage else ())]
    batteries = (590, 595) if high_voltage else (590,)
    lows, highs = (616, 705) if grid_at == "ct" else (622, 687)
    soc = _plain("battery SoC", 588, unit="%")
    grid = [_power(f"grid {name}", lows + i, highs + i, wide) for i, name in enumerate(("L1", "L2", "L3", "total"))]
    found: dict[Quantity, Formula] = {
        Quantity.STATE: _plain("state", 500),
        Quantity.IMPORT_WH: _counter("total grid import", 522, 523),
        Quantity.EXPORT_WH: _counter("total grid export", 524, 525),
        Quantity.TEMPERATURE_C: _celsius("radiator temperature", 541),
        Quantity.BATTERY_V: (THREE_PHASE_HV if high_voltage else THREE_PHASE_LV).battery_v,
        Quantity.SOC_PCT: _of_both(soc) if high_voltage else soc,
        Quantity.BATTERY_W: Sum(tuple(_watts("battery power", at, tens) for at in batteries), any_part=True),
        Quantity.VOLTAGE_L1_V: _plain("grid L1 voltage", 598, 0.1, "V"),
        Quantity.VOLTAGE_L2_V: _plain("grid L2 voltage", 599, 0.1, "V"),
        Quantity.VOLTAGE_L3_V: _plain("grid L3 voltage", 600, 0.1, "V"),
        Quantity.FREQUENCY_HZ: _plain("grid frequency", 609, 0.01, "Hz"),
        Quantity.GRID_L1_W: grid[0],
        Quantity.GRID_L2_W: grid[1],
        Quantity.GRID_L3_W: grid[2],
        Quantity.GRID_W: _of_phases(grid[3], "grid", lows),
        Quantity.AC_W: _power("inverter power", 636, 694, wide),
        Quantity.LOAD_W: _of_phases(_power("load power", 653, 659, wide), "load", 650),
        Quantity.PV_W: Sum(tuple(_plain("PV power", at, tens, "W") for at in strings), any_part=True),
        Quantity.RATED_W: RATED_THREE_PHASE,
    }
    if high_voltage:
        found[Quantity.SOH_PCT] = _plain("BMS SoH", 224, unit="%")
    return found


def _power(name: str, low: int, high: int, wide: bool) -> Register | Halves:
    """The low word alone, or both: they are too far apart for one request of twenty registers."""
    if not wide:
        return _watts(name, low)
    low_word = Register(f"{low} {name}, low word", low, _U16, sentinel=-1, unit="W")
    high_word = Register(f"{high} {name}, high word", high, _I16, sentinel=-1)
    return Halves(low_word, high_word, _TORN_W)


def _of_phases(total: Register | Halves, name: str, first: int) -> Formula:
    """``total`` of both words; while these do not belong together, or only the low one is read, the sum of the phases.

    Each phase is below 32 kW, and the house may draw more than that, however small the inverter is.
    """
    phases = Sum(tuple(_watts(f"{name} L{i + 1}, low word", first + i) for i in range(3)))
    return FirstOf((phases, total)) if isinstance(total, Register) else FirstOf((total, phases))


def _of_both(first: Register) -> Formula:
    """The mean of two batteries, whose sizes are not told; ``first`` alone where no second one has a voltage."""
    second = (_plain("battery 2 SoC", 589, unit="%"), _plain("battery 2 voltage", 593, 0.1, "V"))
    return FirstOf((OnlyWhile(Mean((first, second[0])), second[1], _THERE_V), first))
