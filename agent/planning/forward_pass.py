"""A schedule without a solver: step by step, the move that costs least now and leaves the most value behind.

It is the planner's answer when HiGHS has none, and its proposal of directions when opposite flows would pay.
"""

import numpy as np

from agent.planning.battery_wear import depth_wear, further_wear, rate_wear
from agent.planning.grid_cost import Rates, best_curtailment
from agent.planning.planning_terms import Floats, PlanningTerms, Problem
from agent.planning.schedule import Schedule
from agent.planning.value_table import backward_by_path, battery_kw, change_kwh

ONE_PATH_POINTS = 241


def forward_pass(problem: Problem, grid_kwh: Floats, value: Floats, note: str) -> Schedule:
    """Follow ``value``, money of shape (steps + 1, points of ``grid_kwh``), row i at the start of step i, along the
    problem's own load and sun.

    From below the SoC window it moves towards it at full power; above it nothing is charged.
    """
    terms = problem.terms
    net, pv = (problem.load_w - problem.pv_w) / 1000.0, problem.pv_w / 1000.0
    rows: list[tuple[float, ...]] = []
    stored = problem.soc_wh / 1000.0
    for step in range(terms.steps):
        change = _best_change(terms, step, stored, net[step], pv[step], grid_kwh, value[step + 1])
        charge = float(battery_kw(terms, np.array(change)))
        _, curtailed = best_curtailment(terms, np.array(net[step] + charge), np.array(pv[step]), Rates.of(terms, step))
        flow = net[step] + charge + float(curtailed)
        per_kwh = slope(grid_kwh, value[step + 1], stored + change)
        stored += change
        rows.append((charge, flow, float(curtailed), stored, per_kwh))
    charge_kw, flow_kw, curtailed_kw, stored_kwh, slopes = np.array(rows).T
    money = terms.import_price * np.maximum(flow_kw, 0.0) - terms.export_price * np.maximum(-flow_kw, 0.0)
    discharge_kw = np.maximum(-charge_kw, 0.0)
    wear = terms.battery.wear_per_kwh * discharge_kw
    more = further_wear(terms.battery, discharge_kw, problem.soc_wh / 1000.0, stored_kwh, terms.step_h)
    return Schedule(
        charge_w=1000.0 * np.maximum(charge_kw, 0.0),
        discharge_w=1000.0 * discharge_kw,
        import_w=1000.0 * np.maximum(flow_kw, 0.0),
        export_w=1000.0 * np.maximum(-flow_kw, 0.0),
        curtail_w=1000.0 * curtailed_kw,
        soc_wh=1000.0 * stored_kwh,
        energy_value_per_kwh=slopes,
        objective=float((money + wear).sum() * terms.step_h - terms.terminal_per_kwh * stored_kwh[-1]) + more,
        run_s=0.0,
        notes=(note,),
    )


def forward_pass_alone(problem: Problem, note: str, points: int = ONE_PATH_POINTS) -> Schedule:
    """``forward_pass`` on a table of the problem's own load and sun.

    Dents of the table are kept, so that it comes near the best even when opposite flows pay.
    """
    net, pv = (problem.load_w - problem.pv_w)[None, :], problem.pv_w[None, :]
    grid, by_path = backward_by_path(problem.terms, net, pv, points)
    return forward_pass(problem, grid, by_path[:, 0], note)


def _best_change(
    terms: PlanningTerms, step: int, stored: float, net: float, pv: float, grid: Floats, after: Floats
) -> float:
    battery, deep = terms.battery, terms.battery.deep_wear_per_kwh > 0.0
    discharge_kw = float(terms.most_discharge_kw(np.array(net)))
    least, most = (float(reach) for reach in change_kwh(terms, np.array([-discharge_kw, terms.charge_kw])))
    floor = min(float(terms.floor_kwh[step]), float(grid[-1]))
    if stored < floor:
        allowed = float(change_kwh(terms, np.array(max(0.0, float(terms.import_limit_kw[step]) - net))))
        return min(most, allowed, floor - stored)
    least, most = max(least, floor - stored), min(most, max(float(grid[-1]) - stored, 0.0))
    thresholds = [peak.threshold_kw[step] for peak in terms.peaks]
    levels = np.array([0.0, terms.import_limit_kw[step], -terms.export_limit_kw[step], -pv, *thresholds])
    corners = change_kwh(terms, levels[np.isfinite(levels)] - net)
    bends: list[float] = []
    if battery.wear_above_half_per_kwh:
        bends.append(float(change_kwh(terms, np.array(-terms.discharge_kw / 2.0))))
    if deep:
        bends.append(battery.stored_wh(battery.deep_below_pct) / 1000.0 - stored)
    options = np.clip(np.concatenate([grid - stored, corners, [0.0, least, most], bends]), least, most)
    charge = battery_kw(terms, options)
    per_hour, _ = best_curtailment(terms, net + charge, np.array(pv), Rates.of(terms, step))
    cost = (per_hour + battery.wear_per_kwh * np.maximum(-charge, 0.0) + rate_wear(battery, -charge)) * terms.step_h
    if deep:
        cost += np.maximum(depth_wear(battery, stored + options) - depth_wear(battery, np.array(stored)), 0.0)
    left = stored + options
    above = slope(grid, after, stored) * np.maximum(left - grid[-1], 0.0)  # nothing where nothing is above
    return float(options[np.argmin(cost - np.interp(left, grid, after) - above)])


def slope(grid: Floats, value: Floats, stored: float) -> float:
    """What one more kWh is worth where ``stored`` kWh are, by a row of values."""
    place = int(np.clip(np.searchsorted(grid, stored), 1, len(grid) - 1))
    return float((value[place] - value[place - 1]) / (grid[place] - grid[place - 1]))
