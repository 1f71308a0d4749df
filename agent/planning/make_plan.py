"""From a request and two forecasts to a plan. It always answers.

Without the solver the schedule is the forward pass along the value table.
"""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from agent.domain.forecast import Forecast
from agent.domain.load_run import LoadRun
from agent.domain.plan import Plan, PlanStep
from agent.domain.request import PlanRequest
from agent.domain.sentences import plans as say
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.battery_arrays import socs_pct
from agent.planning.battery_wear import depth_wear, further_wear
from agent.planning.concave import smooth_rows
from agent.planning.demand import peaks_of, raised
from agent.planning.fallback import never_worse_than_rule, without_solver
from agent.planning.highs import SolverFailure
from agent.planning.load_runs import choose_runs, runs_from_the_beginning, with_runs
from agent.planning.optimise import solve_schedule
from agent.planning.planning_terms import Floats, PlanningTerms, Problem, require_finite
from agent.planning.scenarios import paths_of, terminal_value
from agent.planning.schedule import Schedule
from agent.planning.stored_value import StoredValue, stored_value

RUNS_SHARE = 0.3  # of the solver's time, for when the switched loads run


def make_plan(request: PlanRequest, site: SiteForecast, deadline_s: float, past_net_w: Floats | None = None) -> Plan:
    """The plan that answers ``request``.

    The published steps are the linear programme's on the medians, with its duals; the value table is made over the
    medians bent by the past errors. The import price of the objective is the tariff plus carbon; exports earn no
    carbon. ``past_net_w``, for a demand charge, is load less solar before the horizon on its raster, W, NaN where not
    known. ``deadline_s`` bounds the solver. Raises ValueError.
    """
    site = replace(site, load_errors=_none_if_empty(site.load_errors), pv_errors=_none_if_empty(site.pv_errors))
    notes = list(request.notes)
    problem = _problem(request, site, past_net_w, notes)
    if runs := _runs(request, problem, deadline_s, notes):
        site = replace(site, load=with_runs(site.load, runs))
        problem = _problem(request, site, past_net_w, [])
    terms = problem.terms
    value = stored_value(terms, paths_of(terms, site, request.solar_rated_w))
    schedule = _schedule(problem, value, None if request.plain else deadline_s)
    if site.load_errors is None and site.pv_errors is None:
        notes.append(say.no_past_errors())
    for charged in terms.peaks:
        notes += raised(charged, schedule.import_w, terms.step_h)
    return Plan(
        issued_at=request.now,
        expires_at=min(request.now + timedelta(seconds=request.valid_s), request.horizon.end),
        horizon=request.horizon,
        steps=_steps(request, problem, schedule),
        values=value.table,
        load=site.load,
        pv=site.pv,
        notes=(*notes, *schedule.notes),
        cost=_cost(request, problem, schedule),
        solve_s=schedule.run_s,
        runs=runs,
    )


def _runs(request: PlanRequest, problem: Problem, deadline_s: float, notes: list[str]) -> tuple[LoadRun, ...]:
    """When the switched loads run; what could not be chosen begins at once and is said."""
    if not request.tasks:
        return ()
    if request.plain:
        notes.append(say.loads_from_the_beginning(cause=say.solver_not_asked()))
        return runs_from_the_beginning(request.tasks)
    try:
        return choose_runs(problem, request.horizon, request.tasks, RUNS_SHARE * deadline_s)
    except SolverFailure as failure:
        notes.append(say.loads_from_the_beginning(cause=failure.why))
        return runs_from_the_beginning(request.tasks)


def _problem(request: PlanRequest, site: SiteForecast, past_net_w: Floats | None, notes: list[str]) -> Problem:
    """The question on the medians, with the month's peak. What is said about the medians enters ``notes``."""
    load_w, pv_w = _median(site.load, "load_w", request, notes), _median(site.pv, "pv_w", request, notes)
    terms, past_w = terms_of(request), np.empty(0) if past_net_w is None else past_net_w
    peaks = peaks_of(request, terms, past_w, load_w - pv_w)
    return Problem(terms.with_peaks(peaks), _stored_wh(request), load_w, pv_w)


