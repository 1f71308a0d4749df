"""The battery schedule as a linear programme, built by index arithmetic and solved by HiGHS.

Per step i, all at least zero: charge c, discharge d, import m, export x, curtail k (kW) and stored energy s (kWh):

    balance   m - x + d - c - k = load - pv
    storage   s[i] - s[i-1] - eta_c c dt + d dt / eta_d = 0        (its dual is the value of stored energy)

The limits of the connection are soft, and so is the floor of the SoC window where the start lies below it or it rises
faster than the battery can be charged: slacks priced above everything else, so that there is always an answer. A start
above the window costs nothing: what is there is used when that pays best, and nothing is charged until then.

A demand charge adds a column o per billing month, kW above its threshold at the charge per kW, and a row per interval:

    peak      mean of m over the interval - o <= threshold - what the interval has imported before

so that the month pays for its worst interval once (the peak as a bound on all: Boyd and Vandenberghe, Convex
Optimization, section 4.3.1).

High powers and depth add columns and rows of their own: ``wear_columns``.

A flexible load adds a column f per step, kW up to its own power, and a row for its energy: sum of f dt = energy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.planning.columns import Columns, Mask, append_rows
from agent.planning.highs import LinearProgram
from agent.planning.peak import Peak
from agent.planning.planning_terms import (
    FLOOR_MULTIPLE,
    LIMIT_MULTIPLE,
    Floats,
    PlanningTerms,
    Problem,
)
from agent.planning.wear_columns import add_above_half, add_depth_rows, depth_columns

# Curtailing costs this share of the highest price, so that solar power is exported for nothing rather than curtailed.
CURTAIL_TIE = 1e-4


@dataclass(frozen=True, slots=True)
class Directions:
    """Where a flow is forbidden (shape (steps,) each), and where a binary is to choose between two flows.

    ``deep`` and ``shallow`` are steps that end below the SoC at which wear by depth begins, and not below it: where
    they are given, that wear is exact.
    """

    no_charge: Mask
    no_discharge: Mask
    no_import: Mask
    no_export: Mask
    choose_battery: Mask
    choose_grid: Mask
    deep: Mask
    shallow: Mask

    @classmethod
    def free(cls, steps: int) -> "Directions":
        return cls(*(np.zeros(steps, dtype=bool) for _ in range(8)))


@dataclass(frozen=True, slots=True)
class Flexible:
    """A load that takes ``energy_kwh`` in all and up to ``most_kw`` in each step, shape (steps,)."""

    most_kw: Floats
    energy_kwh: float


def build(problem: Problem, directions: Directions | None = None, flexible: Sequence[Flexible] = ()) -> LinearProgram:
    """The programme. Columns: c, d, m, x, k, s (steps each), slacks, peaks, then binaries or the ``flexible`` loads."""
    terms, n = problem.terms, problem.terms.steps
    way = directions or Directions.free(n)
    load, pv = problem.load_w / 1000.0, problem.pv_w / 1000.0
    dt, step = terms.step_h, np.arange(n)
    balance, storage = step, step + n
    # No single flow can be larger than what the rest of the site can give or take: this bounds opposite flows too.
    most_import, most_export = load + terms.charge_kw + _most_kw(flexible), pv + terms.discharge_kw
    columns = Columns()
    charge = columns.block(n, 0.0, np.where(way.no_charge | _above_first(problem), 0.0, terms.charge_kw))
    below = soft_floor(problem)  # a reserve that is not yet there is not taken from
    most_discharge = np.where(way.no_discharge | below, 0.0, terms.most_discharge_kw(load - pv))
    discharge = columns.block(n, terms.battery.wear_per_kwh * dt, most_discharge)
    imported = columns.block(
        n, terms.import_price * dt, np.where(way.no_import, 0.0, np.minimum(most_import, terms.import_limit_kw))
    )
    exported = columns.block(
        n, -terms.export_price * dt, np.where(way.no_export, 0.0, np.minimum(most_export, terms.export_limit_kw))
    )
    curtailed = columns.block(n, CURTAIL_TIE * terms.top_price * dt, pv if terms.curtailable else 0.0)
    low, high = np.where(below, 0.0, terms.floor_kwh), _highest(problem)
    end_value = np.append(np.zeros(n - 1), -terms.terminal_per_kwh)
    stored = columns.block(n, end_value, high, low)

    for flow, sign in ((charge, -1.0), (discharge, 1.0), (imported, 1.0), (exported, -1.0), (curtailed, -1.0)):
        columns.put(balance, flow, sign)
    columns.put(storage, charge, -terms.battery.charge_efficiency * dt)
    columns.put(storage, discharge, dt / terms.battery.discharge_efficiency)
    columns.put(storage, stored, 1.0)
    columns.put(storage[1:], stored[:-1], -1.0)

    right = np.append(load - pv, np.zeros(n))
    right[n] = problem.soc_wh / 1000.0
    row_lower, row_upper = [right], [right]
    _add_limit_slacks(columns, terms, way, most_import, most_export)
    depth = depth_columns(columns, terms, way.shallow)
    _add_floor_slack(columns, problem, below, stored, row_lower, row_upper)
    _add_peaks(columns, terms, imported, row_lower, row_upper)
    add_above_half(columns, terms, (charge, discharge), storage, row_lower, row_upper)
    if depth is not None:
        add_depth_rows(columns, problem, depth, (stored, high), way.deep, row_lower, row_upper)
    binaries = _add_choices(columns, terms, way, most_import, most_export, row_lower, row_upper)
    _add_flexible(columns, flexible, dt, row_lower, row_upper)
    return columns.program(np.concatenate(row_lower), np.concatenate(row_upper), _last(binaries, columns.count))


def _last(binaries: int, count: int) -> Mask | None:
    """Which of ``count`` columns are binaries, shape (count,); None where there are none."""
    return np.arange(count) >= count - binaries if binaries else None


def soft_floor(problem: Problem) -> Mask:
    """Steps, shape (steps,), whose floor is out of reach though the battery charges all the time within the limits."""
    terms, start = problem.terms, problem.soc_wh / 1000.0
    if start >= terms.floor_kwh.max():
        return np.zeros(terms.steps, dtype=bool)
    room_kw = np.clip(terms.import_limit_kw - (problem.load_w - problem.pv_w) / 1000.0, 0.0, terms.charge_kw)
    reach = start + np.cumsum(room_kw) * terms.battery.charge_efficiency * terms.step_h
    return np.asarray(np.minimum(reach, terms.ceiling_kwh) < terms.floor_kwh)


def _above_first(problem: Problem) -> Mask:
    """Steps, shape (steps,), that begin above the window."""
    every = np.arange(problem.terms.steps)
    if not problem.starts_above or problem.above_steps is None:
        return every < 0
    return every <= problem.above_steps


def _highest(problem: Problem) -> Floats:
    """The most that may be stored at the end of each step, kWh, shape (steps,)."""
    terms, start = problem.terms, problem.soc_wh / 1000.0
    many = terms.steps if problem.above_steps is None else problem.above_steps
    return np.where(np.arange(terms.steps) < many, max(terms.ceiling_kwh, start), terms.ceiling_kwh)


def _add_limit_slacks(
    columns: Columns, terms: PlanningTerms, way: Directions, most_import: Floats, most_export: Floats
) -> None:
    """Import and export above the limits of the connection."""
    n, price = terms.steps, LIMIT_MULTIPLE * terms.top_price * terms.step_h
    for limited, limit, most, forbidden, sign in (
        (terms.limits_import, terms.import_limit_kw, most_import, way.no_import, 1.0),
        (terms.limits_export, terms.export_limit_kw, most_export, way.no_export, -1.0),
    ):
        if limited:
            over = columns.block(n, price, np.where(forbidden | np.isinf(limit), 0.0, most))
            columns.put(np.arange(n), over, sign)


def _add_floor_slack(
    columns: Columns,
    problem: Problem,
    below: Mask,
    stored: NDArray[np.int64],
    row_lower: list[Floats],
    row_upper: list[Floats],
) -> None:
    """Energy below the floor where that is out of reach."""
    terms, many = problem.terms, int(below.sum())
    if not many:
        return
    slack = columns.block(many, FLOOR_MULTIPLE * terms.top_price * terms.step_h, np.inf)
    rows = append_rows(row_lower, row_upper, terms.floor_kwh[below], np.full(many, np.inf))
    columns.put(rows, stored[below], 1.0)
    columns.put(rows, slack, 1.0)


def _add_peaks(
    columns: Columns,
    terms: PlanningTerms,
    imported: NDArray[np.int64],
    row_lower: list[Floats],
    row_upper: list[Floats],
) -> None:
    for peak in terms.peaks:
        _add_peak(columns, terms, peak, imported, row_lower, row_upper)


def _add_peak(
    columns: Columns,
    terms: PlanningTerms,
    peak: Peak,
    imported: NDArray[np.int64],
    row_lower: list[Floats],
    row_upper: list[Floats],
) -> None:
    """What a month's worst interval imports above the threshold, where that is charged."""
    n = terms.steps
    rate = peak.per_kw[peak.firsts]
    charged = np.flatnonzero(rate > 0.0)
    months, month = np.unique(peak.month[peak.firsts][charged], return_inverse=True)
    per_kw = np.zeros(len(months))
    np.maximum.at(per_kw, month, rate[charged])
    over = columns.block(len(months), per_kw, np.inf)
    most = (peak.threshold_kw[peak.firsts] - peak.begun_kw(terms.step_h))[charged]
    rows = append_rows(row_lower, row_upper, np.full(len(charged), -np.inf), most)
    row_of = np.full(int(peak.interval[-1]) + 1, -1)
    row_of[charged] = rows
    counted = np.flatnonzero(row_of[peak.interval] >= 0)
    share = terms.step_h / peak.hours(terms.step_h)[peak.interval[counted]]
    above_limit = [imported + 4 * n] if np.isfinite(terms.import_limit_kw).any() else []
    for flow in (imported, *above_limit):
        columns.put(row_of[peak.interval[counted]], flow[counted], share)
    columns.put(rows, over[month], -1.0)


