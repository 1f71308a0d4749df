"""Columns of a linear programme, collected block by block and handed over column by column."""

import numpy as np
from numpy.typing import NDArray

from agent.planning.highs import LinearProgram
from agent.planning.planning_terms import Floats

Mask = NDArray[np.bool_]


def append_rows(row_lower: list[Floats], row_upper: list[Floats], low: Floats, high: Floats) -> NDArray[np.int64]:
    """Append the bounds of further rows and return their indices."""
    first = sum(len(part) for part in row_lower)
    row_lower.append(low)
    row_upper.append(high)
    return np.arange(first, first + len(low))


class Columns:
    """Collects blocks of columns and their entries; ``program`` sorts them into CSC."""

    def __init__(self) -> None:
        self.count = 0
        self._bounds: list[tuple[Floats, Floats, Floats]] = []
        self._entries: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []

    def block(
        self, size: int, cost: Floats | float, upper: Floats | float, lower: Floats | float = 0.0
    ) -> NDArray[np.int64]:
        """Append ``size`` columns and return their indices."""
        self._bounds.append((np.full(size, cost, float), np.full(size, lower, float), np.full(size, upper, float)))
        self.count += size
        return np.arange(self.count - size, self.count)

    def put(self, rows: NDArray[np.int64], columns: NDArray[np.int64], value: Floats | float) -> None:
        self._entries.append((rows, columns, np.full(len(rows), value, float)))

    def program(self, row_lower: Floats, row_upper: Floats, integer: Mask | None) -> LinearProgram:
        rows, columns, values = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        cost, lower, upper = (np.concatenate(part) for part in zip(*self._bounds, strict=True))
        order = np.argsort(columns, kind="stable")
        starts = np.zeros(self.count + 1, dtype=np.int32)
        np.cumsum(np.bincount(columns, minlength=self.count), out=starts[1:])
        return LinearProgram(
            cost, lower, upper, row_lower, row_upper, starts, rows[order].astype(np.int32), values[order], integer
        )
