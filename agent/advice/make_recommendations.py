"""The planner's answer to the question of what to recommend, and of what became of earlier recommendations."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from agent.advice.battery_health import samples_of
from agent.advice.recommendations import Site, advise
from agent.domain.advisory import Advice, AdviceQuestion, Advisory, AdvisoryType, FlexibleLoad, Settled
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.explanation.limits import Basis
from agent.planning.make_plan import terms_of
from agent.recording.rollups import Rollup
from agent.savings.settle import Evidence, settle

SPAN_S = 900
LEAST_QUARTERS = 4  # what is forecast from less than an hour is no ground for asking people to do something


def make_recommendations(
    plan: Plan, request: PlanRequest, quarters: Sequence[Rollup], still_time: Callable[[], bool]
) -> Advice:
    """Proposals that rest on ``plan``, the answer to ``request``, and outcomes of what is due.

    ``quarters`` are the site's last weeks, oldest first. What is not begun when ``still_time`` says no is left out, and
    so is what rests on forecasts while there is hardly any history.
    Raises SolverFailure, and ValueError for a request without an AdviceQuestion or for input that does not fit.
    """
    question = request.advice
    if question is None:
        raise ValueError("no recommendations were asked for")
    settled = outcomes(question, request, quarters)
    site = _site(question, request, quarters)
    return Advice(
        advise(basis_of(plan, request), site, lambda: len(quarters) >= LEAST_QUARTERS and still_time()), settled
    )


def outcomes(question: AdviceQuestion, request: PlanRequest, quarters: Sequence[Rollup]) -> tuple[Settled, ...]:
    """What became of each recommendation that is due, by what was measured and what energy cost then."""
    evidence = _evidence(question, quarters)
    return tuple(
        Settled(one.key, settle(one, evidence, request.battery, request.now, _machine(question, one)))
        for one in question.due
    )


def basis_of(plan: Plan, request: PlanRequest) -> Basis:
    """The plan with what it was made on."""
    carbon = tuple(request.objective.carbon_price_per_kg * kg for kg in request.carbon_kg_per_kwh)
    varies = request.import_limit_w or request.export_limit_w
    connections = tuple(request.connection_at(i) for i in range(request.horizon.steps)) if varies else ()
    end_value = terms_of(request).terminal_per_kwh
    return Basis(plan, request.battery, request.connection, carbon, end_value, request.reserve_pct, connections)


def _site(question: AdviceQuestion, request: PlanRequest, quarters: Sequence[Rollup]) -> Site:
    demand = request.demand
    peak_w = 0.0 if demand is None else demand.paid_anyway_w
    return Site(
        now=request.now,
        zone=_zone(request),
        carbon_kg_per_kwh=request.carbon_kg_per_kwh,
        loads=question.loads,
        month_peak_w=peak_w if peak_w > 0.0 else None,
        charge=None if demand is None else demand.charge,
        samples=samples_of(quarters, SPAN_S),
        outages=question.outages,
        outage_days=question.outage_days,
        outage_value_per_kwh=question.outage_value_per_kwh,
        critical_load_w=question.critical_load_w,
    )


def _zone(request: PlanRequest) -> ZoneInfo:
    return ZoneInfo(request.place.timezone)


def _evidence(question: AdviceQuestion, quarters: Sequence[Rollup]) -> Evidence:
    """The quarters whose price is known."""
    paid = {span.at: span for span in question.paid}
    spans = tuple(quarter for quarter in quarters if quarter.at in paid)
    bought = tuple(paid[span.at].import_price for span in spans)
    return Evidence(SPAN_S, spans, bought, tuple(paid[span.at].export_price for span in spans))


def _machine(question: AdviceQuestion, advisory: Advisory) -> FlexibleLoad | None:
    """The flexible load that a SHIFT_LOAD is about, by the name in its key; None when the site file lost it."""
    if advisory.kind is not AdvisoryType.SHIFT_LOAD:
        return None
    name = advisory.key.partition("/")[2].rpartition("/")[0]
    return next((load for load in question.loads if load.name == name), None)