def _add_choices(
    columns: Columns,
    terms: PlanningTerms,
    way: Directions,
    most_import: Floats,
    most_export: Floats,
    row_lower: list[Floats],
    row_upper: list[Floats],
) -> int:
    """A binary z per chosen step: flow <= most z and opposite <= most (1 - z). Returns how many binaries."""
    n, total = terms.steps, 0
    if not (way.choose_battery.any() or way.choose_grid.any()):
        return 0
    charge, discharge, imported, exported = (np.arange(n) + block * n for block in range(4))
    over = 6 * n
    import_flows = [imported] + ([np.arange(n) + over] if terms.limits_import else [])
    over += n * (len(import_flows) - 1)
    export_flows = [exported] + ([np.arange(n) + over] if terms.limits_export else [])
    for chosen, flows, opposites, most, most_opposite in (
        (way.choose_battery, [charge], [discharge], np.full(n, terms.charge_kw), np.full(n, terms.discharge_kw)),
        (way.choose_grid, import_flows, export_flows, most_import, most_export),
    ):
        steps = np.flatnonzero(chosen)
        if not len(steps):
            continue
        size = len(steps)
        z = columns.block(size, 0.0, 1.0)
        forward = append_rows(row_lower, row_upper, np.full(size, -np.inf), np.zeros(size))
        for flow in flows:
            columns.put(forward, flow[steps], 1.0)
        columns.put(forward, z, -most[steps])
        backward = append_rows(row_lower, row_upper, np.full(size, -np.inf), most_opposite[steps])
        for flow in opposites:
            columns.put(backward, flow[steps], 1.0)
        columns.put(backward, z, most_opposite[steps])
        total += size
    return total


def _most_kw(flexible: Sequence[Flexible]) -> Floats | float:
    return sum((one.most_kw for one in flexible), 0.0)


def _add_flexible(
    columns: Columns, flexible: Sequence[Flexible], dt: float, row_lower: list[Floats], row_upper: list[Floats]
) -> None:
    for one in flexible:
        taken = columns.block(len(one.most_kw), 0.0, one.most_kw)
        columns.put(np.arange(len(taken)), taken, -1.0)
        energy = np.array([one.energy_kwh])
        (row,) = append_rows(row_lower, row_upper, energy, energy)
        columns.put(np.full(len(taken), row), taken, dt)
