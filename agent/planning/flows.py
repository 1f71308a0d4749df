"""The flows of one answer of the linear programme, and the schedule they are."""

from dataclasses import dataclass

import numpy as np

from agent.domain.sentences import plans as say
from agent.planning.columns import Mask
from agent.planning.highs import Solution
from agent.planning.planning_terms import Floats, PlanningTerms, Problem
from agent.planning.schedule import Schedule
from agent.planning.wear_columns import depth_counted

FLOW_TOLERANCE_KW = 1e-6
SLACK_TOLERANCE = 1e-3  # kW or kWh that a slack must exceed to be worth a note


@dataclass(frozen=True, slots=True)
class Flows:
    """One answer of the programme, kW and kWh, shape (steps,); imports and exports include what is above a limit."""

    charge: Floats
    discharge: Floats
    imported: Floats
    exported: Floats
    curtailed: Floats
    stored: Floats
    over_limit: Floats  # imports and exports above the limits of the connection
    value_per_kwh: Floats
    objective: float
    depth_counted: float = 0.0  # money of wear by depth in the objective

    @property
    def battery_clash(self) -> Mask:
        return np.minimum(self.charge, self.discharge) > FLOW_TOLERANCE_KW

    @property
    def grid_clash(self) -> Mask:
        return np.minimum(self.imported, self.exported) > FLOW_TOLERANCE_KW

    @property
    def clashes(self) -> bool:
        return bool(self.battery_clash.any() or self.grid_clash.any())


def flows_of_solution(terms: PlanningTerms, solution: Solution) -> Flows:
    """The flows in the columns of the programme; values of stored energy are its duals."""
    n = terms.steps
    charge, discharge, imported, exported, curtailed, stored = np.maximum(solution.values[: 6 * n], 0.0).reshape(6, n)
    over = [np.zeros(n), np.zeros(n)]
    first = 6 * n
    for side, limited in enumerate((terms.limits_import, terms.limits_export)):
        if limited:
            over[side] = np.maximum(solution.values[first : first + n], 0.0)
            first += n
    return Flows(
        charge,
        discharge,
        imported + over[0],
        exported + over[1],
        curtailed,
        stored,
        over[0] + over[1],
        # HiGHS's dual is the cost of one more kWh on the right side of the storage row, so the value is its negative.
        -solution.row_duals[n : 2 * n],
        solution.objective,
        depth_counted(terms, solution.values, first),
    )


def flows_of_schedule(schedule: Schedule) -> Flows:
    """The flows of a schedule made elsewhere."""
    powers = (schedule.charge_w, schedule.discharge_w, schedule.import_w, schedule.export_w, schedule.curtail_w)
    charge, discharge, imported, exported, curtailed = (power / 1000.0 for power in powers)
    nothing = np.zeros_like(charge)
    values, stored = schedule.energy_value_per_kwh, schedule.soc_wh / 1000.0
    return Flows(charge, discharge, imported, exported, curtailed, stored, nothing, values, schedule.objective)


def schedule_of(problem: Problem, flows: Flows, run_s: float, notes: list[str]) -> Schedule:
    """The schedule of ``flows``, opposite ones netted, with ``notes`` and one for each soft limit that is not kept."""
    both_battery = np.minimum(flows.charge, flows.discharge)
    both_grid = np.minimum(flows.imported, flows.exported)
    return Schedule(
        charge_w=1000.0 * (flows.charge - both_battery),
        discharge_w=1000.0 * (flows.discharge - both_battery),
        import_w=1000.0 * (flows.imported - both_grid),
        export_w=1000.0 * (flows.exported - both_grid),
        curtail_w=1000.0 * flows.curtailed,
        soc_wh=1000.0 * flows.stored,
        energy_value_per_kwh=flows.value_per_kwh,
        objective=flows.objective,
        run_s=run_s,
        notes=(*notes, *_slack_notes(problem, flows)),
    )


def _slack_notes(problem: Problem, flows: Flows) -> list[str]:
    """One sentence for each soft limit that the schedule could not keep."""
    terms = problem.terms
    notes: list[str] = []
    over = flows.over_limit > SLACK_TOLERANCE
    for broken, flow in ((say.import_limit_broken, flows.imported), (say.export_limit_broken, flows.exported)):
        steps = np.flatnonzero(over & (flow > FLOW_TOLERANCE_KW))
        if len(steps):
            notes.append(broken(steps=len(steps), over_w=1000.0 * float(flows.over_limit[steps].max())))
    start, ceiling = problem.soc_wh / 1000.0, terms.ceiling_kwh + SLACK_TOLERANCE
    missing = terms.floor_kwh - flows.stored
    below = int((missing > SLACK_TOLERANCE).sum())
    if start < terms.floor_kwh[0] - SLACK_TOLERANCE:
        notes.append(say.starts_below_window(steps=below))
    elif below:
        notes.append(say.reserve_too_late(steps=below, missing_wh=1000.0 * float(missing.max())))
    if start > ceiling:
        above = int((flows.stored > ceiling).sum())
        notes.append(say.starts_above_window(steps=above))
    return notes
