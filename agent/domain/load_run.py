"""A machine that the agent switches: what it still has to run, and when the plan lets it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LoadTask:
    """``power_w`` for ``left_s`` more seconds within ``first``..``end`` (UTC).

    ``interruptible``: in pieces. ``running``: it has begun, and one that is not interruptible goes on to its end.
    """

    name: str
    power_w: float
    left_s: float
    first: datetime
    end: datetime
    interruptible: bool = False
    running: bool = False


@dataclass(frozen=True, slots=True)
class LoadRun:
    """The load ``name`` is on from ``start`` until before ``end`` (UTC) and then takes about ``power_w``."""

    name: str
    start: datetime
    end: datetime
    power_w: float

    def covers(self, at: datetime) -> bool:
        return self.start <= at < self.end
