"""A reserve and limits of the connection by the hour: in the programme, the table, the walk and the check."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.domain.plan import Plan
from agent.domain.request import Objective, PlanRequest
from agent.domain.site import Connection
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.check import check_plan
from agent.planning.make_plan import make_plan, terms_of
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Problem
from tests.planning.days import BATTERY, errors, forecasts, mean_values, problem, request, value_table
from tests.planning.test_optimise import physical
from tests.planning.test_value_table import one_path

EVENING = (10.0,) * 15 + (60.0,) * 6 + (10.0,) * 27  # kept at the end of the steps 15 to 20


def plan_for(asked: PlanRequest, deadline_s: float = 10.0, dark: bool = False) -> Plan:
    load, sun = forecasts(asked)
    steps = asked.horizon.steps
    if dark:
        nothing = replace(sun, values=((0.0,) * steps,) * 3)
        return make_plan(asked, SiteForecast(load, nothing, errors(steps, seed=1)), deadline_s)
    return make_plan(asked, SiteForecast(load, sun, errors(steps, seed=1), errors(steps, seed=2)), deadline_s)


@pytest.mark.parametrize("deadline_s", [10.0, 1e-9])
@pytest.mark.parametrize("soc_pct", [10.0, 40.0, 95.0])
def test_a_reserve_is_there_when_its_hour_begins_and_is_free_after_it(soc_pct: float, deadline_s: float) -> None:
    dear_before = tuple(0.9 if 9 <= step < 15 else 0.2 for step in range(48))
    asked = request(reserve_pct=EVENING, soc_pct=soc_pct, import_price=dear_before)
    plan = plan_for(asked, deadline_s, dark=True)
    assert check_plan(plan, asked) == []
    soc = [step.soc_pct for step in plan.steps]
    assert min(soc[15:21]) >= 60.0 - 1e-6
    assert min(soc[21:]) < 55.0
    bare = plan_for(replace(asked, reserve_pct=()), deadline_s, dark=True)
    assert bare.steps[15].soc_pct < 55.0


@settings(max_examples=25, deadline=None)
@example(soc_pct=96.0, seed=0, kept=[50.0], limit=None, price=-0.3, deadline_s=5.0)  # paid to fill what is too full
@given(
    seed=st.integers(0, 1000),
    soc_pct=st.floats(0.0, 100.0),
    kept=st.lists(st.floats(0.0, 94.0), min_size=1, max_size=8),
    limit=st.one_of(st.none(), st.floats(0.0, 5000.0)),
    price=st.sampled_from([-0.3, 0.0, 0.25, 2.5]),
    deadline_s=st.sampled_from([5.0, 1e-9]),
)
def test_any_reserve_is_answered_with_a_plan_that_passes(
    seed: int, soc_pct: float, kept: list[float], limit: float | None, price: float, deadline_s: float
) -> None:
    steps = 24
    reserve = tuple(kept[step * len(kept) // steps] for step in range(steps))
    prices = tuple(price + 0.1 * np.sin(step) for step in range(steps))
    limits = tuple(limit if 8 <= step < 14 else None for step in range(steps))
    asked = request(seed, steps, soc_pct=soc_pct, reserve_pct=reserve, import_price=prices, import_limit_w=limits,
                    objective=Objective(1.0, 0.0))  # fmt: skip
    assert check_plan(plan_for(asked, deadline_s), asked) == []


def test_what_cannot_be_there_in_time_is_told_and_filled_as_fast_as_it_goes() -> None:
    reserve = (10.0,) * 2 + (90.0,) * 20 + (10.0,) * 26
    asked = request(reserve_pct=reserve, soc_pct=10.0, battery=replace(BATTERY, charge_w=1000.0))
    plan = plan_for(asked)
    assert check_plan(plan, asked) == []
    assert any(
        note.startswith("The reserve cannot be there in time on 6 steps, by up to 5.2 kWh") for note in plan.notes
    )
    assert all(step.charge_w == pytest.approx(1000.0) for step in plan.steps[:8])
    assert min(step.soc_pct for step in plan.steps[8:22]) >= 90.0 - 1e-6


def test_the_check_refuses_a_plan_that_takes_from_a_reserve() -> None:
    asked = request(soc_pct=40.0)
    plan = plan_for(asked)
    wrong = check_plan(plan, replace(asked, reserve_pct=(95.0,) * 48))
    assert any("the SoC at step" in sentence and "outside" in sentence for sentence in wrong)


@pytest.mark.parametrize("seed", range(4))
def test_with_one_path_the_table_is_worth_what_the_programme_says(seed: int) -> None:
    asked = request(seed, reserve_pct=EVENING, connection=Connection())
    terms = replace(terms_of(asked), terminal_per_kwh=0.0)
    site = problem(seed)
    site = Problem(terms, 4000.0, site.load_w, site.pv_w)
    schedule = solve_schedule(site, 10.0)
    physical(site, schedule)
    grid, value = mean_values(terms, *one_path(site), points=481)
    assert -np.interp(site.soc_wh / 1000.0, grid, value[0]) == pytest.approx(schedule.objective, rel=2e-3)


def test_the_published_worth_bends_at_the_reserve_and_stays_concave() -> None:
    asked = request(reserve_pct=EVENING[:15] + (61.3,) * 6 + EVENING[21:])
    site = problem(1)
    table = value_table(terms_of(asked), *one_path(site))
    assert 61.3 in [pytest.approx(soc) for soc in table.soc_pct]
    grid, top = np.array(table.soc_pct), terms_of(asked).top_price
    per_kwh = np.diff(np.array(table.value), axis=1) / np.diff(grid) * 100.0 / 10.0
    below = grid[1:] <= 61.3 + 1e-9
    assert (per_kwh[15:21][:, below] > 1.9 * top).all()
    assert (per_kwh[15:21][:, ~below] < 1.5 * top).all()
    inside = below & (grid[:-1] >= 10.0)
    assert (per_kwh[22:, inside] < 1.5 * top).all()
    slopes = np.diff(per_kwh, axis=1)
    assert (slopes <= 1e-6 * top).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reserve_pct": (10.0,) * 47}, "reserve_pct has shape"),
        ({"reserve_pct": (10.0,) * 47 + (float("nan"),)}, "reserve_pct is nan at step 47"),
        ({"reserve_pct": (96.0,) * 48}, "the SoC window runs from 96.0 to 95"),
        ({"import_limit_w": (100.0,) * 5}, "import_limit_w has 5 entries"),
        ({"export_limit_w": (-1.0,) * 48}, "export_limit_w is -1.0"),
    ],
)
def test_unusable_hours_are_refused_in_one_sentence(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        terms_of(request(**changes))


@pytest.mark.parametrize("deadline_s", [10.0, 1e-9])
def test_a_limit_holds_in_its_own_steps_alone(deadline_s: float) -> None:
    cheap = tuple(0.05 if step < 8 else 0.5 for step in range(48))
    limits = tuple(1500.0 if 2 <= step < 6 else None for step in range(48))
    nothing = tuple(0.0 if 16 <= step < 30 else None for step in range(48))
    asked = request(import_price=cheap, import_limit_w=limits, export_limit_w=nothing, connection=Connection(),
                    soc_pct=10.0)  # fmt: skip
    plan = plan_for(asked, deadline_s)
    assert check_plan(plan, asked) == []
    held = [step.import_w for step in plan.steps[2:6]]
    assert max(held) <= max(1501.0, *(step.load_w for step in plan.steps[2:6]))
    assert max(step.import_w for step in plan.steps[:2]) > 2000.0, "before the limit it charges"
    assert max(step.export_w for step in plan.steps[16:30]) < 2.0
    assert max(step.export_w for step in plan.steps[30:]) > 100.0
    broken = replace(asked, import_limit_w=(500.0,) * 48)
    assert any("break the limit of 500 W" in sentence for sentence in check_plan(plan, broken))
