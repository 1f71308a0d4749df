"""Deye, Sunsynk and Sol-Ark hybrids: single phase, and three phase with a low- or high-voltage battery.

Source: kellerza/sunsynk 58193d5d (definitions, sunsynk.py), evcc deye-hybrid-3p and deye-storage, openWB devices/deye.
RTU, 9600 8N1, or a gateway before it; writes by function 16 only. Register 0 says which of the three maps it is; the
wrong one reads ten times too much or too little, so an unknown code is named and left to the option ``map``.

There is no power setpoint and no timeout: every order is made of settings that are kept in flash and stay until they
are given back. No discharging is a discharge current of 0, and the sun may charge. Charging is from the grid, with a
current: the sun adds to it what it has over. A battery power above 0 is the inverter's own self-consumption with the
discharge current limited to that power; it cannot be made to discharge. The registers hold whole amperes, one of which
is about 50 W, and 200 to 600 W with a high-voltage battery; a power is rounded down, so that no limit is passed. On
three phases the state of charge below which it charges from the grid does it, with the timer off; on one phase the six
slots of the timer, all alike, so that the device's clock is of no matter.
"""

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
from drivers.families import deye_hybrid_rows as rows
from drivers.family import Family, LinkFacts, Monotonic, Option, SteeringFacts
from drivers.identity import Identity, Sign, Text
from drivers.register import Register
from drivers.spans import SpanLimits

MAPS: Mapping[int, str] = {
    **dict.fromkeys((0x0003, 0x0300, 0x0200), "single_phase"),
    **dict.fromkeys((0x0005, 0x0500), "three_phase_lv"),
    **dict.fromkeys((0x0006, 0x0600, 0x0601, 0x0602), "three_phase_hv"),
}
LIMITS = SpanLimits(max_registers=20, max_gap=2)
_ON = 1
_EVERY_DAY = 0xFF
_FORCED_FROM_PCT = 90.0  # nobody lets it charge from the grid up to there with every slot or without the timer
_GRID_RELAY = 4
_WIDE_FROM_W = 25_000.0
_MOST_A = 500
_ROUNDING = 1e-6  # of an ampere, so that a whole number of them stays one

