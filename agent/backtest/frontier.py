"""Money against carbon: the agent's own play of one case at several weights of carbon, beside the rule and nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.backtest.case import Case
from agent.backtest.planner_view import Agent, PlannerView, request_at
from agent.backtest.play import OnePlay, Played
from agent.backtest.policies import AS_CONTROLLED, NO_BATTERY, SELF_CONSUMPTION, Step
from agent.domain.request import Objective
from agent.forecasting.forecaster import Forecaster


@dataclass(frozen=True, slots=True)
class Point:
    """What one play cost and emitted over the case. ``objective`` is None for a policy that weighs nothing.

    ``cost`` is imports less exports less what is left in the battery above the start, money; ``co2_kg`` counts imports
    less what is left there too, so that a battery that ends full has not emitted for it.
    """

    policy: str
    objective: Objective | None
    cost: float
    co2_kg: float


def frontier(
    case: Case,
    objectives: Sequence[Objective],
    load: Sequence[Forecaster],
    solar: Sequence[Forecaster],
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Point]:
    """No battery, the self-consumption rule, then a point an objective in their order.

    All meet the same load, sun, prices and forecasts, so that only the weight of carbon sets them apart. ``advance`` is
    told after every step how many are done.
    """
    agent = Agent(case, load, solar)
    rules = [OnePlay(case, name) for name in (NO_BATTERY, SELF_CONSUMPTION)]
    aims = [(aimed, OnePlay(aimed, AS_CONTROLLED)) for aimed in map(case.aiming_at, objectives)]
    for index in range(case.first, case.last):
        seen = agent.view(index)
        for rule in rules:
            rule.step(Step(case, index))
        for aimed, play in aims:
            view = PlannerView(request_at(aimed, index, seen.request.horizon), seen.forecast)
            play.step(Step(aimed, index, view))
        advance(1)
    points = [_point(case, rule.played(), None) for rule in rules]
    return points + [_point(aimed, play.played(), aimed.objective) for aimed, play in aims]


def _point(case: Case, played: Played, objective: Objective | None) -> Point:
    account = played.account(case)
    return Point(played.policy, objective, account.net_cost, account.net_co2_kg)
