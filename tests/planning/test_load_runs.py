"""When switched loads run: inside their windows, as long as they must, and where energy is cheapest."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.battery import Battery
from agent.domain.load_run import LoadRun, LoadTask
from agent.domain.plan import Plan
from agent.domain.request import Objective, PlanRequest
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.load_runs import choose_runs, window_share
from agent.planning.make_plan import make_plan, terms_of
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from tests.planning.days import BATTERY, errors, forecasts, request

NO_BATTERY = Battery(10_000, 0.0, 0.0, 0.95, 0.95, soc_min_pct=10, soc_max_pct=95)
ASKED = request(objective=Objective(1.0, 0.0))
START, STEPS = ASKED.horizon.start, ASKED.horizon.steps
STEP_H = ASKED.horizon.step_h
DAY = timedelta(days=1)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def task(power_w: float = 2000.0, hours: float = 2.0, until_h: float = 24.0, **changes: object) -> LoadTask:
    return replace(LoadTask("car", power_w, 3600.0 * hours, START, at(until_h)), **changes)  # type: ignore[arg-type]


def asked(*tasks: LoadTask, **changes: object) -> PlanRequest:
    return request(objective=Objective(1.0, 0.0), tasks=tasks, **changes)


def prices(cheap_from_h: float, cheap_to_h: float) -> tuple[float, ...]:
    hours = [STEP_H * i for i in range(STEPS)]
    return tuple(0.001 if cheap_from_h <= hour < cheap_to_h else 0.3 for hour in hours)


def plan_of(question: PlanRequest, deadline_s: float = 10.0) -> Plan:
    load, sun = forecasts(question)
    return make_plan(question, SiteForecast(load, sun, errors(STEPS, seed=1), errors(STEPS, seed=2)), deadline_s)


def hours_of(runs: tuple[LoadRun, ...]) -> float:
    return sum((run.end - run.start).total_seconds() for run in runs) / 3600.0


@pytest.mark.parametrize("interruptible", [False, True])
def test_it_runs_in_the_cheap_hours(interruptible: bool) -> None:
    question = asked(task(interruptible=interruptible), battery=NO_BATTERY, import_price=prices(10, 13))
    plan = plan_of(question)
    assert check_plan(plan, question) == []
    assert hours_of(plan.runs) == pytest.approx(2.0)
    assert all(at(10) <= run.start and run.end <= at(13) for run in plan.runs)


def test_its_power_is_in_the_load_of_the_plan() -> None:
    question = asked(task(), battery=NO_BATTERY)
    without, plan = plan_of(asked(battery=NO_BATTERY)), plan_of(question)
    more_w = np.array([a.load_w - b.load_w for a, b in zip(plan.steps, without.steps, strict=True)])
    (run,) = plan.runs
    assert more_w == pytest.approx(2000.0 * window_share(question.horizon, run.start, run.end), abs=1e-6)


@pytest.mark.parametrize("battery", [NO_BATTERY, BATTERY])
@pytest.mark.parametrize("seed", range(4))
def test_a_whole_run_begins_where_it_is_cheapest(seed: int, battery: Battery) -> None:
    """Against every start of the day, each with the battery doing its best."""
    question = replace(request(seed, objective=Objective(1.0, 0.0), battery=battery), tasks=(task(3000.0, 3.0),))
    load, sun = forecasts(question, seed)
    problem = Problem(terms_of(question), 4000.0, np.array(load.median), np.array(sun.median))
    (run,) = choose_runs(problem, question.horizon, question.tasks, 5.0)

    def cost(start: datetime) -> float:
        more_w = 3000.0 * window_share(question.horizon, start, start + timedelta(hours=3))
        return solve_schedule(replace(problem, load_w=problem.load_w + more_w), 5.0).objective

    costs = {hour: cost(at(hour)) for hour in range(22)}
    assert cost(run.start) <= min(costs.values()) + (0.001 if battery is NO_BATTERY else 0.1)


def test_the_connection_is_kept_where_that_can_be() -> None:
    question = asked(
        task(4000.0, 3.0, interruptible=True),
        replace(task(4000.0, 3.0, interruptible=True), name="boiler"),
        connection=Connection(6000.0, None),
        battery=NO_BATTERY,
    )
    plan = plan_of(question)
    assert check_plan(plan, question) == []
    assert max(step.import_w for step in plan.steps) <= 6001.0
    assert hours_of(plan.runs) == pytest.approx(6.0)


def test_what_has_begun_and_may_not_be_interrupted_goes_on() -> None:
    question = asked(task(hours=1.5, running=True), battery=NO_BATTERY, import_price=prices(10, 13))
    assert plan_of(question).runs == (LoadRun("car", START, at(1.5), 2000.0),)


def test_a_window_that_is_too_short_is_used_whole() -> None:
    question = asked(task(hours=4.0, until_h=2.0), battery=NO_BATTERY)
    plan = plan_of(question)
    assert plan.runs == (LoadRun("car", START, at(2.0), 2000.0),)
    assert check_plan(plan, question) == []


def test_without_time_for_the_solver_it_begins_at_once_and_that_is_said() -> None:
    question = asked(task())
    plan = plan_of(question, 1e-9)
    assert plan.runs == (LoadRun("car", START, at(2.0), 2000.0),)
    assert any("switched loads run from the beginning" in note for note in plan.notes)
    assert check_plan(plan, question) == []


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (LoadRun("boiler", START, at(1), 2000.0), "nobody has asked for"),
        (LoadRun("car", START, at(1), 9000.0), "nobody has asked for"),
        (LoadRun("car", at(23), at(25), 2000.0), "nobody has asked for"),
        (LoadRun("car", START, at(6), 2000.0), "longer than it still has to"),
        (LoadRun("car", at(1), START, 2000.0), "no length"),
        (LoadRun("car", START.replace(tzinfo=None), at(1), 2000.0), "no time zone"),
    ],
)
def test_a_run_that_nobody_has_asked_for_is_refused(run: LoadRun, sentence: str) -> None:
    question = asked(task())
    plan = plan_of(question)
    assert any(sentence in wrong for wrong in check_plan(replace(plan, runs=(run,)), question))


def test_a_run_before_its_window_is_refused() -> None:
    question = asked(task(first=at(4)))
    plan = plan_of(question)
    early = replace(plan, runs=(LoadRun("car", at(3), at(5), 2000.0),))
    assert any("nobody has asked for" in wrong for wrong in check_plan(early, question))


@given(
    power_w=st.floats(10.0, 20_000.0),
    hours=st.floats(0.02, 30.0),
    first_h=st.floats(0.0, 20.0),
    window_h=st.floats(0.3, 24.0),
    interruptible=st.booleans(),
    running=st.booleans(),
)
def test_runs_lie_in_the_window_and_last_as_long_as_they_can(
    power_w: float, hours: float, first_h: float, window_h: float, interruptible: bool, running: bool
) -> None:
    one = LoadTask("car", power_w, 3600.0 * hours, at(first_h), at(first_h + window_h), interruptible, running)
    question = asked(one)
    load, sun = forecasts(question)
    problem = Problem(terms_of(question), 4000.0, np.array(load.median), np.array(sun.median))
    runs = choose_runs(problem, question.horizon, question.tasks, 5.0)
    room_h = min(window_h, STEPS * STEP_H - first_h)
    assert all(one.first <= run.start < run.end <= one.end for run in runs)
    assert all(a.end <= b.start for a, b in pairwise(runs))
    assert min(hours, room_h) - 1e-6 <= hours_of(runs) <= min(hours + STEP_H, room_h) + 1e-6
