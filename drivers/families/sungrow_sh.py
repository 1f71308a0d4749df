"""Sungrow SH hybrid inverters (RS, RT, T) with an SBR or SBH battery.

Source: Sungrow "Communication Protocol of Residential Hybrid Inverter" (TI_20240924, V1.1.5), whose register numbers
are these addresses plus one, as read by mkaiser's Home Assistant package, evcc and openWB. Measurements are input
registers, settings holding registers, 32-bit values have the low word first.

Steering: forced mode (13049 = 2) with a command and a power. It has no timeout and survives the loss of the controller:
whoever starts again gives the battery back. Mode 3 (external EMS) ends by its heartbeat 13079, but charges in jerks on
some firmware (SunGather issue 153), so it is not used. All settings are persistent and written on change. The maker's
app and energy managers write the same registers; modes 3 and 4 are theirs, and such a battery is not steered.
"""

from collections.abc import Mapping
from dataclasses import replace

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
from drivers.formula import Directed, Formula, OnlyWhile, Sum
from drivers.identity import Identity, Sign, Text
from drivers.ratings import BATTERY_RATING_OPTIONS, given_ratings
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_MISSING = {"uint16": 0xFFFF, "int16": 0x7FFF, "uint32": 0xFFFFFFFF, "int32": 0x7FFFFFFF}
LIMITS = SpanLimits(max_registers=100, max_gap=10)


def _read(name: str, address: int, wire: str = "uint16", scale: float = 1.0, sign: int = 1) -> Register:
    """A row of the input registers."""
    return Register(
        f"{address} {name}",
        address,
        WIRE_TYPES[wire],
        "input",
        scale,
        sign=sign,
        sentinel=_MISSING[wire],
        low_word_first=True,
    )


def _set(name: str, address: int, scale: float = 1.0) -> Register:
    """A setting. The document does not say which are in RAM."""
    return Register(f"{address} {name}", address, WIRE_TYPES["uint16"], scale=scale, writable=True, persistent=True)


DEVICE_TYPE = _read("device type", 4999)
PV = _read("total DC power", 5016, "uint32")
BATTERY = _read("battery power", 5213, "int32")  # + discharges; new firmware only
METER = _read("meter active power", 5600, "int32")
BATTERY_SIZE = replace(_read("battery power without direction", 13021, "int16"), also_missing=(0xFFFF,))
FLAGS = _read("power flow status", 13000)
AC = _read("total active power", 13033, "int32")
RATED_BATTERY = _read("rated battery power", 5627, scale=100.0)
CHARGE_LIMIT = _read("BMS max. charging current", 5634)
DISCHARGE_LIMIT = _read("BMS max. discharging current", 5635)
BATTERY_V = _read("battery voltage", 13019, scale=0.1)
STATE = _read("system state", 12999)
_CHARGES, _DISCHARGES = 1, 2  # bits of FLAGS

_EXPORT = _read("export power", 13009, "int32", sign=-1)
_COMMON: dict[Quantity, Formula] = {
    Quantity.GRID_W: _EXPORT,
    Quantity.AC_W: AC,
    Quantity.PV_W: PV,
    Quantity.LOAD_W: _read("load power", 13007, "int32"),
    Quantity.SOC_PCT: _read("battery level", 13022, scale=0.1),
    Quantity.SOH_PCT: _read("battery state of health", 13023, scale=0.1),
    Quantity.VOLTAGE_L1_V: _read("phase A voltage", 5018, scale=0.1),
    Quantity.VOLTAGE_L2_V: _read("phase B voltage", 5019, scale=0.1),
    Quantity.VOLTAGE_L3_V: _read("phase C voltage", 5020, scale=0.1),
    Quantity.CURRENT_L1_A: _read("phase A current", 13030, "int16", 0.1),
    Quantity.CURRENT_L2_A: _read("phase B current", 13031, "int16", 0.1),
    Quantity.CURRENT_L3_A: _read("phase C current", 13032, "int16", 0.1),
    Quantity.FREQUENCY_HZ: _read("grid frequency", 5241, scale=0.01),
    Quantity.IMPORT_WH: _read("total import energy", 13036, "uint32", 100.0),
    Quantity.EXPORT_WH: _read("total export energy", 13045, "uint32", 100.0),
    Quantity.BATTERY_V: BATTERY_V,
    Quantity.TEMPERATURE_C: _read("inside temperature", 5007, "int16", 0.1),
    Quantity.STATE: STATE,
    Quantity.RATED_W: _read("nominal output power", 5000, scale=100.0),
    Quantity.RATED_CHARGE_W: RATED_BATTERY,
    Quantity.RATED_DISCHARGE_W: RATED_BATTERY,
    Quantity.RATED_WH: _read("battery capacity", 5638, scale=10.0),
}
_NEW: dict[Quantity, Formula] = {Quantity.BATTERY_W: BATTERY}
# Without a meter 13009 shows a number all the same; 5600 tells.
_METERED: dict[Quantity, Formula] = {
    Quantity.GRID_W: OnlyWhile(_EXPORT, METER, -float("inf")),
    Quantity.GRID_L1_W: _read("meter phase A active power", 5602, "int32"),
    Quantity.GRID_L2_W: _read("meter phase B active power", 5604, "int32"),
    Quantity.GRID_L3_W: _read("meter phase C active power", 5606, "int32"),
}
# 13021 has no direction there, and on some devices 13000 stays 0: then AC power over solar power means discharging.
_MORE_THAN_SUN = Sum((AC, replace(PV, name="5016 taken off", sign=-1)))
_OLD: dict[Quantity, Formula] = {
    Quantity.BATTERY_W: Directed(BATTERY_SIZE, FLAGS, _DISCHARGES, _CHARGES, _MORE_THAN_SUN),
}

