"""The plan requests of the tests: a question with every field that a test does not care for."""

from datetime import UTC, datetime

from agent.domain.battery import Battery
from agent.domain.horizon import Horizon
from agent.domain.request import Objective, Place, PlanRequest
from agent.domain.site import Connection

NOW = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
BATTERY = Battery(10_000, 5_000, 4_000, 0.95, 0.93, soc_min_pct=10, soc_max_pct=95, wear_per_kwh=0.01)


def plan_request(horizon: Horizon, **changes: object) -> PlanRequest:
    """A question of the start of ``horizon`` with even prices, without a store and without models."""
    fields: dict[str, object] = {
        "now": horizon.start,
        "horizon": horizon,
        "soc_pct": 40.0,
        "battery": BATTERY,
        "connection": Connection(),
        "place": Place(52.0, 0.0, "Europe/London"),
        "solar_rated_w": 5_000.0,
        "import_price": (0.28,) * horizon.steps,
        "export_price": (0.05,) * horizon.steps,
        "carbon_kg_per_kwh": (0.2,) * horizon.steps,
        "objective": Objective(),
        "valid_s": 6 * 3600.0,
        "store": "",
        "models": "",
        "load_model": None,
        "solar_model": None,
    }
    return PlanRequest(**(fields | changes))  # type: ignore[arg-type]  # the tests name the fields
