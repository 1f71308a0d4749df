"""A battery, and the law of what its powers do to the energy in it.

The SoC of ``usable_wh`` Wh changes by what reaches the cells: charging power times the charge efficiency, discharging
power divided by the discharge efficiency; of each watt above half of the rating ``loss_above_half`` is lost besides.
Losses grow with the square of the current; two straight lines come near that and keep the law exact in a linear
programme. Powers are AC watts, > 0 discharge. The twin for arrays is ``planning/battery_arrays.py``;
``planning/check.py`` states the law again on purpose.
"""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Battery:
    """One battery as the planner and the guard see it. Powers are AC watts, both positive; efficiencies are one-way.

    ``soc_min_pct``..``soc_max_pct`` is the window that may be used; ``reserve_pct`` is kept for outages inside it, so
    the floor for dispatch is the higher of the two, and ``caution_pct`` above that while the SoC is only counted.
    ``wear_per_kwh`` is money per kWh discharged; what power and depth ask besides, money per kWh, and below which SoC,
    ``battery_wear`` says. Without ``feeds_grid`` its device discharges for the site's own load alone, and never into
    the grid. ``loss_above_half`` is twice what the efficiency falls from half to full power.
    """

    usable_wh: float
    charge_w: float
    discharge_w: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min_pct: float = 5.0
    soc_max_pct: float = 100.0
    reserve_pct: float = 0.0
    wear_per_kwh: float = 0.0
    caution_pct: float = 0.0
    feeds_grid: bool = True
    loss_above_half: float = 0.0
    wear_above_half_per_kwh: float = 0.0
    deep_wear_per_kwh: float = 0.0
    deep_below_pct: float = 0.0

    @property
    def floor_pct(self) -> float:
        """The lowest SoC that dispatch may go to."""
        return min(100.0, max(self.soc_min_pct, self.reserve_pct) + self.caution_pct)

    def most_discharge_w(self, net_load_w: float) -> float:
        """The largest discharging power at this net load of the site, W."""
        return self.discharge_w if self.feeds_grid else min(self.discharge_w, max(0.0, net_load_w))

    @property
    def round_trip(self) -> float:
        """What comes out of a kWh that was put in, a fraction."""
        return self.charge_efficiency * self.discharge_efficiency

    def without_wear(self) -> Self:
        """The same battery where money on the bill alone counts."""
        return replace(self, wear_per_kwh=0.0, wear_above_half_per_kwh=0.0, deep_wear_per_kwh=0.0)

    def with_caution(self, floor_by_pct: float, top_by_pct: float) -> Self:
        """The same battery with a floor that is higher and a top that is lower by so many percent."""
        return replace(self, caution_pct=floor_by_pct, soc_max_pct=max(self.soc_min_pct, self.soc_max_pct - top_by_pct))

    def stored_wh(self, soc_pct: float) -> float:
        """Stored energy at ``soc_pct``, Wh on the battery's side of its efficiencies."""
        return self.usable_wh * soc_pct / 100.0

    def soc_pct(self, stored_wh: float) -> float:
        """The SoC of ``stored_wh``, percent; the inverse of ``stored_wh``."""
        return 100.0 * stored_wh / self.usable_wh

    def above_floor_wh(self, soc_pct: float) -> float:
        """Stored energy between the floor and ``soc_pct``, Wh; 0 below the floor."""
        return max(0.0, self.stored_wh(soc_pct - self.floor_pct))

    def below_top_wh(self, soc_pct: float) -> float:
        """Room between ``soc_pct`` and the top of the window, Wh; 0 above the top."""
        return max(0.0, self.stored_wh(self.soc_max_pct - soc_pct))


@dataclass(frozen=True, slots=True)
class BatteryUnit:
    """One of the site's batteries, by the device that steers it."""

    device: str
    battery: Battery


def stored_w(battery: Battery, battery_w: float) -> float:
    """What ``battery_w`` adds to the stored energy, W; negative when it discharges."""
    plain_w = -battery_w / battery.discharge_efficiency if battery_w > 0 else -battery_w * battery.charge_efficiency
    if battery.loss_above_half == 0.0:
        return plain_w
    half_w = (battery.discharge_w if battery_w > 0 else battery.charge_w) / 2.0
    return plain_w - battery.loss_above_half * max(0.0, abs(battery_w) - half_w)


def soc_after(battery: Battery, soc_pct: float, battery_w: float, hours: float) -> float:
    """SoC after ``hours`` at ``battery_w``, percent, not bounded. Negative ``hours`` lead back to where it began."""
    return soc_pct + 100.0 * stored_w(battery, battery_w) * hours / battery.usable_wh


def power_to_reach(battery: Battery, soc_pct: float, target_pct: float, hours: float) -> float:
    """The battery power, W, that brings ``soc_pct`` to ``target_pct`` in ``hours``; the inverse of ``soc_after``."""
    wanted_w = (target_pct - soc_pct) / 100.0 * battery.usable_wh / hours
    return -charging_w(battery, wanted_w, 1.0) if wanted_w > 0 else discharging_w(battery, -wanted_w, 1.0)


def charging_w(battery: Battery, energy_wh: float, hours: float) -> float:
    """AC watts, positive, that add ``energy_wh`` to the stored energy in ``hours``."""
    plain_w, half_w = energy_wh / battery.charge_efficiency / hours, battery.charge_w / 2.0
    if battery.loss_above_half == 0.0 or plain_w <= half_w:
        return plain_w
    above = battery.charge_efficiency / (battery.charge_efficiency - battery.loss_above_half)
    return half_w + (plain_w - half_w) * above


def discharging_w(battery: Battery, energy_wh: float, hours: float) -> float:
    """AC watts, positive, that take ``energy_wh`` from the stored energy in ``hours``."""
    plain_w, half_w = energy_wh * battery.discharge_efficiency / hours, battery.discharge_w / 2.0
    if battery.loss_above_half == 0.0 or plain_w <= half_w:
        return plain_w
    return half_w + (plain_w - half_w) / (1.0 + battery.loss_above_half * battery.discharge_efficiency)


def power_window_w(battery: Battery, soc_pct: float, hours: float) -> tuple[float, float]:
    """(least, most) battery power, W, that keeps the SoC window for ``hours`` from ``soc_pct``, whatever the rating."""
    least_w = -charging_w(battery, battery.below_top_wh(soc_pct), hours)
    return least_w, discharging_w(battery, battery.above_floor_wh(soc_pct), hours)
