"""The planner's answer: every kind of recommendation where its cause is there, and outcomes of what is due."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from agent.advice.make_recommendations import make_recommendations
from agent.domain.advisory import Advice, AdviceQuestion, AdvisoryType, Outage, PricedSpan
from agent.domain.battery import Battery
from agent.domain.demand_charge import DemandCharge
from agent.domain.request import Demand, PlanRequest
from agent.domain.site import Connection
from agent.domain.suspect import DATA_FAULT, Suspect
from agent.domain.wire import from_json, to_json
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.make_plan import make_plan
from agent.recording.rollups import Rollup
from tests.advice.test_battery_health import NOW as LIVED_TO
from tests.advice.test_battery_health import RATED, lived
from tests.advice.test_book import advisory
from tests.advice.test_recommendations import WASHER, day
from tests.planning.days import NOW, forecast, request

HOUR = timedelta(hours=1)
QUESTION = AdviceQuestion(loads=(WASHER,))
OUTAGES = tuple(Outage(NOW - i * 200 * HOUR, NOW - (i * 200 - 4) * HOUR) for i in (1, 2, 3))


def asked(question: AdviceQuestion = QUESTION, **changes: object) -> PlanRequest:
    """The day of ``tests.advice.test_recommendations``, with a question for recommendations."""
    plan = day().plan
    fields: dict[str, object] = {
        "connection": Connection(),
        "import_price": tuple(step.import_price for step in plan.steps),
        "export_price": (0.0,) * 48,
        "soc_pct": 50.0,
    }
    return request(1, 48, advice=question, **(fields | changes))


def quarters(watts: float = 800.0, many: int = 96) -> list[Rollup]:
    """A day until NOW with this load from the grid and an idle battery."""
    wh = watts / 4.0
    times = [NOW - timedelta(minutes=15 * (many - i)) for i in range(many)]
    return [Rollup(at, 900, 0, watts, 0, 0, watts, 50, 50, 50, wh, 0, 0, 0, None, None) for at in times]


def advised(
    wanted: PlanRequest,
    past: list[Rollup] | None = None,
    still_time: Callable[[], bool] = lambda: True,
    suspects: tuple[Suspect, ...] = (),
) -> Advice:
    load = forecast("load_w", wanted.horizon, np.full(48, 800.0))
    pv = forecast("pv_w", wanted.horizon, np.zeros(48))
    plan = make_plan(wanted, SiteForecast(load, pv), 20.0, np.full(48, 800.0))
    return make_recommendations(
        replace(plan, suspects=suspects), wanted, quarters() if past is None else past, still_time
    )


def kinds(advice: Advice) -> set[AdvisoryType]:
    return {one.kind for one in advice.proposals}


def test_hold_and_shift_come_from_the_plan() -> None:
    assert {AdvisoryType.HOLD, AdvisoryType.SHIFT_LOAD} <= kinds(advised(asked()))


def test_without_history_or_time_only_what_needs_no_forecast_is_said() -> None:
    fault = Suspect("load_w", NOW - 3 * HOUR, NOW, DATA_FAULT, "it stood still")
    assert kinds(advised(asked(), past=[], suspects=(fault,))) == {AdvisoryType.DATA_FAULT}
    assert kinds(advised(asked(), still_time=lambda: False, suspects=(fault,))) == {AdvisoryType.DATA_FAULT}


def test_a_peak_above_the_months_is_told_with_its_money() -> None:
    small = Battery(200, 100, 100, soc_min_pct=10)
    wanted = asked(battery=small, demand=Demand(DemandCharge(15.0), 500.0))
    (peak,) = [one for one in advised(wanted).proposals if one.kind is AdvisoryType.COMING_PEAK]
    assert peak.cost_saving == pytest.approx(15.0 * (peak.support.forecast - 500.0) / 1000.0)
    held = replace(wanted, demand=Demand(DemandCharge(15.0, ratchet_share=0.8), 500.0, earlier_w=peak.support.forecast))
    (above,) = [one for one in advised(held).proposals if one.kind is AdvisoryType.COMING_PEAK]
    assert above.cost_saving == pytest.approx(0.2 * 15.0 * peak.support.forecast / 1000.0)  # the rest is paid anyway
    out_of_season = replace(wanted, demand=Demand(DemandCharge(15.0, months=(1,)), 500.0))
    assert AdvisoryType.COMING_PEAK not in kinds(advised(out_of_season))


def test_a_month_whose_peak_is_not_known_has_no_coming_peak() -> None:
    assert AdvisoryType.COMING_PEAK not in kinds(advised(asked(demand=Demand(DemandCharge(15.0), 0.0))))


def test_outages_and_a_sick_battery_are_told() -> None:
    question = AdviceQuestion(outages=OUTAGES, outage_value_per_kwh=50.0, critical_load_w=1000.0)
    assert AdvisoryType.RAISE_RESERVE in kinds(advised(asked(question)))
    sick = [replace(one, at=one.at - (LIVED_TO - NOW)) for one in lived(1, capacity=0.6)]
    assert AdvisoryType.SICK_BATTERY in kinds(advised(asked(battery=RATED), past=sick))
    well = [replace(one, at=one.at - (LIVED_TO - NOW)) for one in lived(1)]
    assert AdvisoryType.SICK_BATTERY not in kinds(advised(asked(battery=RATED), past=well))


@pytest.mark.parametrize(("known", "came_true"), [(True, False), (False, None)])
def test_what_is_due_is_settled_where_its_prices_are_known(known: bool, came_true: bool | None) -> None:
    """A battery that stood idle while energy was dear bought it instead, and saved nothing."""
    start, end = NOW - 6 * HOUR, NOW - 3 * HOUR
    due = advisory("hold_battery/2025-06-02", start=start, end=end, expires=end, energy_value_per_kwh=0.1)
    paid = tuple(PricedSpan(one.at, 0.3, 0.0) for one in quarters()) if known else ()
    (settled,) = advised(asked(AdviceQuestion(due=(due,), paid=paid))).settled
    assert (settled.key, settled.outcome.came_true) == (due.key, came_true)


def test_question_and_answer_cross_the_wire() -> None:
    wanted = asked(AdviceQuestion(loads=(WASHER,), outages=OUTAGES, due=(advisory(),)))
    assert from_json(PlanRequest, to_json(wanted)) == wanted
    advice = advised(asked())
    assert from_json(Advice, to_json(advice)) == advice


def test_a_request_without_the_question_is_one_sentence() -> None:
    wanted = asked()
    with pytest.raises(ValueError, match="no recommendations were asked for"):
        advised(replace(wanted, advice=None))