def _schedule(problem: Problem, value: StoredValue, deadline_s: float | None) -> Schedule:
    """The linear programme's, where it is proven best in time; else the best that is at hand. None: no solver."""

    def rows() -> Floats:
        smooth = smooth_rows(problem.terms, value.soc_kwh, value.rows)
        return smooth + depth_wear(problem.terms.battery, value.soc_kwh)

    if deadline_s is None:
        return without_solver(problem, value.soc_kwh, rows(), say.solver_not_asked())
    try:
        schedule = solve_schedule(problem, deadline_s)
    except SolverFailure as failure:
        return without_solver(problem, value.soc_kwh, rows(), failure.why)
    return schedule if schedule.proven else never_worse_than_rule(problem, schedule, value.soc_kwh, rows())


def terms_of(request: PlanRequest) -> PlanningTerms:
    """Prices and limits of the request, carbon included, with the terminal value."""
    steps = request.horizon.steps
    arrays = {}
    for name in ("import_price", "export_price", "carbon_kg_per_kwh"):
        arrays[name] = np.array(getattr(request, name), dtype=float)
        require_finite(name, arrays[name], (steps,))
    carbon_price = request.objective.carbon_price_per_kg
    if not np.isfinite(carbon_price) or carbon_price < 0:
        raise ValueError(f"the carbon price is {carbon_price} per kg, not a number of at least 0")
    counted = arrays["import_price"] + carbon_price * arrays["carbon_kg_per_kwh"]
    terms = PlanningTerms(
        request.horizon.step_h,
        request.battery,
        request.connection,
        counted,
        arrays["export_price"],
        reserve_pct=request.reserve_pct,
        import_limits_w=request.import_limit_w,
        export_limits_w=request.export_limit_w,
    )
    return replace(terms, terminal_per_kwh=terminal_value(terms))


def _none_if_empty(errors: Floats | None) -> Floats | None:
    return None if errors is None or len(errors) == 0 else errors


def _stored_wh(request: PlanRequest) -> float:
    if not 0.0 <= request.soc_pct <= 100.0:
        raise ValueError(f"the state of charge is {request.soc_pct} %, not within 0..100")
    return request.battery.stored_wh(request.soc_pct)


def _median(forecast: Forecast, quantity: str, request: PlanRequest, notes: list[str]) -> Floats:
    """The median of a forecast whose whole content is usable, W. Power below zero is taken as zero, and said."""
    if forecast.quantity != quantity or forecast.horizon != request.horizon:
        raise ValueError(f"the forecast of {forecast.quantity} is not one of {quantity} on the horizon of the request")
    if 0.5 not in forecast.levels:
        raise ValueError(f"the forecast of {quantity} has no median")
    values = np.array(forecast.values, dtype=float)
    require_finite(f"the forecast of {quantity}", values, (len(forecast.levels), request.horizon.steps))
    median = np.array(forecast.median, dtype=float)
    below = int((median < 0).sum())
    if below:
        notes.append(say.forecast_below_zero(quantity=quantity, steps=below))
    return np.asarray(np.maximum(median, 0.0))


def _steps(request: PlanRequest, problem: Problem, schedule: Schedule) -> tuple[PlanStep, ...]:
    """The published steps: prices as the tariff has them, without carbon."""
    columns = (
        schedule.charge_w,
        schedule.discharge_w,
        schedule.import_w,
        schedule.export_w,
        schedule.curtail_w,
        socs_pct(request.battery, schedule.soc_wh),
        problem.load_w,
        problem.pv_w,
        np.array(request.import_price),
        np.array(request.export_price),
        schedule.energy_value_per_kwh,
    )
    return tuple(PlanStep(*row) for row in np.column_stack(columns).tolist())


def _cost(request: PlanRequest, problem: Problem, schedule: Schedule) -> float:
    """Money for the horizon at the tariff, plus wear, less what the battery gained over the horizon.

    A demand charge counts with what the plan adds to it above the thresholds, which are paid anyway.
    """
    bought = np.array(request.import_price) @ schedule.import_w
    sold = np.array(request.export_price) @ schedule.export_w
    wear = request.battery.wear_per_kwh * schedule.discharge_w.sum()
    gained_kwh = (schedule.soc_wh[-1] - problem.soc_wh) / 1000.0
    energy = float(bought - sold + wear) * problem.terms.step_h / 1000.0
    charge = sum(peak.cost(schedule.import_w / 1000.0, problem.terms.step_h) for peak in problem.terms.peaks)
    discharge_kw, stored_kwh = schedule.discharge_w / 1000.0, schedule.soc_wh / 1000.0
    more = further_wear(request.battery, discharge_kw, problem.soc_wh / 1000.0, stored_kwh, problem.terms.step_h)
    return energy + charge - problem.terms.terminal_per_kwh * float(gained_kwh) + more
