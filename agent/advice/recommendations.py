"""What to recommend to the people of the site, from the plan, the state of the battery and its history.

What is proposed here carries its maker's own confidence; the book (``agent.advice.book``) keeps out what is known or
too small and corrects the confidence by how earlier ones turned out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from agent.advice.battery_health import Sample
from agent.advice.risk_recommendations import coming_peak, data_faults, raise_reserve, sick_battery
from agent.advice.shift import shift_load
from agent.domain.advisory import Advisory, AdvisoryType, FlexibleLoad, Outage, Support
from agent.domain.demand_charge import DemandCharge
from agent.domain.sentences import advice as say
from agent.explanation.limits import FLOW_W, Basis
from agent.savings.what_if import WhatIf, judged, what_if

AHEAD = timedelta(hours=24)
LARGEST_GAP = timedelta(hours=1)
ABOVE_FLOOR_PCT = 2.0


@dataclass(frozen=True, slots=True)
class Site:
    """What recommendations rest on besides the plan.

    ``carbon_kg_per_kwh`` has one entry a step of the plan. ``month_peak_w`` is the import that the month pays to
    ``charge`` anyway, None where it is not known. ``samples`` are unbroken series of the battery's history.
    ``outages`` are those of the last ``outage_days``; a kWh that is missing in one is worth ``outage_value_per_kwh``,
    for ``critical_load_w`` of the load.
    """

    now: datetime
    zone: ZoneInfo
    carbon_kg_per_kwh: tuple[float, ...]
    loads: tuple[FlexibleLoad, ...] = ()
    month_peak_w: float | None = None
    charge: DemandCharge | None = None
    samples: tuple[tuple[Sample, ...], ...] = ()
    outages: tuple[Outage, ...] = ()
    outage_days: float = 365.0
    outage_value_per_kwh: float = 0.0
    critical_load_w: float = 0.0


def advise(basis: Basis, site: Site, still_time: Callable[[], bool] = lambda: True) -> tuple[Advisory, ...]:
    """Every recommendation for now; what is not begun when ``still_time`` says no is left out.

    Raises SolverFailure, and ValueError for input that does not fit.
    """
    found: list[Advisory | None] = [
        coming_peak(basis, site.now, site.zone, site.month_peak_w, site.charge),
        raise_reserve(basis, site.now, _hours(site), site.outage_days, site.critical_load_w, site.outage_value_per_kwh),
        sick_battery(basis, site.now, site.samples),
        *data_faults(basis.plan.suspects, site.now, site.zone),
    ]
    what = what_if(basis, site.carbon_kg_per_kwh)
    solved: list[Callable[[], Advisory | None]] = [lambda: charge(what, site), lambda: hold(what, site)]
    solved += [partial(shift_load, what, load, site.now, site.zone) for load in site.loads]
    found += [make() for make in solved if still_time()]
    return tuple(one for one in found if one is not None)


def charge(what: WhatIf, site: Site) -> Advisory | None:
    """Charge from the grid now, or in the next such hours of the plan."""
    steps = what.basis.plan.steps
    buys = [i for i in _ahead(what.basis, site.now) if steps[i].charge_w > FLOW_W and steps[i].import_w > FLOW_W]
    return _best_window(what, site, AdvisoryType.CHARGE, buys)


def hold(what: WhatIf, site: Site) -> Advisory | None:
    """Keep the energy for later, where the rule would spend it."""
    steps, floor = what.basis.plan.steps, what.basis.battery.floor_pct + ABOVE_FLOOR_PCT
    keeps = [
        i
        for i in _ahead(what.basis, site.now)
        if steps[i].load_w > steps[i].pv_w + FLOW_W and abs(steps[i].battery_w) <= FLOW_W and steps[i].soc_pct > floor
    ]
    return _best_window(what, site, AdvisoryType.HOLD, keeps)


def _best_window(what: WhatIf, site: Site, kind: AdvisoryType, chosen: list[int]) -> Advisory | None:
    """The one of the two longest windows of ``chosen`` steps that saves most against the self-consumption rule."""
    windows = sorted(_windows(what.basis, chosen), key=lambda window: window[0] - window[1])[:2]
    proposals = [_window_advice(what, site, kind, first, end) for first, end in windows]
    saving = [one for one in proposals if one.cost_saving is not None and one.cost_saving > 0.0]
    return max(saving, key=lambda one: one.cost_saving or 0.0, default=None)


def _window_advice(what: WhatIf, site: Site, kind: AdvisoryType, first: int, end: int) -> Advisory:
    plan = what.basis.plan
    powers = [step.battery_w for step in plan.steps[first:end]]
    without = [what.after(one, first, end, None) for one in what.futures]
    saved = [bill - what.after(one, first, end, powers) for bill, one in zip(without, what.futures, strict=True)]
    saving = judged(saved)
    start, stop = plan.horizon.times()[first], plan.horizon.times()[first] + _length(what.basis, first, end)
    local, until = start.astimezone(site.zone), stop.astimezone(site.zone)
    energy_wh = sum(step.charge_w for step in plan.steps[first:end]) * what.basis.dt_h
    price = sum(step.import_price for step in plan.steps[first:end]) / (end - first)
    worth = plan.steps[end - 1].energy_value_per_kwh
    charging = kind is AdvisoryType.CHARGE
    because = say.charge_because if charging else say.hold_because
    return Advisory(
        key=f"{kind.value}/{local:%Y-%m-%d}",
        kind=kind,
        headline=say.charge_from_to(energy_wh=energy_wh, from_at=local, to_at=until)
        if charging
        else say.hold_from_to(from_at=local, to_at=until),
        description=because(import_per_kwh=price, value_per_kwh=worth, saved_money=saving.gained.money),
        chance=saving.chance,
        confidence=saving.chance,
        cost_saving=saving.gained.money,
        co2_saving_kg=saving.gained.co2_kg,
        support=Support(without[0].money, without[0].money - saving.gained.money, "money", saving.spread),
        created=site.now,
        start=start,
        end=stop,
        expires=stop,
        energy_value_per_kwh=worth,
    )


def _ahead(basis: Basis, now: datetime) -> list[int]:
    """The steps that begin within a day from now, the running one among them."""
    step = timedelta(seconds=basis.plan.horizon.step_s)
    return [i for i, start in enumerate(basis.plan.horizon.times()) if now - step < start < now + AHEAD]


def _windows(basis: Basis, chosen: list[int]) -> list[tuple[int, int]]:
    """Stretches [first, end) of ``chosen`` steps, joined over short gaps."""
    most = max(1, round(LARGEST_GAP.total_seconds() / basis.plan.horizon.step_s))
    found: list[tuple[int, int]] = []
    for i in chosen:
        if found and i - found[-1][1] <= most - 1:
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def _length(basis: Basis, first: int, end: int) -> timedelta:
    return timedelta(seconds=basis.plan.horizon.step_s * (end - first))


def _hours(site: Site) -> Sequence[float]:
    return [(outage.end - outage.start).total_seconds() / 3600.0 for outage in site.outages]
