"""GoodWe ET, EH, BT and BH hybrid inverters.

Source: GoodWe "ARM 745 platform Modbus protocol map" as read by marcelblijleven/goodwe (66dfcdd), OpenEMS
(io.openems.edge.goodwe) and evcc. All registers are read by function 3, the high word first. The sticks that speak
Modbus over UDP on port 8899 are not reached by this library: take a LAN kit with Modbus TCP, or RTU.

Steering: EMS mode 47511 and its power 47512 in one request, as OpenEMS does: 11 charges and 12 discharges the battery
with a target power, 8 leaves it idle. Newer platforms have 42000 and 42001 for it. No timeout is documented, so an
order is taken to stand for ever; whoever starts again writes 1 (self-use). Whether 47511 is kept in flash is not
documented either, so it counts as persistent and is written on change.
"""

from collections.abc import Mapping

from drivers.datasheet import (
    Condition,
    Control,
    Datasheet,
    GridLost,
    Order,
    Steering,
    Values,
    Variants,
    Write,
    least,
    watts_of,
    within,
)
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.family import Family, LinkFacts, Monotonic, SteeringFacts
from drivers.formula import FirstOf, Formula, Mean, OnlyWhile, Sum
from drivers.identity import Identity, Sign, Text
from drivers.ratings import BATTERY_RATING_OPTIONS, given_ratings
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

LIMITS = SpanLimits(max_registers=125, max_gap=40)  # 35100 to 35224 is read as one block by the sources


def _row(name: str, address: int, wire: str = "uint16", scale: float = 1.0, sign: int = 1) -> Register:
    return Register(f"{address} {name}", address, WIRE_TYPES[wire], scale=scale, sign=sign)


RATED = _row("rated power", 35001)
GRID_MODE = _row("grid mode", 35136)  # 0 lost, 1 there, 2 fault
BATTERY_V = _row("battery 1 voltage", 35180, scale=0.1)
BATTERY_MODE = _row("battery mode", 35184)  # 0 no battery, 1 standby to 5 to be discharged
BATTERY_2_MODE = _row("battery 2 mode", 35266)
METER_STATUS = _row("meter communication", 36004)
CHARGE_LIMIT = _row("BMS charge current limit", 37004)
DISCHARGE_LIMIT = _row("BMS discharge current limit", 37005)


def _metered(formula: Register | FirstOf) -> OnlyWhile:
    """What the meter says keeps its last value when the meter is gone."""
    return OnlyWhile(formula, METER_STATUS, 1.0, 1.0)


def _stored(row: Register) -> OnlyWhile:
    """What the battery says means nothing while there is none."""
    return OnlyWhile(row, BATTERY_MODE, 1.0, 5.0)


def _of_both(both: Sum | Mean, first: Register) -> FirstOf:
    """``both`` where there is a second battery, whose size is not told."""
    return FirstOf((OnlyWhile(both, BATTERY_2_MODE, 1.0, 5.0), _stored(first)))


_BATTERY_W, _SOC = _row("battery 1 power", 35182, "int32"), _row("battery SoC", 37007)
_STRINGS = tuple(_row(f"PV{i} power", 35101 + 4 * i, "uint32") for i in (1, 2, 3, 4))
# The meter counts export; its 16-bit total ends at 32 kW and is only taken where there is no other.
_TOTAL = FirstOf((_row("meter total", 36025, "int32", sign=-1), _row("meter total, 16 bit", 36008, "int16", sign=-1)))
FORMULAS: dict[Quantity, Formula] = {
    Quantity.GRID_W: _metered(_TOTAL),
    Quantity.GRID_L1_W: _metered(_row("meter R", 36019, "int32", sign=-1)),
    Quantity.GRID_L2_W: _metered(_row("meter S", 36021, "int32", sign=-1)),
    Quantity.GRID_L3_W: _metered(_row("meter T", 36023, "int32", sign=-1)),
    Quantity.AC_W: _row("inverter total power", 35138, "int16"),
    Quantity.PV_W: Sum(_STRINGS, any_part=True),
    Quantity.BATTERY_W: _of_both(Sum((_BATTERY_W, _row("battery 2 power", 35264, "int32"))), _BATTERY_W),
    Quantity.LOAD_W: _row("load power", 35172, "int16"),
    Quantity.SOC_PCT: _of_both(Mean((_SOC, _row("battery 2 SoC", 39005))), _SOC),
    Quantity.SOH_PCT: _stored(_row("battery SoH", 37008)),
    Quantity.VOLTAGE_L1_V: _row("grid R voltage", 35121, scale=0.1),
    Quantity.VOLTAGE_L2_V: _row("grid S voltage", 35126, scale=0.1),
    Quantity.VOLTAGE_L3_V: _row("grid T voltage", 35131, scale=0.1),
    Quantity.CURRENT_L1_A: _row("grid R current", 35122, scale=0.1),
    Quantity.CURRENT_L2_A: _row("grid S current", 35127, scale=0.1),
    Quantity.CURRENT_L3_A: _row("grid T current", 35132, scale=0.1),
    Quantity.FREQUENCY_HZ: _row("grid R frequency", 35123, scale=0.01),
    Quantity.IMPORT_WH: _metered(_row("meter import energy", 36017, "float32")),
    Quantity.EXPORT_WH: _metered(_row("meter export energy", 36015, "float32")),
    Quantity.BATTERY_V: _stored(BATTERY_V),
    Quantity.TEMPERATURE_C: _row("air temperature", 35174, "int16", 0.1),
    Quantity.STATE: _row("work mode", 35187),
    Quantity.RATED_W: RATED,
}

