"""The law of ``domain/battery.py`` for arrays: of powers, energies and SoCs of any shape.

The tests hold the two against each other.
"""

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery

Floats = NDArray[np.float64]


def stored_changes(battery: Battery, powers: Floats, hours: float) -> Floats:
    """What ``hours`` at AC ``powers``, W (> 0 discharges), add to the stored energy, Wh."""
    per_hour = np.where(powers > 0, -powers / battery.discharge_efficiency, -powers * battery.charge_efficiency)
    if battery.loss_above_half:
        half_w = np.where(powers > 0, battery.discharge_w, battery.charge_w) / 2.0
        per_hour = per_hour - battery.loss_above_half * np.maximum(0.0, np.abs(powers) - half_w)
    return np.asarray(per_hour * hours)


def powers_for(battery: Battery, changes: Floats, hours: float) -> Floats:
    """AC powers, W (> 0 discharges), that change stored energy by ``changes``, Wh, in ``hours``."""
    charging = changes / battery.charge_efficiency / hours
    discharging = -changes * battery.discharge_efficiency / hours
    if battery.loss_above_half:
        into = battery.charge_efficiency / (battery.charge_efficiency - battery.loss_above_half)
        charging += np.maximum(0.0, charging - battery.charge_w / 2.0) * (into - 1.0)
        out = 1.0 / (1.0 + battery.loss_above_half * battery.discharge_efficiency)
        discharging += np.maximum(0.0, discharging - battery.discharge_w / 2.0) * (out - 1.0)
    return np.asarray(np.where(changes > 0.0, -charging, discharging))


def stored_wh(battery: Battery, soc_pct: Floats) -> Floats:
    """Stored energy at each SoC, Wh."""
    return battery.usable_wh * soc_pct / 100.0


def socs_pct(battery: Battery, stored_wh: Floats) -> Floats:
    """The SoC of each stored energy, percent."""
    return 100.0 * stored_wh / battery.usable_wh
