"""The figures of a play, one row a policy."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from agent.backtest.beside_the_rule import BesideTheRules
from agent.backtest.case import Case, Floats
from agent.backtest.demand import Intervals
from agent.backtest.play import Played, demand_cost, grid_w
from agent.backtest.policies import AS_CONTROLLED, NO_BATTERY, PERFECT, SELF_CONSUMPTION, TABLE_ALONE, TIME_OF_USE

DIGITS = 4
RESTS_W = 1.0  # less is no direction
RULES, STEERED = (SELF_CONSUMPTION, TIME_OF_USE), (TABLE_ALONE, AS_CONTROLLED)
OPTIONAL = ("capture", "worst_28_days")


@dataclass(frozen=True, slots=True)
class Row:
    """One policy on one site. Money in the site's currency, kW and kWh.

    ``step_s`` is how long a step of the plan is; import and export are netted over ``settle_s``, at most as long.
    ``cost`` is imports less exports, plus the demand charge, less what is left in the battery above the start.
    ``saving`` is against no battery and ``capture`` its share of what perfect foresight saves, None where there is
    nothing to save. ``co2_kg`` counts imports, ``peak_import_kw`` is the highest mean of a billing interval,
    ``cycles`` the energy taken out of the battery in full capacities, ``peak_battery_kw`` its highest power either
    way, ``turns_per_day`` how often a charge was followed by a discharge or the other way round, ``lost_kwh`` what was
    charged and neither came out nor is left. ``ms_per_decision`` is the processor time of a settled step's planning and
    deciding, forecasts apart. ``worst_28_days`` is (saving - a rule's saving) / the rule's saving in the worst 28 days
    beside both rules, each month's demand charge spread over its days; None where they were not played or less was.
    """

    site: str
    export_price: float
    demand_charge: float
    step_s: int
    settle_s: int
    policy: str
    hours: float
    cost: float
    saving: float
    capture: float | None
    co2_kg: float
    peak_import_kw: float
    import_kwh: float
    export_kwh: float
    cycles: float
    peak_battery_kw: float
    turns_per_day: float
    lost_kwh: float
    ms_per_decision: float
    worst_28_days: float | None = None

    @property
    def key(self) -> tuple[str, float, float, int, int, str]:
        return self.site, self.export_price, self.demand_charge, self.step_s, self.settle_s, self.policy


COLUMNS = tuple(field.name for field in fields(Row))


def rows_of(case: Case, played: Sequence[Played], demand_charge: float) -> list[Row]:
    """A row for each; no battery and perfect foresight must be among them."""
    costs = {one.policy: one.account(case).net_cost + demand_cost(case, one, demand_charge) for one in played}
    idle, possible = costs[NO_BATTERY], costs[NO_BATTERY] - costs[PERFECT]
    nothing = possible <= 1e-9 * max(1.0, abs(idle))
    rules = [one for one in played if one.policy in RULES]
    beside = BesideTheRules(case, rules, demand_charge)
    worsts = [_rounded(beside.worst(one)) if one.policy in STEERED else None for one in played]
    return [
        _row(case, one, demand_charge, costs[one.policy], idle, None if nothing else possible, worst)
        for one, worst in zip(played, worsts, strict=True)
    ]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, DIGITS)


def _row(
    case: Case,
    one: Played,
    demand_charge: float,
    cost: float,
    idle: float,
    possible: float | None,
    worst: float | None,
) -> Row:
    account = one.account(case)
    battery, days = case.battery, case.steps * case.horizon.step_h / 24.0
    gained_kwh = battery.stored_wh(float(one.soc_pct[-1] - one.soc_pct[0])) / 1000.0
    return Row(
        site=case.name,
        export_price=round(float(case.period().export_price.mean()), 6),
        demand_charge=demand_charge,
        step_s=case.plan_case.horizon.step_s,
        settle_s=case.horizon.step_s,
        policy=one.policy,
        hours=case.steps * case.horizon.step_h,
        cost=round(cost, DIGITS),
        saving=round(idle - cost, DIGITS),
        capture=None if possible is None else round((idle - cost) / possible, DIGITS),
        co2_kg=round(account.co2_kg, DIGITS),
        peak_import_kw=round(float(Intervals.of(case).import_kw(grid_w(case, one)).max()), DIGITS),
        import_kwh=round(account.import_kwh, DIGITS),
        export_kwh=round(account.export_kwh, DIGITS),
        cycles=round(1000.0 * account.discharge_kwh / battery.discharge_efficiency / battery.usable_wh, DIGITS),
        peak_battery_kw=round(float(np.abs(one.battery_w).max()) / 1000.0, DIGITS),
        turns_per_day=round(turns(one.battery_w) / days, DIGITS),
        lost_kwh=round(account.charge_kwh - account.discharge_kwh - gained_kwh, DIGITS),
        ms_per_decision=round(1000.0 * one.deciding_s / case.steps, DIGITS),
        worst_28_days=worst,
    )


def turns(battery_w: Floats) -> int:
    """How often the battery changed between charging and discharging, rests in between left out."""
    ways = np.sign(battery_w[np.abs(battery_w) > RESTS_W])
    return int(np.count_nonzero(np.diff(ways)))
