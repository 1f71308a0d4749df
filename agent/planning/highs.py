"""HiGHS behind one function: arrays in, vector and duals out. One thread, silent, with a time limit.

It is loaded when it is asked: where it does not load, a plan is made without it.
"""

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain.printable import first_line
from agent.domain.sentences import plans as say

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

LARGEST = 1e12  # HiGHS reads 1e20 as infinite and loses digits long before; nothing on a site is this large


class SolverFailure(Exception):
    """HiGHS gave no usable answer, which ``why`` says in one sentence, as ``str()`` does without its code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """min cost·x with row_lower <= A x <= row_upper and lower <= x <= upper, A by columns (CSC).

    ``integer`` marks the columns that must be whole; None for a pure linear programme. Bounds may be infinite on their
    open side, everything else is finite.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    indices: Ints
    coefficients: Floats
    integer: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """``row_duals[r]`` is d(objective)/d(bound of row r); zeros for a programme with integers.

    ``proven`` is False when a programme with integers ran out of time with a feasible but unproven answer.
    ``run_s`` is HiGHS's own time.
    """

    values: Floats
    row_duals: Floats
    objective: float
    proven: bool
    run_s: float


def library() -> Any:
    """The module of HiGHS; commands that are nothing without it ask first. Raises ImportError."""
    import highspy

    return highspy


def solve(program: LinearProgram, time_limit_s: float, gap: float = 1e-4) -> Solution:
    """Solve once, cold. Raises ValueError for an input HiGHS would misread and SolverFailure without an answer."""
    _refuse_what_highs_accepts(program)
    if not time_limit_s > 0:
        raise SolverFailure(say.no_time_to_solve())
    try:
        return _solved(program, time_limit_s, gap)
    except (SolverFailure, MemoryError):
        raise
    except Exception as error:  # it does not load, or another release takes or gives something else
        raise SolverFailure(say.solver_unusable(cause=first_line(error))) from error


def _solved(program: LinearProgram, time_limit_s: float, gap: float) -> Solution:
    highspy = library()
    _let_greet(highspy)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", float(time_limit_s))
    # The programmes are small and already tight: presolve costs more time than it saves.
    solver.setOptionValue("presolve", "off" if program.integer is None else "choose")
    solver.setOptionValue("mip_rel_gap", gap)
    _pass(highspy, solver, program)
    solver.run()
    return _answer(highspy, solver, program)


@cache
def _let_greet(highspy: Any) -> None:
    """HiGHS 1.16 prints a banner to descriptor 1 when a process makes its first solver, before it can be silenced."""
    try:
        output, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no descriptor 1 to be kept clean, or none left
        return
    os.dup2(nowhere, 1)
    try:
        highspy.Highs()
    finally:
        os.dup2(output, 1)
        os.close(output)
        os.close(nowhere)


def _pass(highspy: Any, solver: Any, program: LinearProgram) -> None:
    columns, rows = len(program.cost), len(program.row_lower)
    kinds = np.zeros(columns, dtype=np.int32) if program.integer is None else program.integer.astype(np.int32)
    status = solver.passModel(
        columns,
        rows,
        len(program.coefficients),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        program.cost,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        program.starts,
        program.indices,
        program.coefficients,
        kinds,
    )
    if status == highspy.HighsStatus.kError:
        raise SolverFailure(say.programme_refused())


def _answer(highspy: Any, solver: Any, program: LinearProgram) -> Solution:
    status = solver.getModelStatus()
    proven = status == highspy.HighsModelStatus.kOptimal
    info = solver.getInfo()
    # 2 is "feasible" in HiGHS's primal_solution_status.
    unproven = program.integer is not None and info.primal_solution_status == 2
    if not proven and not unproven:
        raise SolverFailure(say.solver_ended(status=solver.modelStatusToString(status)))
    solution = solver.getSolution()
    values = np.array(solution.col_value)
    duals = np.array(solution.row_dual) if solution.dual_valid else np.zeros(len(program.row_lower))
    if not np.isfinite(values).all():
        raise SolverFailure(say.solver_not_finite())
    return Solution(values, duals, float(info.objective_function_value), proven, float(solver.getRunTime()))


def _refuse_what_highs_accepts(program: LinearProgram) -> None:
    """NaN and inf in costs or coefficients solve to "Optimal" in HiGHS, so they are stopped here."""
    for name in ("cost", "coefficients"):
        array = getattr(program, name)
        if not (np.abs(array) <= LARGEST).all():
            place = int(np.flatnonzero(~(np.abs(array) <= LARGEST))[0])
            raise ValueError(f"{name}[{place}] of the linear programme is {array[place]}, not a usable number")
    for low_name, high_name in (("lower", "upper"), ("row_lower", "row_upper")):
        low, high = getattr(program, low_name), getattr(program, high_name)
        bad = ~((low <= high) & (low < np.inf) & (high > -np.inf))
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{low_name}[{place}] and {high_name}[{place}] of the linear programme are {low[place]} and "
                f"{high[place]}, not a range"
            )
