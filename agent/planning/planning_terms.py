"""The question of the battery in numbers: what energy costs at every step, what the battery may do, where it stands.

Inside this room powers are kW, energies kWh and money the tariff's currency, so that the numbers of the linear
programme stay near one. Everything a caller sees is in W, Wh and money per kWh.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery
from agent.domain.site import Connection
from agent.planning.battery_arrays import stored_wh
from agent.planning.peak import Peak

Floats = NDArray[np.float64]

# Soft limits are priced as multiples of the highest price of the horizon: an hour below the floor above any price
# spread, a breach of the connection above two days below the floor.
FLOOR_MULTIPLE = 2.0
LIMIT_MULTIPLE = 100.0
LEAST_TOP_PRICE = 0.01  # money per kWh, so that a free horizon still has an order of preferences


@dataclass(frozen=True, slots=True)
class PlanningTerms:
    """Prices per kWh and limits. ``import_price`` and ``export_price`` have shape (steps,), finite.

    ``import_price`` is what an imported kWh counts in the objective (tariff plus carbon), ``terminal_per_kwh`` what a
    stored kWh is worth at the end, ``beyond_per_kwh`` what it is worth above ``beyond_kwh``. ``curtailable`` False
    takes the solar power as it comes. ``peak`` is the demand charge that asks most, ``other_peaks`` are those besides.

    ``reserve_pct``, ``import_limits_w`` and ``export_limits_w`` have one entry a step, or none where the battery's
    reserve and the connection's limits hold throughout. Of them come ``floor_kwh`` (at the end of each step) and
    the limits in kW (infinite where there is none), shape (steps,).
    """

    step_h: float
    battery: Battery
    connection: Connection
    import_price: Floats
    export_price: Floats
    terminal_per_kwh: float = 0.0
    curtailable: bool = True
    peak: Peak | None = None
    other_peaks: tuple[Peak, ...] = ()
    reserve_pct: Sequence[float] = ()
    import_limits_w: Sequence[float | None] = ()
    export_limits_w: Sequence[float | None] = ()
    beyond_kwh: float = np.inf
    beyond_per_kwh: float = 0.0
    floor_kwh: Floats = field(init=False)
    import_limit_kw: Floats = field(init=False)
    export_limit_kw: Floats = field(init=False)

    def __post_init__(self) -> None:
        require_finite("import_price", self.import_price, (len(self.import_price),))
        require_finite("export_price", self.export_price, (len(self.import_price),))
        numbers = {"step_h": self.step_h, "terminal_per_kwh": self.terminal_per_kwh}
        numbers |= {name: getattr(self.battery, name) for name in Battery.__dataclass_fields__}
        for name, value in numbers.items():
            if not np.isfinite(value):
                raise ValueError(f"{name} is {value}, not a number")
        if self.step_h <= 0 or self.battery.usable_wh <= 0:
            raise ValueError("the step and the usable capacity of the battery must be above zero")
        if not (0 < self.battery.charge_efficiency <= 1 and 0 < self.battery.discharge_efficiency <= 1):
            raise ValueError("the efficiencies of the battery must be above 0 and at most 1")
        if not 0 <= self.battery.loss_above_half < self.battery.charge_efficiency:
            raise ValueError("what is lost above half power must not be negative, nor all that is charged")
        if self.battery.charge_w < 0 or self.battery.discharge_w < 0 or self.battery.wear_per_kwh < 0:
            raise ValueError("the power limits and the wear cost of the battery must not be negative")
        if self.battery.wear_above_half_per_kwh < 0 or self.battery.deep_wear_per_kwh < 0:
            raise ValueError("the wear cost of the battery by power and by depth must not be negative")
        if not 0 <= self.battery.deep_below_pct <= 100:
            raise ValueError(f"the wear by depth begins at {self.battery.deep_below_pct} %, not within 0..100")
        floors = self._floors_pct()
        low, high = float(floors.max()), self.battery.soc_max_pct
        if not 0 <= floors.min() <= low <= high <= 100:
            raise ValueError(f"the SoC window runs from {low} to {high} %, not upwards within 0..100")
        connection = self.connection
        object.__setattr__(self, "floor_kwh", stored_wh(self.battery, floors) / 1000.0)
        for name, own, given in (
            ("import_limit", connection.import_limit_w, self.import_limits_w),
            ("export_limit", connection.export_limit_w, self.export_limits_w),
        ):
            object.__setattr__(self, f"{name}_kw", _limits_kw(f"{name}_w", given or (own,) * self.steps, self.steps))

    @property
    def steps(self) -> int:
        return len(self.import_price)

    def after(self, first: int) -> Self:
        """The same question for the steps from ``first`` on."""
        return replace(
            self,
            import_price=self.import_price[first:],
            export_price=self.export_price[first:],
            peak=None if self.peak is None else self.peak.after(first),
            other_peaks=tuple(peak.after(first) for peak in self.other_peaks),
            reserve_pct=self.reserve_pct[first:],
            import_limits_w=self.import_limits_w[first:],
            export_limits_w=self.export_limits_w[first:],
        )

    def before(self, last: int) -> Self:
        """The same question for the steps before ``last``."""
        cut = {name: getattr(self, name)[:last] for name in ("import_price", "export_price", "reserve_pct")}
        cut |= {name: getattr(self, name)[:last] for name in ("import_limits_w", "export_limits_w")}
        every = () if self.peak is None else (self.peak, *self.other_peaks)
        return replace(self.with_peaks([peak.before(last) for peak in every]), **cut)

    @property
    def peaks(self) -> tuple[Peak, ...]:
        """Every demand charge that asks for something within the horizon."""
        every = () if self.peak is None else (self.peak, *self.other_peaks)
        return tuple(peak for peak in every if peak.is_charged)

    def with_peaks(self, peaks: Sequence[Peak]) -> Self:
        """The same question with these demand charges, the one that asks most first."""
        return replace(self, peak=next(iter(peaks), None), other_peaks=tuple(peaks[1:]))

    @property
    def charge_kw(self) -> float:
        return self.battery.charge_w / 1000.0

    @property
    def discharge_kw(self) -> float:
        return self.battery.discharge_w / 1000.0

    def most_discharge_kw(self, net_kw: Floats) -> Floats:
        """The largest discharging power at these net loads, kW."""
        if self.battery.feeds_grid:
            return np.full_like(net_kw, self.discharge_kw)
        return np.clip(net_kw, 0.0, self.discharge_kw)

    def left_value(self, stored_kwh: Floats) -> Floats:
        """What it is worth, money, to have so much at the end."""
        above = np.maximum(stored_kwh - self.beyond_kwh, 0.0)
        return np.asarray(self.terminal_per_kwh * stored_kwh - (self.terminal_per_kwh - self.beyond_per_kwh) * above)

    @property
    def ceiling_kwh(self) -> float:
        return self.battery.stored_wh(self.battery.soc_max_pct) / 1000.0

    @property
    def limits_import(self) -> bool:
        """Whether the connection limits the import of any step."""
        return bool(np.isfinite(self.import_limit_kw).any())

    @property
    def limits_export(self) -> bool:
        """Whether the connection limits the export of any step."""
        return bool(np.isfinite(self.export_limit_kw).any())

    def _floors_pct(self) -> Floats:
        if not self.reserve_pct:
            return np.full(self.steps, self.battery.floor_pct)
        reserve = np.array(self.reserve_pct, dtype=float)
        require_finite("reserve_pct", reserve, (self.steps,))
        return np.asarray(np.maximum(reserve, self.battery.soc_min_pct))

    @property
    def top_price(self) -> float:
        """The largest price of the horizon in size, the unit in which soft limits are priced."""
        sizes = np.abs(np.concatenate([self.import_price, self.export_price]))
        return max(float(sizes.max()), LEAST_TOP_PRICE)

    def both_ways_pays(self) -> NDArray[np.bool_]:
        """Steps at which charging while discharging saves money, shape (steps,).

        Passing c kWh through the battery consumes c (1 - r) and discharges c r, with r the round trip. It pays when
        price (1 - r) + wear r < 0. Sun that cannot be curtailed is consumed at the export price.
        """
        r = self.battery.round_trip
        price = self.import_price if self.curtailable else np.minimum(self.import_price, self.export_price)
        return price * (1.0 - r) + self.battery.wear_per_kwh * r < 0.0

    def import_export_at_once_pays(self) -> NDArray[np.bool_]:
        """Steps at which importing while exporting saves money: the export price is above the import price."""
        return self.export_price > self.import_price


@dataclass(frozen=True, slots=True)
class Problem:
    """``soc_wh`` is the stored energy at the start; ``load_w`` and ``pv_w`` have shape (steps,), W, not negative.

    Where the start is above the window, ``above_steps`` is how many steps may end above it: until then nothing is
    charged, and after them the top of the window holds. None leaves both open.
    """

    terms: PlanningTerms
    soc_wh: float
    load_w: Floats
    pv_w: Floats
    above_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("load_w", "pv_w"):
            values = getattr(self, name)
            require_finite(name, values, (self.terms.steps,))
            if (values < 0).any():
                raise ValueError(f"{name} is negative at step {int(np.argmax(values < 0))}")
        if not np.isfinite(self.soc_wh) or self.soc_wh < 0:
            raise ValueError(f"the stored energy at the start is {self.soc_wh} Wh, not a number of at least 0")

    @property
    def starts_above(self) -> bool:
        """Whether the battery starts above its window."""
        return self.soc_wh / 1000.0 > self.terms.ceiling_kwh


def _limits_kw(name: str, limits_w: Sequence[float | None], steps: int) -> Floats:
    if len(limits_w) != steps:
        raise ValueError(f"{name} has {len(limits_w)} entries, the prices {steps}")
    for limit in set(limits_w):
        if limit is not None and not 0 <= limit < np.inf:
            raise ValueError(f"{name} is {limit}, not a positive number or nothing")
    return np.array([np.inf if limit is None else limit / 1000.0 for limit in limits_w])


def require_finite(name: str, values: Floats, shape: tuple[int, ...]) -> None:
    """Raise ValueError in one sentence unless ``values`` has ``shape`` and only finite numbers."""
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, expected {shape}")
    if values.size == 0:
        raise ValueError(f"{name} is empty")
    if not np.isfinite(values).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        where = place[0] if len(place) == 1 else place
        raise ValueError(f"{name} is {values[place]} at step {where}, not a number")
