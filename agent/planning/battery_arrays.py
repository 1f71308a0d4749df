"""The law of ``domain/battery.py`` for arrays: of powers, energies and SoCs of any shape.

The tests hold the two against each other.
"""

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery

Floats = NDArray[np.float64]


def stored_changes(battery: Battery, powers: Floats, hours: float) -> Floats:
    """What ``hours`` at AC ``powers`` (> 0 discharges) add to the stored energy: Wh for W, kWh for kW."""
    per_hour = np.where(powers > 0, -powers / battery.discharge_efficiency, -powers * battery.charge_efficiency)
    return np.asarray(per_hour * hours)


def powers_for(battery: Battery, changes: Floats, hours: float) -> Floats:
    """AC powers (> 0 discharges) that change stored energy by ``changes`` in ``hours``: W for Wh, kW for kWh."""
    charging = -changes / battery.charge_efficiency
    return np.asarray(np.where(changes > 0.0, charging, -changes * battery.discharge_efficiency) / hours)


def stored_wh(battery: Battery, soc_pct: Floats) -> Floats:
    """Stored energy at each SoC, Wh."""
    return battery.usable_wh * soc_pct / 100.0


def socs_pct(battery: Battery, stored_wh: Floats) -> Floats:
    """The SoC of each stored energy, percent."""
    return 100.0 * stored_wh / battery.usable_wh
