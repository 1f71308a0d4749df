"""What the planner hands over: the steps that are published and explained, and what stored energy is worth."""

from dataclasses import dataclass, field
from datetime import datetime

from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step. Powers are mean watts, all non-negative, one direction each; ``soc_pct`` is at the end of the step.

    ``energy_value_per_kwh`` is the dual of the energy balance of the battery: what one more stored kWh is worth then.
    """

    charge_w: float
    discharge_w: float
    import_w: float
    export_w: float
    curtail_w: float
    soc_pct: float
    load_w: float
    pv_w: float
    import_price: float
    export_price: float
    energy_value_per_kwh: float

    @property
    def battery_w(self) -> float:
        """Positive discharges."""
        return self.discharge_w - self.charge_w


@dataclass(frozen=True, slots=True)
class ValueTable:
    """What the energy in the battery is worth, in money, by step and SoC.

    ``soc_pct`` is an ascending grid of at least two points. ``worth[i][k]`` is the expected value, in the tariff's
    currency, of standing at ``soc_pct[k]`` at the END of step i and acting well from there on. It does not fall with
    SoC unless energy has become a burden (negative prices), and is concave in SoC.
    """

    soc_pct: tuple[float, ...]
    worth: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. It is worth following until ``expires_at``; the controller checks it before the first use."""

    issued_at: datetime
    expires_at: datetime
    horizon: Horizon
    steps: tuple[PlanStep, ...]
    values: ValueTable
    load: Forecast
    pv: Forecast
    notes: tuple[str, ...] = field(default=())  # what the planner had to do without, one sentence each
    cost: float = 0.0  # expected cost of the horizon in money, less what is left in the battery
    solve_s: float = 0.0

    def step_at(self, at: datetime) -> PlanStep | None:
        index = self.horizon.index_of(at)
        return None if index is None else self.steps[index]
