"""What the agent has at the start of a step: a question for a plan, both forecasts, and the worth of stored energy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from agent.backtest.case import Case, cut
from agent.backtest.foreseen import Foreseen
from agent.backtest.prices_then import curves_at
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan, PlanStep
from agent.domain.request import PlanRequest
from agent.forecasting.forecaster import Forecaster
from agent.forecasting.make_forecast import SiteForecast, forecast_site
from agent.planner import HISTORY
from agent.planning.make_plan import terms_of
from agent.planning.scenarios import net_load_paths
from agent.planning.terms import Terms
from agent.planning.value_table import value_table

HORIZON_H = 48


class Outlook:
    """One step of a play, seen as the planner would. The value table is made when a policy first asks for it."""

    def __init__(self, request: PlanRequest, site: SiteForecast) -> None:
        self.request = request
        self.forecast = site
        self.terms: Terms = terms_of(request)
        self._plan: Plan | None = None

    def plan(self) -> Plan:
        """A plan with the value table alone: what the fast loop acts on. Its steps tell nothing but the prices."""
        if self._plan is None:
            self._plan = self._valued()
        return self._plan

    def _valued(self) -> Plan:
        request, site = self.request, self.forecast
        paths = net_load_paths(site.load, site.pv, site.load_errors, site.pv_errors, request.solar_rated_w)
        return Plan(
            issued_at=request.now,
            expires_at=request.now + timedelta(seconds=request.valid_s),
            horizon=request.horizon,
            steps=_priced_steps(request),
            values=value_table(self.terms, paths.net_w, paths.pv_w),
            load=site.load,
            pv=site.pv,
        )


class Agent:
    """The agent's knowledge, step by step through a case; steps are asked for in order of time."""

    def __init__(self, case: Case, load: Sequence[Forecaster], solar: Sequence[Forecaster]) -> None:
        self._case = case
        self._load = [Foreseen(forecaster, case.history) for forecaster in load]
        self._solar = [Foreseen(forecaster, case.history) for forecaster in solar]
        self._look_back = HISTORY // timedelta(seconds=case.horizon.step_s)

    def outlook(self, index: int) -> Outlook:
        """From what was measured before step ``index`` and the prices known then."""
        case = self._case
        now, step_s = case.at(index), case.horizon.step_s
        horizon = Horizon(now, step_s, HORIZON_H * 3600 // step_s)
        history = cut(case.history, index - self._look_back, index)
        return Outlook(request_at(case, index, horizon), forecast_site(self._load, self._solar, history, horizon, now))


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


def _priced_steps(request: PlanRequest) -> tuple[PlanStep, ...]:
    """What the fast loop reads from a plan's steps where the connection has limits: the highest price."""
    rest = PlanStep(*[0.0] * 11)
    prices = zip(request.import_price, request.export_price, strict=True)
    return tuple(replace(rest, import_price=bought, export_price=sold) for bought, sold in prices)
