"""The physics of one step: a battery that takes and gives what it can, solar power behind an inverter. Pure.

Signs: ``battery_w`` > 0 discharges, ``grid_w`` > 0 imports, ``pv_w`` and ``load_w`` are never negative, and
``load_w = grid_w + pv_w + battery_w`` at every instant. All powers are AC watts; every loss lies in the battery.
"""

from dataclasses import dataclass

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class BatterySpec:
    """A battery's nameplate. Powers are AC watts, both positive; efficiencies are one-way, 0..1.

    Above ``taper_full_pct`` the charge limit falls linearly to ``taper_floor`` of itself at 100 %, and below
    ``taper_empty_pct`` the discharge limit falls likewise towards 0 %, as lithium cells need.
    ``idle_w`` is drawn from the store all the time.
    """

    usable_wh: float
    charge_w: float
    discharge_w: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    idle_w: float = 5.0
    taper_full_pct: float = 90.0
    taper_empty_pct: float = 8.0
    taper_floor: float = 0.1

    def __post_init__(self) -> None:
        if min(self.usable_wh, self.charge_w, self.discharge_w) <= 0.0:
            raise ValueError("battery: usable_wh, charge_w and discharge_w must be above 0")
        for name in ("charge_efficiency", "discharge_efficiency"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"battery: {name} must be above 0 and at most 1")
        if self.idle_w < 0.0:
            raise ValueError("battery: idle_w must not be negative")
        if not (0.0 <= self.taper_empty_pct <= self.taper_full_pct <= 100.0 and 0.0 < self.taper_floor <= 1.0):
            raise ValueError("battery: the tapers must lie in 0..100 % and the floor in 0..1")

    def charge_limit_w(self, soc_pct: float) -> float:
        """The most it takes at ``soc_pct``, W."""
        return self.charge_w * self._taper(100.0 - soc_pct, 100.0 - self.taper_full_pct)

    def discharge_limit_w(self, soc_pct: float) -> float:
        """The most it gives at ``soc_pct``, W."""
        return self.discharge_w * self._taper(soc_pct, self.taper_empty_pct)

    def _taper(self, distance_pct: float, width_pct: float) -> float:
        if distance_pct >= width_pct:
            return 1.0
        return self.taper_floor + (1.0 - self.taper_floor) * max(0.0, distance_pct) / width_pct


@dataclass(frozen=True, slots=True)
class BatteryStep:
    """What became of one step: mean power, W (> 0 discharges), stored energy at its end and energy lost in it, Wh."""

    battery_w: float
    stored_wh: float
    loss_wh: float


def battery_step(
    spec: BatterySpec, stored_wh: float, wanted_w: float, seconds: float, floor_wh: float = 0.0
) -> BatteryStep:
    """Ask the battery for ``wanted_w`` (> 0 discharges) for ``seconds``; it does what it can.

    It never goes above ``usable_wh``, and discharging never takes it below ``floor_wh`` (its idle loss may).
    Energy is conserved: ``stored_before = stored_after + battery_w x hours + loss_wh``.
    """
    if seconds <= 0.0:
        raise ValueError("a battery step must last longer than 0 s")
    hours = seconds / SECONDS_PER_HOUR
    soc_pct = 100.0 * stored_wh / spec.usable_wh
    if wanted_w < 0.0:
        charge_w = min(-wanted_w, spec.charge_limit_w(soc_pct))
        charge_w = min(charge_w, max(0.0, spec.usable_wh - stored_wh) / (spec.charge_efficiency * hours))
        after_wh = min(spec.usable_wh, stored_wh + charge_w * spec.charge_efficiency * hours)
        battery_w = -charge_w
    else:
        battery_w = min(wanted_w, spec.discharge_limit_w(soc_pct))
        battery_w = min(battery_w, max(0.0, stored_wh - floor_wh) * spec.discharge_efficiency / hours)
        after_wh = max(0.0, stored_wh - battery_w * hours / spec.discharge_efficiency)
    after_wh = max(0.0, after_wh - spec.idle_w * hours)
    return BatteryStep(battery_w, after_wh, stored_wh - after_wh - battery_w * hours)


def pv_output_w(available_w: float, rated_w: float, cap_w: float | None = None) -> float:
    """Solar power that leaves the inverter: clipped at its rating and at the curtailment cap, never negative, W."""
    ceiling_w = rated_w if cap_w is None else min(rated_w, max(0.0, cap_w))
    return max(0.0, min(available_w, ceiling_w))


def self_consumption_w(load_w: float, pv_w: float) -> float:
    """The battery power that brings the grid to zero: cover the net load, store the surplus. W, > 0 discharges."""
    return load_w - pv_w


def grid_power_w(load_w: float, pv_w: float, battery_w: float) -> float:
    """What the grid must bring (> 0) or take (< 0), W."""
    return load_w - pv_w - battery_w
