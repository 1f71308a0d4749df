"""The planner process: history, models and LP in, one plan out, gone.

Reads a PlanRequest as JSON from standard input and prints a Plan as JSON. Ends with code 1 and one sentence on standard
error when it cannot. Started with a memory limit in MB and a deadline in seconds; it may be killed at any instant.
"""

import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

from agent.domain.history import History
from agent.domain.plan import Plan
from agent.domain.request import PlanRequest
from agent.domain.wire import WireError, from_json, to_json

HISTORY = timedelta(days=36)


def answer(request: PlanRequest, history: History, deadline_s: float) -> Plan:
    """The plan for ``request`` from ``history``; also called in process by tests, backtests and the bench."""
    from agent.edges.onnx_models import forecaster_of
    from agent.forecasting.make_forecast import forecast_with_errors
    from agent.planning.make_plan import make_plan

    began = time.monotonic()
    notes = list(request.notes)
    folder = Path(request.models)
    load_by, load_note = forecaster_of(folder, request.load_model, "load_w", request)
    pv_by, pv_note = forecaster_of(folder, request.solar_model, "pv_w", request)
    notes += [note for note in (load_note, pv_note) if note]
    load, load_errors = forecast_with_errors(load_by, history, request.horizon, "load_w", request.now)
    pv, pv_errors = forecast_with_errors(pv_by, history, request.horizon, "pv_w", request.now)
    left_s = max(0.5, deadline_s - (time.monotonic() - began))
    return make_plan(request, load, pv, load_errors, pv_errors, left_s, tuple(notes))


def read_history(request: PlanRequest) -> History:
    """The site's history up to the request's now, from the store."""
    from agent.edges.store_reader import history

    return history(Path(request.store), request.now - HISTORY, request.now, request.horizon.step_s)


def main() -> int:
    memory_mb, deadline_s = int(sys.argv[1]), float(sys.argv[2])
    limit = memory_mb * 1024 * 1024
    # Data, not address space: native libraries reserve far more addresses than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        request = from_json(PlanRequest, sys.stdin.buffer.read())
        plan = answer(request, read_history(request), deadline_s)
    except (WireError, ValueError, MemoryError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    sys.stdout.write(to_json(plan))
    return 0


if __name__ == "__main__":
    sys.exit(main())
