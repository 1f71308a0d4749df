"""The site that is measured: a synthetic home with fifty days of history, two devices and a broker."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from agent.adapters.models.onnx_models import open_model
from agent.adapters.store.sqlite_store import SqliteStore
from agent.domain.battery import Battery
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan
from agent.domain.records import Batch, MinuteRow
from agent.domain.request import Place, PlanRequest
from agent.domain.site import Connection
from agent.domain.wire import to_json
from agent.forecasting.make_forecast import SiteForecast, forecast_site
from agent.planning.make_plan import terms_of
from agent.planning.planning_terms import Problem
from agent.workers.planner import answer
from exported_models import __file__ as models_file
from simulator.traces import synthetic
from tests.plan_requests import plan_request
from tests.site_files import RIVERSIDE, loopback_devices, site_text, with_keys, written

ZONE = "Europe/Amsterdam"
MODELS = Path(models_file).parent
NOW = datetime(2026, 3, 17, tzinfo=UTC)
PAST_DAYS = 50
HOUR = timedelta(hours=1)
STEP_S = 900
STEPS = 192  # 48 h of quarters
RATED_W = 4000.0
BATTERY = Battery(10_000.0, 5_000.0, 5_000.0, soc_min_pct=10.0, soc_max_pct=95.0, wear_per_kwh=0.02)
PLACE = Place(52.0, 5.0, ZONE)
NIGHT, DAY, EVENING = 0.14, 0.28, 0.42  # per kWh
EXPORT = 0.07


def write_site_file(folder: Path, inverter_port: int, meter_port: int, mqtt_port: int) -> Path:
    """A site file in ``folder`` for devices and broker on these ports of this machine; the store lies beside it."""
    night = {"price_per_kwh": NIGHT, "from": "00:00", "to": "06:00"}
    evening = {"price_per_kwh": EVENING, "from": "17:00", "to": "21:00"}
    place = {"latitude": PLACE.latitude, "longitude": PLACE.longitude, "timezone": ZONE}
    sections = with_keys(
        RIVERSIDE,
        {
            "site": {"id": "bench-home", "name": "Bench home", **place, "currency": "EUR"},
            "battery": {"reserve_pct": 10, "wear_per_kwh": BATTERY.wear_per_kwh},
            "solar": {"rated_w": RATED_W},
            "tariff.import": {"default_per_kwh": DAY},
            "tariff.import.window": [night, evening],
            "tariff.export": {"price_per_kwh": EXPORT},
            "carbon": {"kg_per_kwh": 0.25},
            "control": {"step_s": 1},
            "planning": {"interval_s": 60},
            "store": {"path": str(folder / "site.sqlite3"), "commit_s": 5},
            "cloud": {"host": "127.0.0.1", "port": mqtt_port, "tls": False, "acknowledged_by": "broker"},
            "log": {"level": "error"},
            "device": loopback_devices(inverter_port, meter_port),
        },
    )
    return written(folder, site_text(sections))


@cache
def past() -> History:
    """Fifty days of quarter-hour means up to ``NOW``."""
    start = NOW - timedelta(days=PAST_DAYS)
    trace = synthetic(1, start, PAST_DAYS + 1, timezone=ZONE, pv_rated_w=RATED_W)
    horizon = Horizon(start, STEP_S, PAST_DAYS * 86_400 // STEP_S)
    columns = []
    for name in ("load_w", "pv_w"):
        minutes = np.array([value for _, value in trace.series(name, start, NOW)], dtype=float)
        columns.append(tuple(minutes.reshape(horizon.steps, -1).mean(axis=1).tolist()))
    return History(horizon, columns[0], columns[1], (False,) * horizon.steps)


async def fill_store(path: Path, end: datetime) -> None:
    """Write the fifty days so that they end at ``end``, and roll them up, as a site that has run that long has it."""
    history = past()
    begin = end - timedelta(days=PAST_DAYS)
    store = SqliteStore(path, ZoneInfo(ZONE), lambda: end)
    await store.open()
    rows = [
        _quarter(begin + timedelta(seconds=STEP_S * index), load_w, pv_w)
        for index, (load_w, pv_w) in enumerate(zip(history.load_w, history.pv_w, strict=True))
    ]
    await store.write(Batch(minutes=tuple(rows)))
    backlog = await store.backlog()
    await store.write(Batch(acknowledged=(("minute", backlog["minute"][1]),)))
    await store.tidy(end)
    await store.close()


async def keep_learnt(path: Path, end: datetime) -> None:
    """Keep in the store what the plan of an hour before ``end`` has learnt."""
    before = [replace(one, learnt_to=one.learnt_to and one.learnt_to - HOUR) for one in planned().plan.corrections]
    store = SqliteStore(path, ZoneInfo(ZONE), lambda: end)
    await store.open()
    await store.write(Batch(kept=((FORECAST_CORRECTIONS.name, to_json(tuple(before), digits=8)),)))
    await store.close()


def _quarter(at: datetime, load_w: float | None, pv_w: float | None) -> MinuteRow:
    return MinuteRow(
        at=at, span_s=STEP_S, covered_s=STEP_S, grid_w=None, pv_w=pv_w, battery_w=None, load_w=load_w, soc_pct=None,
        import_wh=0.0, export_wh=0.0, charge_wh=0.0, discharge_wh=0.0, cost=None, co2_kg=None, curtailed=False,
        rung=None, time_trusted=True, points=(),
    )  # fmt: skip


def request_of(store: Path) -> PlanRequest:
    """48 h in quarters from ``NOW``, with the two shipped models."""
    horizon = Horizon(NOW, STEP_S, STEPS)
    hours = [at.astimezone(ZoneInfo(ZONE)).hour for at in horizon.times()]
    prices = tuple(NIGHT if hour < 6 else EVENING if 17 <= hour < 21 else DAY for hour in hours)
    return plan_request(
        horizon,
        now=NOW,
        soc_pct=50.0,
        battery=BATTERY,
        connection=Connection(import_limit_w=17_000.0),
        place=PLACE,
        solar_rated_w=RATED_W,
        import_price=prices,
        export_price=(EXPORT,) * STEPS,
        carbon_kg_per_kwh=(0.25,) * STEPS,
        store=str(store),
        models=str(MODELS),
        load_model="consumption",
        solar_model="solar",
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """One request with everything between it and its plan."""

    request: PlanRequest
    forecast: SiteForecast
    problem: Problem
    plan: Plan


@cache
def planned() -> Planned:
    """The plan of the site at ``NOW``, made in this process."""
    request = request_of(Path("unused"))
    forecast = site_forecast(request)
    load, pv = (np.maximum(np.array(part.median), 0.0) for part in (forecast.load, forecast.pv))
    problem = Problem(terms_of(request), BATTERY.stored_wh(request.soc_pct), load, pv)
    return Planned(request, forecast, problem, answer(request, past(), 20.0))


def site_forecast(request: PlanRequest) -> SiteForecast:
    """Both forecasts by the shipped models, with the errors of past days."""
    load = open_model(MODELS / "consumption", "load_w", PLACE)
    solar = open_model(MODELS / "solar", "pv_w", PLACE, RATED_W)
    return forecast_site([load], [solar], past(), request.horizon, request.now)
