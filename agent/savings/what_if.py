"""What the hours ahead cost when the battery does something for a while and its best afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.domain.battery import soc_after
from agent.domain.battery_wear import wear
from agent.explanation.limits import Basis
from agent.explanation.shadow_price import problem_of
from agent.planning.battery_wear import further_wear
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Floats, PlanningTerms, Problem, require_finite
from agent.planning.rules import self_consumption_w, within_limits
from agent.planning.scenarios import at_levels

SOLVE_S = 2.0
LOW, HIGH = 0.1, 0.9
SHARES = (0.5, 0.25, 0.25)  # of the forecast, of more load with less sun, of less load with more sun


@dataclass(frozen=True, slots=True)
class Bill:
    """Money on the bill with wear and demand charges, less what is left in the battery; and kg CO2 of what is imported.

    Of a demand charge counts what the hours ahead add above the peak that the month pays for anyway.
    """

    money: float
    co2_kg: float

    def __sub__(self, other: "Bill") -> "Bill":
        return Bill(self.money - other.money, self.co2_kg - other.co2_kg)


@dataclass(frozen=True, slots=True)
class Saving:
    """``gained`` is the saving on the forecast. ``chance``: how likely it is at least half of that; ``spread``: half of
    its range over the scenarios, money."""

    gained: Bill
    chance: float
    spread: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A plan's question in three futures. ``carbon_kg_per_kwh`` has one entry a step."""

    basis: Basis
    carbon_kg_per_kwh: Floats
    futures: tuple[Problem, ...]

    def best(self, problem: Problem) -> Bill:
        """The bill of the best that can be done from the start. Raises SolverFailure."""
        found, import_w = self._best_from(problem, 0, problem.soc_wh)
        return _with_peaks(problem.terms, found, import_w)

    def after(self, problem: Problem, first: int, end: int, powers_w: Sequence[float] | None) -> Bill:
        """``powers_w`` of the battery (> 0 discharges; None: the self-consumption rule) in [first, end), then the best.

        Counted from step ``first``, where the battery stands as planned. Raises SolverFailure.
        """
        soc_pct = self.basis.plan.steps[first - 1].soc_pct if first else self.basis.start_soc_pct()
        head, soc_pct, head_w = self._head(problem, first, end, powers_w, soc_pct)
        tail, tail_w = self._best_from(problem, end, self.basis.battery.stored_wh(soc_pct))
        energy = Bill(head.money + tail.money, head.co2_kg + tail.co2_kg)
        return _with_peaks(problem.terms.after(first), energy, np.concatenate([head_w, tail_w]))

    def _head(
        self, problem: Problem, first: int, end: int, powers_w: Sequence[float] | None, soc_pct: float
    ) -> tuple[Bill, float, Floats]:
        """(bill of the energy, SoC at the end, import of the steps in W)."""
        dt = self.basis.dt_h
        money = co2 = 0.0
        import_w = np.zeros(end - first)
        for i in range(first, end):
            battery = self.basis.battery_at(i)
            net_w = float(problem.load_w[i] - problem.pv_w[i])
            if powers_w is None:
                watts = self_consumption_w(net_w, soc_pct, battery, dt)
            else:
                watts = within_limits(powers_w[i - first], soc_pct, battery, dt)
            worn = wear(battery, watts, soc_pct, dt)
            soc_pct = soc_after(battery, soc_pct, watts, dt)
            step, grid_kwh = self.basis.plan.steps[i], (net_w - watts) * dt / 1000.0
            money += grid_kwh * (step.import_price if grid_kwh > 0 else step.export_price)
            money += worn
            co2 += max(grid_kwh, 0.0) * float(self.carbon_kg_per_kwh[i])
            import_w[i - first] = max(net_w - watts, 0.0)
        return Bill(money, co2), min(max(soc_pct, 0.0), 100.0), import_w

    def _best_from(self, problem: Problem, first: int, soc_wh: float) -> tuple[Bill, Floats]:
        """(bill of the energy, import of the steps in W)."""
        terms, dt = problem.terms, problem.terms.step_h
        if first >= terms.steps:
            return Bill(-terms.terminal_per_kwh * soc_wh / 1000.0, 0.0), np.empty(0)
        rest = terms.after(first)
        schedule = solve_schedule(Problem(rest, soc_wh, problem.load_w[first:], problem.pv_w[first:]), SOLVE_S)
        tariff = np.array([step.import_price for step in self.basis.plan.steps[first:]])
        flows = tariff @ schedule.import_w - rest.export_price @ schedule.export_w
        flows += terms.battery.wear_per_kwh * schedule.discharge_w.sum()
        stored_kwh = schedule.soc_wh / 1000.0
        more = further_wear(terms.battery, schedule.discharge_w / 1000.0, soc_wh / 1000.0, stored_kwh, dt)
        left = terms.terminal_per_kwh * float(stored_kwh[-1])
        co2 = float(self.carbon_kg_per_kwh[first:] @ schedule.import_w) * dt / 1000.0
        return Bill(float(flows) * dt / 1000.0 + more - left, co2), schedule.import_w


def _with_peaks(terms: PlanningTerms, energy: Bill, import_w: Floats) -> Bill:
    """The bill with what imports (steps of ``terms``), W, add to the demand charges."""
    peaks = sum(peak.cost(import_w / 1000.0, terms.step_h) for peak in terms.peaks)
    return Bill(energy.money + peaks, energy.co2_kg)


def what_if(basis: Basis, carbon_kg_per_kwh: Sequence[float]) -> WhatIf:
    """The plan's medians, and its forecasts' outer levels against each other."""
    carbon = np.array(carbon_kg_per_kwh, dtype=float)
    require_finite("carbon_kg_per_kwh", carbon, (len(basis.plan.steps),))
    problem = problem_of(basis)
    loads, suns = (np.maximum(at_levels(one, (LOW, HIGH)), 0.0) for one in (basis.plan.load, basis.plan.pv))
    more = replace(problem, load_w=loads[1], pv_w=suns[0])
    less = replace(problem, load_w=loads[0], pv_w=suns[1])
    return WhatIf(basis, carbon, (problem, more, less))


def judged(savings: Sequence[Bill]) -> Saving:
    """The savings in the three futures as one, with how sure it is."""
    gained = savings[0]
    held = sum(share for share, saving in zip(SHARES, savings, strict=True) if saving.money >= 0.5 * gained.money)
    amounts = [saving.money for saving in savings]
    return Saving(gained, 0.05 + 0.9 * held, (max(amounts) - min(amounts)) / 2.0)
