"""The policies that are laid side by side. Each says at the start of a step what the battery is to do until its end.

A policy sees the actual mean load and sun of the running step, as the fast loop does second by second; only the plan
that is followed blindly does not look. A step is what the bill is settled by; plans may have longer ones.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from agent.backtest.case import Case, Floats
from agent.backtest.demand import MonthSoFar
from agent.backtest.perfect_foresight import INTEGER_MOST_S, foreseen_problem, foreseen_terms
from agent.backtest.planner_view import HORIZON_H, PlannerView
from agent.backtest.prices_then import DAY_BEGINS_HOUR
from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.dispatch.recent_mean import RecentMean
from agent.planning import optimise
from agent.planning.forward_pass import forward_pass_alone
from agent.planning.highs import SolverFailure
from agent.planning.planning_terms import Problem
from agent.planning.rules import self_consumption_w, time_of_use_w, within_limits
from agent.planning.scenarios import terminal_value
from agent.planning.schedule import Schedule

NO_BATTERY, SELF_CONSUMPTION, TIME_OF_USE = "no_battery", "self_consumption", "time_of_use"
PLAN_BLIND, TABLE_ALONE, AS_CONTROLLED = "plan_blind", "table_alone", "as_controlled"
PERFECT_48H, PERFECT = "perfect_48h", "perfect"
NAMES = (NO_BATTERY, SELF_CONSUMPTION, TIME_OF_USE, PLAN_BLIND, TABLE_ALONE, AS_CONTROLLED, PERFECT_48H, PERFECT)
NEED_OUTLOOK = frozenset({PLAN_BLIND, TABLE_ALONE, AS_CONTROLLED})

SOLVER_LIMIT_S = 10.0
FORESIGHT_RENEWED_S = 3600  # who knows everything for 48 h gains nothing by looking again sooner


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is settled, and what the agent knew as the plan's step began; None for policies that ask nobody."""

    case: Case
    index: int
    view: PlannerView | None = None

    @property
    def net_w(self) -> float:
        """Load less solar as it really was."""
        return float(self.case.load_w[self.index] - self.case.pv_w[self.index])


class Policy(Protocol):
    """One play of one case; it may keep what it needs from step to step."""

    def power_w(self, step: Step, soc_pct: float) -> float:
        """Battery power until the end of the step, W, > 0 discharges. The plant keeps it inside the limits."""
        ...


class Schedules:
    """Makes schedules for a play, and counts those for which the solver had no answer."""

    def __init__(self) -> None:
        self.asked = self.failed = 0

    def of(self, problem: Problem, integer_most_s: float = optimise.INTEGER_MOST_S) -> Schedule:
        self.asked += 1
        try:
            return optimise.solve_schedule(problem, SOLVER_LIMIT_S, integer_most_s)
        except SolverFailure as failure:
            self.failed += 1
            return forward_pass_alone(problem, f"The schedule follows a value table, because {failure}.")


class NoBattery:
    """Nothing is stored."""

    def power_w(self, step: Step, soc_pct: float) -> float:
        return 0.0


class SelfConsumption:
    """Cover the net load, store the surplus."""

    def power_w(self, step: Step, soc_pct: float) -> float:
        return self_consumption_w(step.net_w, soc_pct, step.case.battery, step.case.horizon.step_h)


class TimeOfUse:
    """Charge in the cheapest hours of a day, cover the net load in the dearest.

    A day is what prices are published for: from 23:00 to 23:00 where that is done a day ahead, else the calendar day.
    """

    def __init__(self, case: Case) -> None:
        zone = ZoneInfo(case.place.timezone)
        early = timedelta(hours=24 - DAY_BEGINS_HOUR if case.day_ahead else 0)
        days = [(at.astimezone(zone).replace(tzinfo=None) + early).date() for at in case.horizon.times()]
        borders = [i for i in range(len(days)) if i == 0 or days[i] != days[i - 1]]
        self._day_starts = np.array([*borders, len(days)])

    def power_w(self, step: Step, soc_pct: float) -> float:
        case = step.case
        day = int(np.searchsorted(self._day_starts, step.index, side="right"))
        begin, end = int(self._day_starts[day - 1]), int(self._day_starts[day])
        prices = case.import_price[begin:end].tolist()
        return time_of_use_w(step.net_w, soc_pct, case.battery, case.horizon.step_h, step.index - begin, prices)


