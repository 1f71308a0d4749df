"""A Victron GX (CCGX, Venus GX, Cerbo GX, Ekrano, MultiPlus-II GX) with ESS: unit 100, the system and its control loop.

Source: victronenergy/dbus_modbustcp, attributes.csv (CCGX Modbus TCP register list 3.50); Victron "ESS mode 2 and 3".

The loop of the GX is kept running (modes 1 and 2) and its grid setpoint is steered: wanted grid = grid + battery -
wanted battery, all measured by the GX itself. That sum does not move while the battery does, and what is left of an
error is put right with the next write, so the battery comes to the power that was asked for. Mode 3 (external control)
was not chosen: its setpoint is at the AC input of the Multi, loads on its output included, and where nobody writes
any more it ends in pass-through with an idle battery, for 2902 is a setting that stays.

The override 2716 is in RAM and lapses by itself to the setting 2700, which is the owner's: on Venus 3.80 after 180 s,
elsewhere 60 s and 300 s were seen, so it is renewed far sooner. It cannot be made invalid over Modbus, so a release
writes the value of 2700 there. Before Venus 3.50 there is only 2700, which is kept in flash and never goes back.

What is not known reads 0 on a GX: battery values count only beside a battery voltage, the others beside one or an
active input (a GX that starts shows 0 everywhere). What is beyond a type reads as its end: a battery power of 16 bits
there is missing, for it may be any power above.
"""

from collections.abc import Mapping

from drivers.datasheet import Condition, Control, Datasheet, GridLost, Order, Steering, Values, Variants, Write
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.errors import NotApplied
from drivers.family import Family, LinkFacts, Monotonic, SteeringFacts
from drivers.formula import FirstOf, Formula, OnlyWhile, Sum
from drivers.identity import Identity, Text
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_U16, _I16, _U32, _I32 = (WIRE_TYPES[name] for name in ("uint16", "int16", "uint32", "int32"))
_MOST_W = 1_000_000.0
_MOST_I16 = 0x7FFF

BATTERY_V = Register("840 battery voltage", 840, _U16, scale=0.1, unit="V")
BATTERY_W = Register("842 battery power", 842, _I16, sign=-1, also_missing=(_MOST_I16,), unit="W")
SOC = Register("843 state of charge", 843, _U16, unit="%")
ACTIVE_INPUT = Register("826 active input", 826, _I16)
DC_PV = Register("850 DC-coupled PV", 850, _U16, unit="W")
GRID = tuple(Register(f"{906 + 2 * i} grid L{i}", 906 + 2 * i, _I32, unit="W") for i in (1, 2, 3))
GRID_SMALL = tuple(
    Register(f"{819 + i} grid L{i}", 819 + i, _I16, also_missing=(_MOST_I16,), unit="W") for i in (1, 2, 3)
)
LOAD = tuple(Register(f"{900 + 2 * i} consumption L{i}", 900 + 2 * i, _U32, unit="W") for i in (1, 2, 3))
LOAD_SMALL = tuple(Register(f"{816 + i} consumption L{i}", 816 + i, _U16, unit="W") for i in (1, 2, 3))
PV = tuple(Register(f"{at} AC-coupled PV", at, _U32, unit="W") for at in range(884, 901, 2))
PV_SMALL = tuple(Register(f"{at} AC-coupled PV", at, _U16, unit="W") for at in range(808, 817))

OVERRIDE = Register("2716 volatile grid setpoint", 2716, _I32, unit="W")
SETPOINT = Register("2700 grid setpoint", 2700, _I16, persistent=True, unit="W")
HUB4_MODE = Register("2902 ESS mode", 2902, _U16)
DYNAMIC_ESS = Register("5400 Dynamic ESS", 5400, _U16)

_LIMITS = SpanLimits(max_registers=125, max_gap=0)
_THERE_V = 1.0


def _started(formula: Register | FirstOf) -> Formula:
    return FirstOf((OnlyWhile(formula, ACTIVE_INPUT, 1), OnlyWhile(formula, BATTERY_V, _THERE_V)))


