"""The planner process: history, models and LP in, one plan out, gone.

Reads a PlanRequest as JSON from standard input and answers with a Plan as JSON on a descriptor of its own. Ends with
code 1 and one sentence on standard error when it cannot. Its arguments are those of
``agent.adapters.processes.answering``; it may be killed at any instant.
"""

import gc
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from agent.adapters.processes.answering import answer_once, leave
from agent.domain.forecast_corrections import FORECAST_CORRECTIONS, ForecastCorrections
from agent.domain.history import LOOK_BACK, History
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.sentences import plans as say
from agent.domain.weather_raster import hours_between, joined
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import StoreFailure

if TYPE_CHECKING:
    from agent.domain.weather import Weather
    from agent.forecasting.data_quality.examine import Sound
    from agent.forecasting.site_forecast import SiteForecast
    from agent.recording.rollups import Rollup

QUARTERS = timedelta(days=28)
MOST_SOLVER_S = 10.0  # a programme of two days takes a tenth of a second; who needs longer gets the forward pass
ADVICE_SHARE = 0.5  # of the deadline: no recommendation is worth a late plan
DETECTOR = "anomaly"


def answer(
    request: PlanRequest,
    history: History,
    deadline_s: float,
    corrections: Sequence[ForecastCorrections] = (),
    quarters: "Sequence[Rollup]" = (),
) -> Plan:
    """The plan for ``request`` from ``history``; also called in process by tests, backtests and the bench.

    ``history`` is as it was measured, in steps that may be others than the plan's: they are those of the forecasts.
    What is doubted in it is left out here. ``corrections`` are what the plan before
    has learnt, one a quantity; without them the forecasts learn from the history alone. ``quarters`` are the site's
    last weeks, for recommendations.
    """
    from agent.forecasting.raster import site_on
    from agent.planning.demand import past_net_w
    from agent.planning.make_plan import make_plan

    began = time.monotonic()
    sound, sound_notes = _examined(request, history)
    known = replace(sound.history, weather=_weather(request, history))
    site, site_notes = _forecast(request, known, corrections)
    site = site_on(site, request.horizon)
    notes = (*request.notes, *site_notes, *sound_notes)
    left_s = min(MOST_SOLVER_S, max(0.5, deadline_s - (time.monotonic() - began)))
    past_w = None if request.demand is None else past_net_w(_with_sun(known, request), request.horizon)
    asked = replace(request, notes=notes)
    plan = make_plan(asked, site, left_s, past_w)
    plan = replace(plan, corrections=site.corrections, suspects=sound.suspects, examined_from=history.horizon.start)
    return _advised(request, plan, quarters, began + ADVICE_SHARE * deadline_s)


def _forecast(
    request: PlanRequest, known: History, corrections: Sequence[ForecastCorrections]
) -> "tuple[SiteForecast, tuple[str, ...]]":
    """Both forecasts, and what there is to say about them. The models and their memory are gone on return."""
    from agent.adapters.models.site_models import members
    from agent.forecasting.make_forecast import forecast_site
    from agent.forecasting.raster import covering

    load, load_notes = members(request, "load_w")
    solar, solar_notes = members(request, "pv_w")
    learnt = {one.quantity: one for one in corrections}
    raster = covering(request.horizon, known.horizon.step_s)
    site = forecast_site(load, solar, known, raster, request.now, learnt)
    return site, (*load_notes, *solar_notes, *site.notes)


def _advised(request: PlanRequest, plan: Plan, quarters: "Sequence[Rollup]", until: float) -> Plan:
    """With recommendations where they are wanted. They begin nothing after ``until`` and never cost the plan."""
    if request.advice is None:
        return plan
    from agent.advice.make_recommendations import make_recommendations
    from agent.planning.highs import SolverFailure

    try:
        advice = make_recommendations(plan, request, quarters, lambda: time.monotonic() < until)
    except SolverFailure as failure:
        return replace(plan, notes=(*plan.notes, say.no_new_advice(cause=failure.why)))
    except ValueError as failure:
        return replace(plan, notes=(*plan.notes, say.no_new_advice(cause=str(failure))))
    return replace(plan, advice=advice)