MODE = _set("EMS mode", 13049)
COMMAND = _set("charge/discharge command", 13050)
POWER = _set("charge/discharge power", 13051)
MOST_CHARGE = _set("max. charging power", 33046, 10.0)
MOST_DISCHARGE = _set("max. discharging power", 33047, 10.0)
_SELF, _FORCED = 0.0, 2.0
_CHARGE, _DISCHARGE, _STOP = 0xAA, 0xBB, 0xCC
_LEFT_TO_ITSELF = {MODE.name: _SELF, COMMAND.name: float(_STOP)}
_HELD_W = 10.0  # a MOST_DISCHARGE of no more is what a controller leaves that held the battery
_OLD_MOST_W = 5000.0  # of POWER on the older devices, which do not tell their rating
_MOST_W = 50000.0

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT}),
    verify="mode, command and power read back, and the battery's measured power follows within seconds",
    settle_s=1.0,
)


def rules_of(charge_w: float | None, discharge_w: float | None) -> Steering:
    """``charge_w`` and ``discharge_w`` are the ratings of the site file, W."""

    def order(power_w: float, hold_s: float, seen: Values) -> Order:
        del hold_s  # forced mode has no timer
        rated_w = seen[RATED_BATTERY.name] or _OLD_MOST_W
        takes_w = least(
            charge_w or rated_w, watts_of(seen, CHARGE_LIMIT, BATTERY_V), seen[MOST_CHARGE.name] or None, _MOST_W
        )
        own_w = None if _is_held(seen) else seen[MOST_DISCHARGE.name]
        gives_w = least(discharge_w or rated_w, watts_of(seen, DISCHARGE_LIMIT, BATTERY_V), own_w, _MOST_W)
        held_w, reason = within(power_w, takes_w, gives_w)
        held_w = float(round(held_w))
        freed = _freed(seen, discharge_w) if held_w > 0 else ()
        return Order((*freed, _command(held_w, seen)), held_w, reason, POWER.name if held_w else None)

    def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """Modes 3 and 4 are another's, so they stay."""
        del found  # there is one way to leave it to itself
        return () if _is_anothers(seen) else (tuple(_LEFT_TO_ITSELF.items()), *_freed(seen, discharge_w))

    return Steering(
        facts=FACTS,
        controls=(
            Control(MODE, choices=(_SELF, _FORCED)),
            Control(COMMAND, choices=(_CHARGE, _DISCHARGE, _STOP)),
            Control(POWER, low=0.0, high=_MOST_W),
            Control(MOST_DISCHARGE, low=_HELD_W, high=_MOST_W),
        ),
        order=order,
        neutral=neutral,
        forced=_forced,
        owners=_owners,
        looked_at=(RATED_BATTERY, CHARGE_LIMIT, DISCHARGE_LIMIT, BATTERY_V, MOST_CHARGE),
        conditions=(
            Condition(MODE, (_SELF, _FORCED), "another energy manager or the maker's VPP steers it; end that first"),
        ),
        grid_lost=GridLost(STATE, (0x1000, 0x0041)),
        wears=True,
    )


