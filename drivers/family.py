"""What a family of devices tells about itself, so that a site file can be checked and a device built."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from drivers.device import Action, Readable, Transport
from drivers.endpoint import RTU_GAP_S, Parity, SerialEndpoint
from drivers.identity import Identity

Monotonic = Callable[[], float]
Build = Callable[[str, Transport, Mapping[str, object], Monotonic], Readable]
Confidence = Literal["A", "B", "C"]

_TURNAROUND_S = 0.01  # until a device on RS-485 answers
_FRAMES_OCTETS = 8 + 5  # a read request, and its answer without the registers


@dataclass(frozen=True, slots=True)
class SerialLine:
    """How a serial line is set; eight data bits."""

    baud: int = 9600
    parity: Parity = "N"
    stop_bits: int = 1

    def read_s(self, registers: int, gap_s: float = 0.0) -> float:
        """How long a read of so many registers takes on it, with the gap after it (0: the usual one), s."""
        octets = _FRAMES_OCTETS + 2 * registers
        line = SerialEndpoint("any", self.baud, self.parity, self.stop_bits)
        return line.transfer_s(octets) + _TURNAROUND_S + max(line.silence_s, gap_s or RTU_GAP_S)

    def request_registers(self, gap_s: float = 0.0) -> float:
        """As many registers as take the time of one more request."""
        empty_s = self.read_s(0, gap_s)
        return empty_s / (self.read_s(1, gap_s) - empty_s)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """How the devices of a family want to be spoken to.

    ``ports`` and ``unit_ids`` are the usual ones, the likeliest first; no ports: a serial line only. ``serial`` is how
    such a line is usually set, the likeliest first; none: no serial line. ``single_client``:
    a second connection is refused or throws out the first. ``settle_after_connect_s`` is waited before the first
    request, ``gap_s`` kept between an answer and the next request. ``answer_s`` is how long an answer may take (0: the
    usual time), ``fastest_poll_s`` how often the device may be asked, or has new values. ``single_write_fc6``: single
    registers are written by function 6, else all by 16.
    """

    ports: tuple[int, ...] = (502,)
    unit_ids: tuple[int, ...] = (1,)
    single_client: bool = False
    settle_after_connect_s: float = 0.0
    gap_s: float = 0.0
    answer_s: float = 0.0
    fastest_poll_s: float = 1.0
    single_write_fc6: bool = False
    serial: tuple[SerialLine, ...] = (SerialLine(),)


@dataclass(frozen=True, slots=True)
class SteeringFacts:
    """What can be had from the steering of a family, and for how long.

    ``reverts_after_s`` is the longest time from the last write until the device follows its own rule again
    (``reverts_to``); None: it never does by itself, or, with ``timer_step_s``, after the time that is written with each
    order, rounded up to such steps. ``refresh_s`` is how often an order must be written again while it is held (None:
    need not). ``settle_s`` is waited before a read-back, ``shortest_between_writes_s`` between two orders.
    ``resolution_w`` is the step of a power (0: below a watt). ``verify`` says by what an order is believed.
    """

    actions: frozenset[Action]
    verify: str
    reverts_after_s: float | None = None
    timer_step_s: float | None = None
    reverts_to: str = "its own self-consumption"
    refresh_s: float | None = None
    settle_s: float = 0.0
    shortest_between_writes_s: float = 0.0
    resolution_w: float = 1.0

    def __post_init__(self) -> None:
        if not self.actions:
            raise ValueError("a steering that can be told nothing is none")
        ends_s, refresh_s = self.reverts_after_s, self.refresh_s
        if ends_s is not None and refresh_s is not None and refresh_s > ends_s:
            raise ValueError(f"an order ends after {ends_s:g} s, so it cannot be written again after {refresh_s:g} s")

    @property
    def reverts(self) -> bool:
        """True when an order ends by itself."""
        return self.reverts_after_s is not None or self.timer_step_s is not None

    @property
    def longest_hold_s(self) -> float:
        """Twice ``refresh_s``, since whoever holds a lease renews it at half of its life."""
        return float("inf") if self.refresh_s is None else 2.0 * self.refresh_s


@runtime_checkable
class KnowsFacts(Protocol):
    """A device that knows what the steering of its own variant can do, where that of the family is not all."""

    @property
    def facts(self) -> SteeringFacts: ...


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a family: its type, what it is when left out, and the values or the range it may have."""

    kind: type
    default: object
    meaning: str
    choices: tuple[object, ...] = ()
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.default is not None:
            self.check("the default of an option", self.default)

    def check(self, place: str, value: object) -> None:
        """Raise ValueError with one sentence when ``value`` is not allowed. An int passes for a float."""
        allowed = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and self.kind is not bool):
            raise ValueError(f"{place} is {value!r}: it must be {self.kind.__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{place} is {value!r}: it must be a number")
        if self.choices and value not in self.choices:
            raise ValueError(f"{place} is {value!r}: it must be one of {', '.join(map(repr, self.choices))}")
        if isinstance(value, int | float) and not self._in_range(value):
            raise ValueError(f"{place} is {value!r}: it must be {self._range()}")

    def _in_range(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def _range(self) -> str:
        ends = (
            f"at least {self.low:g}" if self.low is not None else "",
            self.high is not None and f"at most {self.high:g}",
        )
        return " and ".join(end for end in ends if end)


@dataclass(frozen=True, slots=True)
class Family:
    """``build`` takes checked options, complete with their defaults.

    ``brand`` are the words that a person knows it by, ``document`` is where the rows come from, with its edition.
    ``confidence``: A, two independent sources agree; B, one source; C, try it on the device first. ``steering`` is None
    for what cannot be steered, ``identity`` for what cannot be told from other devices; ``switches`` is true of relays.
    ``sun_option`` is the option without which it shows no sun, ``sees_all_sun`` true of what shows the sun of other
    makers' inverters as well. ``unfit_states`` are the codes of ``Quantity.STATE`` in which nothing can be learnt from
    how it is steered, with their words.
    """

    name: str
    build: Build
    brand: str
    document: str
    options: Mapping[str, Option]
    confidence: Confidence = "B"
    link: LinkFacts = LinkFacts()
    steering: SteeringFacts | None = None
    identity: Identity | None = None
    switches: bool = False
    sun_option: str | None = None
    sees_all_sun: bool = False
    unfit_states: Mapping[float, str] = field(default_factory=dict)

    @property
    def steerable(self) -> bool:
        return self.steering is not None

    @property
    def feeds_grid(self) -> bool:
        """True when a battery of this family can be made to discharge into the grid, and not for the load alone."""
        return self.steering is None or bool(self.steering.actions & {Action.SETPOINT, Action.DISCHARGE})

    def complete(self, given: Mapping[str, object]) -> dict[str, object]:
        """``given`` with the defaults of the options left out. Raises ValueError for one that is not allowed."""
        for name, value in given.items():
            if name not in self.options:
                known = ", ".join(sorted(self.options)) or "none"
                raise ValueError(f"family {self.name} has no option {name!r}: allowed are {known}")
            self.options[name].check(f"option {name} of family {self.name}", value)
        return {name: given.get(name, option.default) for name, option in self.options.items()}
