"""The cheapest start of a load that can be shifted."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from agent.domain.advisory import Advisory, AdvisoryType, FlexibleLoad, Support
from agent.domain.battery_wear import wear_per_kwh
from agent.domain.horizon import Horizon
from agent.domain.sentence import Sentence
from agent.domain.sentences import advice as say
from agent.explanation.limits import Basis, busbar_price
from agent.planning.planning_terms import Floats, Problem
from agent.savings.what_if import Bill, WhatIf, judged

TRIED = 3  # the starts that look cheapest by the plan's own prices are tried in full


@dataclass(frozen=True, slots=True)
class Slot:
    """When a load may run: it starts in ``first``..``last``; ``usual`` is its start without a recommendation."""

    day: date
    first: datetime
    last: datetime
    usual: datetime


def slot_of(load: FlexibleLoad, now: datetime, zone: ZoneInfo) -> Slot | None:
    """The next window that ``load`` still fits into; None when it is longer than its window."""
    length = timedelta(seconds=load.duration_s)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in (load.earliest, load.latest))
        if closes <= opens:
            closes = datetime.combine(day + timedelta(days=1), load.latest, zone).astimezone(UTC)
        usual = opens
        if load.usual is not None:
            usual = datetime.combine(day, load.usual, zone).astimezone(UTC)
            usual += timedelta(days=1) if usual < opens else timedelta(0)
        if opens + length > closes or usual + length > closes:
            continue
        if usual >= now or (load.usual is None and now + length <= closes):
            return Slot(day, max(opens, now), closes - length, max(usual, now))
    return None


def shift_load(what: WhatIf, load: FlexibleLoad, now: datetime, zone: ZoneInfo) -> Advisory | None:
    """When ``load`` runs cheapest, against its usual time; None when that is the usual time. Raises SolverFailure."""
    slot = slot_of(load, now, zone)
    horizon = what.basis.plan.horizon
    length = timedelta(seconds=load.duration_s)
    if slot is None or slot.usual + length > horizon.end:
        return None
    starts = [t for t in horizon.times() if slot.first <= t <= slot.last and t + length <= horizon.end]
    tried = sorted(starts, key=lambda start: _guess(what, profile(horizon, load, start)))[:TRIED]
    usual = profile(horizon, load, slot.usual)
    in_forecast = usual if load.usual is not None else np.zeros(horizon.steps)
    futures = [replace(one, load_w=np.maximum(one.load_w - in_forecast, 0.0)) for one in what.futures]
    usual_bills = [_with(what, one, usual) for one in futures]
    if not tried:
        return None
    costs = {start: _with(what, futures[0], profile(horizon, load, start)).money for start in tried}
    best = min(tried, key=lambda start: (costs[start], abs(start - slot.usual)))
    if costs[best] >= usual_bills[0].money:
        return None
    runs = profile(horizon, load, best)
    saving = judged([bill - _with(what, one, runs) for bill, one in zip(usual_bills, futures, strict=True)])
    alone = what.best(futures[0]).money
    at, instead = best.astimezone(zone), slot.usual.astimezone(zone)
    return Advisory(
        key=f"{AdvisoryType.SHIFT_LOAD.value}/{load.name}/{slot.day.isoformat()}",
        kind=AdvisoryType.SHIFT_LOAD,
        headline=say.run_instead(load=load.name, best_at=at, usual_at=instead),
        description=_because(load, at, costs[best] - alone, instead, usual_bills[0].money - alone),
        chance=saving.chance,
        confidence=saving.chance,
        cost_saving=saving.gained.money,
        co2_saving_kg=saving.gained.co2_kg,
        support=Support(usual_bills[0].money - alone, costs[best] - alone, "money", saving.spread),
        created=now,
        start=best,
        end=best + length,
        expires=best + length / 2,
    )


def _because(load: FlexibleLoad, at: datetime, costs: float, usual: datetime, would_cost: float) -> Sentence:
    """``at`` and ``usual`` are local times, ``costs`` and ``would_cost`` the money that it costs then."""
    return say.run_because(
        load=load.name,
        power_w=load.power_w,
        runs_s=load.duration_s,
        best_at=at,
        best_money=costs,
        usual_at=usual,
        usual_money=would_cost,
    )


def profile(horizon: Horizon, load: FlexibleLoad, start: datetime) -> Floats:
    """Mean power of ``load`` per step, W, when it begins at ``start``; shape (steps,)."""
    begins = (start - horizon.start).total_seconds() / horizon.step_s
    edges = np.arange(horizon.steps + 1, dtype=float)
    ends = begins + load.duration_s / horizon.step_s
    return np.asarray(load.power_w * np.diff(np.clip(edges, begins, ends)))


def _with(what: WhatIf, problem: Problem, more_w: Floats) -> Bill:
    return what.best(replace(problem, load_w=problem.load_w + more_w))


def _guess(what: WhatIf, more_w: Floats) -> float:
    """What the load would cost at the plan's marginal prices, and by what it adds to the peaks that are planned."""
    basis, terms = what.basis, what.futures[0].terms
    import_w = np.array([step.import_w for step in basis.plan.steps])
    before, after = (
        sum(peak.cost(watts / 1000.0, terms.step_h) for peak in terms.peaks) for watts in (import_w, import_w + more_w)
    )
    known = (busbar_price(basis, i) for i in range(len(basis.plan.steps)))
    prices = [_by_worth(basis, i) if price is None else price for i, price in enumerate(known)]
    return float(np.array(prices) @ more_w) * terms.step_h / 1000.0 + after - before


def _by_worth(basis: Basis, index: int) -> float:
    step = basis.plan.steps[index]
    worn = wear_per_kwh(basis.battery, step.discharge_w)
    worth = basis.value(index) / basis.battery.discharge_efficiency + worn
    return min(max(worth, step.export_price), basis.bought(index))
