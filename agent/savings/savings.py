"""What the battery saved: the same measured load, sun and prices replayed through other policies."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.domain.battery import Battery, soc_after
from agent.domain.site import Connection
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import PlanningTerms, Problem, require_finite
from agent.planning.rules import self_consumption_w

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Period:
    """Measured means per step, shape (steps,) each: W, money per kWh, kg CO2 per kWh imported. All finite."""

    step_h: float
    load_w: Floats
    pv_w: Floats
    import_price: Floats
    export_price: Floats
    carbon_kg_per_kwh: Floats

    def __post_init__(self) -> None:
        for name in ("load_w", "pv_w", "import_price", "export_price", "carbon_kg_per_kwh"):
            require_finite(name, getattr(self, name), self.load_w.shape[:1])


@dataclass(frozen=True, slots=True)
class Account:
    """What a policy would have cost. ``cost`` is imports less exports in money, without wear.

    ``co2_kg`` counts imports only. ``end_energy_value`` is what the battery holds above the start (negative below), at
    discharge efficiency times the mean import price: ``net_cost`` is what policies are compared by, and ``net_co2_kg``,
    which is less ``end_energy_co2_kg``, the same energy at the mean carbon intensity.
    """

    name: str
    cost: float
    co2_kg: float
    import_kwh: float
    export_kwh: float
    charge_kwh: float
    discharge_kwh: float
    peak_import_w: float
    end_energy_value: float
    end_energy_co2_kg: float = 0.0

    @property
    def net_co2_kg(self) -> float:
        return self.co2_kg - self.end_energy_co2_kg

    @property
    def net_cost(self) -> float:
        return self.cost - self.end_energy_value


def account(name: str, period: Period, battery: Battery, battery_w: Floats, soc_gained_pct: float) -> Account:
    """The account of battery powers (steps,), W, > 0 discharging, that left the SoC ``soc_gained_pct`` points higher.

    The solar power is taken as it was measured.
    """
    require_finite("battery_w", battery_w, period.load_w.shape)
    to_kwh = period.step_h / 1000.0
    grid_w = period.load_w - period.pv_w - battery_w
    imported, exported = np.maximum(grid_w, 0.0) * to_kwh, np.maximum(-grid_w, 0.0) * to_kwh
    return Account(
        name=name,
        cost=float(imported @ period.import_price - exported @ period.export_price),
        co2_kg=float(imported @ period.carbon_kg_per_kwh),
        import_kwh=float(imported.sum()),
        export_kwh=float(exported.sum()),
        charge_kwh=float(np.maximum(-battery_w, 0.0).sum() * to_kwh),
        discharge_kwh=float(np.maximum(battery_w, 0.0).sum() * to_kwh),
        peak_import_w=float(max(grid_w.max(), 0.0)),
        end_energy_value=_stored_kwh_value(period, battery) * battery.stored_wh(soc_gained_pct) / 1000.0,
        end_energy_co2_kg=battery.discharge_efficiency
        * float(period.carbon_kg_per_kwh.mean())
        * battery.stored_wh(soc_gained_pct)
        / 1000.0,
    )


def no_battery(period: Period, battery: Battery) -> Account:
    return account("no battery", period, battery, np.zeros_like(period.load_w), 0.0)


def self_consumption(period: Period, battery: Battery, soc_pct: float) -> Account:
    """The rule with its own SoC from ``soc_pct``: cover the net load, store the surplus."""
    powers = np.empty_like(period.load_w)
    soc = soc_pct
    for step, net_w in enumerate((period.load_w - period.pv_w).tolist()):
        power = self_consumption_w(net_w, soc, battery, period.step_h)
        powers[step] = power
        soc = soc_after(battery, soc, power, period.step_h)
    return account("self-consumption", period, battery, powers, soc - soc_pct)


def perfect_foresight(
    period: Period,
    battery: Battery,
    connection: Connection,
    soc_pct: float,
    time_limit_s: float,
) -> Account:
    """The cheapest the battery could have done knowing everything. Raises SolverFailure without an answer in time.

    The wear of ``battery`` counts in what is minimised, not in the account's cost: give a battery without wear for the
    lowest cost on the bill.
    """
    prices = period.import_price, period.export_price
    terms = PlanningTerms(period.step_h, battery, connection, *prices, curtailable=False)
    terms = replace(terms, terminal_per_kwh=max(0.0, _stored_kwh_value(period, battery)))
    problem = Problem(terms, battery.stored_wh(soc_pct), np.maximum(period.load_w, 0.0), np.maximum(period.pv_w, 0.0))
    schedule = solve_schedule(problem, time_limit_s)
    gained_pct = battery.soc_pct(float(schedule.soc_wh[-1])) - soc_pct
    return account("perfect foresight", period, battery, schedule.discharge_w - schedule.charge_w, gained_pct)


def capture(idle: Account, policy: Account, perfect: Account) -> float | None:
    """The share of the possible saving that ``policy`` made; None when there was nothing to save."""
    possible = idle.net_cost - perfect.net_cost
    return None if possible <= 1e-9 * max(1.0, abs(idle.net_cost)) else (idle.net_cost - policy.net_cost) / possible


def _stored_kwh_value(period: Period, battery: Battery) -> float:
    return battery.discharge_efficiency * float(period.import_price.mean())