FACTS = SteeringFacts(
    actions=frozenset({Action.HOLD, Action.CHARGE}),
    verify="every register is read back; a power above 0 only limits its own self-consumption",
    settle_s=2.0,
    shortest_between_writes_s=60.0,
    resolution_w=55.0,
)
FACTS_HV = replace(FACTS, resolution_w=600.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """How one map is steered. ``discharge_a`` is given back where a controller left 0 A.

    None: as much as the battery may be charged with, else the inverter's rating; a BMS limit of the moment is none.
    """

    levers: rows.Levers
    full_pct: float
    discharge_a: float | None

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        for control in self.controls:
            held = _known(control.row, seen)
            if control.refusal(held) is not None:
                raise NotSupported(f"{control.name} reads {held:g}, which could not be given back")
        volts = _known(self.levers.battery_v, seen)
        if volts <= 0.0:
            raise NotSupported(f"{self.levers.battery_v.name} reads {volts:g}: a power is made of it and a current")
        most_a = self._most_charge_a(seen), self._most_discharge_a(seen)
        held_w, reason = within(power_w, *(None if amps is None else amps * volts for amps in most_a))
        amps = float(min(_MOST_A, int(abs(held_w) / volts + _ROUNDING)))
        if amps == 0.0:
            return Order(self._held(seen), 0.0, reason)
        if power_w < 0.0:
            return Order(self._charging(amps, seen), -amps * volts, reason, self.levers.grid_charge_a.name)
        own = f"it covers the house by its own rule, with at most {amps * volts:.0f} W"
        return Order(self._limited(amps, seen), amps * volts, reason or own, self.levers.most_discharge.name)

    def neutral(self, seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """Charging from the grid ends first, and is allowed again last where the owner allows it."""
        levers = self.levers
        target = {**self.owners(seen), **found}
        allowed = int(target.get(levers.grid_charge.name, 0)) & _ON
        groups: list[tuple[Register, ...]] = [
            (levers.timer,),
            (levers.grid_charge_a,),
            _present(levers.start_soc),
            levers.slot_socs,
            levers.slot_flags,
            (levers.most_discharge,),
        ]
        groups.insert(len(groups) if allowed else 0, (levers.grid_charge,))
        return given_back(groups, target, seen, self.controls)

    def forced(self, seen: Values) -> Mapping[str, float]:
        """A discharge current of 0, or grid charging up to full. A smaller current may be the owner's."""
        levers = self.levers
        held = [levers.most_discharge] if seen[levers.most_discharge.name] == 0.0 else []
        charging = [levers.grid_charge, levers.grid_charge_a] if self._is_charging(seen) else []
        return {row.name: value for row in (*held, *charging) if (value := seen[row.name]) is not None}

    def owners(self, seen: Values) -> Mapping[str, float]:
        levers = self.levers
        found = {control.name: value for control in self.controls if (value := seen[control.name]) is not None}
        if self._is_charging(seen):
            found[levers.grid_charge.name] = _without_bit(found[levers.grid_charge.name])
            if levers.start_soc is None:  # with its slots full and the timer on it would never discharge
                found[levers.timer.name] = _without_bit(found[levers.timer.name])
        if found.get(levers.most_discharge.name) == 0.0:
            known = (self.discharge_a, seen[levers.most_charge.name], self._rated_a(seen))
            amps = next((amps for amps in known if amps), None)
            if amps is not None:
                found[levers.most_discharge.name] = float(int(amps))
        return found

    @property
    def controls(self) -> tuple[Control, ...]:
        levers = self.levers
        return (
            Control(levers.most_discharge, 0, _MOST_A),
            Control(levers.grid_charge_a, 0, _MOST_A),
            Control(levers.grid_charge, 0, 0xFFF),
            Control(levers.timer, 0, 0xFFF),
            *(Control(row, 0, 100) for row in (*_present(levers.start_soc), *levers.slot_socs)),
            *(Control(row, 0, 0xFF) for row in levers.slot_flags),
        )

    def _held(self, seen: Values) -> tuple[Write, ...]:
        """Charging from the grid ends first: nothing else would end it where the link breaks in between."""
        return (*self._no_grid_charge(seen), ((self.levers.most_discharge.name, 0.0),))

    def _limited(self, amps: float, seen: Values) -> tuple[Write, ...]:
        """Without the timer, whose targets may keep the battery from discharging."""
        timer = self.levers.timer
        off: Write = ((timer.name, _without_bit(_known(timer, seen))),)
        return (*self._no_grid_charge(seen), off, ((self.levers.most_discharge.name, amps),))

    def _charging(self, amps: float, seen: Values) -> tuple[Write, ...]:
        """The current first, leave to charge from the grid last."""
        levers = self.levers
        current = (levers.grid_charge_a.name, amps)
        allow: Write = ((levers.grid_charge.name, float(int(_known(levers.grid_charge, seen)) | _ON)),)
        if levers.start_soc is not None:
            off: Write = ((levers.timer.name, _without_bit(_known(levers.timer, seen))),)
            return ((current,), ((levers.start_soc.name, self.full_pct),), off, allow)
        targets: Write = tuple((row.name, self.full_pct) for row in levers.slot_socs)
        flags: Write = tuple((row.name, float(int(_known(row, seen)) | _ON)) for row in levers.slot_flags)
        on: Write = ((levers.timer.name, float(int(_known(levers.timer, seen)) | _EVERY_DAY)),)
        return ((current,), targets, flags, on, allow)

    def _no_grid_charge(self, seen: Values) -> tuple[Write, ...]:
        row = self.levers.grid_charge
        return (((row.name, _without_bit(_known(row, seen))),),)

    def _is_charging(self, seen: Values) -> bool:
        levers = self.levers
        allowed, timer = (int(seen[row.name] or 0) & _ON for row in (levers.grid_charge, levers.timer))
        if levers.start_soc is not None:
            return bool(allowed and not timer) and (seen[levers.start_soc.name] or 0.0) >= _FORCED_FROM_PCT
        full = all((seen[row.name] or 0.0) >= _FORCED_FROM_PCT for row in levers.slot_socs)
        return bool(allowed and timer) and full and all(int(seen[row.name] or 0) & _ON for row in levers.slot_flags)

    def _most_charge_a(self, seen: Values) -> float | None:
        return _least(self._bms(self.levers.bms_charge_a, seen), seen[self.levers.most_charge.name])

    def _most_discharge_a(self, seen: Values) -> float | None:
        """Never more than the owner allows."""
        owners_a = seen.get(as_found(self.levers.most_discharge.name))
        return _least(self._bms(self.levers.bms_discharge_a, seen), self._rated_a(seen), owners_a)

    def _rated_a(self, seen: Values) -> float | None:
        rated_w, volts = seen[self.levers.rated.name], seen[self.levers.battery_v.name]
        return rated_w / volts if rated_w and volts else None

    def _bms(self, row: Register, seen: Values) -> float | None:
        """A limit of the battery's management. A battery without one shows no voltage there either."""
        return seen[row.name] if seen[self.levers.bms_v.name] else None


def _present(row: Register | None) -> tuple[Register, ...]:
    return () if row is None else (row,)


def _known(row: Register, seen: Values) -> float:
    value = seen[row.name]
    if value is None:
        raise NotSupported(f"{row.name} cannot be read")
    return value


def _without_bit(value: float) -> float:
    return float(int(value) & ~_ON)


def _least(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _steering(levers: rows.Levers, facts: SteeringFacts, options: Mapping[str, object]) -> Steering:
    full_pct, discharge_a = options["full_pct"], options["discharge_a"]
    assert isinstance(full_pct, int)
    assert discharge_a is None or isinstance(discharge_a, int | float)
    rules = Rules(levers, float(full_pct), discharge_a)
    lost = (0.0,) if levers is rows.SINGLE_PHASE else tuple(float(w) for w in range(256) if not w & _GRID_RELAY)
    return Steering(
        facts,
        rules.controls,
        rules.order,
        rules.neutral,
        rules.forced,
        rules.owners,
        looked_at=(
            *(levers.battery_v, levers.most_charge, levers.bms_v),
            *(levers.bms_charge_a, levers.bms_discharge_a, levers.rated),
        ),
        grid_lost=GridLost(levers.grid, lost),
        wears=True,
    )


def variants(options: Mapping[str, object]) -> Variants:
    """The datasheets of the three maps, chosen by register 0 or by the option."""
    single_at, three_at = options["grid_at"] or "ct", options["grid_at"] or "port"
    assert isinstance(single_at, str)
    assert isinstance(three_at, str)
    hv = _steering(rows.THREE_PHASE_HV, FACTS_HV, options)
    sheets = {
        "single_phase": Datasheet(rows.single_phase(single_at), LIMITS, _steering(rows.SINGLE_PHASE, FACTS, options)),
        "three_phase_lv": Datasheet(
            rows.three_phase(three_at, high_voltage=False, wide=False),
            LIMITS,
            _steering(rows.THREE_PHASE_LV, FACTS, options),
        ),
        "three_phase_hv": Datasheet(rows.three_phase(three_at, high_voltage=True, wide=False), LIMITS, hv),
        "wide": Datasheet(rows.three_phase(three_at, high_voltage=True, wide=True), LIMITS, hv),
    }

    def choose(seen: Values) -> Datasheet:
        code = seen[rows.DEVICE_TYPE.name]
        name = options["map"] or (None if code is None else MAPS.get(int(code)))
        if name is None:
            said = "nothing" if code is None else f"0x{int(code):04X}"
            raise NotSupported(f"register 0 says {said}, which is no device type known here: set the option map")
        is_wide = name == "three_phase_hv" and (seen[rows.RATED_THREE_PHASE.name] or 0.0) > _WIDE_FROM_W
        return sheets["wide" if is_wide else str(name)]

    return Variants((rows.DEVICE_TYPE, rows.RATED_THREE_PHASE), choose)


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    return SteeredDevice(name, transport, variants(options), monotonic, FACTS)


FAMILY = Family(
    name="deye_hybrid",
    build=_build,
    brand="Deye, Sunsynk, Sol-Ark hybrid",
    document="kellerza/sunsynk 58193d5d, evcc deye-hybrid-3p: the maker's Modbus RTU protocol as they read it",
    confidence="B",
    link=LinkFacts(gap_s=0.05, fastest_poll_s=10.0),
    steering=FACTS,
    unfit_states={1.0: "in its self-test", 3.0: "in alarm", 4.0: "in fault"},
    identity=Identity(
        signs=(Sign(rows.DEVICE_TYPE, choices=tuple(float(code) for code in MAPS)),),
        named=Text(3, 5),
        serial=Text(3, 5),
    ),
    options={
        "map": Option(str, None, "the registers, where register 0 does not tell", tuple(dict.fromkeys(MAPS.values()))),
        "grid_at": Option(
            str, None, "grid power by the external CT or the inverter's port; by itself ct on one phase", ("ct", "port")
        ),
        "full_pct": Option(int, 100, "up to which state of charge it charges from the grid", low=90, high=100),
        "discharge_a": Option(
            float, None, "the discharge current in A that is given back where a controller left 0", low=1, high=_MOST_A
        ),
    },
)
