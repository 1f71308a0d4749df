"""A question that steers nothing: what would be planned if the battery, the prices or the reserve were others."""

from dataclasses import dataclass
from datetime import datetime

from agent.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class WhatIfQuestion:
    """``settings`` is the site file as JSON. None, or no prices, leaves that as it is.

    ``import_price`` has one entry a step of the plan, money per kWh. Raises ValueError for what cannot be meant.
    """

    settings: str
    now: datetime
    soc_pct: float
    horizon_h: int
    reserve_pct: float | None = None
    import_price: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.soc_pct <= 100.0:
            raise ValueError(f"a state of charge of {self.soc_pct:g} % cannot be")


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """``plan`` is without its table of values. Money of the horizon at the meter, on the forecasts' medians.

    ``stored_change_wh`` is how much more the battery holds at its end; ``value_per_kwh`` what that is worth.
    """

    plan: Plan
    cost: float
    cost_without_battery: float
    stored_change_wh: float
    value_per_kwh: float

    @property
    def saved(self) -> float:
        return self.cost_without_battery - self.cost + self.stored_change_wh / 1000.0 * self.value_per_kwh
