"""What using a battery costs of its life, money, by the parts that its maker or its owner gives.

``wear_per_kwh`` of each kWh discharged; ``wear_above_half_per_kwh`` besides of what is discharged above half of the
rating; ``deep_wear_per_kwh`` besides of each stored kWh that is taken out below ``deep_below_pct``: a cost of depth in
pieces (B. Xu et al., "Factoring the cycle aging cost of batteries participating in electricity markets", IEEE
Trans. Power Systems 33(2), 2018), with its border at one SoC. The twin for arrays is ``planning/battery_wear.py``.
"""

from agent.domain.battery import Battery, soc_after


def wear(battery: Battery, battery_w: float, soc_pct: float, hours: float) -> float:
    """Money that ``hours`` at ``battery_w`` (> 0 discharges) cost, from ``soc_pct`` on; charging costs nothing."""
    money = battery.wear_per_kwh * max(battery_w, 0.0) * hours / 1000.0
    if battery_w <= 0.0:
        return money
    if battery.wear_above_half_per_kwh:
        above_w = max(battery_w - battery.discharge_w / 2.0, 0.0)
        money += battery.wear_above_half_per_kwh * above_w * hours / 1000.0
    if battery.deep_wear_per_kwh:
        money += deep_between(battery, soc_after(battery, soc_pct, battery_w, hours), soc_pct)
    return money


def deep_between(battery: Battery, low_pct: float, high_pct: float) -> float:
    """Money of the depth between two SoCs: once for the whole way down, as much again after a way up."""
    deep_pct = min(high_pct, battery.deep_below_pct) - low_pct
    return battery.deep_wear_per_kwh * battery.stored_wh(max(deep_pct, 0.0)) / 1000.0


def wear_per_kwh(battery: Battery, discharge_w: float) -> float:
    """What one more discharged kWh costs at ``discharge_w``, depth left out, money."""
    if discharge_w > battery.discharge_w / 2.0:
        return battery.wear_per_kwh + battery.wear_above_half_per_kwh
    return battery.wear_per_kwh
