"""A candidate against a champion on the past days of one site: by the loss of their forecasts, and by the bill."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.model_comparison import DayScore
from agent.domain.request import PlanRequest
from agent.forecasting.combination.model_comparison import days_to_judge, pinball_of_day
from agent.forecasting.forecaster import Forecaster

JUDGED_DAYS = 28
REACH_S = 48 * 3600

Members = Sequence[Forecaster]
Money = Callable[[PlanRequest, History, Members, Members, int], float]
"""Net cost of the last days of a history with these forecasters of load and of solar, lower is better."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Forecasters in order of preference, as the planner blends them; the first of each side is what is compared.

    ``others`` forecast the other quantity, on both sides alike.
    """

    champion: Members
    candidate: Members
    others: Members


def unjudged_days(request: PlanRequest, history: History, quantity: str, judged: Sequence[DayScore]) -> Iterator[date]:
    """Days that can be judged and are not among ``judged``, newest first."""
    done = {score.day for score in judged}
    days = days_to_judge(history, quantity, request.solar_rated_w, _reach_s(request), JUDGED_DAYS)
    return (day for day in days if day not in done)


def score_day(request: PlanRequest, history: History, day: date, sides: Sides, money: Money | None) -> DayScore:
    """Both sides on the forecasts made on ``day``, and on the bill of that day by ``money``. Raises ModelUnusable."""
    steps = _reach_s(request) // history.horizon.step_s
    pinball = [
        pinball_of_day(members[0], history, day, request.solar_rated_w, steps)
        for members in (sides.champion, sides.candidate)
    ]
    if money is None:
        return DayScore(day, *pinball)
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    until = up_to(history, end)
    load_first = sides.champion[0].quantity == "load_w"
    cost = []
    for members in (sides.champion, sides.candidate):
        load, solar = (members, sides.others) if load_first else (sides.others, members)
        cost.append(money(request, until, load, solar, 1))
    return DayScore(day, *pinball, *cost)


def up_to(history: History, end: datetime) -> History:
    """The part of ``history`` before ``end``."""
    raster = history.horizon
    steps = min(raster.steps, int((end - raster.start).total_seconds() // raster.step_s))
    columns = (history.load_w[:steps], history.pv_w[:steps], history.curtailed[:steps])
    return History(Horizon(raster.start, raster.step_s, steps), *columns, weather=history.weather)


def _reach_s(request: PlanRequest) -> int:
    return min(REACH_S, request.horizon.step_s * request.horizon.steps)
