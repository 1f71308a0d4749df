"""A made-up site for the self-test: a home at the equator, where the sun shines at the same hours all the year."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.horizon import Horizon
from agent.domain.records import Batch, MinuteRow
from agent.domain.request import Place, PlanRequest
from agent.domain.site import Connection
from agent.settings.schema import Settings

NOW = datetime(2026, 3, 17, tzinfo=UTC)  # whatever the clock says: it may be wrong at a start
PAST_DAYS = 29  # four weeks, so that no model misses anything
QUARTER_S = 900
ROWS_AT_ONCE = 700  # few commits, and little memory of the daemon


def made_up_request(settings: Settings, folder: Path) -> PlanRequest:
    """A question whose every answer but its own battery is made up; its store is to be made in ``folder``."""
    planning = settings.planning
    horizon = Horizon(NOW, planning.step_s, planning.horizon_h * 3600 // planning.step_s)
    return PlanRequest(
        now=NOW,
        horizon=horizon,
        soc_pct=50.0,
        battery=settings.battery_spec(),
        connection=Connection(),
        place=Place(0.0, 0.0, "UTC"),
        solar_rated_w=settings.solar_rated_w,
        import_price=tuple(0.15 if at.hour < 6 else 0.4 if 17 <= at.hour < 21 else 0.3 for at in horizon.times()),
        export_price=(0.08,) * horizon.steps,
        carbon_kg_per_kwh=(0.3,) * horizon.steps,
        objective=settings.objective_spec(),
        valid_s=planning.valid_h * 3600.0,
        store=str(folder / "made-up.sqlite3"),
        models=str(settings.models_folder),
        load_model=planning.load_model,
        solar_model=planning.solar_model,
    )


async def fill(path: Path, solar_rated_w: float) -> None:
    """Make the store: quarters of load and solar power up to ``NOW``. Raises StoreFailure."""
    store = SqliteStore(path, ZoneInfo("UTC"), lambda: NOW)
    await store.open()
    chance, end = Random(7), NOW
    begin = end - timedelta(days=PAST_DAYS)
    times = [begin + timedelta(seconds=QUARTER_S * step) for step in range(PAST_DAYS * 86_400 // QUARTER_S)]
    try:
        for first in range(0, len(times), ROWS_AT_ONCE):
            rows = (_quarter(at, chance, solar_rated_w) for at in times[first : first + ROWS_AT_ONCE])
            await store.write(Batch(minutes=tuple(rows)))
    finally:
        await store.close()


def _quarter(at: datetime, chance: Random, solar_rated_w: float) -> MinuteRow:
    hour = at.hour + at.minute / 60.0
    load_w = 500.0 + 250.0 * math.sin(math.pi * (hour - 12.0) / 12.0) + chance.uniform(0.0, 300.0)
    height = math.sin(math.pi * (hour - 7.0) / 10.0) if 7.0 < hour < 17.0 else 0.0
    pv_w = 0.8 * solar_rated_w * height * chance.uniform(0.5, 1.0)
    return MinuteRow.known_from_elsewhere(at, QUARTER_S, load_w, pv_w)
