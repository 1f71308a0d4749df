"""The what-if process: the planner's own answer to a question with other terms, which steers nothing, then gone.

Reads a WhatIfQuestion as JSON from standard input and answers with a WhatIfAnswer. Its arguments are those of
``agent.adapters.processes.answering``; it may be killed at any instant.
"""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.adapters.processes.answering import answer_once
from agent.adapters.store.energy_imports import read_imports
from agent.adapters.store.inputs_reader import inputs_of
from agent.adapters.store.store_reader import kept, reading
from agent.domain.documents import DEMAND
from agent.domain.horizon import Horizon
from agent.domain.plan import Plan, ValueTable
from agent.domain.request import Demand, PlanRequest
from agent.domain.what_if import WhatIfAnswer, WhatIfQuestion
from agent.domain.wire import WireError, from_json, to_json
from agent.plan_request import conditions_of, demand_meter, plan_request
from agent.ports import StoreFailure
from agent.settings.last_run import settings_of
from agent.settings.price_file import PriceFileError
from agent.settings.schema import Settings
from agent.workers.planner import answer, read_corrections, read_history


def what_if(question: WhatIfQuestion, deadline_s: float) -> WhatIfAnswer:
    """Raises StoreFailure, PriceFileError and ValueError with one sentence."""
    request = _request(question)
    corrections, notes = read_corrections(request)
    request = replace(request, notes=(*request.notes, *notes))
    plan = answer(request, read_history(request), deadline_s, corrections)
    return _weighed(plan, request)


def main() -> int:
    return answer_once(_answered, WireError, StoreFailure, PriceFileError, ValueError)


def _request(question: WhatIfQuestion) -> PlanRequest:
    settings = settings_of(question.settings)
    if settings is None:
        raise ValueError("the settings cannot be read")
    planning = settings.planning.model_copy(update={"horizon_h": question.horizon_h})
    settings = settings.model_copy(update={"planning": planning})
    conditions = conditions_of(settings)
    conditions.recall(inputs_of(Path(settings.store.path), settings.site.currency))
    request = plan_request(settings, conditions, question.now, question.soc_pct)
    if request is None:
        raise ValueError("no price is known of the hours to come")
    request = replace(request, demand=_demand(settings, question.now, request.horizon))
    if question.import_price:
        if len(question.import_price) != request.horizon.steps:
            raise ValueError(f"{request.horizon.steps} prices were expected, one a step")
        request = replace(request, import_price=question.import_price)
    if question.reserve_pct is not None:
        battery = replace(request.battery, reserve_pct=question.reserve_pct)
        request = replace(request, battery=battery, reserve_pct=())
    return request


def _demand(settings: Settings, now: datetime, horizon: Horizon) -> Demand | None:
    """What the agent would say of the demand charge at ``now``: what it has kept, and what was imported since."""
    meter, path = demand_meter(settings), Path(settings.store.path)
    if meter is None:
        return None
    since = meter.recall(kept(path, DEMAND.name), now)
    with reading(path) as connection:
        imports = read_imports(connection, since)
    for row in imports:
        meter.add(*row)
    meter.seen(now, 0.0, None)
    return meter.demand(horizon.start)


def _weighed(plan: Plan, request: PlanRequest) -> WhatIfAnswer:
    hours, battery = request.horizon.step_h / 1000.0, request.battery
    cost = sum((step.import_w * step.import_price - step.export_w * step.export_price) * hours for step in plan.steps)
    nets = [(step.load_w - step.pv_w, step) for step in plan.steps]
    idle = sum(net * (step.import_price if net > 0 else step.export_price) * hours for net, step in nets)
    value = battery.discharge_efficiency * sum(step.import_price for step in plan.steps) / len(plan.steps)
    change = battery.stored_wh(plan.steps[-1].soc_pct - request.soc_pct)
    shown = replace(plan, values=ValueTable(plan.values.soc_pct, ()), corrections=(), suspects=(), advice=None)
    return WhatIfAnswer(shown, cost, idle, change, value)


def _answered(question: bytes, deadline_s: float) -> str:
    return to_json(what_if(from_json(WhatIfQuestion, question), deadline_s))


if __name__ == "__main__":
    sys.exit(main())
