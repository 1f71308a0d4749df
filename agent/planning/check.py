"""Whether a plan may be used. Shares no code with what makes plans, and does without numpy: the controller loads it.

The law of the battery is stated here once more, and not taken from ``domain/battery.py``, so that a mistake there is
found here.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from math import isfinite

from agent.domain.battery import Battery
from agent.domain.forecast import Forecast
from agent.domain.plan import PeakPrice, Plan, PlanStep, ValueTable
from agent.domain.request import PlanRequest
from agent.domain.site import Connection

POWER_TOLERANCE_W = 1.0
POWER_TOLERANCE_SHARE = 0.001
SOC_TOLERANCE_PCT = 0.5
CONCAVITY_TOLERANCE = 1e-6  # of the largest value of a row
FLOWS = ("charge_w", "discharge_w", "import_w", "export_w", "curtail_w")
NUMBERS = (*FLOWS, "soc_pct", "load_w", "pv_w", "import_price", "export_price", "energy_value_per_kwh")


def check_plan(plan: Plan, request: PlanRequest) -> list[str]:
    """Everything that is wrong with ``plan`` as an answer to ``request``, one sentence each; empty when it is good.

    Powers may be off by 1 W or 0.1 %, the SoC by 0.5 points. Of each kind of fault the first step is named.
    """
    wrong = [*_frame(plan, request), *_forecast(plan.load, "load_w", request), *_forecast(plan.pv, "pv_w", request)]
    wrong += _value_table(plan.values, request)
    wrong += _runs(plan, request)
    if len(plan.steps) != request.horizon.steps:
        wrong.append(f"the plan has {len(plan.steps)} steps, the horizon {request.horizon.steps}")
        return wrong
    broken = list(_numbers(plan.steps))
    if broken:
        return wrong + broken
    if not wrong:
        wrong += _inputs(plan, request)
    wrong += _first_of_each_kind(plan.steps, request)
    wrong += _trajectory(plan.steps, request)
    return wrong


def _frame(plan: Plan, request: PlanRequest) -> Iterator[str]:
    if plan.horizon != request.horizon:
        yield "the plan is for another horizon than the one asked for"
    for name, at in (("issued_at", plan.issued_at), ("expires_at", plan.expires_at)):
        if at.tzinfo is None:
            yield f"{name} has no time zone"
            return
    if plan.issued_at != request.now:
        yield f"the plan was issued at {plan.issued_at.isoformat()}, the request at {request.now.isoformat()}"
    if plan.expires_at <= request.now:
        yield f"the plan expires at {plan.expires_at.isoformat()}, before it is made"
    if plan.expires_at > request.now + timedelta(seconds=request.valid_s) or plan.expires_at > request.horizon.end:
        yield f"the plan expires at {plan.expires_at.isoformat()}, later than asked for or than it reaches"
    if any(at.tzinfo is None for suspect in plan.suspects for at in (suspect.start, suspect.end)):
        yield "a stretch of doubted measurements has no time zone"
    if plan.examined_from is not None and plan.examined_from.tzinfo is None:
        yield "the beginning of the examined measurements has no time zone"
    if not isfinite(plan.cost) or not isfinite(plan.solve_s):
        yield "the cost or the solving time of the plan is not a number"


def _forecast(forecast: Forecast, quantity: str, request: PlanRequest) -> Iterator[str]:
    levels, values, steps = forecast.levels, forecast.values, request.horizon.steps
    if forecast.quantity != quantity:
        yield f"the forecast of {quantity} is one of {forecast.quantity}"
    if forecast.horizon != request.horizon:
        yield f"the forecast of {quantity} is for another horizon"
    if 0.5 not in levels or any(not 0.0 < level < 1.0 for level in levels):
        yield f"the levels of the forecast of {quantity} lack a median or are not within 0..1"
    if any(a >= b for a, b in pairwise(levels)):
        yield f"the levels of the forecast of {quantity} do not ascend"
    if len(values) != len(levels) or any(len(row) != steps for row in values):
        yield f"the forecast of {quantity} is not {len(levels)} levels of {steps} steps"
        return
    for step in range(steps):
        column = [row[step] for row in values]
        if not all(isfinite(value) for value in column):
            yield f"the forecast of {quantity} is not a number at step {step}"
            return
        if any(low > high + POWER_TOLERANCE_W for low, high in pairwise(column)):
            yield f"the quantiles of the forecast of {quantity} are not in order at step {step}"
            return


def _runs(plan: Plan, request: PlanRequest) -> Iterator[str]:
    """Each run belongs to a task, lies in its window, and all of them together are no longer than what is left."""
    left_s = {id(task): task.left_s + request.horizon.step_s for task in request.tasks}
    for run in plan.runs:
        if run.start.tzinfo is None or run.end.tzinfo is None or run.end <= run.start:
            yield f"a run of {run.name} has no time zone or no length"
            return
        mine = [one for one in request.tasks if one.name == run.name and one.first <= run.start and run.end <= one.end]
        if not mine or run.power_w != mine[0].power_w:
            yield f"{run.name} shall run from {run.start.isoformat()}, which nobody has asked for"
            return
        left_s[id(mine[0])] -= (run.end - run.start).total_seconds()
        if left_s[id(mine[0])] < 0.0:
            yield f"{run.name} shall run longer than it still has to"
            return


def _value_table(table: ValueTable, request: PlanRequest) -> Iterator[str]:
    grid = table.soc_pct
    if len(grid) < 2 or not all(isfinite(soc) for soc in grid):
        yield "the SoC grid of the value table has fewer than two points or is not finite"
        return
    if any(low >= high for low, high in pairwise(grid)):
        yield "the SoC grid of the value table does not ascend"
        return
    if (
        grid[0] > min(request.floor_pct(step) for step in range(request.horizon.steps)) + SOC_TOLERANCE_PCT
        or grid[-1] < request.battery.soc_max_pct - SOC_TOLERANCE_PCT
    ):
        yield f"the value table covers {grid[0]:g}..{grid[-1]:g} %, not the SoC window"
    if len(table.value) != request.horizon.steps:
        yield f"the value table has {len(table.value)} rows, the horizon {request.horizon.steps} steps"
    for step, row in enumerate(table.value):
        if len(row) != len(grid) or not all(isfinite(value) for value in row):
            yield f"the value table is not {len(grid)} finite numbers at step {step}"
            return
        if not _concave(grid, row):
            yield f"the value table is not concave at step {step}"
            return
    yield from _value_by_net_load(table)
    yield from _price_until(table)


def _price_until(table: ValueTable) -> Iterator[str]:
    steps, until = len(table.value), table.price_until
    if until and len(until) != steps:
        yield f"how long a price lasts is told for {len(until)} steps and not for {steps}"
    for step, last in enumerate(until):
        if not step <= last < steps:
            yield f"the price of step {step} lasts until step {last} of {steps}"
            return


def _value_by_net_load(table: ValueTable) -> Iterator[str]:
    if len(table.by_net_load) > len(table.value):
        yield f"the value table tells worth by net load for {len(table.by_net_load)} steps and has {len(table.value)}"
    price = table.broken_limit_per_kwh
    if price is not None and not (isfinite(price) and price > 0.0):
        yield f"the price of a broken limit is {price}, not above zero"
    for peak in table.other_peaks if table.peak is None else (table.peak, *table.other_peaks):
        yield from _peak_price(peak, table)
    for step, several in enumerate(table.by_net_load):
        if not all(isfinite(one.net_load_w) for one in several):
            yield f"a net load of the value table is not a number at step {step}"
            return
        if any(low.net_load_w >= high.net_load_w for low, high in pairwise(several)):
            yield f"the net loads of the value table do not ascend at step {step}"
            return
        for row in (row for one in several for row in (one.value, *one.at_levels)):
            if len(row) != len(table.soc_pct) or not all(isfinite(value) for value in row):
                yield f"the worth by net load is not {len(table.soc_pct)} finite numbers at step {step}"
                return
            if not _concave(table.soc_pct, row):
                yield f"the worth by net load is not concave at step {step}"
                return


def _peak_price(peak: PeakPrice, table: ValueTable) -> Iterator[str]:
    if not (
        peak.interval_s > 0
        and len(peak.threshold_w) == len(peak.per_kw) == len(peak.month) == len(table.value)
        and all(isfinite(value) and value >= 0.0 for value in (*peak.threshold_w, *peak.per_kw, peak.begun_wh))
    ):
        yield f"the price of peaks is not {len(table.value)} thresholds and charges of at least 0"
    for step, (levels_w, several) in enumerate(zip(peak.levels_w, table.by_net_load, strict=False)):
        ascending = all(low < high for low, high in pairwise(levels_w))
        if not (levels_w and ascending and all(isfinite(level) and level >= 0.0 for level in levels_w)):
            yield f"the levels of the peak do not ascend from at least 0 at step {step}"
        elif not several:
            yield f"there are levels of the peak and no net load at step {step}"
        elif any(len(one.at_levels) != len(levels_w) for one in several):
            yield f"the worth by net load is not told at {len(levels_w)} levels of the peak at step {step}"


def _concave(grid: Sequence[float], row: Sequence[float]) -> bool:
    """Each point lies on or above the chord of its neighbours."""
    slack = CONCAVITY_TOLERANCE * max(1e-6, *(abs(value) for value in row))
    for k in range(1, len(grid) - 1):
        share = (grid[k] - grid[k - 1]) / (grid[k + 1] - grid[k - 1])
        if row[k] < row[k - 1] + share * (row[k + 1] - row[k - 1]) - slack:
            return False
    return True


def _numbers(steps: Sequence[PlanStep]) -> Iterator[str]:
    for name in NUMBERS:
        for index, step in enumerate(steps):
            if not isfinite(getattr(step, name)):
                yield f"{name} is {getattr(step, name)} at step {index}"
                break


def _inputs(plan: Plan, request: PlanRequest) -> Iterator[str]:
    """The steps carry the load and the sun of the forecasts and the prices of the request."""
    asked = {
        "load_w": [max(0.0, value) for value in plan.load.median],
        "pv_w": [max(0.0, value) for value in plan.pv.median],
        "import_price": request.import_price,
        "export_price": request.export_price,
    }
    for name, expected in asked.items():
        room = POWER_TOLERANCE_W if name.endswith("_w") else 1e-9
        for index, (step, value) in enumerate(zip(plan.steps, expected, strict=True)):
            if abs(getattr(step, name) - value) > room + POWER_TOLERANCE_SHARE * abs(value):
                yield f"{name} at step {index} is {getattr(step, name):g}, asked or forecast was {value:g}"
                break


def _first_of_each_kind(steps: Sequence[PlanStep], request: PlanRequest) -> Iterator[str]:
    seen: set[str] = set()
    for index, step in enumerate(steps):
        for kind, sentence in _step(step, request.battery, request.connection_at(index)):
            if kind not in seen:
                seen.add(kind)
                yield f"{sentence} at step {index}"


def _step(step: PlanStep, battery: Battery, connection: Connection) -> Iterator[tuple[str, str]]:
    """(kind, sentence) of everything impossible or forbidden in one step."""
    for name in FLOWS:
        if getattr(step, name) < -POWER_TOLERANCE_W:
            yield name, f"{name} is negative ({getattr(step, name):.0f} W)"
    for name, most in (("charge_w", battery.charge_w), ("discharge_w", battery.discharge_w), ("curtail_w", step.pv_w)):
        if _above(getattr(step, name), most):
            yield f"{name} limit", f"{name} is {getattr(step, name):.0f} W, above {most:.0f} W"
    largest = max(getattr(step, name) for name in (*FLOWS, "load_w", "pv_w"))
    small = POWER_TOLERANCE_W + POWER_TOLERANCE_SHARE * largest
    if min(step.charge_w, step.discharge_w) > small:
        yield "both ways", "the battery charges and discharges at once"
    if min(step.import_w, step.export_w) > small:
        yield "import_export_at_once", "the site imports and exports at once"
    if not battery.feeds_grid and min(step.discharge_w, step.export_w) > small:
        yield "feeds_grid", f"the battery feeds the grid with {step.export_w:.0f} W, which its device cannot do"
    supplied = step.pv_w - step.curtail_w + step.discharge_w - step.charge_w + step.import_w - step.export_w
    if abs(supplied - step.load_w) > small:
        yield "balance", f"the powers supply {supplied:.0f} W to a load of {step.load_w:.0f} W"
    # A limit of the connection may only be broken by what the plan cannot turn off.
    limit = connection.import_limit_w
    if limit is not None and _above(step.import_w, limit) and max(step.charge_w, step.curtail_w) > small:
        yield (
            "import",
            f"imports of {step.import_w:.0f} W break the limit of {limit:.0f} W while charging or curtailing",
        )
    limit = connection.export_limit_w
    kept_sun = step.pv_w - step.curtail_w
    if limit is not None and _above(step.export_w, limit) and max(step.discharge_w, kept_sun) > small:
        yield "export", f"exports of {step.export_w:.0f} W break the limit of {limit:.0f} W without need"


def _above(power_w: float, most_w: float) -> bool:
    return power_w > most_w * (1.0 + POWER_TOLERANCE_SHARE) + POWER_TOLERANCE_W


def _trajectory(steps: Sequence[PlanStep], request: PlanRequest) -> Iterator[str]:
    """The SoC of every step follows from the powers and stays where it may be.

    Nothing is taken from a reserve, and nothing charged above the window.
    """
    battery, step_h = request.battery, request.horizon.step_h
    before_pct = request.soc_pct
    stored_wh = battery.usable_wh * request.soc_pct / 100.0
    drifted = outside = False
    for index, step in enumerate(steps):
        stored_wh += step.charge_w * battery.charge_efficiency * step_h
        stored_wh -= step.discharge_w / battery.discharge_efficiency * step_h
        for power_w, rating_w in ((step.charge_w, battery.charge_w), (step.discharge_w, battery.discharge_w)):
            stored_wh -= battery.loss_above_half * max(0.0, power_w - rating_w / 2.0) * step_h
        soc_pct = 100.0 * stored_wh / battery.usable_wh
        if not drifted and abs(soc_pct - step.soc_pct) > SOC_TOLERANCE_PCT:
            drifted = True
            yield f"the SoC at step {index} is {step.soc_pct:.1f} %, but the powers lead to {soc_pct:.1f} %"
        low, high = min(request.floor_pct(index), before_pct), max(battery.soc_max_pct, before_pct)
        before_pct = step.soc_pct
        if not outside and not low - SOC_TOLERANCE_PCT <= step.soc_pct <= high + SOC_TOLERANCE_PCT:
            outside = True
            yield f"the SoC at step {index} is {step.soc_pct:.1f} %, outside {low:.1f}..{high:.1f} %"
