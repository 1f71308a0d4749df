"""Building and solving the battery LP, beside HiGHS's own run of the same model and beside scipy with dense rows."""

import highspy

from agent.planning.battery_lp import build
from agent.planning.highs import LinearProgram, solve
from tests.bench.dense_lp import build_dense, solve_dense
from tests.bench.figures import Figure, Samples, timed
from tests.bench.site import STEPS, planned

GOAL = 1.15
OURS = {"presolve": "off"}


def measure(rounds: int = 21) -> list[Figure]:
    """Milliseconds for 192 steps: arrays, model, solver and answer against ``Highs.run()`` alone, cold."""
    problem = planned().problem
    program = build(problem)
    columns: list[list[float]] = [[], [], [], []]
    for _ in range(rounds + 1):
        columns[0].append(timed(lambda: solve(build(problem), 20.0)))
        columns[3].append(timed(lambda: solve_dense(build_dense(problem))))
        columns[1].append(_run_alone(program, {}))
        columns[2].append(_run_alone(program, OURS))
    ours, default, same, dense = (Samples(tuple(1000.0 * value for value in column[1:])) for column in columns)
    what = f"LP of {STEPS} steps, build + solve"
    return [
        Figure(what, "ms", ours, default, "HiGHS run(), its defaults, 1 thread", GOAL),
        Figure(what, "ms", ours, same, "HiGHS run() with our options (presolve off)", GOAL),
        Figure(what, "ms", ours, dense, "scipy linprog, dense rows, one signed power, build + solve"),
    ]


def _run_alone(program: LinearProgram, options: dict[str, str]) -> float:
    """Seconds of ``run()`` on a model that has been passed before."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(as_model(program))
    return timed(solver.run)


def as_model(program: LinearProgram) -> highspy.HighsLp:
    """The programme in HiGHS's own structure, by another way than the agent's."""
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.cost), len(program.row_lower)
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = program.starts, program.indices
    model.a_matrix_.value_ = program.coefficients
    return model
