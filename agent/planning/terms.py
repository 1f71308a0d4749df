"""The question of the battery in numbers: what energy costs at every step, what the battery may do, where it stands.

Inside this room powers are kW, energies kWh and money the tariff's currency, so that the numbers of the linear
programme stay near one. Everything a caller sees is in W, Wh and money per kWh.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.domain.site import Battery, Connection
from agent.planning.peak import Peak

Floats = NDArray[np.float64]

# Soft limits are priced as multiples of the highest price of the horizon: an hour below the floor above any price
# spread, a breach of the connection above two days below the floor.
FLOOR_MULTIPLE = 2.0
CEILING_MULTIPLE = 1.0
LIMIT_MULTIPLE = 100.0
LEAST_TOP_PRICE = 0.01  # money per kWh, so that a free horizon still has an order of preferences


@dataclass(frozen=True, slots=True)
class Terms:
    """Prices per kWh and limits. ``import_price`` and ``export_price`` have shape (steps,), finite.

    ``import_price`` is what an imported kWh counts in the objective (tariff plus carbon), ``terminal_per_kwh`` what a
    stored kWh is worth at the end. ``curtailable`` False takes the solar power as it comes.
    """

    step_h: float
    battery: Battery
    connection: Connection
    import_price: Floats
    export_price: Floats
    terminal_per_kwh: float = 0.0
    curtailable: bool = True
    peak: Peak | None = None

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
        if self.battery.charge_w < 0 or self.battery.discharge_w < 0 or self.battery.wear_per_kwh < 0:
            raise ValueError("the power limits and the wear cost of the battery must not be negative")
        low, high = self.battery.floor_pct, self.battery.soc_max_pct
        if not 0 <= low <= high <= 100:
            raise ValueError(f"the SoC window runs from {low} to {high} %, not upwards within 0..100")
        for name in ("import_limit_w", "export_limit_w"):
            limit = getattr(self.connection, name)
            if limit is not None and not 0 <= limit < np.inf:
                raise ValueError(f"{name} is {limit}, not a positive number or nothing")

    @property
    def steps(self) -> int:
        return len(self.import_price)

    @property
    def charge_kw(self) -> float:
        return self.battery.charge_w / 1000.0

    @property
    def discharge_kw(self) -> float:
        return self.battery.discharge_w / 1000.0

    @property
    def floor_kwh(self) -> float:
        return self.battery.energy_wh(self.battery.floor_pct) / 1000.0

    @property
    def ceiling_kwh(self) -> float:
        return self.battery.energy_wh(self.battery.soc_max_pct) / 1000.0

    @property
    def import_limit_kw(self) -> float:
        """Infinite when there is none."""
        limit = self.connection.import_limit_w
        return np.inf if limit is None else limit / 1000.0

    @property
    def export_limit_kw(self) -> float:
        """Infinite when there is none."""
        limit = self.connection.export_limit_w
        return np.inf if limit is None else limit / 1000.0

    @property
    def top_price(self) -> float:
        """The largest price of the horizon in size, the unit in which soft limits are priced."""
        sizes = np.abs(np.concatenate([self.import_price, self.export_price]))
        return max(float(sizes.max()), LEAST_TOP_PRICE)

    @property
    def round_trip(self) -> float:
        return self.battery.charge_efficiency * self.battery.discharge_efficiency

    def both_ways_pays(self) -> NDArray[np.bool_]:
        """Steps at which charging while discharging saves money, shape (steps,).

        Passing c kWh through the battery consumes c (1 - r) and discharges c r, with r the round trip. It pays when
        price (1 - r) + wear r < 0.
        """
        r = self.round_trip
        return self.import_price * (1.0 - r) + self.battery.wear_per_kwh * r < 0.0

    def wash_pays(self) -> NDArray[np.bool_]:
        """Steps at which importing while exporting saves money: the export price is above the import price."""
        return self.export_price > self.import_price


@dataclass(frozen=True, slots=True)
class Problem:
    """``soc_wh`` is the stored energy at the start; ``load_w`` and ``pv_w`` have shape (steps,), W, not negative."""

    terms: Terms
    soc_wh: float
    load_w: Floats
    pv_w: Floats

    def __post_init__(self) -> None:
        for name in ("load_w", "pv_w"):
            values = getattr(self, name)
            require_finite(name, values, (self.terms.steps,))
            if (values < 0).any():
                raise ValueError(f"{name} is negative at step {int(np.argmax(values < 0))}")
        if not np.isfinite(self.soc_wh) or self.soc_wh < 0:
            raise ValueError(f"the stored energy at the start is {self.soc_wh} Wh, not a number of at least 0")


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
