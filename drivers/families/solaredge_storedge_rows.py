"""What a SolarEdge inverter with a battery shows. Pure.

Sources: "SolarEdge SunSpec implementation technical note" 3.2 (2025) for the inverter at 40069 and the meters, which
follow each other at fixed places, behind a model of its strings where there is one; "Power control open protocol for
SolarEdge inverters" and the projects nmakel solaredge_modbus, binsentsu and WillCodeForCats for the battery blocks at
0xE100, 0xE200 and 0xE400, whose values of two and four registers have the low word first; evcc for the second block at
0xF500. The meters count export as positive, the battery charging. The power at the DC terminals is that of sun and
battery together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from drivers.datasheet import Values
from drivers.formula import Formula, Mean, Sum
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.sunspec import HEADER, Model, registers_of

MOST_BATTERIES, MOST_METERS = 3, 3

_FLOAT = WIRE_TYPES["float32"]
_BATTERY_BLOCKS = (0xE100, 0xE200, 0xE400)
_SECOND_BLOCK = 0xF500
_INVERTER = registers_of(Model(103, 40069, 50))
_METERS_AT = (40188, 40362, 40536)
_STRINGS, _OF_THE_MAKER = 160.0, 64000.0  # models that stand before the meters, where the inverter has them
_LONGEST = 1000.0  # registers of such a model, many times what any has
_PHASES = (("L1", "A"), ("L2", "B"), ("L3", "C"))


@dataclass(frozen=True, slots=True)
class BatteryRows:
    """One battery. ``power`` is in the device's sign: positive charges."""

    rated_wh: Register
    most_charge: Register
    most_discharge: Register
    volts: Register
    power: Register
    health: Register
    energy: Register


def battery_rows(number: int) -> BatteryRows:
    """The rows of the battery ``number``, counted from 1."""
    at = _BATTERY_BLOCKS[number - 1]

    def row(name: str, offset: int, unit: str) -> Register:
        return Register(f"Battery {number} {name}", at + offset, _FLOAT, low_word_first=True, unit=unit)

    return BatteryRows(
        rated_wh=row("rated energy", 0x42, "Wh"),
        most_charge=row("max continuous charge power", 0x44, "W"),
        most_discharge=row("max continuous discharge power", 0x46, "W"),
        volts=row("instantaneous voltage", 0x70, "V"),
        power=row("instantaneous power", 0x74, "W"),
        health=row("state of health", 0x82, "%"),
        energy=row("state of energy", 0x84, "%"),
    )


def second_block(rows: BatteryRows) -> BatteryRows:
    """``rows`` of the first battery with power and state of energy read at 0xF500."""
    shift = _SECOND_BLOCK - _BATTERY_BLOCKS[0]
    power, energy = rows.power, rows.energy
    return replace(
        rows,
        power=replace(power, address=power.address + shift),
        energy=replace(energy, address=energy.address + shift),
    )


NEXT_MODEL = Register("ID at 40121", 40121, WIRE_TYPES["uint16"])
NEXT_LENGTH = Register("L at 40122", 40122, WIRE_TYPES["uint16"])


def before_meters(seen: Values) -> int:
    """How many registers stand between the inverter's model and the first meter."""
    model, length = seen[NEXT_MODEL.name], seen[NEXT_LENGTH.name]
    is_passed = model is not None and (model == _STRINGS or model >= _OF_THE_MAKER)
    return HEADER + int(length) if is_passed and length is not None and length <= _LONGEST else 0


def formulas_of(batteries: Sequence[BatteryRows], meter: int | None, moved: int = 0) -> dict[Quantity, Formula]:
    """All quantities. ``meter`` is the one at the connection point, counted from 1; None where there is none.

    The meters are ``moved`` by so many registers.
    """
    found = _inverter() | _batteries(batteries)
    return found if meter is None else found | _meter(meter, moved)


def _inverter() -> dict[Quantity, Formula]:
    rows = _INVERTER
    found: dict[Quantity, Formula] = {
        Quantity.AC_W: rows["W"],
        Quantity.AC_WH: rows["WH"],
        Quantity.FREQUENCY_HZ: rows["Hz"],
        Quantity.TEMPERATURE_C: rows["TmpSnk"],
        Quantity.STATE: rows["St"],
    }
    return found | {Quantity[f"VOLTAGE_{phase}_V"]: rows[f"PhVph{letter}"] for phase, letter in _PHASES}


def _batteries(batteries: Sequence[BatteryRows]) -> dict[Quantity, Formula]:
    """Several batteries are one: sums, the mean of what is in percent or volts, that of their energy by their size."""
    share, several = 1.0 / len(batteries), len(batteries) > 1
    powers = tuple(battery.power for battery in batteries)
    energies, sizes = tuple(one.energy for one in batteries), tuple(one.rated_wh for one in batteries)

    def mean(rows: Sequence[Register]) -> Sum:
        return Sum(tuple(replace(row, scale=share) for row in rows), estimated=several)

    return {
        Quantity.BATTERY_W: Sum(tuple(replace(power, sign=-1) for power in powers)),
        Quantity.PV_W: Sum((_INVERTER["DCW"], *powers), estimated=True, floor=0.0),
        Quantity.SOC_PCT: Mean(energies, sizes if several else ()),
        Quantity.SOH_PCT: mean([battery.health for battery in batteries]),
        Quantity.BATTERY_V: mean([battery.volts for battery in batteries]),
        Quantity.RATED_WH: Sum(sizes),
        Quantity.RATED_CHARGE_W: Sum(tuple(battery.most_charge for battery in batteries)),
        Quantity.RATED_DISCHARGE_W: Sum(tuple(battery.most_discharge for battery in batteries)),
    }


def _meter(number: int, moved: int) -> dict[Quantity, Formula]:
    rows = registers_of(Model(203, _METERS_AT[number - 1] + moved, 105))
    found: dict[Quantity, Formula] = {
        Quantity.GRID_W: replace(rows["W"], sign=-1),
        Quantity.IMPORT_WH: rows["TotWhImp"],
        Quantity.EXPORT_WH: rows["TotWhExp"],
    }
    for phase, letter in _PHASES:
        found[Quantity[f"GRID_{phase}_W"]] = replace(rows[f"Wph{letter}"], sign=-1)
        found[Quantity[f"CURRENT_{phase}_A"]] = replace(rows[f"Aph{letter}"], sign=-1)
    return found