_AUTO, _CONSERVE, _OFF_GRID, _STANDBY, _CHARGE, _DISCHARGE, _STOPPED = 1, 6, 7, 8, 11, 12, 0xFF
_WRITTEN = (_AUTO, _CONSERVE, _STANDBY, _CHARGE, _DISCHARGE)
_RUNS = (_AUTO, 2, 3, 4, 5, _CONSERVE, _STANDBY, 9, 10, _CHARGE, _DISCHARGE)
_ON_PURPOSE = (_OFF_GRID, _STOPPED)  # nobody but a person ends these
_NOBODYS_ORDER = (_AUTO, _CONSERVE, *_ON_PURPOSE)

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT}),
    verify="mode and power read back, and the battery's measured power follows",
    settle_s=1.0,
)


def rules_of(mode: Control, power: Control, charge_w: float | None, discharge_w: float | None) -> Steering:
    """``charge_w`` and ``discharge_w`` are the ratings of the site file, W."""
    rows = {control.name: control.row for control in (mode, power)}

    def written(code: float, power_w: float) -> tuple[Write, ...]:
        return (((mode.name, float(code)), (power.name, float(power_w))),)

    def order(power_w: float, hold_s: float, seen: Values) -> Order:
        del hold_s  # there is no timer
        takes_w = least(charge_w, watts_of(seen, CHARGE_LIMIT, BATTERY_V), power.high)
        gives_w = least(discharge_w, watts_of(seen, DISCHARGE_LIMIT, BATTERY_V), power.high)
        held_w, reason = within(power_w, takes_w, gives_w)
        held_w = float(round(held_w))
        code = _STANDBY if held_w == 0 else _CHARGE if held_w < 0 else _DISCHARGE
        return Order(written(code, abs(held_w)), held_w, reason, power.name if held_w else None)

    def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """Self-use, or the owner's keeping for backup."""
        standing = seen[mode.name]
        if standing in _ON_PURPOSE:
            return ()
        return written(found.get(mode.name, _CONSERVE if standing == _CONSERVE else _AUTO), 0.0)

    def forced(seen: Values) -> Mapping[str, float]:
        names = () if seen[mode.name] in (None, *_NOBODYS_ORDER) else rows
        return {name: value for name in names if (value := seen[name]) is not None}

    def owners(seen: Values) -> Mapping[str, float]:
        return {mode.name: float(_CONSERVE if seen[mode.name] == _CONSERVE else _AUTO)}

    return Steering(
        facts=FACTS,
        controls=(mode, power),
        order=order,
        neutral=neutral,
        forced=forced,
        owners=owners,
        looked_at=(CHARGE_LIMIT, DISCHARGE_LIMIT, BATTERY_V),
        conditions=(
            Condition(mode.row, _RUNS, "the inverter was stopped or cut from the grid on purpose; start it first"),
            Condition(BATTERY_MODE, (1, 2, 3, 4, 5), "there is no battery"),
        ),
        grid_lost=GridLost(GRID_MODE, (0,)),
        wears=True,
    )


def _controls(first: int, wire: str, most_w: float) -> tuple[Control, Control]:
    mode = Register(f"{first} EMS power mode", first, WIRE_TYPES["uint16"], writable=True, persistent=True)
    power = Register(f"{first + 1} EMS power set", first + 1, WIRE_TYPES[wire], writable=True, persistent=True)
    return Control(mode, choices=_WRITTEN), Control(power, low=0.0, high=most_w)


OLD = _controls(47511, "uint16", 10000.0)
NEW = _controls(42000, "uint32", 30000.0)  # one source, and no range there: that of the largest ET
PROBES = (OLD[0].row, NEW[1].row)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    ratings = given_ratings(options)
    limits_w = ratings.get(Quantity.RATED_CHARGE_W), ratings.get(Quantity.RATED_DISCHARGE_W)

    def choose(seen: Values) -> Datasheet:
        has_new = seen[PROBES[0].name] is None and seen[PROBES[1].name] is not None
        steering = rules_of(*(NEW if has_new else OLD), *limits_w)
        return Datasheet(FORMULAS, LIMITS, steering, ratings=ratings)

    return SteeredDevice(name, transport, Variants(PROBES, choose), monotonic, FACTS)


# Work mode 35187
UNFIT_STATES: Mapping[float, str] = {
    0.0: "waiting",
    2.0: "without grid",
    3.0: "in fault",
    4.0: "taking a firmware update",
    5.0: "checking",
}
FAMILY = Family(
    name="goodwe_et",
    build=_build,
    brand="GoodWe ET, EH, BT, BH",
    document="GoodWe ARM 745 platform Modbus protocol map, as in marcelblijleven/goodwe 66dfcdd and OpenEMS",
    options=BATTERY_RATING_OPTIONS,
    confidence="A",
    link=LinkFacts(unit_ids=(247,), single_client=True, fastest_poll_s=5.0),
    steering=FACTS,
    unfit_states=UNFIT_STATES,
    identity=Identity(
        (Sign(RATED, low=1000.0, high=60000.0),),
        named=Text(35011, 5),
        begins=("GW",),
        model=Text(35011, 5),
        serial=Text(35003, 8),
    ),
)
