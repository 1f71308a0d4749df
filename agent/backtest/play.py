"""Plays a case: every policy has its own battery and meets the same load, sun and prices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np

from agent.backtest.case import Case, Floats
from agent.backtest.demand import Intervals
from agent.backtest.perfect_foresight import perfect_w
from agent.backtest.planner_view import Agent
from agent.backtest.policies import (
    AS_CONTROLLED,
    NEED_OUTLOOK,
    NO_BATTERY,
    PERFECT,
    PERFECT_48H,
    PLAN_BLIND,
    SELF_CONSUMPTION,
    TABLE_ALONE,
    TIME_OF_USE,
    NoBattery,
    Perfect48h,
    PlanBlind,
    Policy,
    Schedules,
    SelfConsumption,
    Step,
    TableAlone,
    TimeOfUse,
)
from agent.backtest.with_rules import AsControlled
from agent.domain.battery import soc_after
from agent.forecasting.forecaster import Forecaster
from agent.planning.rules import within_limits
from agent.savings.savings import Account, account


@dataclass(frozen=True, slots=True)
class Played:
    """What a policy did: battery power (steps,), W, > 0 discharges, and SoC (steps + 1,), percent.

    ``deciding_s`` is the processor time of all its decisions; ``schedules`` are those it asked the solver for, and
    ``unsolved`` those of them that were made without it.
    """

    policy: str
    battery_w: Floats
    soc_pct: Floats
    deciding_s: float
    schedules: int = 0
    unsolved: int = 0

    def account(self, case: Case) -> Account:
        gained = float(self.soc_pct[-1] - self.soc_pct[0])
        return account(self.policy, case.period(), case.battery, self.battery_w, gained)


def play(
    case: Case,
    names: Sequence[str],
    load: Sequence[Forecaster],
    solar: Sequence[Forecaster],
    demand_charge: float = 0.0,
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Played]:
    """One ``Played`` a policy of ``names``, in their order.

    ``load`` and ``solar`` are asked only where a policy needs them. A demand charge, money per kW of a month's
    highest mean import, is known to ``plan_blind``, ``as_controlled`` and ``perfect`` alone. ``advance`` is told
    after every step how many are done. Raises SolverFailure.
    """
    walked = [name for name in names if name != PERFECT]
    found = (
        {played.policy: played for played in _walk(case, walked, load, solar, demand_charge, advance)} if walked else {}
    )
    if PERFECT in names:
        began = process_time()
        wanted_w = perfect_w(case, demand_charge)
        battery_w, soc_pct = _plant(case, wanted_w)
        found[PERFECT] = Played(PERFECT, battery_w, soc_pct, process_time() - began)
    return [found[name] for name in names]


class OnePlay:
    """One policy with its own battery, by the rules of the plant."""

    def __init__(self, case: Case, name: str, demand_charge: float = 0.0) -> None:
        self.name = name
        self._schedules = Schedules()
        self._policy = _policy(case, name, demand_charge, self._schedules)
        self._case = case
        self.battery_w = np.zeros(case.steps)
        self.soc_pct = np.full(case.steps + 1, case.start_pct)
        self.deciding_s = 0.0

    def step(self, step: Step) -> None:
        place = step.index - self._case.first
        soc_pct = float(self.soc_pct[place])
        began = process_time()
        wanted_w = self._policy.power_w(step, soc_pct)
        self.deciding_s += process_time() - began
        self.battery_w[place], self.soc_pct[place + 1] = _held(self._case, wanted_w, soc_pct)

    def played(self) -> Played:
        counted = self._schedules
        return Played(self.name, self.battery_w, self.soc_pct, self.deciding_s, counted.asked, counted.failed)


def _walk(
    case: Case,
    names: Sequence[str],
    load: Sequence[Forecaster],
    solar: Sequence[Forecaster],
    demand_charge: float,
    advance: Callable[[int], None],
) -> list[Played]:
    plays = [OnePlay(case, name, demand_charge) for name in names]
    agent = Agent(case.plan_case, load, solar) if NEED_OUTLOOK.intersection(names) else None
    view, planned = None, -1
    for index in range(case.first, case.last):
        if agent is not None and case.plan_index(index) != planned:
            planned = case.plan_index(index)
            view = agent.view(planned)
        step = Step(case, index, view)
        for one in plays:
            one.step(step)
        advance(1)
    return [one.played() for one in plays]


def _policy(case: Case, name: str, demand_charge: float, schedules: Schedules) -> Policy:
    made: dict[str, Callable[[], Policy]] = {
        NO_BATTERY: NoBattery,
        SELF_CONSUMPTION: SelfConsumption,
        TIME_OF_USE: lambda: TimeOfUse(case),
        PLAN_BLIND: lambda: PlanBlind(case, schedules, demand_charge),
        TABLE_ALONE: lambda: TableAlone(case, demand_charge),
        AS_CONTROLLED: lambda: AsControlled(case, demand_charge),
        PERFECT_48H: lambda: Perfect48h(schedules),
    }
    if name not in made:
        raise ValueError(f"there is no policy {name}; there are {', '.join([*made, PERFECT])}")
    return made[name]()


def _plant(case: Case, wanted_w: Floats) -> tuple[Floats, Floats]:
    powers, socs = np.zeros(case.steps), np.full(case.steps + 1, case.start_pct)
    for place, watts in enumerate(wanted_w.tolist()):
        powers[place], socs[place + 1] = _held(case, watts, float(socs[place]))
    return powers, socs


def _held(case: Case, wanted_w: float, soc_pct: float) -> tuple[float, float]:
    """The power that the battery really holds for a step, and the SoC after it."""
    step_h = case.horizon.step_h
    power_w = within_limits(wanted_w, soc_pct, case.battery, step_h)
    after = soc_after(case.battery, soc_pct, power_w, step_h)
    return power_w, min(max(after, case.battery.floor_pct), case.battery.soc_max_pct)


def grid_w(case: Case, played: Played) -> Floats:
    """Power at the connection over what was played, W, > 0 imports."""
    period = case.period()
    return period.load_w - period.pv_w - played.battery_w


def demand_cost(case: Case, played: Played, price_per_kw: float) -> float:
    return price_per_kw * float(Intervals.of(case).peaks_kw(grid_w(case, played)).sum())
