"""The dents of a value of stored energy, which a table may not have, filled by its concave majorant."""

import numpy as np

from agent.planning.battery_wear import depth_wear
from agent.planning.planning_terms import Floats, PlanningTerms

ROUNDING = 1e-12  # money; below it a dent is arithmetic


def concave_rows(grid: Floats, rows: Floats) -> Floats:
    """Every row that has a dent raised to its concave majorant."""
    for place in np.flatnonzero((np.diff(rows, 2, axis=1) > ROUNDING).any(axis=1)):
        rows[place] = concave_majorant(grid, rows[place])
    return rows


def concave_majorant(grid: Floats, values: Floats) -> Floats:
    """The lowest concave function on ``grid`` that is nowhere below ``values``."""
    corners: list[int] = []
    for point in range(len(grid)):
        while len(corners) > 1:
            first, second = corners[-2], corners[-1]
            rise = (values[second] - values[first]) * (grid[point] - grid[first])
            if rise > (values[point] - values[first]) * (grid[second] - grid[first]):
                break
            corners.pop()
        corners.append(point)
    return np.interp(grid, grid[corners], values[corners])


def smooth_rows(terms: PlanningTerms, grid: Floats, rows: Floats) -> Floats:
    """Rows of value without dents, where wear by depth counts when energy is put back: see ``battery_wear``."""
    return concave_rows(grid, rows - depth_wear(terms.battery, grid))