class PlanBlind:
    """The linear programme's battery power on the median forecast, whatever load and sun really come.

    With a demand charge the programme knows it and what the month has imported, as the agent's own.
    """

    def __init__(self, case: Case, schedules: Schedules, demand_charge: float = 0.0) -> None:
        self._schedules = schedules
        self._month = None if demand_charge == 0.0 else MonthSoFar(case, demand_charge)
        self._made_of: PlannerView | None = None
        self._planned_w = 0.0

    def power_w(self, step: Step, soc_pct: float) -> float:
        view, case = _view(step), step.case
        if view is not self._made_of:
            self._made_of, self._planned_w = view, self._plan_w(view, step, soc_pct)
        if self._month is not None:
            self._month.demand(step.index)
            held_w = within_limits(self._planned_w, soc_pct, case.battery, case.horizon.step_h)
            self._month.add(step.net_w - held_w)
        return self._planned_w

    def _plan_w(self, view: PlannerView, step: Step, soc_pct: float) -> float:
        terms = view.terms if self._month is None else view.charged(self._month.demand(step.index))
        medians = (np.maximum(np.array(f.median), 0.0) for f in (view.forecast.load, view.forecast.pv))
        schedule = self._schedules.of(Problem(terms, step.case.battery.stored_wh(soc_pct), *medians))
        return float(schedule.discharge_w[0] - schedule.charge_w[0])


class TableAlone:
    """The fast loop, with the plan's worth of stored energy at the actual net load, whatever the rules would earn.

    With a demand charge it remembers what it has imported, as the agent reads from its meter. Within a plan's step it
    goes by the recent mean of the net load, as the agent's ladder does.
    """

    def __init__(self, case: Case, demand_charge: float = 0.0) -> None:
        self._recent = RecentMean()
        self._month = None if demand_charge == 0.0 else MonthSoFar(case, demand_charge)

    def power_w(self, step: Step, soc_pct: float) -> float:
        view, case = _view(step), step.case
        carbon_price = case.objective.carbon_price_per_kg * float(case.carbon_kg_per_kwh[step.index])
        moment = Moment(
            case.at(step.index),
            step.net_w,
            soc_pct,
            float(case.import_price[step.index]),
            float(case.export_price[step.index]),
            carbon_price,
            self._step_mean_w(step),
        )
        demand = None
        if self._month is not None:
            demand = self._month.demand(step.index)
            moment = replace(moment, interval_wh=self._month.interval_wh)
        decision = economic_dispatch(view.plan(demand), moment, case.battery, case.connection)
        assert decision is not None, "a plan made for this step covers it"
        if self._month is not None:
            self._month.add(step.net_w - within_limits(decision.battery_w, soc_pct, case.battery, case.horizon.step_h))
        return decision.battery_w

    def _step_mean_w(self, step: Step) -> float | None:
        """None where the step that is settled is the plan's own, whose mean is known."""
        if step.case.planned is None:
            return None
        memory_s = step.case.planned.horizon.step_s / 2.0
        return self._recent.after(step.case.at(step.index), step.net_w, memory_s)


class Perfect48h:
    """The linear programme on what load, sun and prices of the next 48 h really were, made anew every hour."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules
        self._made_at: datetime | None = None
        self._powers_w: Floats = np.empty(0)
        self._first = 0

    def power_w(self, step: Step, soc_pct: float) -> float:
        case, now = step.case, step.case.at(step.index)
        if self._made_at is None or (now - self._made_at).total_seconds() >= FORESIGHT_RENEWED_S:
            terms = foreseen_terms(case, step.index, _next_48h(case, step.index))
            terms = replace(terms, terminal_per_kwh=terminal_value(terms))
            schedule = self._schedules.of(foreseen_problem(case, step.index, terms, soc_pct), INTEGER_MOST_S)
            self._powers_w = schedule.discharge_w - schedule.charge_w
            self._made_at, self._first = now, step.index
        return float(self._powers_w[step.index - self._first])


def _view(step: Step) -> PlannerView:
    if step.view is None:
        raise ValueError("this policy cannot be played without what the agent knows")
    return step.view


def _next_48h(case: Case, index: int) -> int:
    return min(index + HORIZON_H * 3600 // case.horizon.step_s, case.horizon.steps)
