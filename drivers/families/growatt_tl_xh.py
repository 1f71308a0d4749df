"""Growatt MOD, MID and MIN TL-XH hybrids on the block of registers 3000 to 3249, by VPP or by time slots.

Source: Growatt Inverter Modbus RTU Protocol II V1.24 and VPP Communication Protocol V2.03, by way of
0xAHA/Growatt_ModbusTCP 64434f9 (protocol-vpp, battery-scheduling, #373, #411); evcc growatt-hybrid-tlxh; openWB.
RTU 9600 8N1, or TCP by a dongle; when the inverter sleeps, the last values stay.

VPP, where 30099 says version 2.00 or later: a share of the battery's rated power (+ charges), with enable and minutes
in one request. These three are volatile. The minutes are not relied on: 5 of them were not over after 390 s, and the
registers stay as they are. So an order is taken to stay until it is cleared. It needs the control authority 30100,
which is kept in flash and may clear itself, and for charging the grid's leave 30410, kept as well. The share is a
target: on a MOD it is met from the grid whatever 3049 says.

Slots, elsewhere: the first slot is "battery first" from 0:00 to 23:59, its two words in one request. With 3049 it
charges from the grid at a share of its battery power, without it the battery does not discharge and the sun may charge
it; a MOD may take a slot back while 3049 is 0, which is told. A battery power above 0 is the inverter's own rule, load
first, which cannot be limited. All of it is kept in flash.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.datasheet import (
    Control,
    Datasheet,
    GridLost,
    Order,
    Steering,
    Values,
    Variants,
    Write,
    as_found,
    given_back,
    within,
)
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.errors import NotSupported
from drivers.families import growatt_tl_xh_rows as rows
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine, SteeringFacts
from drivers.identity import Identity, Sign, Text
from drivers.ratings import LEAST_W
from drivers.register import Register

TYPES = (5100, 5400, 5401)
OFF_GRID = (7.0, 8.0)
_LONGEST_MIN = 1440
_ROUNDING = 1e-6  # of a percent, so that a whole number of them stays one
_VERSIONS = range(200, 1000)
END_OF_DAY, _MIDNIGHT = 23 * 256 + 59, 24 * 256
_SLOT_ON, _SLOT_OFF = 0xA000, 0x2000  # battery first from 0:00, enabled and not
_ALL_DAY = (0xA000, 0xC000)  # battery first and grid first
_NO_RATING = "it does not say what 100 % of its battery power is: set the option battery_w"

AUTHORITY = Register("30100 control authority", 30100, rows.U16, persistent=True)
ENABLE = Register("30407 remote power enable", 30407, rows.U16)
MINUTES = Register("30408 remote power minutes", 30408, rows.U16, unit="min")
SHARE = Register("30409 remote power", 30409, rows.I16, unit="%")
VPP_AC_CHARGE = Register("30410 AC charge", 30410, rows.U16, persistent=True)

START = Register("3038 slot 1 start", 3038, rows.U16, persistent=True)
END = Register("3039 slot 1 end", 3039, rows.U16, persistent=True)
RATE = Register("3047 battery first charge rate", 3047, rows.U16, persistent=True, unit="%")
AC_CHARGE = Register("3049 AC charge", 3049, rows.U16, persistent=True)

FACTS_SLOTS = SteeringFacts(
    actions=frozenset({Action.HOLD, Action.CHARGE}),
    verify="every register is read back; a power above 0 leaves it to its own self-consumption, which has no limit",
    settle_s=1.5,
    shortest_between_writes_s=60.0,
    resolution_w=100.0,
)
FACTS_VPP = replace(
    FACTS_SLOTS,
    actions=frozenset({Action.SETPOINT}),
    verify="every register is read back, then the measured battery power: the registers stay when its time is over",
    refresh_s=30.0 * _LONGEST_MIN,
    shortest_between_writes_s=5.0,
)


@dataclass(frozen=True, slots=True)
class Vpp:
    """``battery_w`` is what 100 % are, None: what the device says."""

    battery_w: float | None

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        _must_be_there(VPP_CONTROLS, seen)
        full_w = self.battery_w or seen[rows.RATED_BATTERY.name]
        if not full_w:
            raise NotSupported(_NO_RATING)
        limits = seen[rows.CHARGE_LIMIT.name], seen[rows.DISCHARGE_LIMIT.name]
        if not any(limits):  # a device without them shows two zeros
            limits = (None, None)
        held_w, reason = within(power_w, *(full_w if limit is None else min(limit, full_w) for limit in limits))
        share = math.copysign(math.floor(100.0 * abs(held_w) / full_w + _ROUNDING), -held_w) + 0.0
        minutes = float(min(_LONGEST_MIN, math.ceil(hold_s / 60.0)))
        group: Write = ((ENABLE.name, 1.0), (MINUTES.name, minutes), (SHARE.name, share))
        grid = (((VPP_AC_CHARGE.name, seen[VPP_AC_CHARGE.name] or 1.0),),) if share > 0.0 else ()
        return Order((((AUTHORITY.name, 1.0),), *grid, group), -share / 100.0 * full_w + 0.0, reason, SHARE.name)

    @staticmethod
    def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """The enable first, for nothing else is sure to end it; then what is kept."""
        stop: Write = ((ENABLE.name, 0.0), (MINUTES.name, 0.0), (SHARE.name, 0.0))
        kept = given_back([(VPP_AC_CHARGE,), (AUTHORITY,)], found, seen, VPP_CONTROLS)
        return (*((stop,) if seen[ENABLE.name] else ()), *kept)

    @staticmethod
    def forced(seen: Values) -> Mapping[str, float]:
        """Without authority the enable does nothing."""
        if not seen[ENABLE.name] or not seen[AUTHORITY.name]:
            return {}
        return {row.name: value for row in (ENABLE, SHARE) if (value := seen[row.name]) is not None}

    @staticmethod
    def owners(seen: Values) -> Mapping[str, float]:
        return {row.name: value for row in (AUTHORITY, VPP_AC_CHARGE) if (value := seen[row.name]) is not None}


@dataclass(frozen=True, slots=True)
class Slots:
    """``battery_w`` is what a charge rate of 100 % is, None: what the device says."""

    battery_w: float | None

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        _must_be_there(SLOT_CONTROLS, seen)
        if power_w > 0.0:
            own = "it covers the house by its own rule, which cannot be limited"
            return Order((((AC_CHARGE.name, 0.0),), _slot(_SLOT_OFF)), power_w, own)
        full_w = self.battery_w or seen[rows.RATED_BATTERY.name]
        if power_w < 0.0 and not full_w:
            raise NotSupported(_NO_RATING)
        rate = float(min(100, int(-100.0 * power_w / full_w + _ROUNDING))) if full_w else 0.0
        if rate == 0.0 or not full_w:
            sun = seen.get(as_found(RATE.name))
            rate = 100.0 if sun is None else sun
            return Order((((AC_CHARGE.name, 0.0),), ((RATE.name, rate),), _slot(_SLOT_ON)), 0.0)
        cut = f"the battery takes at most {full_w:g} W" if -power_w > full_w else None
        writes = (((RATE.name, rate),), ((AC_CHARGE.name, 1.0),), _slot(_SLOT_ON))
        return Order(writes, -rate / 100.0 * full_w, cut, RATE.name)

    @staticmethod
    def neutral(seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """Charging from the grid ends first, and is allowed again last."""
        target = {**Slots.owners(seen), **found}
        groups: list[tuple[Register, ...]] = [(START, END), (RATE,)]
        groups.insert(len(groups) if target.get(AC_CHARGE.name) else 0, (AC_CHARGE,))
        return given_back(groups, target, seen, SLOT_CONTROLS)

    @staticmethod
    def forced(seen: Values) -> Mapping[str, float]:
        """A slot for the whole day is a controller's: an owner's schedule has an end."""
        if not _is_all_day(seen):
            return {}
        charging = (AC_CHARGE, RATE) if seen[AC_CHARGE.name] else ()
        return {row.name: value for row in (START, END, *charging) if (value := seen[row.name]) is not None}

    @staticmethod
    def owners(seen: Values) -> Mapping[str, float]:
        found = {control.name: value for control in SLOT_CONTROLS if (value := seen[control.name]) is not None}
        return found | {START.name: float(_SLOT_OFF), AC_CHARGE.name: 0.0} if _is_all_day(seen) else found


def _slot(start: int) -> Write:
    return ((START.name, float(start)), (END.name, float(END_OF_DAY)))


def _is_all_day(seen: Values) -> bool:
    return seen[START.name] in _ALL_DAY and seen[END.name] == END_OF_DAY


def _must_be_there(controls: tuple[Control, ...], seen: Values) -> None:
    for control in controls:
        held = seen[control.name]
        if held is None:
            raise NotSupported(f"{control.name} cannot be read")
        if control.row.persistent and control.refusal(held) is not None:
            raise NotSupported(f"{control.name} reads {held:g}, which could not be given back")


VPP_CONTROLS = (
    Control(AUTHORITY, choices=(0, 1)),
    Control(ENABLE, choices=(0, 1)),
    Control(MINUTES, 0, _LONGEST_MIN),
    Control(SHARE, -100, 100),
    Control(VPP_AC_CHARGE, choices=(0, 1, 2)),
)
SLOT_CONTROLS = (
    Control(START, 0, 0xF7FF),
    Control(END, 0, _MIDNIGHT),
    Control(RATE, 0, 100),
    Control(AC_CHARGE, choices=(0, 1)),
)


def steering(battery_w: float | None, *, vpp: bool) -> Steering:
    rules = Vpp(battery_w) if vpp else Slots(battery_w)
    high_bytes = tuple(256.0 * mode + low for mode in OFF_GRID for low in range(10))
    return Steering(
        FACTS_VPP if vpp else FACTS_SLOTS,
        VPP_CONTROLS if vpp else SLOT_CONTROLS,
        rules.order,
        rules.neutral,
        rules.forced,
        rules.owners,
        looked_at=(rows.RATED_BATTERY, *((rows.CHARGE_LIMIT, rows.DISCHARGE_LIMIT) if vpp else ())),
        grid_lost=GridLost(rows.VPP_STATE, OFF_GRID) if vpp else GridLost(rows.STATE, (*OFF_GRID, *high_bytes)),
        wears=not vpp,
    )


def variants(options: Mapping[str, object]) -> Variants:
    """By VPP or slots, with the battery in one block or the other: what the options say, else what the device shows."""
    volt, battery_w = options["battery_v_step"], options["battery_w"]
    assert isinstance(volt, float)
    assert battery_w is None or isinstance(battery_w, int | float)
    steerings = {vpp: steering(battery_w, vpp=vpp) for vpp in (False, True)}
    sheets = {
        (block, vpp): Datasheet(rows.formulas(block, volt, vpp=vpp), rows.LIMITS, steerings[vpp])
        for block in ("3000", "31200")
        for vpp in (False, True)
    }

    def choose(seen: Values) -> Datasheet:
        by_vpp = (seen[rows.VPP_VERSION.name] or 0.0) in _VERSIONS
        block = options["battery_at"] or ("31200" if rows.stands_in_vpp_block(seen) else "3000")
        return sheets[str(block), options["steer_by"] == "vpp" if options["steer_by"] else by_vpp]

    return Variants(rows.PROBES, choose)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    facts = FACTS_VPP if options["steer_by"] == "vpp" else FACTS_SLOTS
    return SteeredDevice(name, transport, variants(options), monotonic, facts)


FAMILY = Family(
    name="growatt_tl_xh",
    build=_build,
    brand="Growatt MOD, MID, MIN TL-XH",
    document="Growatt Modbus RTU Protocol II V1.24 and VPP Protocol V2.03, as in 0xAHA/Growatt_ModbusTCP 64434f9",
    confidence="B",
    link=LinkFacts(gap_s=0.85, fastest_poll_s=5.0, serial=(SerialLine(), SerialLine(38400))),
    steering=FACTS_SLOTS,
    unfit_states={0.0: "waiting", 3.0: "in fault", 7.0: "without grid", 8.0: "without grid"},
    identity=Identity(signs=(Sign(rows.TYPE, choices=tuple(map(float, TYPES))),), serial=Text(30001, 15)),
    options={
        "steer_by": Option(str, None, "vpp or slots, where the version of 30099 misleads", ("vpp", "slots")),
        "battery_at": Option(str, None, "31200 for a TL-XH2, where the device does not show it", ("3000", "31200")),
        "battery_w": Option(
            float, None, "what 100 % of the battery's power is in W, where it does not say", low=LEAST_W
        ),
        "battery_v_step": Option(float, 0.01, "the step of the battery's voltage in V", (0.01, 0.1)),
    },
)
