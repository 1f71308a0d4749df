"""The least that a planner process can be: its libraries, both models over 192 rows, the same LP once.

Run as a program of its own: ``planner_floor.py MODELS ARRAYS``. It imports nothing of the agent.
"""

import os
import sqlite3
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read at import

import highspy
import numpy as np
import onnxruntime

ROWS = 192


def main() -> int:
    models, arrays = Path(sys.argv[1]), Path(sys.argv[2])
    sqlite3.connect(":memory:").close()
    for name in ("consumption", "solar"):
        _predict(models / name / "model.onnx")
    print(_objective(arrays))
    return 0


def _predict(model: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])
    width = session.get_inputs()[0].shape[1]
    session.run(["quantiles"], {"features": np.full((ROWS, width), 0.5, dtype=np.float32)})


def _objective(arrays: Path) -> float:
    names = ("cost", "lower", "upper", "row_lower", "row_upper", "starts", "indices", "coefficients")
    cost, lower, upper, row_lower, row_upper, starts, indices, coefficients = (
        np.load(arrays / f"{name}.npy") for name in names
    )
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
        solver.setOptionValue(option, value)
    kinds = np.zeros(len(cost), dtype=np.int32)
    shape = (len(cost), len(row_lower), len(coefficients))
    column_wise, minimise = int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize)
    bounds = (cost, lower, upper, row_lower, row_upper)
    solver.passModel(*shape, column_wise, minimise, 0.0, *bounds, starts, indices, coefficients, kinds)
    solver.run()
    return float(solver.getInfo().objective_function_value)


if __name__ == "__main__":
    sys.exit(main())