def _with_sun(history: History, request: PlanRequest) -> History:
    """A site without solar power has measured none, which is no gap."""
    return history if request.solar_rated_w > 0.0 else replace(history, pv_w=(0.0,) * history.horizon.steps)


def _examined(request: PlanRequest, history: History) -> "tuple[Sound, tuple[str, ...]]":
    """The history without its data faults, and what there is to say about it. No detector is no failure."""
    from agent.adapters.models.onnx_detector import open_detector
    from agent.forecasting.data_quality.examine import examine, notes
    from agent.forecasting.forecaster import ModelUnusable

    folder = Path(request.models) / DETECTOR
    refused: tuple[str, ...] = ()
    sound: Sound | None = None
    if folder.is_dir() and not request.plain:
        try:
            sound = examine(history, request.place, request.solar_rated_w, open_detector(folder), request.now)
        except ModelUnusable as refusal:
            refused = (refusal.said,)
    if sound is None:
        sound = examine(history, request.place, request.solar_rated_w, None, request.now)
    return sound, (*refused, *notes(sound.suspects))


def _weather(request: PlanRequest, history: History) -> "Weather | None":
    """Hourly: what was written down of the past, and the newest word about the hours to come."""
    hours = hours_between(history.horizon.start, request.horizon.end)
    return joined(history.weather, request.weather, hours, request.now)


def read_history(request: PlanRequest) -> History:
    """The site's history up to the request's now, as it was measured, from the store."""
    from agent.adapters.store.store_reader import history
    from agent.forecasting.raster import forecast_step_s

    step_s = forecast_step_s(request.horizon.step_s)
    return history(Path(request.store), request.now - LOOK_BACK, request.now, step_s, doubtful=True)


def read_quarters(request: PlanRequest) -> "tuple[Rollup, ...]":
    """The site's last weeks in quarters, oldest first, where recommendations are wanted."""
    if request.advice is None:
        return ()
    from agent.adapters.store.row_reader import rollups

    return tuple(rollups(Path(request.store), "quarter", request.now - QUARTERS, request.now))


def read_corrections(request: PlanRequest) -> tuple[tuple[ForecastCorrections, ...], tuple[str, ...]]:
    """What the forecasts have learnt before, from the store, and a sentence where that cannot be used."""
    from agent.adapters.store.store_reader import kept

    document = kept(Path(request.store), FORECAST_CORRECTIONS.name)
    if document is None:
        return (), ()
    try:
        json.loads(document, parse_constant=_refuse_word)
        corrections = FORECAST_CORRECTIONS.read(document)
        for one in corrections:
            _refuse_future(one, request)
    except (ValueError, RecursionError) as error:  # a WireError is a ValueError
        return (), (say.learnt_anew(cause=str(error)),)
    return corrections, ()


def _refuse_word(word: str) -> None:
    raise WireError(f"it holds {word}, which is no number")


def _refuse_future(learnt: ForecastCorrections, request: PlanRequest) -> None:
    """What was learnt by a clock that ran ahead would be gone on from only when that time has come."""
    learnt_to = learnt.learnt_to
    if learnt_to is not None and (learnt_to.tzinfo is None or learnt_to > request.now):
        raise WireError(f"{learnt.quantity} was learnt up to {learnt_to.isoformat()}, which is not in the past")


def main() -> int:
    gc.disable()  # it is gone before there is anything worth collecting
    return answer_once(_planned, WireError, StoreFailure, ValueError)


def _planned(question: bytes, deadline_s: float) -> str:
    request = from_json(PlanRequest, question)
    corrections, notes = read_corrections(request)
    request = replace(request, notes=(*request.notes, *notes))
    return to_json(answer(request, read_history(request), deadline_s, corrections, read_quarters(request)))


if __name__ == "__main__":
    leave(main())
