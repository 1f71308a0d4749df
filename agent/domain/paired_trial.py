"""Optimiser or rule, block by block: who decides when, while the two are compared on the site."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

DAY_H = 24


class Arm(Enum):
    """Who decides in a block."""

    OPTIMISER = "optimiser"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Schedule:
    """``arms[i]`` decides in the ``block_h`` hours from ``start`` (UTC) + i blocks."""

    start: datetime
    block_h: int
    arms: tuple[Arm, ...]

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the start of a comparison has no time zone")
        if not 1 <= self.block_h <= DAY_H or DAY_H % self.block_h:
            raise ValueError(f"a block of {self.block_h} h does not divide a day")

    @property
    def end(self) -> datetime:
        return self.block_start(len(self.arms))

    def block_start(self, block: int) -> datetime:
        return self.start + timedelta(hours=self.block_h * block)

    def block_at(self, at: datetime) -> int:
        """The number of the block that holds ``at``, also before the first and after the last."""
        return int((at - self.start).total_seconds() // (3600 * self.block_h))

    def which(self, at: datetime) -> Arm | None:
        """Who decides at ``at``; None before and after the trial."""
        block = self.block_at(at)
        return self.arms[block] if 0 <= block < len(self.arms) else None

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The blocks that are compared: (optimiser's, rule's), a pair each two days and time of day."""
        a_day = DAY_H // self.block_h
        found = []
        for first in range(len(self.arms)):
            if first % (2 * a_day) < a_day:
                pair = (first, first + a_day)
                found.append(pair if self.arms[first] is Arm.OPTIMISER else pair[::-1])
        return tuple(found)
