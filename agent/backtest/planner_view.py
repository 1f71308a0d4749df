"""What the agent has at the start of a step: a question for a plan, both forecasts, and the worth of stored energy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property

import numpy as np

from agent.backtest.cached_forecaster import CachedForecaster
from agent.backtest.case import Case, Floats, cut
from agent.backtest.prices_then import curves_at
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.history import LOOK_BACK
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.request import Demand, PlanRequest
from agent.forecasting.forecaster import Forecaster
from agent.forecasting.make_forecast import forecast_site
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.demand import LONGEST_DAYS, peaks_of
from agent.planning.make_plan import terms_of
from agent.planning.planning_terms import PlanningTerms
from agent.planning.scenarios import Paths, net_load_paths, paths_of
from agent.planning.stored_value import stored_value

HORIZON_H = 48
NOTHING: Floats = np.empty(0)


class PlannerView:
    """One step of a play, seen as the planner would. The value table is made when a policy first asks for it."""

    def __init__(self, request: PlanRequest, site: SiteForecast, past_net_w: Floats = NOTHING) -> None:
        self.request = request
        self.forecast = site
        self._past_net_w = past_net_w
        self.terms: PlanningTerms = terms_of(request)
        self._plan: Plan | None = None

    def plan(self, demand: Demand | None = None) -> Plan:
        """A plan with the value table alone: what the fast loop acts on. ``demand`` is that of the policy that asks."""
        if self._plan is None:
            self._plan = self._valued(self.charged(demand))
        return self._plan

    def charged(self, demand: Demand | None) -> PlanningTerms:
        """The terms with a demand charge, as a plan has them."""
        if demand is None:
            return self.terms
        asked = replace(self.request, demand=demand)
        expected_w = np.array(self.forecast.load.median) - np.array(self.forecast.pv.median)
        return self.terms.with_peaks(peaks_of(asked, self.terms, self._past_net_w, expected_w))

    @cached_property
    def paths(self) -> Paths:
        """The net-load paths that a plan is made for where no peak is charged."""
        return net_load_paths(self.forecast, self.request.solar_rated_w)

    def _valued(self, terms: PlanningTerms) -> Plan:
        request, site = self.request, self.forecast
        return Plan(
            issued_at=request.now,
            expires_at=request.now + timedelta(seconds=request.valid_s),
            horizon=request.horizon,
            steps=(),
            values=stored_value(terms, paths_of(terms, site, request.solar_rated_w)).table,
            load=site.load,
            pv=site.pv,
        )


class Agent:
    """The agent's knowledge, step by step through a case; steps are asked for in order of time."""

    def __init__(self, case: Case, load: Sequence[Forecaster], solar: Sequence[Forecaster]) -> None:
        self._case = case
        self._load = [CachedForecaster(forecaster, case.history) for forecaster in load]
        self._solar = [CachedForecaster(forecaster, case.history) for forecaster in solar]
        self._look_back = LOOK_BACK // timedelta(seconds=case.horizon.step_s)
        self._corrections: dict[str, ForecastCorrections] = {}

    def view(self, index: int) -> PlannerView:
        """From what was measured before step ``index`` and the prices known then."""
        case = self._case
        now, step_s = case.at(index), case.horizon.step_s
        horizon = Horizon(now, step_s, HORIZON_H * 3600 // step_s)
        history = cut(case.history, index - self._look_back, index)
        site = forecast_site(self._load, self._solar, history, horizon, now, self._corrections)
        self._corrections = {learnt.quantity: learnt for learnt in site.corrections}
        return PlannerView(request_at(case, index, horizon), site, past_net_w(case, index))


def past_net_w(case: Case, index: int) -> Floats:
    """Load less solar of the month before step ``index``, W."""
    part = slice(max(0, index - LONGEST_DAYS * 86_400 // case.horizon.step_s), index)
    return case.load_w[part] - case.pv_w[part]


def request_at(case: Case, index: int, horizon: Horizon) -> PlanRequest:
    """The question that the daemon would ask, with the battery where it started."""
    curves = curves_at(case, index, horizon)
    return PlanRequest(
        now=horizon.start,
        horizon=horizon,
        soc_pct=case.start_pct,
        battery=case.battery,
        connection=case.connection,
        place=case.place,
        solar_rated_w=case.solar_rated_w,
        import_price=curves.import_price,
        export_price=curves.export_price,
        carbon_kg_per_kwh=curves.carbon_kg_per_kwh,
        objective=case.objective,
        valid_s=float(case.horizon.step_s),
        store="",
        models="",
        load_model=None,
        solar_model=None,
        notes=curves.notes,
    )
