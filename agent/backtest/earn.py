"""What a site would have paid in the last days, had its plans been made with these forecasters."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from agent.backtest.case import Case, Floats, Unplayable, curve_on, on_raster
from agent.backtest.play import Played, play
from agent.backtest.policies import AS_CONTROLLED
from agent.domain.history import History
from agent.domain.horizon import Horizon
from agent.domain.request import Place, PlanRequest
from agent.forecasting.forecaster import Forecaster
from agent.planning.battery_arrays import stored_wh
from agent.planning.battery_wear import further_wear

HOUR_S = 3600
LEAST_DAYS = 2  # of history before the first hour that is played


def earn(
    request: PlanRequest, history: History, load: Sequence[Forecaster], solar: Sequence[Forecaster], days: int
) -> float:
    """Net cost of the last ``days`` days of ``history`` (fewer where it is shorter), lower is better.

    The value-table policy is played in hourly steps (or the request's, where longer) with the request's battery,
    connection and objective: money, wear and the objective's price of carbon are counted, and what is left in the
    battery is worth discharge efficiency times the mean import price. All forecasters are used as a plan would use
    them, so a persistence stands last in both.

    Prices older than the request are not known. A past step takes the request's prices at the same local clock time of
    a like day (working day or not), else of any day, and all of them count as known beforehand. The same is done for
    every forecaster, so that sums can be compared with each other but not with a bill.
    """
    case = case_of_request(request, history, days)
    return counted_cost(case, play(case, (AS_CONTROLLED,), load, solar)[0])


def counted_cost(case: Case, played: Played) -> float:
    """What the objective counts: the bill, carbon at its price, wear, less what is left in the battery."""
    account = played.account(case)
    carbon = case.objective.carbon_price_per_kg * account.co2_kg
    battery, discharge_kw = case.battery, np.maximum(played.battery_w, 0.0) / 1000.0
    start_kwh, *stored_kwh = stored_wh(battery, played.soc_pct) / 1000.0
    more = further_wear(battery, discharge_kw, start_kwh, np.array(stored_kwh), case.horizon.step_h)
    return account.net_cost + carbon + case.battery.wear_per_kwh * account.discharge_kwh + more


def case_of_request(request: PlanRequest, history: History, days: int) -> Case:
    """The last ``days`` days of a history as a case. Raises Unplayable where there is nothing to play."""
    if days <= 0:
        raise Unplayable(f"at least one day must be played, not {days}")
    if all(value is None for value in history.load_w):
        raise Unplayable("the history has no load at all")
    step_s = max(HOUR_S, request.horizon.step_s)
    coarse, (load_w, pv_w) = on_raster(history, step_s)
    raster, day = coarse.horizon, 86_400 // step_s
    curves = [
        _repeated(request.horizon, values, raster, request.place)
        for values in (request.import_price, request.export_price, request.carbon_kg_per_kwh)
    ]
    return Case(
        name="this site",
        history=coarse,
        load_w=load_w,
        pv_w=pv_w,
        import_price=curves[0],
        export_price=curves[1],
        carbon_kg_per_kwh=curves[2],
        battery=request.battery,
        connection=request.connection,
        place=request.place,
        solar_rated_w=request.solar_rated_w,
        objective=request.objective,
        day_ahead=False,
        first=min(max(raster.steps - days * day, LEAST_DAYS * day), raster.steps),
        last=raster.steps,
    )


def _repeated(known: Horizon, values: Sequence[float], raster: Horizon, place: Place) -> Floats:
    """The curve of a request laid over the past by clock time and kind of day, shape (raster.steps,)."""
    clock = _Clock(place)
    of_kind: dict[tuple[int, bool], float] = {}
    of_time: dict[int, float] = {}
    for at, value in zip(known.times(), values, strict=True):
        minute, working = clock.read(at)
        of_kind.setdefault((minute, working), value)
        of_time.setdefault(minute, value)
    mean = float(np.mean(values))
    fine_s = min(known.step_s, raster.step_s)
    fine = Horizon(raster.start, fine_s, raster.steps * (raster.step_s // fine_s))
    found = []
    for at in fine.times():
        minute, working = clock.read(at)
        found.append(of_kind.get((minute, working), of_time.get(minute, mean)))
    return curve_on(fine, found, raster)


class _Clock:
    """Minute of the local day, and whether it is a working day."""

    def __init__(self, place: Place) -> None:
        self._zone = ZoneInfo(place.timezone)
        self._holidays = frozenset(place.holidays)

    def read(self, at: datetime) -> tuple[int, bool]:
        local = at.astimezone(self._zone)
        working = local.weekday() < 5 and local.date() not in self._holidays
        return 60 * local.hour + local.minute, working
