"""The seams of this library: what a transport and a device can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol, runtime_checkable

from drivers.reading import Reading

Table = Literal["holding", "input"]


@dataclass(frozen=True, slots=True)
class Span:
    """One block read: ``count`` registers of ``table`` from PDU ``address`` on."""

    table: Table
    address: int
    count: int


class Transport(Protocol):
    """Reaches the registers of one unit id. Raises only the errors of ``drivers.errors``."""

    async def read(self, span: Span) -> list[int]:
        """Return exactly ``span.count`` words, each 0..65535."""
        ...

    async def write(self, address: int, words: Sequence[int]) -> None:
        """Write holding registers with one request (FC16, or FC6 where the device needs it for one word)."""
        ...

    async def read_coil(self, address: int) -> bool:
        """Whether one coil is on (FC1)."""
        ...

    async def write_coil(self, address: int, on: bool) -> None:
        """Set one coil (FC5)."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let the device act on what was written; others may use the line meanwhile. On the clock of the line."""
        ...

    async def close(self) -> None:
        """Close the connection if this was its last user. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person should know of a device that answers, one sentence. ``code`` is stable: ``chain_irregular``."""

    code: str
    text: str


@runtime_checkable
class Remarked(Protocol):
    """A device that says what is odd about it, as far as the last read has shown."""

    @property
    def remarks(self) -> tuple[Remark, ...]: ...


@runtime_checkable
class Readable(Protocol):
    """A device that can be read."""

    name: str

    async def read(self) -> list[Reading]:
        """Read everything once. Connects and discovers first if needed.

        Quantities that the device does not have are left out; those that it has but does not give at the moment are
        MISSING. Raises ``DriverError`` when nothing could be read.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Switchable(Protocol):
    """A device that is on or off: a relay. It stays as it was put when nobody writes any more."""

    name: str

    async def switch(self, on: bool) -> None:
        """Put it on or off and read it back. Raises ``NotApplied``, ``NotSupported``, ``Refused`` or a link error."""
        ...


@runtime_checkable
class Watching(Protocol):
    """A device that may watch whether its controller lives, and end what it was told when it does not."""

    async def beat(self) -> None:
        """Tell it so, once a second or so while an order of ours may stand, and not after.

        Writes nothing to a device that does not watch, or does not take it. Raises a link error, or ``NotSupported``.
        """
        ...


class Action(Enum):
    """What a device can be told about its battery and its sun. The value is the word for a person."""

    SETPOINT = "any power, both ways"
    HOLD = "no discharging; the sun may charge"
    CHARGE = "charge with a power"
    DISCHARGE = "discharge with a power"
    CURTAIL = "cap the solar power"


@dataclass(frozen=True, slots=True)
class Applied:
    """The registers read back what was asked for. ``battery_w`` is the power in the device's own resolution, W."""

    battery_w: float


@dataclass(frozen=True, slots=True)
class Clamped:
    """The device took a different power than asked for, because of its own limits."""

    battery_w: float
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """It took nothing yet: ``battery_w`` stands (None: it is left to itself), and in ``later_s`` it takes an order."""

    battery_w: float | None
    reason: str
    later_s: float


SteerResult = Applied | Clamped


@dataclass(frozen=True, slots=True)
class ControlState:
    """What the registers that steer a device hold, by the datasheet's names (``124.InWRte``), in the datasheet's units.

    ``order`` are those that say what the battery is forced or limited to; empty while the device is left to itself.
    ``settings`` are all that steering writes.
    """

    order: Mapping[str, float]
    settings: Mapping[str, float]


@runtime_checkable
class Steerable(Protocol):
    """A device whose battery power can be set for a while.

    ``set_power`` writes a lease: the device goes back to its own self-consumption by itself ``hold_s`` seconds after
    the last write, where it has a reversion timer (``reverts`` tells). It raises ``Refused``, ``NotApplied``,
    ``NotSupported`` or a link error, and never leaves a lease without a timer on a device that has one.
    """

    name: str

    @property
    def actions(self) -> frozenset[Action]:
        """What it can be told."""
        ...

    @property
    def longest_hold_s(self) -> float:
        """The longest ``hold_s`` that the device keeps without another write; infinite where it has no such limit."""
        ...

    @property
    def written(self) -> ControlState | None:
        """What the registers read back after the last write that was taken; None where that is not known."""
        ...

    @property
    def wears(self) -> bool:
        """True when every change of the setpoint writes registers that a datasheet marks persistent."""
        ...

    @property
    def persistent_writes(self) -> Mapping[str, int]:
        """How often each persistent register was written by this object, by the datasheet's name."""
        ...

    @property
    def reverts(self) -> bool:
        """True when the device has a reversion timer that this driver sets."""
        ...

    async def set_power(self, battery_w: float, hold_s: float) -> SteerResult | Later:
        """Hold the battery at ``battery_w`` (W, positive discharges) for ``hold_s`` seconds and read it back.

        A ``hold_s`` over ``longest_hold_s`` is cut to that.
        """
        ...

    async def limit_pv(self, pv_w: float | None, hold_s: float) -> SteerResult:
        """Cap the inverter's PV output at ``pv_w`` watts (None lifts the cap). Raises ``NotSupported`` without one."""
        ...

    async def in_force(self) -> ControlState:
        """Read what the control registers hold now, and write nothing."""
        ...

    async def as_found(self) -> Mapping[str, float]:
        """Read the settings that steering will write and remember them as what ``release`` gives back.

        A power that some controller forced, or a limit that runs out by itself, is nobody's setting: in its place
        stands what leaves the device to itself.
        """
        ...

    def recall(self, found: Mapping[str, float]) -> None:
        """``release`` gives back ``found``, read by an earlier process that ended before it could."""
        ...

    async def release(self) -> None:
        """Give control back to the device: what was found, and else its own self-consumption without forced power.

        Safe to call at any time.
        """
        ...
