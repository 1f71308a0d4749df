"""Short holes in the columns of a measured site, closed so that the site can be played."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FILLED_AT_MOST_H = 3.0

Cells = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Filled:
    """A column whose short holes are closed: how many cells were, and the intervals [first, last] still missing."""

    cells: Cells
    filled: int
    gaps: tuple[tuple[int, int], ...]


def fill_short_holes(cells: Cells, step_s: int, hold: bool) -> Filled:
    """Close runs of missing cells of at most three hours: held from before, or on a straight line between neighbours.

    A run at either end of the column takes its only neighbour. Longer runs stay missing.
    """
    longest = int(FILLED_AT_MOST_H * 3600.0 / step_s)
    closed = list(cells)
    count, gaps = 0, []
    for first, last in _holes(cells):
        before = cells[first - 1] if first > 0 else None
        after = cells[last + 1] if last + 1 < len(cells) else None
        if last - first + 1 > longest or (before is None and after is None):
            gaps.append((first, last))
            continue
        count += last - first + 1
        for index in range(first, last + 1):
            closed[index] = _between(before, after, (index - first + 1) / (last - first + 2), hold)
    return Filled(closed, count, tuple(gaps))


def _holes(cells: Cells) -> Iterator[tuple[int, int]]:
    first: int | None = None
    for index, cell in enumerate(cells):
        if cell is None and first is None:
            first = index
        elif cell is not None and first is not None:
            yield first, index - 1
            first = None
    if first is not None:
        yield first, len(cells) - 1


def _between(before: float | None, after: float | None, part: float, hold: bool) -> float | None:
    if before is None or after is None:
        return after if before is None else before
    return before if hold else before + (after - before) * part
