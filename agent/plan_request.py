"""Builds the request of a plan: what the site file fixes, with the prices, the battery and the demand of now."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.dispatch.demand_meter import DemandMeter
from agent.domain.advisory import AdviceQuestion
from agent.domain.battery import Battery
from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.ledger import LedgerCheckpoint, SettlementRequest
from agent.domain.load_run import LoadTask
from agent.domain.request import Demand, PlanRequest
from agent.settings.price_renewal import PriceFiles
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions
from agent.site_view import Outlet


@dataclass(slots=True)
class PlanRequests:
    """The requests of the running agent. ``meter`` None: no demand is charged. ``files`` are looked at each time.

    ``heard_troubles`` says why prices that come by topic are not taken, or do not come.
    """

    settings: Settings
    conditions: SiteConditions
    outlet: Outlet
    meter: DemandMeter | None
    tasks: Callable[[datetime, datetime], tuple[LoadTask, ...]]
    question: Callable[[], AdviceQuestion | None]
    files: PriceFiles
    heard_troubles: Callable[[], tuple[str, ...]] = lambda: ()

    def go_by(self, settings: Settings, meter: DemandMeter | None, files: PriceFiles) -> None:
        """Ask with these from now on."""
        self.settings, self.meter, self.files = settings, meter, files

    def settlement(self, now: datetime, checkpoint: LedgerCheckpoint | None) -> SettlementRequest:
        """What is asked at ``now`` of a ledger that ends with ``checkpoint``."""
        return self.settings.settlement_request(now, checkpoint)

    def with_advice(self, now: datetime, soc_pct: float) -> PlanRequest | None:
        """As ``at``, with what is to be recommended on now."""
        return self.at(now, soc_pct, self.question())

    def at(self, now: datetime, soc_pct: float, advice: AdviceQuestion | None = None) -> PlanRequest | None:
        """What is asked at ``now`` of the part of the battery that can be steered; None while no price is known.

        ``advice`` says what to recommend on; None: nothing is to be recommended this time.
        """
        demand = None if self.meter is None else self.meter.demand(_horizon(self.settings, now).start)
        asked = plan_request(self.settings, self.conditions, now, soc_pct, self.outlet.view.battery, demand, advice)
        if asked is None:
            return None
        notes = (*asked.notes, *self.price_troubles())
        return replace(asked, notes=notes, tasks=self.tasks(now, asked.horizon.end))

    def price_troubles(self) -> tuple[str, ...]:
        """A sentence for everything for which there are no newer prices."""
        return (*self.files.troubles(), *self.heard_troubles())

    async def look_at_files(self) -> None:
        """Take in price files that have changed, without waiting for the disk on the event loop."""
        await asyncio.to_thread(self.files.look)
        if self.files.bought is not None and self.files.bought.newest is not None:
            self.conditions.import_tariff = self.files.bought.newest
        if self.files.sold is not None and self.files.sold.newest is not None:
            self.conditions.export_tariff = self.files.sold.newest


def conditions_of(settings: Settings) -> SiteConditions:
    """Those of the site file alone. Raises PriceFileError."""
    return SiteConditions(
        settings.import_tariff(),
        settings.export_tariff(),
        settings.carbon.kg_per_kwh,
        settings.connection_spec(),
        settings.objective_spec(),
        settings.place(),
        settings.reserve_spec(),
        settings.failsafe_spec(),
    )


def demand_meter(settings: Settings) -> DemandMeter | None:
    """That of all charges, which knows nothing yet; None where none is asked."""
    charges = settings.demand_charges()
    return DemandMeter(charges[0], ZoneInfo(settings.site.timezone), charges[1:]) if charges else None


def plan_request(
    settings: Settings,
    conditions: SiteConditions,
    now: datetime,
    soc_pct: float,
    battery: Battery | None = None,
    demand: Demand | None = None,
    advice: AdviceQuestion | None = None,
) -> PlanRequest | None:
    """What is asked at ``now`` with ``soc_pct`` in the battery, or None while no price is known.

    ``battery`` None takes the whole of it.
    """
    planning, horizon = settings.planning, _horizon(settings, now)
    curves = conditions.curves(horizon)
    if curves is None:
        return None
    connections = conditions.connections(now, horizon)
    varies = len(set(connections)) > 1
    return PlanRequest(
        now=now,
        horizon=horizon,
        soc_pct=soc_pct,
        battery=battery or settings.battery_spec(),
        connection=connections[0],
        place=settings.place(),
        solar_rated_w=settings.solar_rated_w,
        import_price=curves.import_price,
        export_price=curves.export_price,
        carbon_kg_per_kwh=curves.carbon_kg_per_kwh,
        objective=settings.objective_spec(),
        valid_s=planning.valid_h * 3600.0,
        store=settings.store.path,
        models=str(settings.models_folder),
        load_model=planning.load_model,
        solar_model=planning.solar_model,
        weather=conditions.weather_at(now),
        notes=(*curves.notes, *conditions.stale(now)),
        reserve_pct=() if conditions.reserve is None else conditions.reserve.over(horizon),
        import_limit_w=tuple(one.import_limit_w for one in connections) if varies else (),
        export_limit_w=tuple(one.export_limit_w for one in connections) if varies else (),
        demand=demand,
        advice=advice,
    )


def _horizon(settings: Settings, now: datetime) -> Horizon:
    step_s = settings.planning.step_s
    return Horizon(floor_to_step(now, step_s), step_s, settings.planning.horizon_h * 3600 // step_s)
