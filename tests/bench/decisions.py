"""The arithmetic of a decision and of a plan, in process: the fast loop, the plan, its value table, the forecasts."""

from collections.abc import Callable
from dataclasses import replace

import highspy
import numpy as np

from agent.adapters.models.onnx_models import OnnxForecaster, open_model
from agent.dispatch.economic_dispatch import economic_dispatch
from agent.dispatch.moment import Moment
from agent.domain.demand_charge import DemandCharge
from agent.domain.plan import Plan
from agent.domain.request import Demand
from agent.domain.site import Connection
from agent.planning.battery_lp import build
from agent.planning.check import check_plan
from agent.planning.make_plan import make_plan
from agent.planning.scenarios import net_load_paths
from tests.bench.children import BenchFailure
from tests.bench.dense_lp import build_dense, solve_dense
from tests.bench.figures import Figure, Samples, side_by_side
from tests.bench.lp import as_model
from tests.bench.site import (
    BATTERY,
    DAY,
    EXPORT,
    MODELS,
    NOW,
    PLACE,
    RATED_W,
    STEP_S,
    STEPS,
    past,
    planned,
    site_forecast,
)
from tests.planning.days import value_table

DECISIONS = 200
LOOKUPS = 1000
FAST = "to be at most 50 µs"


def measure(rounds: int = 9) -> list[Figure]:
    """Microseconds per decision; milliseconds of a plan, of its value table and of its forecasts."""
    decisions, lookups = side_by_side(rounds, _decisions, _lookups)
    whole, dense = side_by_side(rounds, _plan, _dense_lp)
    charged, plain = side_by_side(rounds, _charged_plan, _plan)
    peaks, without = side_by_side(rounds, _peak_decisions(), _decisions)
    table, lp = side_by_side(rounds, _value_table, _highs_run())
    forecasts, bare = side_by_side(rounds, lambda: site_forecast(planned().request), _bare_models())
    features, alone = side_by_side(rounds, _features_and_models(), _bare_models())
    per_decision = Samples(tuple(1000.0 * value / DECISIONS for value in decisions.values))
    per_thousand = Samples(tuple(1000.0 * value for value in lookups.values))
    return [
        Figure("fast loop, one decision", "µs", per_decision, per_thousand, f"{LOOKUPS} look-ups in a dict", note=FAST),
        Figure(
            f"plan of {STEPS} steps: {_scenarios()} paths, value table, LP, check",
            "ms", whole, dense, "the LP alone by scipy linprog, dense rows", note="to be at most 100 ms on one core",
        ),
        Figure(
            "the same with a demand charge: the table knows eleven levels of the month's peak",
            "ms", charged, plain, "the plan without one", note="to be at most 100 ms on one core",
        ),
        Figure(
            f"fast loop with a demand charge, {DECISIONS} decisions",
            "ms", peaks, without, "the same without one", note="to be at most 10 ms",
        ),
        Figure("value table of a plan", "ms", table, lp, "HiGHS run() of the plan's LP"),
        Figure(
            "forecasts of a plan, models opened and checked, 28 past days with them",
            "ms", forecasts, bare, f"both models over {STEPS} rows, opened before",
        ),
        Figure(
            f"features and both models over {STEPS} steps, all quantiles",
            "ms", features, alone, f"both models over {STEPS} rows",
        ),
    ]  # fmt: skip


def _decisions() -> None:
    """Net loads from a sunny noon to a kettle, one second's decision each, with a limit at the connection."""
    plan, connection = planned().plan, Connection(import_limit_w=17_000.0)
    for index in range(DECISIONS):
        moment = Moment(NOW, -4000.0 + 50.0 * index, 20.0 + 0.3 * index, DAY, EXPORT)
        if economic_dispatch(plan, moment, BATTERY, connection) is None:
            raise BenchFailure("the plan does not cover its own first step")


def _lookups() -> None:
    names = {f"device.point_{index}": index for index in range(50)}
    for _ in range(LOOKUPS // len(names)):
        for name in names:  # noqa: PLC0206 the look-up is what is measured
            names[name]


def _plan() -> None:
    """What is done once the forecasts are there, and the controller's own check of it."""
    there = planned()
    plan = make_plan(there.request, there.forecast, 20.0)
    wrong = check_plan(plan, there.request)
    if wrong:
        raise BenchFailure(f"the plan that was measured is not usable: {wrong[0]}")


def _charged_plan() -> Plan:
    there = planned()
    asked = replace(there.request, demand=Demand(DemandCharge(15.0, STEP_S), 1_000.0))
    before_w = np.full(31 * 86_400 // STEP_S, 1_000.0)
    plan = make_plan(asked, there.forecast, 20.0, before_w)
    wrong = check_plan(plan, asked)
    if wrong:
        raise BenchFailure(f"the plan that was measured is not usable: {wrong[0]}")
    return plan


def _peak_decisions() -> Callable[[], object]:
    plan, connection = _charged_plan(), Connection(import_limit_w=17_000.0)

    def run() -> None:
        for index in range(DECISIONS):
            moment = Moment(NOW, -4000.0 + 50.0 * index, 20.0 + 0.3 * index, DAY, EXPORT)
            if economic_dispatch(plan, moment, BATTERY, connection) is None:
                raise BenchFailure("the plan does not cover its own first step")

    return run


def _dense_lp() -> None:
    solve_dense(build_dense(planned().problem))


def _scenarios() -> int:
    errors = planned().forecast.load_errors
    return 0 if errors is None else len(errors)


def _value_table() -> None:
    there = planned()
    paths = net_load_paths(there.forecast, RATED_W)
    value_table(there.problem.terms, paths.net_w, paths.pv_w, paths.noise_w)


def _highs_run() -> Callable[[], object]:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    model = as_model(build(planned().problem))

    def run() -> None:
        solver.passModel(model)
        solver.run()

    return run


def _features_and_models() -> Callable[[], object]:
    opened = (open_model(MODELS / "consumption", "load_w", PLACE), open_model(MODELS / "solar", "pv_w", PLACE, RATED_W))
    history = past()

    def run() -> None:
        for model in opened:
            model.predict(history, [NOW], STEP_S, STEPS)

    return run


def _bare_models() -> Callable[[], object]:
    opened = (open_model(MODELS / "consumption", "load_w", PLACE), open_model(MODELS / "solar", "pv_w", PLACE, RATED_W))
    rows = [_rows(model) for model in opened]

    def run() -> None:
        for model, features in zip(opened, rows, strict=True):
            model._session.run(["quantiles"], {"features": features})

    return run


def _rows(model: OnnxForecaster) -> np.ndarray:
    tests = np.array(model.card.self_test.rows, dtype=np.float32)
    return np.resize(tests, (STEPS, tests.shape[1]))
