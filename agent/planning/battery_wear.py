"""The wear of ``domain/battery_wear.py`` for arrays: by power and by depth, besides that of each discharged kWh.

By depth it is the rise of ``depth_wear`` from step to step, where it rises. Counted when energy is put back below the
SoC instead of when it is taken, a cycle costs the same. The table of a plan counts so: a kWh below that SoC is then
worth what putting it back would cost too, and not less than one above it, so that the value is nearly always concave.
The tests hold the two laws against each other.
"""

import numpy as np

from agent.domain.battery import Battery
from agent.planning.planning_terms import Floats


def rate_wear(battery: Battery, discharge_kw: Floats) -> Floats:
    """Money per hour of what is discharged above half of the rating, at powers of any shape."""
    above_kw = np.maximum(discharge_kw - battery.discharge_w / 2000.0, 0.0)
    return np.asarray(battery.wear_above_half_per_kwh * above_kw)


def depth_wear(battery: Battery, stored_kwh: Floats) -> Floats:
    """Money of what is missing below the SoC at which depth begins, for stored energies of any shape."""
    deep_kwh = battery.stored_wh(battery.deep_below_pct) / 1000.0
    return np.asarray(battery.deep_wear_per_kwh * np.maximum(deep_kwh - stored_kwh, 0.0))


def depth_taken(battery: Battery, stored_kwh: Floats) -> float:
    """Money of all that was taken by depth on the way through ``stored_kwh``, shape (steps + 1,)."""
    return float(np.maximum(np.diff(depth_wear(battery, stored_kwh)), 0.0).sum())


def further_wear(battery: Battery, discharge_kw: Floats, start_kwh: float, stored_kwh: Floats, step_h: float) -> float:
    """Money of power and depth, besides ``wear_per_kwh``; ``stored_kwh`` at the end of each step, (steps,) both."""
    by_power = float(rate_wear(battery, discharge_kw).sum()) * step_h
    return by_power + depth_taken(battery, np.concatenate([[start_kwh], stored_kwh]))
