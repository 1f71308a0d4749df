"""Made-up days of one site: sun, load and prices from a seed."""

from datetime import timedelta

import numpy as np

from agent.domain.battery import Battery
from agent.domain.forecast import Forecast
from agent.domain.horizon import Horizon
from agent.domain.plan import ValueTable
from agent.domain.request import PlanRequest
from agent.domain.site import Connection
from agent.planning import demand
from agent.planning.concave import concave_rows
from agent.planning.peak import Floats, Peak
from agent.planning.planning_terms import PlanningTerms, Problem
from agent.planning.value_table import GRID_POINTS, as_table, backward_by_path
from tests.plan_requests import BATTERY, NOW, plan_request

__all__ = [
    "BATTERY", "NOW", "errors", "forecast", "forecasts", "mean_values", "peak_of", "problem", "request", "value_table",
]  # fmt: skip


def problem(
    seed: int,
    steps: int = 48,
    step_h: float = 1.0,
    soc_pct: float = 40.0,
    battery: Battery = BATTERY,
    connection: Connection | None = None,
    import_price: float | None = None,
    export_price: float = 0.05,
    terminal: float = 0.15,
) -> Problem:
    """A site with a rough load, a cloudy sun and a daily price; ``import_price`` shifts the whole price."""
    random = np.random.default_rng(seed)
    hours = np.arange(steps) * step_h
    load = 400.0 + 900.0 * np.sin(np.pi * (hours - 15.0) / 24.0) ** 2 + random.gamma(2.0, 150.0, steps)
    sun = np.clip(4_000.0 * np.sin(np.pi * (hours % 24.0 - 6.0) / 12.0), 0.0, None) * random.uniform(0.3, 1.0, steps)
    price = 0.2 + 0.1 * np.sin(2.0 * np.pi * hours / 24.0) + random.normal(0.0, 0.03, steps)
    if import_price is not None:
        price = price - price.mean() + import_price
    terms = PlanningTerms(step_h, battery, connection or Connection(), price, np.full(steps, export_price), terminal)
    return Problem(terms, battery.stored_wh(soc_pct), load, sun)


def value_table(terms: PlanningTerms, net_w: Floats, pv_w: Floats, noise_w: Floats | None = None) -> ValueTable:
    grid, by_path = backward_by_path(terms, net_w, pv_w)
    return as_table(terms, grid, by_path, net_w, noise_w)


def forecast(quantity: str, horizon: Horizon, median: np.ndarray) -> Forecast:
    rows = (0.7 * median, median, 1.2 * median)
    return Forecast(quantity, horizon, (0.05, 0.5, 0.95), tuple(tuple(r.tolist()) for r in rows), "made up", NOW)


def request(seed: int = 1, steps: int = 48, step_s: int = 3600, **changes: object) -> PlanRequest:
    site = problem(seed, steps, step_s / 3600.0)
    fields: dict[str, object] = {
        "now": NOW + timedelta(seconds=20),
        "horizon": Horizon(NOW, step_s, steps),
        "connection": Connection(20_000.0, 10_000.0),
        "import_price": tuple(site.terms.import_price.tolist()),
        "export_price": tuple(site.terms.export_price.tolist()),
        "carbon_kg_per_kwh": tuple(np.linspace(0.1, 0.4, steps).tolist()),
    }
    return plan_request(**(fields | changes))  # type: ignore[arg-type]  # the tests name the fields


def forecasts(asked: PlanRequest, seed: int = 1) -> tuple[Forecast, Forecast]:
    site = problem(seed, asked.horizon.steps, asked.horizon.step_h)
    return forecast("load_w", asked.horizon, site.load_w), forecast("pv_w", asked.horizon, site.pv_w)


def errors(steps: int, days: int = 20, spread_w: float = 300.0, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, spread_w, (days, steps))


def mean_values(
    terms: PlanningTerms, net_w: np.ndarray, pv_w: np.ndarray, points: int = GRID_POINTS
) -> tuple[np.ndarray, np.ndarray]:
    """(grid in kWh, concave value of shape (steps + 1, points)): the mean over the paths of ``backward_by_path``."""
    grid, by_path = backward_by_path(terms, net_w, pv_w, points)
    return grid, concave_rows(grid, by_path.mean(axis=1))


def peak_of(asked: PlanRequest, past_net_w: Floats, ahead_net_w: Floats) -> Peak:
    """The thresholds of the charge of ``asked`` alone."""
    return demand.peak_of(asked, demand.past_intervals(asked, past_net_w), past_net_w, ahead_net_w)
