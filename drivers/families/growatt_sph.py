"""Growatt SPH and SPA: a hybrid or AC-coupled battery inverter on the storage block of registers 1000 to 1124.

Source: Growatt Inverter Modbus RTU Protocol II V1.24 by way of 0xAHA/Growatt_ModbusTCP 64434f9; evcc growatt-hybrid;
openWB devices/growatt. RTU 9600 8N1, or TCP by a ShineWiLan-X2 dongle, which wants to be asked once a minute at most.
No read may cross a border of 125 registers. When the inverter sleeps, the dongle goes on with the last values. An SPA
has no input registers below 1000. HU models have their state of charge in the BMS block and refuse all settings.

There is no power setpoint and no timeout. The first "battery first" slot is set from 0:00 to 23:59; start, end and
enable of a slot go in one request, or the inverter takes them back after some 77 s. With charging from the grid it
charges at a share of its battery power, without it the battery does not discharge and the sun may charge it first. A
battery power above 0 is the inverter's own rule, load first, which cannot be limited. All of it is kept in flash, and
the owner's first slot is given back. The total of exported energy (1050) disagreed with the portal and is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.datasheet import Control, Datasheet, GridLost, Order, Steering, Values, Write, as_found, given_back
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Table, Transport
from drivers.errors import NotSupported
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine, SteeringFacts
from drivers.formula import Formula, Sum
from drivers.identity import Identity, Sign, Text
from drivers.ratings import LEAST_W
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_U16, _U32 = WIRE_TYPES["uint16"], WIRE_TYPES["uint32"]
LIMITS = SpanLimits(max_gap=124, barriers=(125, 1000, 1125, 1250, 30000, 30100))
END_OF_DAY, _MIDNIGHT = 23 * 256 + 59, 24 * 256
_OFF_GRID = (7.0, 8.0)
_ROUNDING = 1e-6  # of a percent, so that a whole number of them stays one
TYPES = (3501, 3502, 3503, 3504, 3601, 3701, 3715, 3716, 3725, 3735)


def _row(name: str, address: int, scale: float = 1.0, unit: str = "", table: Table = "input") -> Register:
    return Register(f"{address} {name}", address, _U16, table, scale=scale, unit=unit)


def _watts(name: str, address: int, sign: int = 1) -> Register:
    return Register(f"{address} {name}", address, _U32, "input", scale=0.1, sign=sign, unit="W")


def _setting(name: str, address: int, unit: str = "") -> Register:
    return Register(f"{address} {name}", address, _U16, persistent=True, unit=unit)


STATE = _row("state", 0)
TYPE = _row("device type", 30000, table="holding")
RATED_BATTERY = Register("30026 rated battery power", 30026, _U32, scale=0.1, unit="W")
RATE = _setting("battery first charge rate", 1090, "%")
AC_CHARGE = _setting("AC charge", 1092)
GRID_START, GRID_END, GRID_ON = (
    _setting(f"grid first slot 1 {name}", 1080 + i) for i, name in enumerate(("start", "end", "enable"))
)
START, END, ON = (
    _setting(f"battery first slot 1 {name}", 1100 + i) for i, name in enumerate(("start", "end", "enable"))
)
SLOT, GRID_SLOT = (START, END, ON), (GRID_START, GRID_END, GRID_ON)


def formulas(model: str) -> Mapping[Quantity, Formula]:
    """``model`` "hu" reads the battery of the BMS block."""
    is_hu = model == "hu"
    return {
        Quantity.STATE: STATE,
        Quantity.PV_W: _watts("PV power", 1),
        Quantity.FREQUENCY_HZ: _row("grid frequency", 37, 0.01, "Hz"),
        Quantity.BATTERY_W: Sum((_watts("discharge power", 1009), _watts("charge power", 1011, -1))),
        Quantity.BATTERY_V: _row("BMS voltage", 1087, 0.01, "V") if is_hu else _row("battery voltage", 1013, 0.1, "V"),
        Quantity.SOC_PCT: _row("BMS state of charge", 1086) if is_hu else _row("state of charge", 1014, unit="%"),
        Quantity.GRID_W: Sum((_watts("power to user", 1021), _watts("power to grid", 1029, -1))),
        Quantity.LOAD_W: _watts("power to load", 1037),
        Quantity.TEMPERATURE_C: _row("battery temperature", 1040, 0.1, "C"),
        Quantity.IMPORT_WH: Register("1046 energy to user", 1046, _U32, "input", scale=100.0, unit="Wh"),
        Quantity.SOH_PCT: _row("BMS state of health", 1096, unit="%"),
    }


FACTS = SteeringFacts(
    actions=frozenset({Action.HOLD, Action.CHARGE}),
    verify="every register is read back; a power above 0 leaves it to its own self-consumption, which has no limit",
    settle_s=1.5,
    shortest_between_writes_s=60.0,
    resolution_w=60.0,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """``full_w`` is what a charge rate of 100 % is, None: what the device says."""

    full_w: float | None

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        if any(seen[control.name] is None for control in CONTROLS):
            raise NotSupported("the registers of the battery first slot cannot be read, as on HU models")
        for control in CONTROLS:
            refusal = control.refusal(seen[control.name] or 0.0)
            if refusal is not None:
                raise NotSupported(f"what stands there could not be given back: {refusal}")
        if power_w > 0.0:
            writes = (((AC_CHARGE.name, 0.0),), *_no_grid_first(seen), _slot(seen, on=False))
            return Order(writes, power_w, "it covers the house by its own rule, which cannot be limited")
        full_w = self.full_w if self.full_w is not None else seen[RATED_BATTERY.name]
        if power_w < 0.0 and not full_w:
            raise NotSupported("it does not say what a charge rate of 100 % is: set the option charge_w")
        rate = 0.0 if not full_w else float(min(100, int(-100.0 * power_w / full_w + _ROUNDING)))
        if rate == 0.0 or not full_w:
            return Order(_held(seen), 0.0)
        held_w = -rate / 100.0 * full_w
        cut = f"the battery takes at most {full_w:g} W" if -power_w > full_w else None
        charging = (((RATE.name, rate),), ((AC_CHARGE.name, 1.0),), *_no_grid_first(seen), _slot(seen, on=True))
        return Order(charging, held_w, cut, RATE.name)


def _held(seen: Values) -> tuple[Write, ...]:
    """Battery first without the grid; as fast as the owner lets the sun charge it."""
    rate = seen.get(as_found(RATE.name))
    sun: Write = ((RATE.name, 100.0 if rate is None else rate),)
    return (((AC_CHARGE.name, 0.0),), sun, *_no_grid_first(seen), _slot(seen, on=True))


def _slot(seen: Values, *, on: bool) -> Write:
    """Off leaves start and end alone."""
    start, end = (0.0, float(END_OF_DAY)) if on else (seen[START.name] or 0.0, seen[END.name] or 0.0)
    return ((START.name, start), (END.name, end), (ON.name, float(on)))


def _no_grid_first(seen: Values) -> tuple[Write, ...]:
    """An enabled slot of the other kind would send the battery to the grid."""
    if seen[GRID_ON.name] == 0.0:
        return ()
    return (((GRID_START.name, seen[GRID_START.name] or 0.0), (GRID_END.name, seen[GRID_END.name] or 0.0), _GRID_OFF),)


_GRID_OFF = (GRID_ON.name, 0.0)


def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    """Charging from the grid ends first, and is allowed again last."""
    target = {**owners(seen), **found}
    groups: list[tuple[Register, ...]] = [SLOT, GRID_SLOT, (RATE,)]
    groups.insert(len(groups) if target.get(AC_CHARGE.name) else 0, (AC_CHARGE,))
    return given_back(groups, target, seen, CONTROLS)


def forced(seen: Values) -> Mapping[str, float]:
    """A slot for the whole day is a controller's: an owner's schedule has an end."""
    rows = [*(SLOT if _all_day(SLOT, seen) else ()), *(GRID_SLOT if _all_day(GRID_SLOT, seen) else ())]
    if _all_day(SLOT, seen) and seen[AC_CHARGE.name]:
        rows += [AC_CHARGE, RATE]
    return {row.name: value for row in rows if (value := seen[row.name]) is not None}


def owners(seen: Values) -> Mapping[str, float]:
    found = {control.name: value for control in CONTROLS if (value := seen[control.name]) is not None}
    if _all_day(SLOT, seen):
        found |= {ON.name: 0.0, AC_CHARGE.name: 0.0}
    if _all_day(GRID_SLOT, seen):
        found[GRID_ON.name] = 0.0
    return found


def _all_day(slot: tuple[Register, Register, Register], seen: Values) -> bool:
    return [seen[row.name] for row in slot] == [0.0, float(END_OF_DAY), 1.0]


CONTROLS = (
    Control(RATE, 0, 100),
    Control(AC_CHARGE, choices=(0, 1)),
    *(Control(row, 0, _MIDNIGHT) for row in (START, END, GRID_START, GRID_END)),
    *(Control(row, choices=(0, 1)) for row in (ON, GRID_ON)),
)


def steering(charge_w: float | None) -> Steering:
    return Steering(
        FACTS,
        CONTROLS,
        Rules(charge_w).order,
        neutral,
        forced,
        owners,
        looked_at=(RATED_BATTERY,),
        grid_lost=GridLost(STATE, _OFF_GRID),
        wears=True,
    )


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    model, charge_w, rated_w = options["model"], options["charge_w"], options["rated_w"]
    assert isinstance(model, str)
    assert charge_w is None or isinstance(charge_w, int | float)
    ratings = {Quantity.RATED_W: float(rated_w)} if isinstance(rated_w, int | float) else {}
    return SteeredDevice(
        name, transport, Datasheet(formulas(model), LIMITS, steering(charge_w), ratings=ratings), monotonic, FACTS
    )


FAMILY = Family(
    name="growatt_sph",
    build=_build,
    brand="Growatt SPH, SPA",
    document="Growatt Inverter Modbus RTU Protocol II V1.24, as in 0xAHA/Growatt_ModbusTCP 64434f9",
    confidence="A",
    link=LinkFacts(gap_s=0.85, fastest_poll_s=5.0, serial=(SerialLine(), SerialLine(38400))),
    steering=FACTS,
    unfit_states={0.0: "waiting", 3.0: "in fault", 7.0: "without grid", 8.0: "without grid"},
    identity=Identity(signs=(Sign(TYPE, choices=tuple(map(float, TYPES))),), serial=Text(30001, 15)),
    options={
        "model": Option(str, "sph", "hu where the battery stands in the BMS block", ("sph", "hu")),
        "charge_w": Option(
            float, None, "what a charge rate of 100 % is in W, where the device does not say", low=LEAST_W
        ),
        "rated_w": Option(float, None, "rated power of the inverter in W, for plausibility", low=LEAST_W),
    },
)
