"""A FENECON system (FEMS) or any OpenEMS Edge by its Modbus server, which describes itself.

Components follow each other in the order that the installer chose: an id of 16 registers, a length, and its natures,
each with the hash of its name, a length and its values. They are walked at each connect; the hashes are checked with
each read and before each order. A component's length counts its natures without the header of 20. Sources: OpenEMS
io.openems.edge.controller.api.modbus, io.openems.edge.common (modbusslave, sum), io.openems.edge.ess.api, whose tables
hold where the sheet "OpenEMS Modbus-TCP.xlsx" is wrong, from the second value of _sum on; evcc openems-modbus.

Steered by the least and the most active power of one storage system, which may be the cluster of all. They are written
rather than the power itself, because these two can be opened again: that releases at once, where a power would stand
until nothing was written for the time-out of the server (60 s unless changed). They are write-only. The power is that
at the AC terminals with the sun of a hybrid, so what the sun gives now is added before writing; the battery takes what
the sun changes until the next write. Other controllers of the Edge may come first: only the measured power shows it. A
server that was sold for reading answers a write with an exception, or ignores it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.datasheet import Condition, Control, Datasheet, GridLost, Order, Steering, Values, Walk, Write
from drivers.datasheet_device import SteeredDevice
from drivers.device import Action, Transport
from drivers.errors import NotApplied, NotSupported
from drivers.family import Family, LinkFacts, Monotonic, Option, SteeringFacts
from drivers.formula import FirstOf, Formula
from drivers.identity import Identity, Sign, Text
from drivers.ratings import LEAST_W, MOST_W, credible_w
from drivers.reading import Quantity
from drivers.register import LAST_ADDRESS, WIRE_TYPES, Register, decode_string
from drivers.spans import SpanLimits
from drivers.table_device import Constant

_U16, _FLOAT, _DOUBLE = WIRE_TYPES["uint16"], WIRE_TYPES["float32"], WIRE_TYPES["float64"]

# Java's hash of each name, its lower 16 bits.
_OPENEMS, _SUM, _SYMMETRIC_ESS, _MANAGED_ESS = 0x6201, 0x462B, 0x42EE, 0xA3ED
_ID_REGISTERS, _HEADER = 16, 20
_MOST_COMPONENTS, _MOST_NATURES = 64, 16
_FURTHEST = LAST_ADDRESS - 256  # no component and no nature begins behind: its values would not be there
_OFF_GRID = 2.0
LIMITS = SpanLimits(max_gap=20)  # what is not defined reads 0xFFFF; a request may not cut a value

MARKER = Register("OpenEMS", 0, _U16)
_META_LENGTH = Register("length at 1", 1, _U16)


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its id, where its natures lie by hash, and where the next one begins."""

    name: str
    natures: Mapping[int, int]
    end: int


def component(at: int, seen: Values) -> "Component | tuple[Register, ...] | None":
    """The component at ``at``, the rows that must be read first to know it, or None where the map ends."""
    if at > _FURTHEST:  # a length that cannot be leads there
        return None
    length = Register(f"length at {at}", at + _ID_REGISTERS, _U16)
    if length.name not in seen:
        return (length,)
    counted = seen[length.name]
    if not counted:
        return None
    letters = tuple(Register(f"id at {at + i}", at + i, _U16) for i in range(_ID_REGISTERS))
    if letters[0].name not in seen:
        return letters
    natures: dict[int, int] = {}
    begins = at + _HEADER
    ends = min(at + _HEADER + counted, _FURTHEST)
    while begins < ends and len(natures) < _MOST_NATURES:
        head = (Register(f"nature at {begins}", begins, _U16), Register(f"its length at {begins}", begins + 1, _U16))
        if head[0].name not in seen:
            return head
        code, size = seen[head[0].name], seen[head[1].name]
        if code is None or not size:
            break
        natures[int(code)] = begins
        begins += int(size)
    words = [0 if (value := seen[letter.name]) is None else int(value) for letter in letters]
    return Component(decode_string(words), natures, at + int(counted))


