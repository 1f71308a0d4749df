"""The obvious battery LP: one signed power a step, dense rows, ``scipy.optimize.linprog``. A yardstick of the bench.

Columns are battery power (kW, > 0 charges), import and export of each step. The SoC of a step is the sum of all powers
before it, so that the SoC rows are a triangle of ones. Losses and wear have no place in a signed power and are left
out; the LP is smaller than the agent's for that, and slower all the same.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from agent.planning.planning_terms import Floats, Problem
from tests.bench.children import BenchFailure


@dataclass(frozen=True, slots=True)
class DenseProgram:
    """min cost·x with most x <= most_right, equal x = equal_right and bounds (columns, 2)."""

    cost: Floats
    most: Floats
    most_right: Floats
    equal: Floats
    equal_right: Floats
    bounds: Floats


def build_dense(problem: Problem) -> DenseProgram:
    terms, n = problem.terms, problem.terms.steps
    dt, start = terms.step_h, problem.soc_wh / 1000.0
    soc = np.zeros((2 * n, 3 * n))
    soc_right = np.zeros(2 * n)
    balance = np.zeros((n, 3 * n))
    for step in range(n):
        soc[step, : step + 1] = dt
        soc[n + step, : step + 1] = -dt
        soc_right[step] = terms.ceiling_kwh - start
        soc_right[n + step] = start - float(terms.floor_kwh[step])
        balance[step, step] = -1.0
        balance[step, n + step] = 1.0
        balance[step, 2 * n + step] = -1.0
    worth = np.full(n, -terms.terminal_per_kwh * dt)
    return DenseProgram(
        cost=np.concatenate([worth, terms.import_price * dt, -terms.export_price * dt]),
        most=soc,
        most_right=soc_right,
        equal=balance,
        equal_right=(problem.load_w - problem.pv_w) / 1000.0,
        bounds=np.array(
            [(-terms.discharge_kw, terms.charge_kw)] * n
            + [(0.0, limit) for limit in terms.import_limit_kw.tolist()]
            + [(0.0, limit) for limit in terms.export_limit_kw.tolist()]
        ),
    )


def solve_dense(program: DenseProgram) -> Floats:
    """Battery power, kW, > 0 charges. Raises BenchFailure where scipy has no answer."""
    answer = linprog(
        program.cost, program.most, program.most_right, program.equal, program.equal_right, program.bounds, "highs"
    )
    if answer.status != 0:
        raise BenchFailure(f"scipy's linprog found no schedule: {answer.message}")
    powers: Floats = answer.x[: len(program.equal_right)]
    return powers
