"""A Kostal Plenticore (plus, G2, G3) or Plenticore BI with a battery, by its own map on port 1502, unit 71.

Source: KOSTAL "Interface MODBUS (TCP) & SunSpec", 03/2019; 1066 and 1056 as in OpenEMS, openWB and evcc.

Values of two registers have the low word first unless register 5 says big-endian, so that is read at each connect. The
installer must have chosen battery management "external via Modbus" (1080 reads 2). A setpoint rules until nothing was
written for the time that is set in the inverter's web page, 30 s from the factory; then its own logic is back. So a
release writes 0 W once, and no more. Some firmware (02.20) stores and returns 1034 and does not act: only the measured
power shows it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from drivers.datasheet import Condition, Control, Datasheet, GridLost, Order, Steering, Values, Variants, Write
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.family import Family, LinkFacts, Monotonic, Option, SteeringFacts
from drivers.identity import Identity, Sign, Text
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits

_FLOAT, _U16, _I16, _U32 = (WIRE_TYPES[name] for name in ("float32", "uint16", "int16", "uint32"))
_BIG_ENDIAN, _EXTERNAL = 1.0, 2.0
_MOST_W = 100_000.0

BYTE_ORDER = Register("5 byte order", 5, _U16)
UNIT_ID = Register("4 unit id", 4, _U16)
SETPOINT = Register("1034 charge power setpoint", 1034, _FLOAT, unit="W")  # negative charges, as ours
STATE = Register("56 inverter state", 56, _U32)
_GRID_OFF, _BACKUP = 13.0, 17.0
MANAGEMENT = Register("1080 battery management", 1080, _U16)

ROWS = {
    Quantity.FREQUENCY_HZ: Register("152 grid frequency", 152, _FLOAT, unit="Hz"),
    Quantity.CURRENT_L1_A: Register("154 current phase 1", 154, _FLOAT, unit="A"),
    Quantity.VOLTAGE_L1_V: Register("158 voltage phase 1", 158, _FLOAT, unit="V"),
    Quantity.CURRENT_L2_A: Register("160 current phase 2", 160, _FLOAT, unit="A"),
    Quantity.VOLTAGE_L2_V: Register("164 voltage phase 2", 164, _FLOAT, unit="V"),
    Quantity.CURRENT_L3_A: Register("166 current phase 3", 166, _FLOAT, unit="A"),
    Quantity.VOLTAGE_L3_V: Register("170 voltage phase 3", 170, _FLOAT, unit="V"),
    Quantity.AC_W: Register("172 total AC active power", 172, _FLOAT, unit="W"),
    Quantity.SOC_PCT: Register("210 state of charge", 210, _FLOAT, unit="%"),
    Quantity.BATTERY_V: Register("216 battery voltage", 216, _FLOAT, unit="V"),
    Quantity.GRID_L1_W: Register("224 powermeter phase 1", 224, _FLOAT, unit="W"),
    Quantity.GRID_L2_W: Register("234 powermeter phase 2", 234, _FLOAT, unit="W"),
    Quantity.GRID_L3_W: Register("244 powermeter phase 3", 244, _FLOAT, unit="W"),
    Quantity.GRID_W: Register("252 powermeter total", 252, _FLOAT, unit="W"),
    Quantity.AC_WH: Register("320 total yield", 320, _FLOAT, unit="Wh"),
    Quantity.BATTERY_W: Register("582 battery power", 582, _I16, unit="W"),
    Quantity.PV_W: Register("1066 total DC PV power", 1066, _FLOAT, unit="W"),
    Quantity.RATED_WH: Register("529 work capacity", 529, _U32, unit="Wh"),
    Quantity.RATED_W: Register("531 inverter max power", 531, _U16, unit="W"),
}
_AT_THE_CONNECTION = frozenset({Quantity.GRID_W, Quantity.GRID_L1_W, Quantity.GRID_L2_W, Quantity.GRID_L3_W})


def facts(fallback_s: float) -> SteeringFacts:
    return SteeringFacts(
        actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE}),
        verify="1034 is read back, but some firmware does not act on it: by the measured battery power",
        reverts_after_s=fallback_s,
        reverts_to="the inverter's own battery management",
        refresh_s=fallback_s / 2.0,
        settle_s=1.0,
    )


def choose(fallback_s: float, meter_at: str, seen: Values) -> Datasheet:
    """By the word order that the inverter tells."""
    low_word_first = seen[BYTE_ORDER.name] != _BIG_ENDIAN

    def ordered(row: Register) -> Register:
        return replace(row, low_word_first=low_word_first) if row.count > 1 else row

    rows = {
        quantity: ordered(row)
        for quantity, row in ROWS.items()
        if meter_at == "grid" or quantity not in _AT_THE_CONNECTION
    }
    steering = Steering(
        facts(fallback_s),
        controls=(Control(ordered(SETPOINT), -_MOST_W, _MOST_W),),
        order=_order,
        neutral=_neutral,
        forced=_forced,
        owners=lambda seen: {},  # a setpoint is nobody's setting
        conditions=(
            Condition(
                MANAGEMENT,
                (_EXTERNAL,),
                'the installer must set battery management to "external via protocol (Modbus TCP)" in the web page',
            ),
        ),
        grid_lost=GridLost(ordered(STATE), (_GRID_OFF, _BACKUP)),
    )
    return Datasheet(rows, SpanLimits(max_registers=125, max_gap=0), steering)


def _order(power_w: float, hold_s: float, seen: Values) -> Order:
    return Order((((SETPOINT.name, power_w),),), power_w, power=SETPOINT.name)


def _neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    return (((SETPOINT.name, 0.0),),)


def _forced(seen: Values) -> Mapping[str, float]:
    """A setpoint stays in its register after it has lapsed, so one of less than a watt is taken for none."""
    found = seen[SETPOINT.name]
    return {} if found is None or abs(found) < 1.0 else {SETPOINT.name: found}


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    fallback_s, meter_at = options["fallback_s"], options["meter_at"]
    assert isinstance(fallback_s, int | float)
    assert isinstance(meter_at, str)
    variants = Variants((BYTE_ORDER,), partial(choose, float(fallback_s), meter_at))
    return SteeredDevice(name, transport, variants, monotonic, facts(float(fallback_s)))


FAMILY = Family(
    name="kostal_plenticore",
    build=_build,
    brand="Kostal Plenticore plus, G2, G3 and BI",
    document='KOSTAL "Interface MODBUS (TCP) & SunSpec" 03/2019',
    options={
        "fallback_s": Option(
            float, 30.0, "seconds after which it ends external control, as set in its web page", low=10, high=600
        ),
        "meter_at": Option(str, "grid", "where its energy meter is", ("grid", "house")),
    },
    confidence="A",
    link=LinkFacts(ports=(1502,), unit_ids=(71,), single_client=True, serial=()),
    steering=facts(30.0),
    identity=Identity(
        (Sign(BYTE_ORDER, (0.0, 1.0)), Sign(UNIT_ID, low=1.0, high=247.0)),
        named=Text(6, 8),
        begins=("10",),
        model=Text(6, 8),
        serial=Text(14, 8),
        firmware=Text(38, 8),
    ),
)
