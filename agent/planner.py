"""The planner process: history, models and LP in, one plan out, gone.

Reads a PlanRequest as JSON from standard input and prints a Plan as JSON. Ends with code 1 and one sentence on standard
error when it cannot. Started with a memory limit in MB and a deadline in seconds; it may be killed at any instant.
"""

import resource
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.history import History
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.wire import WireError, from_json, to_json
from agent.ports import StoreFailure

if TYPE_CHECKING:
    from agent.forecasting.forecaster import Forecaster

# Four weeks that a forecaster looks back, before each of the twenty past days whose errors become scenarios.
HISTORY = timedelta(days=50)


def answer(request: PlanRequest, history: History, deadline_s: float) -> Plan:
    """The plan for ``request`` from ``history``; also called in process by tests, backtests and the bench."""
    from agent.forecasting.make_forecast import forecast_site
    from agent.planning.make_plan import make_plan

    began = time.monotonic()
    load, solar, notes = _forecasters(request)
    site = forecast_site(load, solar, history, request.horizon, request.now)
    noted = replace(request, notes=(*request.notes, *notes, *site.notes))
    left_s = max(0.5, deadline_s - (time.monotonic() - began))
    return make_plan(noted, site.load, site.pv, site.load_errors, site.pv_errors, left_s)


def _forecasters(request: PlanRequest) -> "tuple[list[Forecaster], list[Forecaster], tuple[str, ...]]":
    """For load and solar: the model of the site file where it can be used, then seasonal persistence."""
    from agent.forecasting.persistence import LoadPersistence, SolarPersistence

    load: list[Forecaster] = [LoadPersistence(request.place)]
    solar: list[Forecaster] = [SolarPersistence(request.place, request.solar_rated_w)]
    notes: list[str] = []
    wanted = [(request.load_model, "load_w", load)]
    if request.solar_rated_w > 0:
        wanted.append((request.solar_model, "pv_w", solar))
    for name, quantity, chain in wanted:
        if name is not None:
            model = _model(request, name, quantity, notes)
            chain[:0] = [] if model is None else [model]
    return load, solar, tuple(notes)


def _model(request: PlanRequest, name: str, quantity: str, notes: list[str]) -> "Forecaster | None":
    from agent.edges.onnx_models import open_model
    from agent.forecasting.forecaster import ModelUnusable

    try:
        return open_model(Path(request.models) / name, quantity, request.place, request.solar_rated_w)
    except ModelUnusable as refusal:
        notes.append(str(refusal))
        return None


def read_history(request: PlanRequest) -> History:
    """The site's history up to the request's now, from the store."""
    from agent.edges.store_reader import history

    return history(Path(request.store), request.now - HISTORY, request.now, request.horizon.step_s)


def _limit_memory(limit: int) -> None:
    """Data, not address space: native libraries reserve far more addresses than they use.

    Where a sandbox forbids setting limits, the one of the service (MemoryMax) is left.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main() -> int:
    memory_mb, deadline_s = int(sys.argv[1]), float(sys.argv[2])
    _limit_memory(memory_mb * 1024 * 1024)
    try:
        request = from_json(PlanRequest, sys.stdin.buffer.read())
        plan = answer(request, read_history(request), deadline_s)
    except (WireError, StoreFailure, ValueError, MemoryError) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)
        return 1
    sys.stdout.write(to_json(plan))
    return 0


if __name__ == "__main__":
    sys.exit(main())