@dataclass(frozen=True, slots=True)
class Map:
    """``ess`` is the id of the storage system to steer, None for the first that can be steered."""

    ess: str | None
    facts: SteeringFacts
    ratings: Mapping[Quantity, float]

    def step(self, seen: Values) -> Sequence[Register] | Datasheet:
        """As ``Walk`` asks for. Raises NotSupported where this is no OpenEMS or has no sum of all."""
        if MARKER.name not in seen:
            return MARKER, _META_LENGTH
        if seen[MARKER.name] != _OPENEMS:
            raise NotSupported(f"register 0 reads {seen[MARKER.name]} instead of {_OPENEMS}: this is no OpenEMS")
        at, found = 1 + int(seen[_META_LENGTH.name] or 0), list[Component]()
        while len(found) < _MOST_COMPONENTS and not (self._sum(found) and self._ess(found)):
            part = component(at, seen)
            if isinstance(part, tuple):
                return part
            if part is None:
                break
            found.append(part)
            at = part.end
        return self._sheet(found)

    def _sum(self, found: Sequence[Component]) -> Component | None:
        return next((one for one in found if _SUM in one.natures), None)

    def _ess(self, found: Sequence[Component]) -> Component | None:
        can = (one for one in found if _MANAGED_ESS in one.natures and _SYMMETRIC_ESS in one.natures)
        return next((one for one in can if self.ess in (None, one.name)), None)

    def _sheet(self, found: Sequence[Component]) -> Datasheet:
        total, ess = self._sum(found), self._ess(found)
        if total is None:
            raise NotSupported("the OpenEMS serves no component _sum: add it to its Modbus controller")
        values = Totals(total.natures[_SUM])
        constants = [Constant(values.hash, float(_SUM))]
        formulas, steering = values.formulas(), None
        if ess is not None:
            storage = Storage(values, ess.natures[_SYMMETRIC_ESS], ess.natures[_MANAGED_ESS])
            constants.append(Constant(storage.hash, float(_MANAGED_ESS)))
            steering = storage.steering(self.facts)
        return Datasheet(formulas, LIMITS, steering, tuple(constants), self.ratings)


