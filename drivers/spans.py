"""Rows of a datasheet to the block reads that take the least time, within what a device allows. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drivers.device import Span, Table
from drivers.register import Register


@dataclass(frozen=True, slots=True)
class SpanLimits:
    """What one read request may ask of a device.

    ``max_registers`` per request (the Modbus application protocol allows 125). ``max_gap`` registers that no row names
    may lie between two rows of a request; 0 for devices that refuse a request over a hole. No request holds both
    ``b - 1`` and ``b`` for a ``b`` of ``barriers``. ``even`` asks for even start addresses and counts.
    ``request_registers`` is as many registers as take the time of one more request on the line that is usual: over a
    network a request takes some milliseconds and a register next to nothing.
    """

    max_registers: int = 125
    max_gap: int = 0
    barriers: tuple[int, ...] = ()
    even: bool = False
    request_registers: float = 250.0

    def __post_init__(self) -> None:
        if not 1 <= self.max_registers <= 125:
            raise ValueError(f"max_registers is {self.max_registers}: a request holds 1 to 125 registers")
        if self.max_gap < 0:
            raise ValueError(f"max_gap is {self.max_gap}: it cannot be negative")
        if self.request_registers < 0:
            raise ValueError(f"request_registers is {self.request_registers}: it cannot be negative")
        if self.even and any(barrier % 2 for barrier in self.barriers):
            raise ValueError("barriers must be even where requests start and end at even addresses")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Registers from ``start`` to before ``end`` that must come in one answer: all words of a value and its scale."""

    start: int
    end: int
    name: str


def plan_spans(rows: Iterable[Register], limits: SpanLimits) -> list[Span]:
    """The spans of least time that hold every row whole, each with its scale factor, in the order of table and address.

    Raises ValueError when a row cannot be read within the limits. Registers between a value and its scale factor are
    taken to be readable.
    """
    rows = tuple(rows)
    tables: tuple[Table, ...] = ("holding", "input")
    return [
        Span(table, start, end - start)
        for table in tables
        for start, end in _ranges([_stretch(row, limits) for row in rows if row.table == table], limits)
    ]


def rows_of(span: Span, rows: Iterable[Register]) -> list[Register]:
    """The rows that ``span`` holds whole, with their scale factors."""
    return [row for row in rows if row.table == span.table and _inside(row, span)]


def _inside(row: Register, span: Span) -> bool:
    start, end = _hull(row)
    return span.address <= start and end <= span.address + span.count


def _hull(row: Register) -> tuple[int, int]:
    there = row.addresses if row.scale_address is None else (*row.addresses, row.scale_address)
    return min(there), max(there) + 1


def _stretch(row: Register, limits: SpanLimits) -> _Stretch:
    start, end = _hull(row)
    if limits.even:
        start, end = start - start % 2, end + end % 2
    if end - start > limits.max_registers:
        raise ValueError(f"{row.name}: value and scale factor are {end - start} registers, over {limits.max_registers}")
    if any(start < barrier < end for barrier in limits.barriers):
        raise ValueError(f"{row.name}: value and scale factor lie across a border of the device")
    return _Stretch(start, end, row.name)


def _ranges(stretches: Sequence[_Stretch], limits: SpanLimits) -> list[tuple[int, int]]:
    ordered = sorted(stretches, key=lambda stretch: (stretch.start, stretch.end))
    return [found for island in _islands(ordered, limits) for found in _cover(island, limits)]


def _islands(ordered: Sequence[_Stretch], limits: SpanLimits) -> list[list[_Stretch]]:
    """Groups that no request may span: too wide a hole or a border lies between them."""
    islands: list[list[_Stretch]] = []
    end = 0
    for stretch in ordered:
        border = any(end <= barrier <= stretch.start for barrier in limits.barriers)
        if not islands or border or stretch.start - end > limits.max_gap:
            islands.append([])
        islands[-1].append(stretch)
        end = max(end, stretch.end)
    return islands


def _cover(island: Sequence[_Stretch], limits: SpanLimits) -> list[tuple[int, int]]:
    """By dynamic programming over the stretches in their order: the cheapest way to read the first ones, for each.

    Requests of neighbours are enough: a stretch that lies within another comes with it.
    """
    room = limits.max_registers - (limits.max_registers % 2 if limits.even else 0)
    cheapest: list[tuple[float, int]] = [(0.0, 0)]  # registers' time, and with which stretch its last request begins
    for count in range(1, len(island) + 1):
        found = (math.inf, 0)
        end = 0
        for first in range(count - 1, -1, -1):
            start, end = island[first].start, max(end, island[first].end)
            if end - start > room:
                break
            found = min(found, (cheapest[first][0] + limits.request_registers + end - start, first))
        cheapest.append(found)
    ranges = []
    count = len(island)
    while count:
        first = cheapest[count][1]
        ranges.append((island[first].start, max(stretch.end for stretch in island[first:count])))
        count = first
    return ranges[::-1]


def halves(rows: Sequence[Register]) -> tuple[list[Register], list[Register]]:
    """Lower and upper half by address, to find out which one a device refuses. The lower is empty for a single row."""
    ordered = sorted(rows, key=lambda row: row.address)
    middle = len(ordered) // 2
    return ordered[:middle], ordered[middle:]
