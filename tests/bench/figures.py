"""One line of the bench's table: several values of ours, several of the yardstick, and the ratio of their medians."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of repeated measurements, in the figure's own unit."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Figure:
    """``goal`` is the largest ratio of ours to the yardstick that the project allows itself; None where it has none."""

    what: str
    unit: str
    ours: Samples
    yardstick: Samples | None = None
    against: str = ""
    goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the yardstick, medians; None without a yardstick."""
        if self.yardstick is None or self.yardstick.median == 0:
            return None
        return self.ours.median / self.yardstick.median

    @property
    def over(self) -> bool:
        """True when the ratio is above the goal."""
        return self.goal is not None and self.ratio is not None and self.ratio > self.goal


def timed(work: Callable[[], object]) -> float:
    """Processor seconds of one call, so that whatever else the machine does is not counted."""
    began = time.process_time()
    work()
    return time.process_time() - began


def side_by_side(rounds: int, *works: Callable[[], object]) -> tuple[Samples, ...]:
    """Milliseconds of each work, taken in turns, so that a slow moment of the machine meets all of them.

    The first turn warms up and is not counted.
    """
    turns = [[1000.0 * timed(work) for work in works] for _ in range(rounds + 1)][1:]
    return tuple(Samples(tuple(column)) for column in zip(*turns, strict=True))
