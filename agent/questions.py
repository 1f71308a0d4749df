"""What the controller asks its short-lived processes for: plans, with or without recommendations, and the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.dispatch.demand_meter import DemandMeter
from agent.domain.advisory import AdviceQuestion
from agent.domain.ledger import LedgerCheckpoint, SettlementRequest
from agent.domain.request import PlanRequest
from agent.settings.request import plan_request, settlement_request
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet


@dataclass(frozen=True, slots=True)
class Questions:
    """The site file with the prices, the battery and the demand of now. ``advice`` says what to recommend on."""

    settings: Settings
    conditions: SiteConditions
    outlet: Outlet
    meter: DemandMeter | None
    advice: Callable[[], AdviceQuestion | None]

    def for_plan(self, now: datetime, soc_pct: float) -> PlanRequest | None:
        """None while no price is known."""
        request = plan_request(self.settings, self.conditions, now, soc_pct)
        if request is None:
            return None
        if self.outlet.view.battery is not None:
            request = replace(request, battery=self.outlet.view.battery)
        if self.meter is not None:
            request = replace(request, demand=self.meter.demand(request.horizon.start))
        return request

    def for_plan_with_advice(self, now: datetime, soc_pct: float) -> PlanRequest | None:
        """As ``for_plan``, and what to recommend where it is time for that."""
        request = self.for_plan(now, soc_pct)
        return None if request is None else replace(request, advice=self.advice())

    def for_ledger(self, now: datetime, carry: LedgerCheckpoint | None) -> SettlementRequest:
        """Of a ledger that ends with ``carry``."""
        return settlement_request(self.settings, now, carry)
