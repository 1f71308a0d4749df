"""How much flows from where to where. Pure.

Four totals are measured; who gave what to whom is a convention, in this order: what the grid gives beyond the load
charges the battery; solar charges the battery, then feeds the grid; the battery feeds the grid; the grid charges the
battery; then solar, battery and grid cover the load.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Flows:
    """W, each >= 0. ``unexplained_w`` is taken and given by nobody (> 0), or given and taken by nobody (< 0)."""

    solar_to_home_w: float
    solar_to_battery_w: float
    solar_to_grid_w: float
    battery_to_home_w: float
    battery_to_grid_w: float
    grid_to_home_w: float
    grid_to_battery_w: float
    unexplained_w: float

    def document(self) -> Mapping[str, float]:
        return {one.name: round(getattr(self, one.name), 1) for one in fields(self)}


def flows(grid_w: float, pv_w: float, battery_w: float, load_w: float) -> Flows:
    """grid_w > 0 imports, battery_w > 0 discharges. Solar below zero, an inverter's own use, counts as load."""
    solar, home = max(0.0, pv_w), max(0.0, load_w) + max(0.0, -pv_w)
    return shared_out(home, solar, max(0.0, grid_w), max(0.0, -grid_w), max(0.0, battery_w), max(0.0, -battery_w))


def shared_out(home: float, solar: float, given: float, fed: float, discharged: float, charged: float) -> Flows:
    """What the home took, the sun and the grid gave, the grid was fed, the battery gave and took; all >= 0.

    Powers of one instant, or energies of a time in Wh, in which a grid may both give and be fed.
    """
    taken: dict[str, float] = {}

    def take(name: str, most: float) -> float:
        taken[name] = taken.get(name, 0.0) + most
        return most

    beyond = take("grid_to_battery_w", min(charged, max(0.0, given - home)))
    given, charged = given - beyond, charged - beyond
    to_battery = take("solar_to_battery_w", min(solar, charged))
    solar, charged = solar - to_battery, charged - to_battery
    to_grid = take("solar_to_grid_w", min(solar, fed))
    solar, fed = solar - to_grid, fed - to_grid
    back = take("battery_to_grid_w", min(discharged, fed))
    discharged, fed = discharged - back, fed - back
    rest = take("grid_to_battery_w", min(given, charged))
    given, charged = given - rest, charged - rest
    uncovered = home
    for name, source in (("solar_to_home_w", solar), ("battery_to_home_w", discharged), ("grid_to_home_w", given)):
        uncovered -= take(name, min(source, uncovered))
    unused = solar + discharged + given - (home - uncovered)
    return Flows(**taken, unexplained_w=uncovered + fed + charged - unused)
