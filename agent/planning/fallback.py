"""The answer when the solver has none: the forward pass, or the self-consumption rule if it is cheaper.

A plan that was made without the solver is never worse, on its own forecast, than no plan.
"""

from dataclasses import replace

import numpy as np

from agent.domain.battery import stored_w
from agent.domain.sentences.plans import follows_rule, follows_value_table
from agent.planning.battery_wear import further_wear
from agent.planning.forward_pass import forward_pass, slope
from agent.planning.grid_cost import Rates, best_curtailment
from agent.planning.planning_terms import FLOOR_MULTIPLE, LIMIT_MULTIPLE, Floats, Problem
from agent.planning.rules import self_consumption_w
from agent.planning.schedule import Schedule

SAME_SHARE = 1e-6  # of the cost: less is arithmetic


def without_solver(problem: Problem, grid_kwh: Floats, value: Floats, why: str) -> Schedule:
    """The cheaper of the two on the problem's own load and sun. ``value`` is that of ``forward_pass``."""
    passed = forward_pass(problem, grid_kwh, value, follows_value_table(cause=why))
    return never_worse_than_rule(problem, passed, grid_kwh, value)


def never_worse_than_rule(problem: Problem, schedule: Schedule, grid_kwh: Floats, value: Floats) -> Schedule:
    """``schedule``, or the self-consumption rule's where that costs less, with a note."""
    rule = rule_schedule(problem, grid_kwh, value)
    mine, others = cost_of(problem, schedule), cost_of(problem, rule)
    if mine <= others + SAME_SHARE * max(abs(mine), abs(others)):
        return schedule
    return replace(rule, run_s=schedule.run_s, notes=(*schedule.notes, follows_rule()))


def rule_schedule(problem: Problem, grid_kwh: Floats, value: Floats) -> Schedule:
    """What the self-consumption rule does with the problem's own load and sun; sun above the limits is curtailed."""
    terms, dt = problem.terms, problem.terms.step_h
    net_w, pv_kw = problem.load_w - problem.pv_w, problem.pv_w / 1000.0
    rows: list[tuple[float, ...]] = []
    stored_wh = problem.soc_wh
    for step in range(terms.steps):
        floor_pct = terms.battery.soc_pct(float(terms.floor_kwh[step]) * 1000.0)
        battery = replace(terms.battery, reserve_pct=floor_pct)
        soc_pct = battery.soc_pct(stored_wh)
        power_w = self_consumption_w(float(net_w[step]), soc_pct, battery, dt)
        uncurtailed = np.array((net_w[step] - power_w) / 1000.0)
        _, curtailed = best_curtailment(terms, uncurtailed, pv_kw[step], Rates.of(terms, step))
        stored_wh += stored_w(battery, power_w) * dt
        flow = float(uncurtailed + curtailed)
        rows.append((power_w / 1000.0, flow, float(curtailed), stored_wh / 1000.0))
    power_kw, flow_kw, curtailed_kw, stored_kwh = np.array(rows).T
    schedule = Schedule(
        charge_w=1000.0 * np.maximum(-power_kw, 0.0),
        discharge_w=1000.0 * np.maximum(power_kw, 0.0),
        import_w=1000.0 * np.maximum(flow_kw, 0.0),
        export_w=1000.0 * np.maximum(-flow_kw, 0.0),
        curtail_w=1000.0 * curtailed_kw,
        soc_wh=1000.0 * stored_kwh,
        energy_value_per_kwh=np.array([slope(grid_kwh, value[i + 1], stored) for i, stored in enumerate(stored_kwh)]),
        objective=0.0,
        run_s=0.0,
        notes=(),
    )
    return replace(schedule, objective=cost_of(problem, schedule))


def cost_of(problem: Problem, schedule: Schedule) -> float:
    """Money that a schedule costs as the linear programme counts it: energy, wear, peaks, and what is broken of limits,
    less what is left in the battery.
    """
    terms = problem.terms
    imported, exported = schedule.import_w / 1000.0, schedule.export_w / 1000.0
    per_hour = terms.import_price * imported - terms.export_price * exported
    per_hour = per_hour + terms.battery.wear_per_kwh * schedule.discharge_w / 1000.0
    over = np.maximum(imported - terms.import_limit_kw, 0.0) + np.maximum(exported - terms.export_limit_kw, 0.0)
    below = np.maximum(terms.floor_kwh - schedule.soc_wh / 1000.0, 0.0)
    per_hour = per_hour + terms.top_price * (LIMIT_MULTIPLE * over + FLOOR_MULTIPLE * below)
    left = terms.terminal_per_kwh * float(schedule.soc_wh[-1]) / 1000.0
    peaks = sum(peak.cost(imported, terms.step_h) for peak in terms.peaks)
    discharge_kw, stored_kwh = schedule.discharge_w / 1000.0, schedule.soc_wh / 1000.0
    more = further_wear(terms.battery, discharge_kw, problem.soc_wh / 1000.0, stored_kwh, terms.step_h)
    return float(per_hour.sum()) * terms.step_h + peaks - left + more
