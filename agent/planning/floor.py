"""A floor of the SoC window that changes by the hour, in the value of stored energy.

To end a step below its floor costs as much for each kWh as standing below the whole window: more than any price.
"""

import numpy as np
from numpy.typing import NDArray

from agent.planning.planning_terms import FLOOR_MULTIPLE, Floats, PlanningTerms


def below_floor(terms: PlanningTerms, step: int, stored_kwh: Floats) -> Floats:
    """Money that it costs to end ``step`` with ``stored_kwh``, nothing at the floor and above it."""
    return np.asarray(FLOOR_MULTIPLE * terms.top_price * np.maximum(terms.floor_kwh[step] - stored_kwh, 0.0))


def with_floor(terms: PlanningTerms, grid: Floats, rows: Floats, steps: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Grid (kWh) and rows of value at the end of ``steps``, with what it costs to be below their floors.

    The floors become points of the grid, so that the value bends where they are and nowhere else.
    """
    if (terms.floor_kwh <= grid[0]).all():
        return grid, rows
    finer = np.union1d(grid, terms.floor_kwh[(terms.floor_kwh > grid[0]) & (terms.floor_kwh < grid[-1])])
    finer = finer[np.concatenate([[True], np.diff(finer) > 1e-6 * grid[-1]])]
    place = np.clip(np.searchsorted(grid, finer, side="right") - 1, 0, len(grid) - 2)
    share = (finer - grid[place]) / (grid[place + 1] - grid[place])
    refined = (1.0 - share) * rows[:, place] + share * rows[:, place + 1]
    short = np.maximum(terms.floor_kwh[steps][:, None] - finer, 0.0)
    return finer, np.asarray(refined - FLOOR_MULTIPLE * terms.top_price * short)
