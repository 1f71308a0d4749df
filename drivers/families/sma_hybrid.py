"""An SMA inverter with a battery: Sunny Boy Storage, Sunny Tripower Smart Energy, Sunny Island.

Steered in one of two ways, both of write-only registers that the device forgets when they are not repeated. "window":
operating mode, least and most charging and discharging and a target at the grid, six values that must all come within
60 s; newer Sunny Boy Storage heeds these only and ignores the other way for charging. "setpoint": one power and a code
that makes it count, for Sunny Island, Tripower Smart Energy and older Sunny Boy Storage; what happens when it is not
repeated is a setting of the installer. Which way a device heeds cannot be read from it. Neither can be read back, so an
order is believed by the measured power alone, and what another controller writes is not seen. Sources: SMA
"SMA_Modbus-TI-en-15" and "-28"; evcc sma-sbs-modbus, sma-hybrid, sma-si-modbus and its issue 15881; OpenEMS sma.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.datasheet import Condition, Control, Datasheet, Order, Steering, Values, Variants, Write, within
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.families.sma_hybrid_rows import (
    CONDITION,
    LIMITS,
    MOST_CHARGE_W,
    MOST_DISCHARGE_W,
    NO_INFORMATION,
    SERIAL,
    SOC,
    formulas_of,
)
from drivers.family import Family, LinkFacts, Monotonic, Option, SteeringFacts
from drivers.identity import Identity, Sign
from drivers.ratings import MOST_W, RATING_OPTIONS, credible_w, given_ratings
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register

_U32, _S32 = WIRE_TYPES["uint32"], WIRE_TYPES["int32"]

MODE = Register("Operating mode", 40236, _U32)
LEAST_CHARGE = Register("Least charge power", 40793, _U32, unit="W")
MOST_CHARGE = Register("Most charge power", 40795, _U32, unit="W")
LEAST_DISCHARGE = Register("Least discharge power", 40797, _U32, unit="W")
MOST_DISCHARGE = Register("Most discharge power", 40799, _U32, unit="W")
AT_GRID = Register("Target at the grid connection", 40801, _U32, unit="W")
_WINDOW = (MODE, LEAST_CHARGE, MOST_CHARGE, LEAST_DISCHARGE, MOST_DISCHARGE, AT_GRID)
_DEFAULT, _CHARGE, _DISCHARGE = 2424.0, 2289.0, 2290.0

SETPOINT = Register("Active power setpoint", 40149, _S32, unit="W")
COUNTS = Register("Setpoint control", 40151, _U32)
_ACTIVE, _INACTIVE = 802.0, 803.0
FALLBACK = Register("Fallback of active power", 41193, _U32, also_missing=(NO_INFORMATION,))
FALLBACK_S = Register("Timeout of active power", 41195, _U32, unit="s")
_FALLS_BACK = 2507.0  # 2506 keeps the values for ever

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE}),
    verify="write-only registers: the measured power alone",
    reverts_after_s=60.0,
    refresh_s=30.0,
)
SETPOINT_FACTS = replace(FACTS, reverts_to="the fallback power that the installer chose (41197)")


@dataclass(frozen=True, slots=True)
class Ratings:
    """The battery's most as the site file has it, W, for a device that does not tell it."""

    charge_w: float | None
    discharge_w: float | None

    def most_w(self, seen: Values) -> tuple[float | None, float | None]:
        """Charging and discharging as the device says now, else as given."""
        charge_w, discharge_w = (credible_w(seen.get(row.name)) for row in (MOST_CHARGE_W, MOST_DISCHARGE_W))
        return (
            self.charge_w if charge_w is None else charge_w,
            self.discharge_w if discharge_w is None else discharge_w,
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Steering by the six values."""

    ratings: Ratings

    def steering(self) -> Steering:
        return Steering(
            facts=FACTS,
            controls=(
                Control(MODE, choices=(_DEFAULT, _CHARGE, _DISCHARGE), reads_back=False),
                *(Control(row, low=0, high=MOST_W, reads_back=False) for row in _WINDOW[1:-1]),
                Control(AT_GRID, choices=(0.0,), reads_back=False),
            ),
            order=self.order,
            neutral=self.neutral,
            forced=nothing,
            owners=nothing,
            looked_at=(MOST_CHARGE_W, MOST_DISCHARGE_W),
        )

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        held_w, reason = within(power_w, *self.ratings.most_w(seen))
        held_w = float(round(held_w))
        charge_w, discharge_w = max(0.0, -held_w), max(0.0, held_w)
        mode = _CHARGE if held_w < 0 else _DISCHARGE if held_w > 0 else _DEFAULT
        return Order(_window(mode, (charge_w, charge_w), (discharge_w, discharge_w)), held_w, reason)

    def neutral(self, seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """The device's own rule within its ratings; where nobody knows these, silence ends what was written."""
        charge_w, discharge_w = self.ratings.most_w(seen)
        if charge_w is None or discharge_w is None:
            return ()
        return _window(_DEFAULT, (0.0, charge_w), (0.0, discharge_w))


@dataclass(frozen=True, slots=True)
class Setpoint:
    """Steering by one power. ``facts`` are those of the installer's settings."""

    ratings: Ratings
    facts: SteeringFacts

    def steering(self) -> Steering:
        return Steering(
            facts=self.facts,
            controls=(
                Control(SETPOINT, low=-MOST_W, high=MOST_W, reads_back=False),
                Control(COUNTS, choices=(_ACTIVE, _INACTIVE), reads_back=False),
            ),
            order=self.order,
            neutral=inactive,
            forced=nothing,
            owners=nothing,
            looked_at=(MOST_CHARGE_W, MOST_DISCHARGE_W),
            conditions=(
                Condition(
                    FALLBACK,
                    (_FALLS_BACK,),
                    "let the installer choose to apply fallback values (2507), or nothing would end an order after us",
                ),
            ),
        )

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        held_w, reason = within(power_w, *self.ratings.most_w(seen))
        held_w = float(round(held_w))
        return Order((((SETPOINT.name, held_w), (COUNTS.name, _ACTIVE)),), held_w, reason)


def inactive(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
    """The setpoint counts no more."""
    return (((COUNTS.name, _INACTIVE),),)


def nothing(seen: Values) -> Mapping[str, float]:
    """Registers that cannot be read say neither what is in force nor what somebody else had set."""
    return {}


def _window(mode: float, charge: tuple[float, float], discharge: tuple[float, float]) -> tuple[Write, ...]:
    """Six requests; ``charge`` and ``discharge`` are the least and the most, W."""
    values = (mode, *charge, *discharge, 0.0)
    return tuple(((row.name, value),) for row, value in zip(_WINDOW, values, strict=True))


def _sheets(options: Mapping[str, object]) -> Datasheet | Variants:
    known = given_ratings(options)
    ratings = Ratings(known.get(Quantity.RATED_CHARGE_W), known.get(Quantity.RATED_DISCHARGE_W))
    sheet = Datasheet(formulas_of(options["solar_strings"] is True), LIMITS, ratings=known)
    if options["steered_by"] == "window":
        return replace(sheet, steering=Window(ratings).steering())

    def choose(seen: Values) -> Datasheet:
        ends_s = seen[FALLBACK_S.name]
        facts = SETPOINT_FACTS if not ends_s else replace(SETPOINT_FACTS, reverts_after_s=ends_s, refresh_s=ends_s / 2)
        return replace(sheet, steering=Setpoint(ratings, facts).steering())

    return Variants((FALLBACK_S,), choose)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    facts = FACTS if options["steered_by"] == "window" else SETPOINT_FACTS
    return SteeredDevice(name, transport, _sheets(options), monotonic, facts)


FAMILY = Family(
    name="sma_hybrid",
    build=_build,
    brand="SMA Sunny Boy Storage, Sunny Tripower Smart Energy, Sunny Island",
    document="SMA Modbus technical information, SMA_Modbus-TI-en-15 and SMA_Modbus-TI-en-28",
    confidence="A",
    link=LinkFacts(unit_ids=(3,), serial=()),
    steering=FACTS,
    sun_option="solar_strings",
    unfit_states={35.0: "in fault", 303.0: "off"},
    identity=Identity(
        (
            Sign(CONDITION, (35.0, 303.0, 307.0, 455.0)),
            Sign(SERIAL, low=1.0),
            Sign(SOC, low=0.0, high=100.0),
        )
    ),
    options={
        "steered_by": Option(
            str,
            "window",
            "window: six values with limits, newer Sunny Boy Storage; setpoint: one power, Sunny Island, "
            "Tripower Smart Energy, older Sunny Boy Storage",
            ("window", "setpoint"),
        ),
        "solar_strings": Option(bool, False, "solar strings are at this device, as at a Tripower Smart Energy"),
        **RATING_OPTIONS,
    },
)
