"""A Huawei SUN2000 inverter with LUNA2000 battery, by its SDongle (unit 1) or its own access point (unit 0).

Source: Huawei "Solar Inverter Modbus Interface Definitions", by way of huawei-solar-lib (873c1b3), evcc and openWB.

One client, quiet for 1.5 s after connecting, at most 64 registers in a read; a dongle may take seconds to answer. A
forced power ends by itself when its minutes are over; repeating 47100 begins them anew. They are written one longer
than asked, for the inverter counts in whole minutes: a lease renewed in time never ends between.

No power at all (0 W) is a forced discharge with 0 W, as openWB does it: exact, and it runs out. The other way, by the
option ``hold_by``, is the discharge limit 47077 at 0, as evcc does it: the sun may still charge the battery, the limit
is kept in flash, and nothing ends it by itself. It is given back as what was found, and never as more than 37048 says
at that moment, else it is refused with exception 4 and would stay at 0. Where it does not say, or says 0, what was
found is tried all the same, so that a release is not taken for done while the limit stands.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from drivers.datasheet import Control, Datasheet, GridLost, Order, Steering, Values, Write, as_found, least, within
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.family import Family, LinkFacts, Monotonic, Option, SteeringFacts
from drivers.formula import Coded, Formula, OnlyWhile
from drivers.identity import Identity, Text
from drivers.ratings import credible_w
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_U16, _I16, _U32, _I32 = (WIRE_TYPES[name] for name in ("uint16", "int16", "uint32", "int32"))
_NO_I16, _NO_I32 = 0x7FFF, 0x7FFFFFFF
_STOP, _CHARGE, _DISCHARGE = 0.0, 1.0, 2.0
_BY_TIME = 0.0
_LONGEST_MIN = 1440
_MOST_W = 1_000_000.0


def _signed(name: str, address: int, scale: float = 1.0, sign: int = 1, unit: str = "") -> Register:
    return Register(name, address, _I32, scale=scale, sign=sign, sentinel=_NO_I32, unit=unit)


BATTERY_STATUS = Register("37762 battery status", 37762, _U16)
METER_STATUS = Register("37100 meter status", 37100, _U16)
STATUS = Register("32089 device status", 32089, _U16)
CHARGE_LIMIT = Register("37046 charge limit now", 37046, _U32, unit="W")
DISCHARGE_LIMIT = Register("37048 discharge limit now", 37048, _U32, unit="W")

MINUTES = Register("47083 forced minutes", 47083, _U16, unit="min")
COMMAND = Register("47100 forced command", 47100, _U16)
ENDS_BY = Register("47246 forced end", 47246, _U16)
CHARGE_W = Register("47247 forced charge", 47247, _U32, unit="W")
DISCHARGE_W = Register("47249 forced discharge", 47249, _U32, unit="W")
MOST_DISCHARGE = Register("47077 discharge limit", 47077, _U32, persistent=True, unit="W")


def _battery(row: Register) -> Formula:
    return OnlyWhile(row, BATTERY_STATUS, 1, 2)  # standby, running


def _meter(row: Register | Coded) -> Formula:
    return OnlyWhile(row, METER_STATUS, 1, 1)


FORMULAS: Mapping[Quantity, Formula] = {
    Quantity.PV_W: _signed("32064 PV power", 32064, unit="W"),
    Quantity.VOLTAGE_L1_V: Register("32069 phase A voltage", 32069, _U16, scale=0.1, unit="V"),
    Quantity.VOLTAGE_L2_V: Register("32070 phase B voltage", 32070, _U16, scale=0.1, unit="V"),
    Quantity.VOLTAGE_L3_V: Register("32071 phase C voltage", 32071, _U16, scale=0.1, unit="V"),
    Quantity.CURRENT_L1_A: _signed("32072 phase A current", 32072, 0.001, unit="A"),
    Quantity.CURRENT_L2_A: _signed("32074 phase B current", 32074, 0.001, unit="A"),
    Quantity.CURRENT_L3_A: _signed("32076 phase C current", 32076, 0.001, unit="A"),
    Quantity.AC_W: _signed("32080 active power", 32080, unit="W"),
    Quantity.FREQUENCY_HZ: Register("32085 grid frequency", 32085, _U16, scale=0.01, unit="Hz"),
    Quantity.TEMPERATURE_C: Register("32087 inner temperature", 32087, _I16, scale=0.1, sentinel=_NO_I16, unit="C"),
    Quantity.AC_WH: Register("32106 total yield", 32106, _U32, scale=10.0, unit="Wh"),
    Quantity.GRID_W: _meter(_signed("37113 meter power", 37113, sign=-1, unit="W")),
    Quantity.GRID_L1_W: _meter(_signed("37132 meter phase A", 37132, sign=-1, unit="W")),
    Quantity.GRID_L2_W: _meter(_signed("37134 meter phase B", 37134, sign=-1, unit="W")),
    Quantity.GRID_L3_W: _meter(_signed("37136 meter phase C", 37136, sign=-1, unit="W")),
    Quantity.EXPORT_WH: _meter(Coded(_signed("37119 exported energy", 37119, 10.0, unit="Wh"), abs)),  # counts down
    Quantity.IMPORT_WH: _meter(_signed("37121 imported energy", 37121, 10.0, unit="Wh")),
    Quantity.SOC_PCT: _battery(Register("37760 state of charge", 37760, _U16, scale=0.1, unit="%")),
    Quantity.BATTERY_V: _battery(Register("37763 bus voltage", 37763, _U16, scale=0.1, unit="V")),
    Quantity.BATTERY_W: _battery(_signed("37765 battery power", 37765, sign=-1, unit="W")),
    Quantity.RATED_W: Register("30073 rated power", 30073, _U32, unit="W"),
    Quantity.RATED_WH: Register("37758 battery capacity", 37758, _U32, unit="Wh"),
}

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE}),
    verify="every register is read back, then the measured battery power",
    timer_step_s=60.0,
    reverts_to="the mode of 47086",
    refresh_s=_LONGEST_MIN * 60.0 / 2.0,
    settle_s=1.0,
)


def order(hold_by: str, power_w: float, hold_s: float, seen: Values) -> Order:
    """Forced power for a time, or the discharge limit at 0. A change of direction is stopped first."""
    if power_w == 0.0 and hold_by == "limit":
        return Order((*_stopped(seen), ((MOST_DISCHARGE.name, 0.0),)), 0.0, lasts=True)
    held_w, reason = within(power_w, seen[CHARGE_LIMIT.name], seen[DISCHARGE_LIMIT.name])
    command, power = (_CHARGE, CHARGE_W) if power_w < 0.0 else (_DISCHARGE, DISCHARGE_W)
    held_w = float(round(held_w))
    minutes = min(math.ceil(hold_s / 60.0) + 1, _LONGEST_MIN)
    stop = _stopped(seen) if seen[COMMAND.name] not in (_STOP, command) else ()
    freed = _free(seen, seen.get(as_found(MOST_DISCHARGE.name))) if seen[DISCHARGE_LIMIT.name] else ()
    writes: tuple[Write, ...] = (
        *stop,
        *freed,
        ((power.name, abs(held_w)),),
        ((MINUTES.name, float(minutes)),),
        ((ENDS_BY.name, _BY_TIME),),
        ((COMMAND.name, command),),
    )
    return Order(writes, held_w, reason, power.name, lasts=seen[MOST_DISCHARGE.name] == 0.0 and not freed)


def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    return (*_stopped(seen), *_free(seen, found.get(MOST_DISCHARGE.name)))


def forced(seen: Values) -> Mapping[str, float]:
    command, power = seen[COMMAND.name], CHARGE_W if seen[COMMAND.name] == _CHARGE else DISCHARGE_W
    found = {COMMAND.name: command, power.name: seen[power.name]} if command else {}
    if seen[MOST_DISCHARGE.name] == 0.0:
        found[MOST_DISCHARGE.name] = 0.0
    return {name: value for name, value in found.items() if value is not None}


def owners(seen: Values) -> Mapping[str, float]:
    """A discharge limit of 0 was some controller's hold."""
    limit_w = credible_w(seen[MOST_DISCHARGE.name]) or credible_w(seen[DISCHARGE_LIMIT.name])
    return {} if limit_w is None else {MOST_DISCHARGE.name: limit_w}


