"""A device as its datasheet has it: the rows that are read, the registers that steer it, and the rules between. Pure.

A family that speaks its maker's own map is one file: rows, a ``Datasheet`` or a function that makes one of what the
device says of itself, and its ``Family``. Values are by the names of the rows, in our signs and units.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.family import SteeringFacts
from drivers.formula import Formula
from drivers.reading import Quantity
from drivers.register import Register
from drivers.spans import SpanLimits
from drivers.table_device import Constant

Values = Mapping[str, float | None]  # by the name of a row; None where the device does not give it
Write = tuple[tuple[str, float], ...]  # settings that go in one request, by the name of a control


@dataclass(frozen=True, slots=True)
class Control:
    """A register that may be written, from ``low`` to ``high`` or one of ``choices``.

    ``reads_back`` False: it is write-only, and what it does is believed by the measured power alone. ``shown`` is
    where the device shows what was written, when not at the same address; a row of the same name. ``renews``: to write
    it is what makes an order last longer, so it is written with each one, also where it is persistent and holds its
    value.
    """

    row: Register
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[float, ...] = ()
    reads_back: bool = True
    shown: Register | None = None
    renews: bool = False

    def __post_init__(self) -> None:
        if self.shown is not None and self.shown.name != self.row.name:
            raise ValueError(f"{self.row.name} cannot be shown as {self.shown.name}: the names must be the same")
        if self.row.table != "holding":
            raise ValueError(f"{self.row.name} is an input register, and none of these can be written")
        if not self.low <= self.high:
            raise ValueError(f"{self.row.name} takes nothing: {self.low:g} is above {self.high:g}")

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def read_from(self) -> Register:
        """What is read back after a write."""
        return self.shown or self.row

    def refusal(self, value: float) -> str | None:
        """One sentence when ``value`` may not be written here."""
        if self.choices and value not in self.choices:
            allowed = ", ".join(f"{choice:g}" for choice in self.choices)
            return f"{self.name} may not be set to {value:g}: allowed are {allowed}"
        if not self.low <= value <= self.high:
            return f"{self.name} may not be set to {value:g}: it takes {self.low:g} to {self.high:g}"
        return None


@dataclass(frozen=True, slots=True)
class Condition:
    """``row`` must read one of ``choices`` before an order is written; else ``sentence`` says what to do about it.

    A row that the device does not have holds no order back.
    """

    row: Register
    choices: tuple[float, ...]
    sentence: str

    def refusal(self, seen: Values) -> str | None:
        found = seen.get(self.row.name)
        if found is None or found in self.choices:
            return None
        return f"{self.row.name} reads {found:g}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class GridLost:
    """``row`` reads one of ``choices`` while there is no grid: then the battery must be free to carry the house."""

    row: Register
    choices: tuple[float, ...]

    def holds(self, seen: Values) -> bool:
        return seen.get(self.row.name) in self.choices


@dataclass(frozen=True, slots=True)
class Order:
    """What is written, request by request, and the battery power that comes of it, W.

    ``reason`` says why that is another power than was asked for. ``power`` names the control that holds the power: a
    device that lowers it there has clamped the order. ``lasts``: nothing ends this order by itself, whatever the facts
    of the family are.
    """

    writes: tuple[Write, ...]
    battery_w: float
    reason: str | None = None
    power: str | None = None
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Steering:
    """The rules of one device. Each function is pure and is given what was just ``seen``: all rows below.

    ``order`` makes a power for a time, W and s; it raises ``NotSupported`` where that cannot be. It also sees what was
    found before the device was steered, where that is known, by ``as_found(name)``. ``neutral`` leaves the device to
    itself, with the settings that were ``found`` (empty: those of a device that nobody has steered). ``forced`` are the
    controls that force or limit the battery now, empty while the device follows its own rule. ``owners`` are the
    settings to give back later: those that read back, and in place of ``forced`` ones what leaves the device to itself.
    ``cap`` limits the solar power, W; None lifts it.

    ``wears``: every order writes persistent registers. ``looked_at`` are further rows that the functions need.
    """

    facts: SteeringFacts
    controls: tuple[Control, ...]
    order: Callable[[float, float, Values], Order]
    neutral: Callable[[Values, Mapping[str, float]], tuple[Write, ...]]
    forced: Callable[[Values], Mapping[str, float]]
    owners: Callable[[Values], Mapping[str, float]]
    cap: Callable[[float | None, Values], tuple[Write, ...]] | None = None
    looked_at: tuple[Register, ...] = ()
    conditions: tuple[Condition, ...] = ()
    grid_lost: GridLost | None = None
    wears: bool = False

    def __post_init__(self) -> None:
        by_name: dict[str, Register] = {}
        for row in (*(control.read_from for control in self.controls), *self.rows):
            if by_name.setdefault(row.name, row) != row:
                places = f"{by_name[row.name].address} and {row.address}"
                raise ValueError(f"{row.name} is the name of two rows, at {places}: values are by their names")

    @property
    def rows(self) -> tuple[Register, ...]:
        """Everything that is read before and after a write."""
        rows = [control.read_from for control in self.controls if control.reads_back]
        rows += [*self.looked_at, *(condition.row for condition in self.conditions)]
        return tuple(dict.fromkeys(rows if self.grid_lost is None else [*rows, self.grid_lost.row]))


@dataclass(frozen=True, slots=True)
class Datasheet:
    """One device: what it reads, how it may be asked, and how it is steered (None: it is not)."""

    formulas: Mapping[Quantity, Formula]
    limits: SpanLimits = field(default_factory=SpanLimits)
    steering: Steering | None = None
    constants: tuple[Constant, ...] = ()
    ratings: Mapping[Quantity, float] = field(default_factory=dict)

    @property
    def control_addresses(self) -> tuple[int, ...]:
        """Holding registers by which it is steered."""
        controls = () if self.steering is None else self.steering.controls
        return tuple(address for control in controls for address in control.row.addresses)


@dataclass(frozen=True, slots=True)
class Variants:
    """The datasheet of a device that first must say what it is: ``choose`` makes it of the values of ``probes``.

    The probes are read one by one at each connection; one that the device refuses or calls missing is None.
    """

    probes: tuple[Register, ...]
    choose: Callable[[Values], Datasheet]


@dataclass(frozen=True, slots=True)
class Walk:
    """The datasheet of a device whose map tells where things are: ``step`` gives what to read next, at last the sheet.

    It is given all that was read so far, by the names of the rows; what the device refuses or calls missing is None. It
    must come to an end with whatever a device answers. Walked at each connection.
    """

    step: Callable[[Values], "Sequence[Register] | Datasheet"]


def as_found(name: str) -> str:
    """By which name an order sees the value that a control had before the device was steered."""
    return f"{name}, as found"


def given_back(
    groups: Iterable[Sequence[Register]], target: Mapping[str, float], seen: Values, controls: Iterable[Control]
) -> tuple[Write, ...]:
    """A request for each group of rows that does not read its ``target``, in this order.

    A group is left alone where a target is not known, or is nothing that may be written: no order began there.
    """
    allowed = {control.name: control for control in controls}
    there = [group for group in groups if group and all(row.name in target for row in group)]
    return tuple(
        tuple((row.name, target[row.name]) for row in group)
        for group in there
        if any(target[row.name] != seen[row.name] for row in group)
        and all(allowed[row.name].refusal(target[row.name]) is None for row in group)
    )


def within(power_w: float, charge_w: float | None, discharge_w: float | None) -> tuple[float, str | None]:
    """``power_w`` inside what the battery takes and gives now, and why it was cut. None is no limit, W."""
    if discharge_w is not None and power_w > discharge_w:
        return max(0.0, discharge_w), f"the battery gives at most {max(0.0, discharge_w):g} W now"
    if charge_w is not None and power_w < -charge_w:
        return min(0.0, -charge_w), f"the battery takes at most {max(0.0, charge_w):g} W now"
    return power_w, None


def least(*limits_w: float | None) -> float | None:
    """The lowest of the limits that are known, W; None when none is."""
    return min((limit_w for limit_w in limits_w if limit_w is not None), default=None)


def watts_of(seen: Values, amps: Register, volts: Register) -> float | None:
    """A current limit at a voltage, W; None when one of the two is missing."""
    limit_a, volts_v = seen.get(amps.name), seen.get(volts.name)
    return None if limit_a is None or volts_v is None else limit_a * volts_v
