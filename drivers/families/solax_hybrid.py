"""SolaX X1 and X3 hybrid inverters of the generations 3 to 6, also sold as Qcells Q.HOME.

Source: SolaX "Hybrid X1/X3 G4 Modbus TCP/RTU protocol", V3.21, and SolaX' knowledge base on the VPP function of storage
systems, as read by wills106/homeassistant-solax-modbus (27875b3b), evcc and openWB. Measurements are input registers,
settings holding registers, 32-bit values have the low word first; the generation cannot be read, the site file tells.

Steering (generation 4 on): the remote control block 0x7C to 0x8A, in RAM, all fifteen registers in one request. Mode 4
sets the power of the battery (+ discharges), mode 1 that at the AC terminals (+ charges), which is the battery's less
the sun; mode 4 is exact and openWB's way, mode 1 is for firmware without it and is right while the sun stays the same.
Both end by themselves at the duration and timeout written, and the inverter's own use mode 0x1F rules again. The block
cannot be read: its addresses read other things. Input register 0x100 shows the mode. After a start the inverter refuses
writes until 2014 is written to register 0; input register 0x54 tells. In a parallel system only the master is steered.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from drivers.datasheet import (
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
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine, SteeringFacts
from drivers.formula import Formula, OnlyWhile, Sum
from drivers.identity import Identity, Text
from drivers.ratings import RATING_OPTIONS, given_ratings
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

LIMITS = SpanLimits(max_registers=100, max_gap=16)


def _read(name: str, address: int, wire: str = "uint16", scale: float = 1.0, sign: int = 1) -> Register:
    """A row of the input registers."""
    return Register(
        f"0x{address:02X} {name}", address, WIRE_TYPES[wire], "input", scale, sign=sign, low_word_first=True
    )


RUN_MODE = _read("run mode", 0x09)
BATTERY_V = _read("battery voltage", 0x14, "int16", 0.1)
BMS_LINK = _read("BMS connect state", 0x17)
CHARGE_LIMIT = _read("BMS max. charge current", 0x24, scale=0.1)
DISCHARGE_LIMIT = _read("BMS max. discharge current", 0x25, scale=0.1)
LOCK = _read("lock state", 0x54)  # 0 locked
REMOTE = replace(_read("power control", 0x100), name="0x7C power control")
STRINGS = (_read("PV power 1", 0x0A), _read("PV power 2", 0x0B))
_STRING_3 = _read("PV power 3", 0x124)

_COMMON: dict[Quantity, Formula] = {
    Quantity.GRID_W: _read("measured power", 0x46, "int32", sign=-1),
    Quantity.PV_W: Sum(STRINGS, any_part=True),
    Quantity.BATTERY_W: _read("battery power", 0x16, "int16", sign=-1),
    Quantity.SOC_PCT: OnlyWhile(_read("battery capacity", 0x1C), BMS_LINK, 1.0),
    Quantity.BATTERY_V: BATTERY_V,
    Quantity.IMPORT_WH: _read("grid import total", 0x4A, "uint32", 10.0),
    Quantity.EXPORT_WH: _read("grid export total", 0x48, "uint32", 10.0),
    Quantity.TEMPERATURE_C: _read("inverter temperature", 0x08, "int16"),
    Quantity.STATE: RUN_MODE,
}
_ONE_PHASE: dict[Quantity, Formula] = {
    Quantity.AC_W: _read("inverter power", 0x02, "int16"),
    Quantity.VOLTAGE_L1_V: _read("inverter voltage", 0x00, scale=0.1),
    Quantity.CURRENT_L1_A: _read("inverter current", 0x01, "int16", 0.1),
    Quantity.FREQUENCY_HZ: _read("inverter frequency", 0x07, scale=0.01),
}
_THREE_PHASES: dict[Quantity, Formula] = {
    Quantity.AC_W: Sum(tuple(_read(f"inverter power L{i}", 0x68 + 4 * i, "int16") for i in (1, 2, 3))),
    Quantity.GRID_L1_W: _read("measured power L1", 0x82, "int32", sign=-1),
    Quantity.GRID_L2_W: _read("measured power L2", 0x84, "int32", sign=-1),
    Quantity.GRID_L3_W: _read("measured power L3", 0x86, "int32", sign=-1),
    Quantity.VOLTAGE_L1_V: _read("inverter voltage L1", 0x6A, scale=0.1),
    Quantity.VOLTAGE_L2_V: _read("inverter voltage L2", 0x6E, scale=0.1),
    Quantity.VOLTAGE_L3_V: _read("inverter voltage L3", 0x72, scale=0.1),
    Quantity.CURRENT_L1_A: _read("inverter current L1", 0x6B, "int16", 0.1),
    Quantity.CURRENT_L2_A: _read("inverter current L2", 0x6F, "int16", 0.1),
    Quantity.CURRENT_L3_A: _read("inverter current L3", 0x73, "int16", 0.1),
    Quantity.FREQUENCY_HZ: _read("inverter frequency L1", 0x6D, scale=0.01),
}
_GENERATION_4: dict[Quantity, Formula] = {Quantity.SOH_PCT: _read("battery state of health", 0xBF)}
_GENERATION_5: dict[Quantity, Formula] = {
    Quantity.PV_W: Sum((*STRINGS, _STRING_3), any_part=True),
    Quantity.BATTERY_W: _read("battery power of both", 0x38, "int32", sign=-1),
    Quantity.SOC_PCT: _read("battery capacity of both", 0x3C),
    Quantity.SOH_PCT: _read("battery state of health of both", 0x3D),
}
_BY_GENERATION: Mapping[int, dict[Quantity, Formula]] = {
    3: {},
    4: _GENERATION_4,
    5: _GENERATION_5,
    6: _GENERATION_5,  # taken to be like 5
}

_OFF, _AC_POWER, _PUSH_POWER = 0, 1, 4
_SET = 1
_UNLOCK = 2014
_MOST_W = 60000.0
_LONGEST_S = 3600.0


def _written(name: str, address: int, wire: str = "uint16") -> Register:
    return Register(f"0x{address:02X} {name}", address, WIRE_TYPES[wire], low_word_first=True, writable=True)


UNLOCK = Control(_written("unlock", 0x00), choices=(_UNLOCK,), reads_back=False)
MODE = Control(_written("power control", 0x7C), choices=(_OFF, _AC_POWER, _PUSH_POWER), shown=REMOTE)
SET_TYPE = Control(_written("target set type", 0x7D), choices=(0, _SET), reads_back=False)
ACTIVE = Control(_written("active power", 0x7E, "int32"), -_MOST_W, _MOST_W, reads_back=False)
DURATION = Control(_written("duration", 0x82), 0.0, _LONGEST_S, reads_back=False)
TIMEOUT = Control(_written("timeout", 0x88), 0.0, _LONGEST_S, reads_back=False)
PUSH = Control(_written("push mode power", 0x89, "int32"), -_MOST_W, _MOST_W, reads_back=False)
_FIELDS = (
    SET_TYPE,
    ACTIVE,
    Control(_written("reactive power", 0x80, "int32"), choices=(0,), reads_back=False),
    DURATION,
    Control(_written("target SoC", 0x83), choices=(0,), reads_back=False),
    Control(_written("target energy", 0x84, "uint32"), choices=(0,), reads_back=False),
    Control(_written("charge/discharge power", 0x86, "int32"), choices=(0,), reads_back=False),
    TIMEOUT,
    PUSH,
)

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT}),
    verify="input register 0x100 shows the mode; the power is believed by the measured power of the battery",
    timer_step_s=1.0,
    reverts_to="the use mode that its owner chose",
    refresh_s=30.0,
    settle_s=1.0,
)


def _block(mode: float, fields: Mapping[Control, float] | None = None) -> Write:
    """The whole block; what is not among ``fields`` is 0."""
    given = fields or {}
    return ((MODE.name, mode), *((field.name, given.get(field, 0.0)) for field in _FIELDS))


def _unlocked(write: Write, seen: Values) -> tuple[Write, ...]:
    """``write``, after the code where the inverter is locked or does not say."""
    return (write,) if seen[LOCK.name] else (((UNLOCK.name, float(_UNLOCK)),), write)


def rules_of(
    remote_mode: float, shows: bool, strings: tuple[Register, ...], charge_w: float | None, discharge_w: float | None
) -> Steering:
    """``shows``: the mode can be read. ``charge_w`` and ``discharge_w`` are the ratings of the site file, W."""

    def order(power_w: float, hold_s: float, seen: Values) -> Order:
        takes_w = least(charge_w, watts_of(seen, CHARGE_LIMIT, BATTERY_V), _MOST_W)
        gives_w = least(discharge_w, watts_of(seen, DISCHARGE_LIMIT, BATTERY_V), _MOST_W)
        held_w, reason = within(power_w, takes_w, gives_w)
        held_w, seconds = float(round(held_w)), min(float(math.ceil(hold_s)), _LONGEST_S)
        power = {PUSH: held_w}
        if remote_mode == _AC_POWER:
            sun_w = sum(watts for row in strings if (watts := seen[row.name]) is not None)
            power = {ACTIVE: -held_w - sun_w}
        write = _block(remote_mode, {SET_TYPE: float(_SET), DURATION: seconds, TIMEOUT: seconds, **power})
        return Order(_unlocked(write, seen), held_w, reason)

    def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        del found  # the use mode was never touched
        return () if seen.get(MODE.name) == _OFF else _unlocked(_block(float(_OFF)), seen)

    def forced(seen: Values) -> Mapping[str, float]:
        mode = seen.get(MODE.name)
        return {MODE.name: mode} if mode else {}

    return Steering(
        facts=FACTS,
        controls=(UNLOCK, MODE if shows else replace(MODE, reads_back=False, shown=None), *_FIELDS),
        order=order,
        neutral=neutral,
        forced=forced,
        owners=lambda seen: {},
        looked_at=(CHARGE_LIMIT, DISCHARGE_LIMIT, BATTERY_V, LOCK, *strings),
        grid_lost=GridLost(RUN_MODE, (6, 7)),
    )


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    rated = given_ratings(options)
    generation, mode = int(str(options["generation"])), float(str(options["remote_mode"]))
    formulas = _COMMON | (_ONE_PHASE if options["phases"] == 1 else _THREE_PHASES) | _BY_GENERATION[generation]

    def choose(seen: Values) -> Datasheet:
        shows = seen[REMOTE.name] is not None
        limits_w = (rated.get(Quantity.RATED_CHARGE_W), rated.get(Quantity.RATED_DISCHARGE_W))
        strings = STRINGS if generation < 5 else (*STRINGS, _STRING_3)
        steering = None if generation == 3 else rules_of(mode, shows, strings, *limits_w)
        return Datasheet(formulas, LIMITS, steering, ratings=rated)

    return SteeredDevice(name, transport, Variants((REMOTE,), choose), monotonic, FACTS)


# Run mode 0x09
UNFIT_STATES: Mapping[float, str] = {
    **dict.fromkeys((0.0, 1.0), "starting"),
    **dict.fromkeys((3.0, 4.0), "in fault"),
    **dict.fromkeys((6.0, 7.0), "without grid"),
    5.0: "taking a firmware update",
    8.0: "in its self-test",
}
FAMILY = Family(
    name="solax_hybrid",
    build=_build,
    brand="SolaX X1 and X3 Hybrid G3 to G6, Qcells Q.HOME",
    document="SolaX Hybrid X1/X3 G4 Modbus TCP/RTU protocol V3.21, and VPP function definition of ESS",
    options={
        "generation": Option(int, 4, "3 to 6, as on the type plate (G4); 3 is read and not steered", (3, 4, 5, 6)),
        "phases": Option(int, 3, "1 for X1, 3 for X3", (1, 3)),
        "remote_mode": Option(
            int, 4, "4 sets the battery's power; 1 that at the AC terminals, for old firmware", (1, 4)
        ),
        **RATING_OPTIONS,
    },
    confidence="B",
    link=LinkFacts(fastest_poll_s=3.0, serial=(SerialLine(19200), SerialLine())),
    steering=FACTS,
    unfit_states=UNFIT_STATES,
    identity=Identity(
        named=Text(0x07, 7),
        begins=("SolaX", "SOLAX", "solax"),
        maker=Text(0x07, 7),
        model=Text(0x0E, 7),
        serial=Text(0x00, 7),
    ),
)