def _stopped(seen: Values) -> tuple[Write, ...]:
    return () if seen[COMMAND.name] == _STOP else (((COMMAND.name, _STOP),),)


def _free(seen: Values, found_w: float | None) -> tuple[Write, ...]:
    """Discharging allowed again where a hold stands: as found, at most what the battery gives now."""
    free_w = least(found_w or None, credible_w(seen[DISCHARGE_LIMIT.name]))
    return () if seen[MOST_DISCHARGE.name] != 0.0 or free_w is None else (((MOST_DISCHARGE.name, free_w),),)


_STEERING = Steering(
    FACTS,
    controls=(
        Control(MINUTES, 1, _LONGEST_MIN),
        Control(COMMAND, choices=(_STOP, _CHARGE, _DISCHARGE)),
        Control(ENDS_BY, choices=(_BY_TIME,)),
        Control(CHARGE_W, 0, _MOST_W),
        Control(DISCHARGE_W, 0, _MOST_W),
        Control(MOST_DISCHARGE, 0, _MOST_W),
    ),
    order=partial(order, "forced"),
    neutral=neutral,
    forced=forced,
    owners=owners,
    looked_at=(CHARGE_LIMIT, DISCHARGE_LIMIT),
    grid_lost=GridLost(STATUS, (0x0203,)),
)


def steering(hold_by: str) -> Steering:
    """By a limit 0 W is a hold and no setpoint: the sun may charge."""
    if hold_by == "forced":
        return _STEERING
    facts = replace(FACTS, actions=FACTS.actions - {Action.SETPOINT})
    return replace(_STEERING, facts=facts, order=partial(order, hold_by))


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    rules = steering(str(options["hold_by"]))
    sheet = Datasheet(FORMULAS, SpanLimits(max_registers=64, max_gap=16), rules)
    return SteeredDevice(name, transport, sheet, monotonic, rules.facts)


FAMILY = Family(
    name="huawei_luna",
    build=_build,
    brand="Huawei SUN2000 with LUNA2000",
    document="Huawei Solar Inverter Modbus Interface Definitions, as in huawei-solar-lib 873c1b3",
    options={
        "hold_by": Option(
            str, "forced", "how it is held at 0 W: a forced power of 0, or the discharge limit", ("forced", "limit")
        )
    },
    confidence="A",
    link=LinkFacts((502, 6607), (1, 0), True, settle_after_connect_s=1.5, gap_s=0.05, answer_s=5.0, fastest_poll_s=5.0),
    steering=FACTS,
    identity=Identity(
        named=Text(30000, 15),
        begins=("SUN2000", "SUN5000", "MAP0"),
        model=Text(30000, 15),
        serial=Text(30015, 10),
        firmware=Text(30050, 15),
    ),
)