def _command(held_w: float, seen: Values) -> Write:
    """One request that goes from what is in force to ``held_w``, with no power in between that nobody asked for."""
    command = _STOP if held_w == 0 else _CHARGE if held_w < 0 else _DISCHARGE
    power: Write = ((POWER.name, abs(held_w)),) if held_w else ()
    if seen[MODE.name] != _FORCED:
        return ((MODE.name, _FORCED), (COMMAND.name, command), *power)
    return power if power and seen[COMMAND.name] == command else ((COMMAND.name, command), *power)


def _is_anothers(seen: Values) -> bool:
    return seen[MODE.name] not in (None, _SELF, _FORCED)


def _owners(seen: Values) -> Mapping[str, float]:
    mode = seen[MODE.name]
    return {MODE.name: mode} if mode is not None and _is_anothers(seen) else _LEFT_TO_ITSELF


def _is_held(seen: Values) -> bool:
    most_w = seen[MOST_DISCHARGE.name]
    return most_w is not None and most_w <= _HELD_W


def _freed(seen: Values, discharge_w: float | None) -> tuple[Write, ...]:
    """Undo a discharge limit that a controller left."""
    known = (discharge_w, seen[RATED_BATTERY.name])
    rated_w = next((watts for watts in known if watts is not None and watts > _HELD_W), _OLD_MOST_W)
    return (((MOST_DISCHARGE.name, min(rated_w, _MOST_W)),),) if _is_held(seen) else ()


def _forced(seen: Values) -> Mapping[str, float]:
    if _is_anothers(seen):
        names = [MODE.name]
    else:
        names = [MOST_DISCHARGE.name] if _is_held(seen) else []
        names += [MODE.name, COMMAND.name] if seen[MODE.name] == _FORCED else []
        names += [POWER.name] if COMMAND.name in names and seen[COMMAND.name] in (_CHARGE, _DISCHARGE) else []
    return {name: value for name in names if (value := seen[name]) is not None}


# Whether a register answers is what counts, so nothing that it may say is missing.
PROBES = (
    Register("5213 answers", 5213, WIRE_TYPES["uint32"], "input", sentinel=-1),
    Register("5630 answers", 5630, WIRE_TYPES["uint16"], "input", sentinel=-1),
    Register("5600 answers", 5600, WIRE_TYPES["uint32"], "input", sentinel=-1),
)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    ratings = given_ratings(options)
    steering = rules_of(ratings.get(Quantity.RATED_CHARGE_W), ratings.get(Quantity.RATED_DISCHARGE_W))

    def choose(seen: Values) -> Datasheet:
        is_new, is_new_too, is_metered = (seen[probe.name] is not None for probe in PROBES)
        battery = _NEW if is_new and is_new_too else _OLD
        return Datasheet(_COMMON | battery | (_METERED if is_metered else {}), LIMITS, steering)

    return SteeredDevice(name, transport, Variants(PROBES, choose), monotonic, FACTS)


# States of 12999 (protocol V1.1.5, appendix 1); two codes a state, of older and newer inverters.
UNFIT_STATES: Mapping[float, str] = {
    **dict.fromkeys((0x0001, 0x0002, 0x0004, 0x8000), "stopped"),
    **dict.fromkeys((0x0010, 0x0020), "starting"),
    **dict.fromkeys((0x0100, 0x5500), "in fault"),
    **dict.fromkeys((0x0041, 0x1000), "without grid"),
    0x0400: "in maintenance",
}
FAMILY = Family(
    name="sungrow_sh",
    build=_build,
    brand="Sungrow SH (RS, RT, T) with SBR or SBH battery",
    document="Sungrow Communication Protocol of Residential Hybrid Inverter, TI_20240924 V1.1.5",
    options=BATTERY_RATING_OPTIONS,
    confidence="A",
    link=LinkFacts(fastest_poll_s=5.0),
    steering=FACTS,
    unfit_states=UNFIT_STATES,
    identity=Identity(
        (Sign(DEVICE_TYPE, choices=(*range(0x0D03, 0x0D20), *range(0x0E00, 0x0E10), *range(0x0E20, 0x0E30))),),
        serial=Text(4989, 10, "input"),
    ),
)
