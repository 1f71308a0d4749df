"""What commissioning has found and measured at the real devices: the report that is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

Points = tuple[tuple[float, float], ...]  # seconds since the test began, and W


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a ``device`` (empty: the site). One that ``stops`` is not passed with."""

    code: str
    text: str
    device: str = ""
    stops: bool = True


@dataclass(frozen=True, slots=True)
class CommissionedDevice:
    """A device of the site file, and what it says of itself; None where it does not."""

    name: str
    brand: str
    family: str
    place: str
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One order of the test and the response to it. Powers are W (> 0 discharges), times s since the test began.

    ``taken_w`` is what the device took of ``asked_w``. ``exact``: the battery is to have this power; else it may charge
    with more, as a device that only holds and charges lets the sun do. What was not measured is None: ``from_w``
    before, ``settled_w`` at the end, the dead time, the ramp between 10 and 90 % of the way, ``off_w`` how far the
    power stayed away.
    """

    what: str
    asked_w: float
    taken_w: float
    began_s: float
    ended_s: float
    exact: bool = True
    from_w: float | None = None
    settled_w: float | None = None
    dead_time_s: float | None = None
    ramp_w_per_s: float | None = None
    off_w: float | None = None


@dataclass(frozen=True, slots=True)
class Reversion:
    """The unplug test: ``promised_s`` by the datasheet, ``seen_s`` until the battery was free. None: there is none."""

    text: str
    promised_s: float | None = None
    seen_s: float | None = None


@dataclass(frozen=True, slots=True)
class BatteryTest:
    """The test of one battery, with its traces. ``asked`` is what was written when; None released it.

    ``answer`` is the change of grid and sun for a watt of the battery, which is 1 at a meter in its place. The lag says
    how much older the meter's values are than the battery's, s.
    """

    device: str
    test_w: float
    steps: tuple[Step, ...]
    battery: Points
    grid: Points
    pv: Points
    asked: tuple[tuple[float, float | None], ...]
    reversion: Reversion | None = None
    answer: float | None = None
    meter_lag_s: float | None = None
    released: str = ""


@dataclass(frozen=True, slots=True)
class Commissioning:
    """One run. ``ended`` says how; ``by`` is who ran it."""

    at: datetime
    by: str
    site: str
    passed: bool
    ended: str
    devices: tuple[CommissionedDevice, ...]
    findings: tuple[Finding, ...]
    tests: tuple[BatteryTest, ...] = ()

    @property
    def meter_lag_s(self) -> float | None:
        """The longest that was seen."""
        return _most(test.meter_lag_s for test in self.tests)

    @property
    def dead_time_s(self) -> float | None:
        """The longest that was seen."""
        return _most(step.dead_time_s for test in self.tests for step in test.steps)

    @property
    def off_w(self) -> float | None:
        """The furthest that a battery stayed away from what it had taken."""
        return _most(step.off_w for test in self.tests for step in test.steps)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
