"""Why the battery does what it does, one sentence a step: the price now, what stored energy is worth and when, and the
limit that binds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.domain.battery_wear import wear_per_kwh
from agent.domain.in_words import figure, kw
from agent.domain.plan import PlanStep
from agent.explanation.limits import AT_LIMIT_PCT, FLOW_W, Basis, Binding, Limit, bindings
from agent.explanation.shadow_price import Resolved, binding_in_step

SAME_VALUE_SHARE = 5e-4  # of the highest price: what counts as the same worth
FULL_DAY = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Use:
    """Where the worth of a stored kWh comes from: ``discharge`` at ``index``, a ``charge`` saved there, or the ``end``.

    ``price`` is the grid's price of that step, money per kWh; of the end it is the worth itself.
    """

    kind: str
    index: int
    price: float


@dataclass(frozen=True, slots=True)
class StepWhy:
    """The explanation of one step. ``value`` is the worth of a stored kWh; ``bindings`` the worthiest first.

    ``use`` None: one more kWh would find no room before the battery is full. ``measured`` says whether the worth of the
    bindings was found by moving the limit; by the duals alone it may be too large.
    """

    index: int
    start: datetime
    sentence: str
    value: float
    use: Use | None
    bindings: tuple[Binding, ...]
    measured: bool


def explain_step(basis: Basis, index: int, zone: ZoneInfo, again: Resolved | None = None) -> StepWhy:
    """Why step ``index`` is as it is; times in ``zone``.

    ``again`` is the plan's programme solved again: with it, what one more unit of the limit would save is found by
    moving it, and quoted. Raises SolverFailure when that takes too long.
    """
    limits = bindings(basis, index) if again is None else binding_in_step(basis, again, index)
    use = use_of_energy(basis, index)
    what = f"{_what_and_price(basis, index)}, {_worth(basis, index, use, zone)}"
    binds = _what_binds(basis, index, limits[0], again) if limits else _why_not_more(basis, index)
    return StepWhy(index, basis.start(index), f"{what}; {binds}", basis.value(index), use, limits, again is not None)


def use_of_energy(basis: Basis, index: int) -> Use | None:
    """What one more kWh stored at ``index`` would do.

    As long as no edge of the SoC window lies between, its worth stays the same: in that stretch stands the step that
    sets it. It is a discharge (or a charge that is saved) whose price, through the efficiency, is that worth; where
    none is exactly that, the last discharge before the battery is empty or the last charge before it is full.
    """
    stretch = _stretch(basis, index)
    later, last = stretch[1:], stretch[-1]
    for kind, test in (("discharge", _sets_by_discharge), ("charge", _sets_by_charge)):
        for i in later:
            if test(basis, i):
                return Use(kind, i, _grid_price(basis, i))
    following = basis.value(last + 1)
    if last == len(basis.plan.steps) - 1 and abs(following - basis.value(index)) <= _same(basis):
        return Use("end", last, basis.end_value)
    kind = "charge" if following > basis.value(index) else "discharge"
    moves = [i for i in later if abs(_flow_w(basis, kind, i)) > FLOW_W]
    return Use(kind, moves[-1], _grid_price(basis, moves[-1])) if moves else None


def _what_and_price(basis: Basis, index: int) -> str:
    step = basis.plan.steps[index]
    carbon = basis.carbon_price[index]
    bought = f"{step.import_price:z.3f} now" + (f" and {carbon:z.3f} for its carbon" if carbon >= 0.0005 else "")
    sold = f"{step.export_price:z.3f} now"
    if step.charge_w > FLOW_W:
        return f"charging {kw(step.charge_w, 1)} {_charged_from(step, bought, sold)}"
    if step.discharge_w > FLOW_W:
        target = f"into the grid: {sold}" if step.export_w > FLOW_W else f"for the load: {bought}"
        return f"discharging {kw(step.discharge_w, 1)} {target}"
    if step.export_w > FLOW_W:
        return f"resting while the sun is sold: {sold}"
    return f"resting: the grid costs {bought}"


def _charged_from(step: PlanStep, bought: str, sold: str) -> str:
    if step.pv_w - step.load_w <= FLOW_W:
        return f"from the grid: {bought}"
    if step.import_w > FLOW_W:
        return f"from sun and grid: {bought}"
    if step.curtail_w > FLOW_W:
        return "from the sun, which is curtailed"
    return f"from the sun, which would be sold: {sold}"


def _worth(basis: Basis, index: int, use: Use | None, zone: ZoneInfo) -> str:
    worth = f"stored energy is worth {basis.value(index):z.3f}"
    if use is not None and use.kind == "discharge":
        return f"{worth} at {_clock(basis, index, use.index, zone)}"
    if use is not None and use.kind == "charge":
        worth += f", what storing it costs at {_clock(basis, index, use.index, zone)}"
    elif use is not None:
        worth += " at the end of the plan"
    if basis.plan.steps[index].charge_w <= FLOW_W:
        return worth
    used = next((i for i in range(index + 1, len(basis.plan.steps)) if _flow_w(basis, "discharge", i) > FLOW_W), None)
    if used is None:
        return worth
    return f"{worth}, used from {_clock(basis, index, used, zone)} at {_grid_price(basis, used):z.3f}"


def _what_binds(basis: Basis, index: int, first: Binding, again: Resolved | None) -> str:
    binds, where = f"{first.limit.value} binds", "step"
    if first.limit is Limit.PEAK:
        binds, where = f"the demand peak of {kw(basis.interval_import_w(index), 1)} binds", "interval"
    if again is None:
        return binds
    less = "less of it" if first.limit in (Limit.FLOOR, Limit.RESERVE) else "more"
    saved = f"one {first.limit.unit} {less} would save {figure(first.worth)} in this {where}"
    in_all = again.over_plan(first.limit)
    if in_all > first.worth * 1.01:
        saved += f" and {figure(in_all)} over the whole plan"
    return f"{binds}: {saved}"


def _why_not_more(basis: Basis, index: int) -> str:
    """No limit binds: the sun or the load ends it, or another kWh would earn nothing."""
    step = basis.plan.steps[index]
    balanced = max(step.import_w, step.export_w, step.curtail_w) <= FLOW_W
    if balanced and step.charge_w > FLOW_W:
        return "no limit binds: more would come from the grid"
    if balanced and step.discharge_w > FLOW_W:
        return "no limit binds: more would be sold to the grid"
    if abs(step.battery_w) > FLOW_W:
        return "no limit binds: another kWh would gain nothing here"
    if step.soc_pct >= basis.battery.soc_max_pct - AT_LIMIT_PCT:
        return "the battery is full, and more room would gain nothing here"
    if step.soc_pct <= basis.battery_at(index).floor_pct + AT_LIMIT_PCT:
        return f"the battery is at {basis.floor(index).value}, and less of it would gain nothing here"
    return "no limit binds: what is lost in storing is more than the difference"


def _stretch(basis: Basis, index: int) -> list[int]:
    """The steps from ``index`` on in which a stored kWh is worth the same."""
    value, same = basis.value(index), _same(basis)
    found = [index]
    for i in range(index + 1, len(basis.plan.steps)):
        if abs(basis.value(i) - value) > same:
            break
        found.append(i)
    return found


def _sets_by_discharge(basis: Basis, index: int) -> bool:
    step, battery = basis.plan.steps[index], basis.battery
    if step.discharge_w <= FLOW_W or max(step.import_w, step.export_w) <= FLOW_W:
        return False
    earned = (_counted_price(basis, index) - wear_per_kwh(battery, step.discharge_w)) * battery.discharge_efficiency
    return abs(earned - basis.value(index)) <= _same(basis)


def _sets_by_charge(basis: Basis, index: int) -> bool:
    step = basis.plan.steps[index]
    if step.charge_w <= FLOW_W or max(step.import_w, step.export_w) <= FLOW_W:
        return False
    return abs(_counted_price(basis, index) / basis.battery.charge_efficiency - basis.value(index)) <= _same(basis)


def _counted_price(basis: Basis, index: int) -> float:
    step = basis.plan.steps[index]
    return step.export_price if step.export_w > FLOW_W else basis.bought(index)


def _grid_price(basis: Basis, index: int) -> float:
    step = basis.plan.steps[index]
    return step.export_price if step.export_w > FLOW_W else step.import_price


def _same(basis: Basis) -> float:
    return SAME_VALUE_SHARE * basis.top_price


def _clock(basis: Basis, index: int, later: int, zone: ZoneInfo) -> str:
    start = basis.start(later)
    local = start.astimezone(zone)
    return f"{local:%H:%M}" if start - basis.start(index) < FULL_DAY else f"{local:%a %H:%M}"


def _flow_w(basis: Basis, kind: str, index: int) -> float:
    step = basis.plan.steps[index]
    return step.charge_w if kind == "charge" else step.discharge_w
