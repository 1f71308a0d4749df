"""The least time in which rows can be read within the limits of a device, worked out apart from the drivers."""

from collections.abc import Callable, Iterable
from functools import cache

from drivers.register import Register
from drivers.spans import SpanLimits


def least_time_s(rows: Iterable[Register], limits: SpanLimits, read_s: Callable[[int], float]) -> float:
    """``read_s`` is the time of one read of so many registers, s. Over the sorted rows, every first request tried."""
    rows = tuple(rows)
    return sum(_table_s([row for row in rows if row.table == table], limits, read_s) for table in ("holding", "input"))


def _table_s(rows: list[Register], limits: SpanLimits, read_s: Callable[[int], float]) -> float:
    grid = 2 if limits.even else 1
    wholes = sorted({_whole(row, grid) for row in rows})
    named = {address for start, end in wholes for address in range(start, end)}

    def allowed(start: int, end: int) -> bool:
        hole = widest = 0
        for address in range(start, end):
            hole = 0 if address in named else hole + 1
            widest = max(widest, hole)
        crossed = any(start < barrier < end for barrier in limits.barriers)
        return end - start <= limits.max_registers and widest <= limits.max_gap and not crossed

    @cache
    def rest_s(first: int) -> float:
        """Of the rows from the one with this number on."""
        if first == len(wholes):
            return 0.0
        start, end, times_s = wholes[first][0], 0, []
        for last in range(first, len(wholes)):
            end = max(end, wholes[last][1])
            if allowed(start, end):
                times_s.append(read_s(end - start) + rest_s(last + 1))
        return min(times_s)

    return rest_s(0)


def _whole(row: Register, grid: int) -> tuple[int, int]:
    """The registers of a value and its scale factor, from the first to before the one after the last."""
    there = [*row.addresses, *(() if row.scale_address is None else (row.scale_address,))]
    return min(there) // grid * grid, -(-(max(there) + 1) // grid) * grid