@dataclass(frozen=True, slots=True)
class Totals:
    """The values of ``_sum``; ``at`` is where its nature begins."""

    at: int

    @property
    def hash(self) -> Register:
        return Register("nature Sum", self.at, _U16)

    @property
    def ess_w(self) -> Register:
        """At the AC terminals of all storage systems, positive discharges; with the sun of a hybrid."""
        return self._watts("EssActivePower", 3)

    @property
    def battery_w(self) -> Register:
        """Without the sun of a hybrid."""
        return self._watts("EssDischargePower", 115)

    @property
    def grid_mode(self) -> Register:
        return Register("GridMode", self.at + 117, _U16)

    def formulas(self) -> dict[Quantity, Formula]:
        found: dict[Quantity, Formula] = {
            Quantity.SOC_PCT: Register("EssSoc", self.at + 2, _U16, unit="%"),
            Quantity.AC_W: self.ess_w,
            Quantity.BATTERY_W: FirstOf((self.battery_w, self.ess_w)),
            Quantity.GRID_W: self._watts("GridActivePower", 15),
            Quantity.PV_W: self._watts("ProductionActivePower", 27),
            Quantity.LOAD_W: self._watts("ConsumptionActivePower", 43),
            Quantity.IMPORT_WH: Register("GridBuyActiveEnergy", self.at + 59, _DOUBLE, unit="Wh"),
            Quantity.EXPORT_WH: Register("GridSellActiveEnergy", self.at + 63, _DOUBLE, unit="Wh"),
            Quantity.RATED_WH: Register("EssCapacity", self.at + 120, _FLOAT, unit="Wh"),
        }
        for phase, offset in (("L1", 97), ("L2", 99), ("L3", 101)):
            found[Quantity[f"GRID_{phase}_W"]] = self._watts(f"GridActivePower{phase}", offset)
        return found

    def _watts(self, name: str, offset: int) -> Register:
        return Register(name, self.at + offset, _FLOAT, unit="W")


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage system: where its natures SymmetricEss and ManagedSymmetricEss begin."""

    totals: Totals
    symmetric: int
    managed: int

    @property
    def hash(self) -> Register:
        return Register("nature ManagedSymmetricEss", self.managed, _U16)

    @property
    def apparent(self) -> Register:
        return Register("MaxApparentPower", self.symmetric + 18, _FLOAT, unit="VA")

    @property
    def least(self) -> Register:
        return Register("AllowedChargePower", self.managed + 2, _FLOAT, unit="W")

    @property
    def most(self) -> Register:
        return Register("AllowedDischargePower", self.managed + 4, _FLOAT, unit="W")

    @property
    def at_most(self) -> Register:
        return Register("SetActivePowerLessOrEquals", self.managed + 10, _FLOAT, unit="W")

    @property
    def at_least(self) -> Register:
        return Register("SetActivePowerGreaterOrEquals", self.managed + 14, _FLOAT, unit="W")

    def steering(self, facts: SteeringFacts) -> Steering:
        return Steering(
            facts=facts,
            controls=tuple(Control(row, -MOST_W, MOST_W, reads_back=False) for row in (self.at_most, self.at_least)),
            order=self.order,
            neutral=self.neutral,
            forced=lambda seen: {},  # the registers cannot be read
            owners=lambda seen: {},  # the server forgets what was written, whoever wrote it
            looked_at=(self.least, self.most, self.apparent, self.totals.ess_w, self.totals.battery_w),
            conditions=(
                Condition(self.hash, (float(_MANAGED_ESS),), "the components were changed, so they are looked up anew"),
            ),
            grid_lost=GridLost(self.totals.grid_mode, (_OFF_GRID,)),
        )

    def order(self, power_w: float, hold_s: float, seen: Values) -> Order:
        """Towards less power the least goes first, towards more the most, so that there is always something between."""
        ess_w, battery_w = seen[self.totals.ess_w.name], seen[self.totals.battery_w.name]
        if ess_w is None or battery_w is None:
            raise NotApplied("the power of the storage system is not known, so neither is what the sun has in it")
        sun_w = ess_w - battery_w
        least_w, most_w = seen[self.least.name], seen[self.most.name]
        wanted_w, reason = power_w + sun_w, None
        if most_w is not None and wanted_w > most_w:
            wanted_w, reason = most_w, f"the storage system gives at most {most_w:g} W at its terminals now"
        elif least_w is not None and wanted_w < least_w:
            wanted_w, reason = least_w, f"the storage system takes no less than {least_w:g} W at its terminals now"
        held_w = wanted_w - sun_w
        if held_w * power_w < 0:
            raise NotApplied(f"{reason}, with {sun_w:g} W of sun: the battery would do the opposite of what is asked")
        rows = (self.at_least, self.at_most) if wanted_w < ess_w else (self.at_most, self.at_least)
        return Order(tuple(((row.name, wanted_w),) for row in rows), held_w, reason)

    def neutral(self, seen: Values, found: Mapping[str, float]) -> tuple[Write, ...]:
        """Both so wide that they bind nothing."""
        widest_w = credible_w(seen.get(self.apparent.name)) or MOST_W
        return ((self.at_most.name, widest_w),), ((self.at_least.name, -widest_w),)


def facts_of(timeout_s: float) -> SteeringFacts:
    return SteeringFacts(
        actions=frozenset({Action.SETPOINT, Action.HOLD, Action.CHARGE, Action.DISCHARGE}),
        verify="write-only registers: the measured power alone",
        reverts_after_s=timeout_s,
        reverts_to="the controllers of the Edge",
        refresh_s=timeout_s / 2.0,
    )


def _build(name: str, transport: Transport, options: Mapping[str, object], monotonic: Monotonic) -> SteeredDevice:
    timeout_s, ess, rated_w = options["api_timeout_s"], options["ess"], options["rated_w"]
    assert isinstance(timeout_s, int | float)
    facts = facts_of(float(timeout_s))
    of_all = (Quantity.AC_W, Quantity.BATTERY_W)  # and not the sun, of which much may be at inverters of its own
    ratings = dict.fromkeys(of_all, float(rated_w)) if isinstance(rated_w, int | float) else {}
    found = Map(ess if isinstance(ess, str) else None, facts, ratings)
    return SteeredDevice(name, transport, Walk(found.step), monotonic, facts)


FAMILY = Family(
    name="fenecon_openems",
    build=_build,
    brand="FENECON (FEMS), OpenEMS Edge",
    document="OpenEMS Edge, io.openems.edge.controller.api.modbus and its sheet OpenEMS Modbus-TCP.xlsx, no edition",
    confidence="A",
    steering=facts_of(60.0),
    sees_all_sun=True,
    link=LinkFacts(serial=()),
    identity=Identity(
        (Sign(MARKER, (float(_OPENEMS),)),),
        maker=Text(5, 16),
        model=Text(21, 16),
        firmware=Text(53, 16),
        serial=Text(69, 16),
    ),
    options={
        "ess": Option(str, None, "id of the storage system to steer, such as ess0; else the first that can be steered"),
        "api_timeout_s": Option(float, 60.0, "time-out of the Modbus server's writes, s", low=2, high=3600),
        "rated_w": Option(
            float, None, "rated AC power of all storage systems together in W, for plausibility", low=LEAST_W
        ),
    },
)
