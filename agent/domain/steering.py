"""What is known of the devices that steer besides their readings: who else writes there, and what writing costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DailyWrites:
    """Writes of persistent registers on one UTC day: of the register written most, and how many are allowed."""

    day: str
    used: int
    budget: int


@dataclass(frozen=True, slots=True)
class SteeringReport:
    """``foreign``: by device, one sentence about what else steers it.

    ``left_alone`` says why nothing is written to any of the site's batteries now. ``lost`` is True while what was
    written last is known to be in force no more. ``writes``: by device, where it has persistent registers,
    and ``used_up`` a sentence where no more of them may be made today. ``not_kept`` says why the store does not hold
    what was found at the devices. ``owed_elsewhere``: the addresses of what was steered and not given back, where no
    device of the site steers or switches any more. ``owed_to_exchanged``: those of them where another device stands.
    """

    foreign: Mapping[str, str] = field(default_factory=dict)
    left_alone: str | None = None
    lost: bool = False
    writes: Mapping[str, DailyWrites] = field(default_factory=dict)
    used_up: Mapping[str, str] = field(default_factory=dict)
    not_kept: str | None = None
    owed_elsewhere: tuple[str, ...] = ()
    owed_to_exchanged: tuple[str, ...] = ()