FORMULAS: Mapping[Quantity, Formula] = {
    Quantity.GRID_W: _started(FirstOf((Sum(GRID), Sum(GRID_SMALL)))),
    **{
        quantity: _started(FirstOf((wide, small)))
        for quantity, wide, small in zip(
            (Quantity.GRID_L1_W, Quantity.GRID_L2_W, Quantity.GRID_L3_W), GRID, GRID_SMALL, strict=True
        )
    },
    Quantity.PV_W: _started(FirstOf((Sum((*PV, DC_PV)), Sum((*PV_SMALL, DC_PV))))),
    Quantity.LOAD_W: _started(FirstOf((Sum(LOAD), Sum(LOAD_SMALL)))),
    Quantity.BATTERY_W: OnlyWhile(BATTERY_W, BATTERY_V, _THERE_V),
    Quantity.BATTERY_V: OnlyWhile(BATTERY_V, BATTERY_V, _THERE_V),
    Quantity.SOC_PCT: OnlyWhile(SOC, BATTERY_V, _THERE_V),
}

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE}),
    verify="2716 is read back, then the measured battery power",
    reverts_after_s=300.0,
    reverts_to="its own self-consumption at the grid setpoint 2700",
    refresh_s=10.0,
    settle_s=0.5,
)
FACTS_BEFORE_350 = SteeringFacts(
    actions=FACTS.actions, verify="2700 is read back, then the measured battery power", settle_s=0.5
)

_CONDITIONS = (
    Condition(HUB4_MODE, (1.0, 2.0), "the ESS is under external control (mode 3) or off; set its mode to Optimized"),
    Condition(DYNAMIC_ESS, (0.0,), "Dynamic ESS steers this battery; switch it off in the VRM portal first"),
)
_LOOKED_AT = (BATTERY_V, BATTERY_W, *GRID, *GRID_SMALL)


def choose(seen: Values) -> Datasheet:
    """By whether the volatile setpoint is there."""
    volatile = seen[OVERRIDE.name] is not None
    return Datasheet(FORMULAS, _LIMITS, VOLATILE if volatile else PERSISTENT)


def grid_setpoint_w(battery_w: float, seen: Values) -> float:
    """What the grid must come to so that the battery comes to ``battery_w``, whole W. Raises NotApplied."""
    phases = [seen[row.name] for row in GRID]
    if None in phases:
        phases = [seen[row.name] for row in GRID_SMALL]
    now_w = seen[BATTERY_W.name] if (seen[BATTERY_V.name] or 0.0) >= _THERE_V else None
    known = [phase for phase in phases if phase is not None]
    if now_w is None or len(known) < len(phases):
        raise NotApplied("the GX does not know the power of its grid meter or its battery now")
    return float(round(sum(known) + now_w - battery_w))


def _override(battery_w: float, hold_s: float, seen: Values) -> Order:
    return Order((((OVERRIDE.name, grid_setpoint_w(battery_w, seen)),),), battery_w)


def _setting(battery_w: float, hold_s: float, seen: Values) -> Order:
    return Order((((SETPOINT.name, grid_setpoint_w(battery_w, seen)),),), battery_w)


def _forced_override(seen: Values) -> Mapping[str, float]:
    """An override that lapsed reads 0; one at the owner's setpoint forces nothing."""
    found = seen[OVERRIDE.name]
    return {} if found in (None, 0.0, seen[SETPOINT.name]) else {OVERRIDE.name: found or 0.0}


def _neutral_override(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    return (((OVERRIDE.name, seen[SETPOINT.name] or 0.0),),) if _forced_override(seen) else ()


def _forced_setting(seen: Values) -> Mapping[str, float]:
    found = seen[SETPOINT.name]
    return {} if found is None else {SETPOINT.name: found}


def _neutral_setting(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    return (((SETPOINT.name, found.get(SETPOINT.name, 0.0)),),)


VOLATILE = Steering(
    FACTS,
    controls=(Control(OVERRIDE, -_MOST_W, _MOST_W),),
    order=_override,
    neutral=_neutral_override,
    forced=_forced_override,
    owners=lambda seen: {},  # an override is nobody's setting
    looked_at=(SETPOINT, *_LOOKED_AT),
    conditions=_CONDITIONS,
    grid_lost=GridLost(ACTIVE_INPUT, (240.0,)),
)
PERSISTENT = Steering(
    FACTS_BEFORE_350,
    controls=(Control(SETPOINT, -32767, 32767),),
    order=_setting,
    neutral=_neutral_setting,
    forced=_forced_setting,
    owners=_forced_setting,
    looked_at=_LOOKED_AT,
    conditions=_CONDITIONS,
    grid_lost=GridLost(ACTIVE_INPUT, (240.0,)),
    wears=True,
)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    return SteeredDevice(name, transport, Variants((OVERRIDE,), choose), monotonic, FACTS)


FAMILY = Family(
    name="victron_gx",
    build=_build,
    brand="Victron GX with ESS: Cerbo GX, Ekrano GX, Venus GX, MultiPlus-II GX",
    document="Victron CCGX Modbus TCP register list 3.50 (dbus_modbustcp attributes.csv); ESS mode 2 and 3",
    options={},
    confidence="A",
    link=LinkFacts(unit_ids=(100,), serial=()),
    steering=FACTS,
    sees_all_sun=True,
    identity=Identity(named=Text(800, 6), serial=Text(800, 6)),
)
