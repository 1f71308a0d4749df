"""What the last days would have cost with these forecasters."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from agent.backtest.case import Unplayable
from agent.backtest.earn import case_of_request, counted_cost, earn
from agent.backtest.play import play
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Objective, PlanRequest
from agent.forecasting.persistence import LoadPersistence, SolarPersistence
from tests.backtest import cases
from tests.backtest import folder as data
from tests.plan_requests import plan_request


def request(history: History, step_s: int = 900) -> PlanRequest:
    """48 h from the end of the history, with the prices of ``folder.hour`` by the clock of UTC."""
    steps = 48 * 3600 // step_s
    horizon = Horizon(history.end, step_s, steps)
    prices = tuple(float(data.hour(at.hour)[2]) for at in horizon.times())  # type: ignore[arg-type]
    return plan_request(
        horizon, soc_pct=50.0, battery=cases.BATTERY, place=replace(cases.PLACE, timezone="UTC"), import_price=prices,
        valid_s=3600.0,
    )  # fmt: skip


def test_the_better_forecaster_pays_less() -> None:
    case = cases.case(days=14)
    asked = request(case.history)
    truth = [cases.Knows("load_w", case.load_w)], [cases.Knows("pv_w", case.pv_w)]
    wrong = [cases.Knows("load_w", np.full(24, 20_000.0))], [cases.Knows("pv_w", np.zeros(24))]
    costs = [earn(asked, case.history, load, solar, 3) for load, solar in (truth, wrong)]
    assert costs[0] < costs[1]


def test_prices_of_the_request_are_laid_over_the_past_by_the_clock() -> None:
    quarters = cases.case(days=6, step_s=900)
    case = case_of_request(request(quarters.history), quarters.history, 3)
    assert case.horizon.step_s == 3600
    assert case.steps == 72
    wanted = [float(data.hour(at.hour)[2]) for at in case.horizon.times()]  # type: ignore[arg-type]
    assert case.import_price.tolist() == pytest.approx(wanted)


def test_like_days_come_first() -> None:
    """The request is for a Friday and a Saturday: one stands for working days, the other for weekends."""
    history = cases.history_of(np.full(4 * 24 + 14 * 24, 1000.0), np.zeros(4 * 24 + 14 * 24))
    asked = request(history, 3600)
    friday = asked.horizon.start
    assert friday.weekday() == 4
    asked = replace(asked, import_price=tuple(0.1 if at.weekday() == 4 else 0.9 for at in asked.horizon.times()))
    case = case_of_request(asked, history, 14)
    expected = [0.1 if at.weekday() < 5 else 0.9 for at in case.horizon.times()]
    assert case.import_price.tolist() == pytest.approx(expected)


def test_wear_and_carbon_count_as_the_objective_says() -> None:
    case = cases.case()
    worn = replace(case, battery=replace(case.battery, wear_per_kwh=0.02), objective=Objective(0.5, 0.5, 0.3))
    one = play(worn, ("self_consumption",), [], [])[0]
    account = one.account(worn)
    counted = account.net_cost + 0.3 * account.co2_kg + 0.02 * account.discharge_kwh
    assert counted_cost(worn, one) == pytest.approx(counted)


def test_a_gap_and_curtailment_do_not_stop_it() -> None:
    case = cases.case(days=12)
    load = list(case.history.load_w)
    load[-60:-30] = [None] * 30
    history = replace(case.history, load_w=tuple(load), curtailed=(False,) * 200 + (True,) * 88)
    asked = request(case.history)
    cost = earn(asked, history, [LoadPersistence(asked.place)], [SolarPersistence(asked.place, 5000.0)], 2)
    assert np.isfinite(cost)


@pytest.mark.parametrize(
    ("hours", "days", "said"), [(30, 14, "no step to play"), (240, 0, "at least one day"), (0, 3, "no load at all")]
)
def test_too_little_is_one_sentence(hours: int, days: int, said: str) -> None:
    history = cases.history_of(np.full(max(hours, 1), 500.0), np.zeros(max(hours, 1)))
    if hours == 0:
        history = replace(history, load_w=(None,))
    with pytest.raises(Unplayable, match=said):
        earn(request(history), history, [], [], days)


def test_a_history_shorter_than_the_days_is_played_as_far_as_it_reaches() -> None:
    case = cases.case(days=5)
    made = case_of_request(request(case.history), case.history, 14)
    assert made.at(made.first) == case.history.horizon.start + timedelta(days=2)
