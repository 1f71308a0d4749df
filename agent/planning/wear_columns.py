"""What a battery loses and wears more at high power and below a SoC, as columns and rows of the linear programme.

Above half of a rating: a column a step and direction, at least the power above; it is no larger than that as long as
stored energy is worth something, or the power above costs something.

By depth: a column u a step, what is missing below the SoC D at which depth begins (kWh), and a column p, what was taken
of it in the step, at the price of depth:

    missing   D <= u + s <= high
    taken     u[i] - u[i-1] - p <= 0

Energy that comes may so be held above D while there is a lack below: the segments of Xu et al. (2018), in which a cycle
is the deeper the further it goes below where it began. That is convex, and costs no more than the law of
``domain/battery_wear.py``, which asks u = max(0, D - s). Where it costs less, the steps that end below D and those that
do not are given (``Directions.deep``, ``shallow``), and u is exact.
"""

import numpy as np
from numpy.typing import NDArray

from agent.planning.columns import Columns, Mask, append_rows
from agent.planning.planning_terms import Floats, PlanningTerms, Problem

Indices = NDArray[np.int64]


def add_above_half(
    columns: Columns,
    terms: PlanningTerms,
    flows: tuple[Indices, Indices],
    storage: Indices,
    row_lower: list[Floats],
    row_upper: list[Floats],
) -> None:
    """``flows`` are the charging and the discharging columns, ``storage`` the rows of stored energy."""
    loss, prices = terms.battery.loss_above_half, (0.0, terms.battery.wear_above_half_per_kwh)
    for flow, rating_kw, price in zip(flows, (terms.charge_kw, terms.discharge_kw), prices, strict=True):
        if loss == 0.0 and price == 0.0:
            continue
        above = columns.block(terms.steps, price * terms.step_h, rating_kw / 2.0)
        rows = append_rows(row_lower, row_upper, np.full(terms.steps, -np.inf), np.full(terms.steps, rating_kw / 2.0))
        columns.put(rows, flow, 1.0)
        columns.put(rows, above, -1.0)
        columns.put(storage, above, loss * terms.step_h)


def depth_columns(columns: Columns, terms: PlanningTerms, shallow: Mask) -> tuple[Indices, Indices] | None:
    """The columns u and p, steps each; None where depth costs nothing. ``shallow`` steps end at D or above it."""
    battery = terms.battery
    if battery.deep_wear_per_kwh == 0.0:
        return None
    missing = columns.block(terms.steps, 0.0, np.where(shallow, 0.0, _deep_kwh(terms)))
    return missing, columns.block(terms.steps, battery.deep_wear_per_kwh, np.inf)


def add_depth_rows(
    columns: Columns,
    problem: Problem,
    depth: tuple[Indices, Indices],
    stored: tuple[Indices, Floats],
    deep: Mask,
    row_lower: list[Floats],
    row_upper: list[Floats],
) -> None:
    """``stored`` are the columns of stored energy with their highest bounds, kWh; ``deep`` steps end below D."""
    n, deep_kwh, (missing, taken) = problem.terms.steps, _deep_kwh(problem.terms), depth
    most = np.where(deep, deep_kwh, np.maximum(stored[1], deep_kwh))
    rows = append_rows(row_lower, row_upper, np.full(n, deep_kwh), most)
    columns.put(rows, missing, 1.0)
    columns.put(rows, stored[0], 1.0)
    before = np.zeros(n)
    before[0] = max(0.0, deep_kwh - problem.soc_wh / 1000.0)
    rows = append_rows(row_lower, row_upper, np.full(n, -np.inf), before)
    columns.put(rows, missing, 1.0)
    columns.put(rows[1:], missing[:-1], -1.0)
    columns.put(rows, taken, -1.0)


def depth_counted(terms: PlanningTerms, values: Floats, first: int) -> float:
    """The money of depth in an answer of the programme whose columns u begin at ``first``."""
    price = terms.battery.deep_wear_per_kwh
    return price * float(values[first + terms.steps : first + 2 * terms.steps].sum()) if price else 0.0


def _deep_kwh(terms: PlanningTerms) -> float:
    return terms.battery.stored_wh(terms.battery.deep_below_pct) / 1000.0
