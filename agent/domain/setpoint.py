"""A setpoint is a lease, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Rung(Enum):
    """The ladder. Each rung is taken when the one above it cannot be."""

    OVERRIDE = "override"  # a person, or the platform, has said so
    PLAN = "plan"  # a plan of this interval
    LAST_PLAN = "last plan"  # an older plan that has not expired
    RULES = "rules"  # self-consumption by our own rules
    OBSERVE = "observe"  # nothing is written; the reason says what would be
    RELEASE = "release"  # the device's own self-consumption


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What the battery shall do, for how long, and why.

    ``battery_w`` > 0 discharges; None releases the device to its own self-consumption. ``pv_limit_w`` is a cap on the
    sun of the steered devices ``suns``, all of them where none is named; None is no cap. ``shares`` are watts by device
    where the site has several batteries; one without a share is released.
    """

    at: datetime
    battery_w: float | None
    hold_s: float
    rung: Rung
    reason: str
    pv_limit_w: float | None = None
    shares: tuple[tuple[str, float], ...] = ()
    suns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """Written and read back."""

    battery_w: float | None


@dataclass(frozen=True, slots=True)
class Clamped:
    """Taken by the device at another power, because of its own limits.

    Of several batteries this is the sum that is in force; ``failed`` are the devices that took nothing. A device with
    a pace takes an order that came too soon ``later_s`` seconds from now: until then its power of before is in force
    (None: it is left to itself), of several batteries that by device in ``standing``. ``unchanged``: nothing at all
    that is new is in force.
    """

    battery_w: float | None
    reason: str
    failed: tuple[str, ...] = ()
    later_s: float = 0.0
    standing: tuple[tuple[str, float | None], ...] = ()
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Answered with no."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Not answered. Nothing is known; where the device has a timer, that ends what was in force."""

    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing needed to be written: the lease in force says the same and lasts long enough."""


Outcome = Applied | Clamped | Refused | Unreachable | Held
