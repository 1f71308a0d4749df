"""The site file and the prices in force become the planner's question."""

from datetime import datetime

from agent.domain.horizon import Horizon, floor_to_step
from agent.domain.ledger import LedgerCheckpoint, SettlementRequest
from agent.domain.request import PlanRequest
from agent.settings.schema import Settings
from agent.site_conditions.site_conditions import SiteConditions


def plan_request(settings: Settings, conditions: SiteConditions, now: datetime, soc_pct: float) -> PlanRequest | None:
    """What is asked at ``now`` with ``soc_pct`` in the battery, or None while no price is known."""
    planning = settings.planning
    steps = planning.horizon_h * 3600 // planning.step_s
    horizon = Horizon(floor_to_step(now, planning.step_s), planning.step_s, steps)
    curves = conditions.curves(horizon)
    if curves is None:
        return None
    connections = conditions.connections(now, horizon)
    varies = len(set(connections)) > 1
    return PlanRequest(
        now=now,
        horizon=horizon,
        soc_pct=soc_pct,
        battery=settings.battery_spec(),
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
    )


def settlement_request(settings: Settings, now: datetime, carry: LedgerCheckpoint | None) -> SettlementRequest:
    """What is asked at ``now`` of a ledger that ends with ``carry``."""
    return SettlementRequest(
        now=now,
        store=settings.store.path,
        timezone=settings.site.timezone,
        battery=settings.battery_spec(),
        connection=settings.connection_spec(),
        has_solar=settings.solar is not None,
        carbon_price_per_kwh=settings.objective_spec().carbon_price_per_kg * settings.carbon.kg_per_kwh,
        carry=carry,
    )
