"""A SolarEdge inverter with a battery: StorEdge, Energy Hub, Home Hub.

Steered by the remote control of its storage (0xE004 to 0xE010): a command mode with limits of charging and discharging,
which ends after the time in 0xE00B; then the default mode of 0xE00A holds, which is set to self-consumption. Sources:
"StorEdge charge/discharge profile programming"; "Power control open protocol for SolarEdge inverters"; evcc
solaredge-hybrid; WillCodeForCats solaredge-modbus-multi with its issues 130, 305 (a time-of-use profile overwrites mode
and command) and 726 (whether these registers wear is not settled: they count as persistent, and the command alone is
written to renew an order).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.datasheet import Condition, Control, Datasheet, Order, Steering, Values, Variants, Write, within
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.errors import NotSupported
from drivers.families.solaredge_storedge_rows import (
    MOST_BATTERIES,
    MOST_METERS,
    NEXT_LENGTH,
    NEXT_MODEL,
    BatteryRows,
    battery_rows,
    before_meters,
    formulas_of,
    second_block,
)
from drivers.family import Family, LinkFacts, Monotonic, Option, SerialLine, SteeringFacts
from drivers.identity import Identity, Sign, Text
from drivers.ratings import MOST_W, RATING_OPTIONS, credible_w, given_ratings
from drivers.reading import Quantity
from drivers.register import WIRE_TYPES, Register
from drivers.spans import SpanLimits
from drivers.sunspec_device import UNFIT_STATES

_U16, _U32, _FLOAT = WIRE_TYPES["uint16"], WIRE_TYPES["uint32"], WIRE_TYPES["float32"]

MODE = Register("Storage control mode", 0xE004, _U16, persistent=True)
POLICY = Register("Storage AC charge policy", 0xE005, _U16, persistent=True)
DEFAULT = Register("Storage default mode", 0xE00A, _U16, persistent=True)
TIMEOUT = Register("Remote command timeout", 0xE00B, _U32, low_word_first=True, persistent=True, unit="s")
COMMAND = Register("Remote command mode", 0xE00D, _U16, persistent=True)
CHARGE = Register("Remote charge limit", 0xE00E, _FLOAT, low_word_first=True, persistent=True, unit="W")
DISCHARGE = Register("Remote discharge limit", 0xE010, _FLOAT, low_word_first=True, persistent=True, unit="W")

_SELF_CONSUMPTION, _TIME_OF_USE, _REMOTE = 1.0, 2.0, 4.0  # storage control mode
_NEVER, _ALWAYS = 0.0, 1.0  # AC charge policy
_FROM_SUN_AND_GRID, _EXPORT, _OWN_RULE = 3.0, 4.0, 7.0  # command and default mode
_MODES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0)
_LONGEST_S = 86400.0
_LIMITED = (CHARGE.name, DISCHARGE.name)
_SETTINGS = (DEFAULT, TIMEOUT, POLICY, MODE)  # of the owner, in the order in which they are given back
LIMITS = SpanLimits(max_gap=16)  # inside a block every register may be read

FACTS = SteeringFacts(
    actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE}),
    verify="every register is read back, then the measured power",
    timer_step_s=1.0,
    reverts_to="its own self-consumption (default mode 7)",
    refresh_s=_LONGEST_S / 2.0,
    settle_s=1.0,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """How ``batteries`` are steered.

    ``from_grid``: the AC charge policy is set so that the grid may charge them. ``rated`` is what they take and give
    together by the site file, W by the limit, where they do not tell it.
    """

    batteries: tuple[BatteryRows, ...]
    from_grid: bool
    wears: bool
    rated: Mapping[str, float]

    @property
    def controls(self) -> tuple[Control, ...]:
        timeout, command, charge, discharge = (
            replace(row, persistent=self.wears) for row in (TIMEOUT, COMMAND, CHARGE, DISCHARGE)
        )
        return (
            Control(MODE, choices=(0, 1, 2, 3, 4)),
            Control(POLICY, choices=(0, 1, 2, 3)),
            Control(DEFAULT, choices=_MODES),
            Control(timeout, low=0, high=_LONGEST_S),
            Control(command, choices=_MODES, renews=True),
            Control(charge, low=0, high=MOST_W),
            Control(discharge, low=0, high=MOST_W),
        )

    def steering(self) -> Steering:
        return Steering(
            facts=FACTS,
            controls=self.controls,
            order=self.order,
            neutral=self.neutral,
            forced=self.forced,
            owners=self.owners,
            looked_at=tuple(row for battery in self.batteries for row in (battery.most_charge, battery.most_discharge)),
            conditions=(
                Condition(
                    MODE,
                    (_SELF_CONSUMPTION, _TIME_OF_USE, _REMOTE),
                    "the owner keeps the battery off or for backup: choose self-consumption or remote control first",
                ),
            ),
            wears=self.wears,
        )

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        """Default mode, remote control, timeout, limits, and last the command, which begins it all."""
        most_w = self._most_w(seen)
        if len(most_w) < 2:
            raise NotSupported(
                "the inverter does not tell what its battery takes and gives, so its limits could not be opened again: "
                "give rated_charge_w and rated_discharge_w in the site file"
            )
        held_w, reason = within(power_w, most_w[CHARGE.name], most_w[DISCHARGE.name])
        ready: list[Write] = [((DEFAULT.name, _OWN_RULE),), ((MODE.name, _REMOTE),)]
        if self.from_grid:
            ready.append(((POLICY.name, _ALWAYS),))
        elif held_w < 0 and seen.get(POLICY.name) == _NEVER and reason is None:
            reason = "the inverter's AC charge policy lets it charge from the sun only"
        ready.append(((TIMEOUT.name, min(math.ceil(hold_s), _LONGEST_S)),))
        if held_w < 0:
            begin: list[Write] = [((CHARGE.name, -held_w),), ((COMMAND.name, _FROM_SUN_AND_GRID),)]
            return Order((*ready, *begin), held_w, reason, CHARGE.name)
        if held_w > 0:
            begin = [((DISCHARGE.name, held_w),), ((COMMAND.name, _EXPORT),)]
            return Order((*ready, *begin), held_w, reason, DISCHARGE.name)
        begin = [((CHARGE.name, 0.0),), ((DISCHARGE.name, 0.0),), ((COMMAND.name, _OWN_RULE),)]
        return Order((*ready, *begin), held_w, reason)

    def neutral(self, seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """Under remote control the device's own rule comes first, then limits that do not bind, then the owner's."""
        writes: list[Write] = []
        if seen.get(MODE.name) == _REMOTE:
            opened = {name: found[name] for name in _LIMITED if name in found} | self._most_w(seen)
            writes = [((COMMAND.name, _OWN_RULE),)]
            writes += [((name, most_w),) for name, most_w in opened.items() if _binds(name, seen, opened)]
        return (*writes, *(((row.name, found[row.name]),) for row in _SETTINGS if row.name in found))

    def forced(self, seen: Values) -> Mapping[str, float]:
        if seen.get(MODE.name) != _REMOTE:
            return {}
        most_w = self._most_w(seen)
        if seen.get(COMMAND.name) == _OWN_RULE and not any(_binds(name, seen, most_w) for name in _LIMITED):
            return {}
        return {name: value for name in (COMMAND.name, *_LIMITED) if (value := seen.get(name)) is not None}

    def owners(self, seen: Values) -> Mapping[str, float]:
        """A command is nobody's, for it runs out by itself: in place of its limits stand those that do not bind.

        What may not be written is left out.
        """
        kept = {row.name for row in _SETTINGS if self.from_grid or row is not POLICY}
        settings = {
            control.name: value
            for control in self.controls
            if control.name in kept and (value := seen.get(control.name)) is not None and control.refusal(value) is None
        }
        return settings | self._most_w(seen)

    def _most_w(self, seen: Values) -> dict[str, float]:
        """The limits that do not bind, W; one that is not known is left out."""
        rows = {
            CHARGE.name: [one.most_charge.name for one in self.batteries],
            DISCHARGE.name: [one.most_discharge.name for one in self.batteries],
        }
        told = {limit: [credible_w(seen.get(name)) for name in names] for limit, names in rows.items()}
        whole = {limit: sum(value or 0.0 for value in values) for limit, values in told.items() if None not in values}
        return {**self.rated, **{limit: min(total, MOST_W) for limit, total in whole.items()}}


def _binds(name: str, seen: Values, most_w: Mapping[str, float]) -> bool:
    """Whether a limit is under what it is at most; one that this is not known of is taken to bind."""
    limit, most = seen.get(name), most_w.get(name)
    return limit is not None and (most is None or limit < most - 1.0)


def _sheet(batteries: tuple[BatteryRows, ...], options: Mapping[str, object], moved: int) -> Datasheet:
    meter, ratings = options["grid_meter"], given_ratings(options)
    limits = {Quantity.RATED_CHARGE_W: CHARGE.name, Quantity.RATED_DISCHARGE_W: DISCHARGE.name}
    rated = {name: ratings[quantity] for quantity, name in limits.items() if quantity in ratings}
    rules = Rules(batteries, options["charge_from_grid"] is True, options["persistent_setpoints"] is True, rated)
    return Datasheet(
        formulas_of(batteries, meter if isinstance(meter, int) and meter > 0 else None, moved),
        LIMITS,
        rules.steering(),
        ratings=ratings,
    )


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    count = options["batteries"]
    assert isinstance(count, int)
    first, *others = (battery_rows(number) for number in range(1, count + 1))
    second = replace(second_block(first).energy, name="state of energy at 0xF584")

    def choose(seen: Values) -> Datasheet:
        elsewhere = seen[first.energy.name] is None and seen[second.name] is not None
        return _sheet((second_block(first) if elsewhere else first, *others), options, before_meters(seen))

    probes = (first.energy, second, NEXT_MODEL, NEXT_LENGTH)
    return SteeredDevice(name, transport, Variants(probes, choose), monotonic, FACTS)


FAMILY = Family(
    name="solaredge_storedge",
    build=_build,
    brand="SolarEdge StorEdge, Energy Hub, Home Hub",
    document=(
        "SolarEdge SunSpec implementation technical note 3.2 (2025); StorEdge charge/discharge profile programming; "
        "Power control open protocol for SolarEdge inverters"
    ),
    confidence="A",
    link=LinkFacts(
        ports=(1502, 502), single_client=True, answer_s=5.0, fastest_poll_s=5.0, serial=(SerialLine(115200),)
    ),
    steering=FACTS,
    unfit_states=UNFIT_STATES,
    identity=Identity(
        (Sign(battery_rows(1).rated_wh, low=100.0, high=1_000_000.0),),
        named=Text(40004, 16),
        begins=("SolarEdge",),
        maker=Text(40004, 16),
        model=Text(40020, 16),
        firmware=Text(40044, 8),
        serial=Text(40052, 16),
    ),
    options={
        **RATING_OPTIONS,
        "batteries": Option(int, 1, "how many batteries are at this inverter", low=1, high=MOST_BATTERIES),
        "grid_meter": Option(
            int, 1, "which of its meters is at the connection point, 0 for none", low=0, high=MOST_METERS
        ),
        "charge_from_grid": Option(
            bool, False, "set the AC charge policy so that the grid may charge the battery, where that is allowed"
        ),
        "persistent_setpoints": Option(
            bool, True, "the inverter may keep commands and limits in flash, so that writes are counted and limited"
        ),
    },
)
