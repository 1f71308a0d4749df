"""Plans of made-up days with what they were made on."""

from agent.domain.forecast import Forecast
from agent.domain.request import PlanRequest
from agent.domain.site import Connection
from agent.explanation.limits import Basis
from agent.forecasting.site_forecast import SiteForecast
from agent.planning.make_plan import make_plan, terms_of
from tests.planning import days

CONNECTION = Connection(20_000.0, 10_000.0)


def basis(
    seed: int = 1,
    step_s: int = 3600,
    connection: Connection = CONNECTION,
    forecasts: tuple[Forecast, Forecast] | None = None,
    **changes: object,
) -> Basis:
    """48 hours planned for ``tests.planning.days``."""
    asked = days.request(seed, 48 * 3600 // step_s, step_s, connection=connection, **changes)
    load, pv = forecasts or days.forecasts(asked, seed)
    plan = make_plan(asked, SiteForecast(load, pv), 20.0)
    end_value = terms_of(asked).terminal_per_kwh
    return Basis(plan, asked.battery, connection, carbon_price(asked), end_value, asked.reserve_pct)


def carbon_price(asked: PlanRequest) -> tuple[float, ...]:
    return tuple(asked.objective.carbon_price_per_kg * kg for kg in asked.carbon_kg_per_kwh)
