"""Memory of the controller over a simulated month."""

import json
import sys
import tempfile
from pathlib import Path

from tests.bench.children import output_of
from tests.bench.figures import Figure, Samples

DAYS, WARM_DAYS = 31.0, 1.0
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, in a folder of our own: a month has 44,000 commits
NOTE = f"{DAYS:g} days on the virtual clock, devices in memory, from day {WARM_DAYS:g} on; goal: 1 MiB"


def measure() -> list[Figure]:
    """How much anonymous memory grew from the first day to the last, and what a straight line through it says."""
    found = [(day, mib) for day, mib in grown(DAYS) if day >= WARM_DAYS]
    first, last = found[0][1], found[-1][1]
    return [
        Figure("controller, growth of memory over a simulated month", "MiB", Samples((last - first,)), note=NOTE),
        Figure("controller, slope of memory", "MiB/30 days", Samples((30.0 * slope(found),))),
    ]


def grown(days: float) -> list[tuple[float, float]]:
    """(day, anonymous MiB) four times a day."""
    with tempfile.TemporaryDirectory(prefix="month-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        command = [sys.executable, "-m", "tests.bench.month_at_work", folder, str(days)]
        return [(float(day), float(mib)) for day, mib in json.loads(output_of(command))]


def slope(points: list[tuple[float, float]]) -> float:
    """Least squares, y for each x."""
    mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)
