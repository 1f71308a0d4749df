"""One column of a trace: a value for any minute, and the interval means that it is made of."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from simulator.noise import chance, smooth

MINUTE_S = 60


class Column(Protocol):
    """A quantity over time. ``start_s`` is seconds since 1970; ``step_s`` is its own cadence."""

    @property
    def start_s(self) -> int: ...

    @property
    def step_s(self) -> int: ...

    @property
    def count(self) -> int: ...

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """The intervals [first, last] that are missing."""
        ...

    def mean(self, index: int) -> float | None:
        """The mean over interval ``index``, or None where it was not measured."""
        ...

    def value(self, epoch_s: float) -> float | None:
        """The value in the minute of ``epoch_s``. None where it cannot be said."""
        ...


@dataclass(slots=True)
class DrawnColumn:
    """A synthetic column at 60 s, drawn a UTC day at a time when it is asked for.

    ``draw`` returns the 1440 values of a day counted from 1970-01-01.
    """

    draw: Callable[[int], list[float]]
    start_s: int
    count: int
    step_s: int = MINUTE_S
    gaps: tuple[tuple[int, int], ...] = ()
    _days: dict[int, list[float]] = field(default_factory=dict)

    def mean(self, index: int) -> float | None:
        return self.value(self.start_s + MINUTE_S * index)

    def value(self, epoch_s: float) -> float | None:
        day, second = divmod(int(epoch_s), 86400)
        values = self._days.get(day)
        if values is None:
            if len(self._days) > 40:
                self._days.clear()
            values = self._days[day] = self.draw(day)
        return values[second // MINUTE_S]


@dataclass(slots=True)
class MeasuredColumn:
    """A column of interval means, played at 60 s, or at its own step where that is shorter.

    ``variation`` moves the minutes inside an interval around its mean by about that share, in a way that is the same
    every time, keeps the mean and never makes a minute negative; it is for columns that are never negative themselves.
    ``slope`` also leans an interval towards its neighbours, as the sun does.
    ``gaps`` are the intervals [first, last] that were not measured and not filled.
    """

    start_s: int
    step_s: int
    cells: Sequence[float | None]
    variation: float = 0.0
    slope: bool = False
    seed: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    _played: dict[int, list[float]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.cells)

    def mean(self, index: int) -> float | None:
        return self.cells[index]

    def value(self, epoch_s: float) -> float | None:
        index, second = divmod(int(epoch_s) - self.start_s, self.step_s)
        mean = self.cells[index]
        if mean is None or mean == 0.0 or (self.variation == 0.0 and not self.slope):
            return mean
        weights = self._played.get(index)
        if weights is None:
            if len(self._played) > 2000:
                self._played.clear()
            weights = self._played[index] = self._weights(index, mean)
        return mean * weights[second // MINUTE_S]

    def _weights(self, index: int, mean: float) -> list[float]:
        """Shares of the mean for each minute of an interval; their own mean is 1."""
        minutes = self.step_s // MINUTE_S
        before = self._neighbour(index - 1, mean) / mean
        after = self._neighbour(index + 1, mean) / mean
        shares = []
        for minute in range(minutes):
            share = 1.0
            if self.slope:
                part = (minute + 0.5) / minutes - 0.5
                share += part * ((1.0 - before) if part < 0.0 else (after - 1.0))
            if self.variation:
                share *= self._variation_at((self.start_s + index * self.step_s) // MINUTE_S + minute)
            shares.append(max(0.0, share))
        total = math.fsum(shares)
        return [share * minutes / total for share in shares] if total > 0.0 else [1.0] * minutes

    def _neighbour(self, index: int, mean: float) -> float:
        """The next interval's mean, never more than twice this one's; this one's own where there is none."""
        cell = self.cells[index] if 0 <= index < len(self.cells) else None
        return mean if cell is None else max(0.0, min(2.0 * mean, cell))

    def _variation_at(self, minute: int) -> float:
        slow = smooth(self.seed, minute / 11.0) - 0.5
        jump = 1.6 if chance(self.seed + 1, minute // 4) > 0.93 else 0.0
        return max(0.0, 1.0 + self.variation * (1.5 * slow + jump))
