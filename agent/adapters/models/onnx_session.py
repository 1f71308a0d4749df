"""onnxruntime, imported here only and only when a model is opened."""

import os
import threading
from typing import Any

import numpy as np

from agent.domain.printable import first_line
from agent.domain.sentences import model_faults as say
from agent.forecasting.forecaster import FloatArray, ModelUnusable

DEADLINE_S = 20.0


def open_session(name: str, content: bytes) -> Any:
    """A session on checked bytes. Raises ModelUnusable.

    One thread, no spinning and no arena: the planner shares the gateway with control and runs for a moment.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read at import
    try:
        return _session(content)
    except MemoryError:
        raise
    except Exception as error:  # it does not load, is another release, or refuses: no narrower parent is shared
        raise ModelUnusable(name, say.model_not_opened(cause=first_line(error))) from error


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # in trees is nothing to fuse
    options.log_severity_level = 4  # what goes wrong is raised, not printed
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(name: str, session: Any, rows: Any, output: str, width: int, deadline_s: float = DEADLINE_S) -> FloatArray:
    """``rows`` (N, features) through the model: (N, width), finite. Raises ModelUnusable.

    A run is stopped between two operators after ``deadline_s`` seconds. One operator that hangs is ended with its
    process, which has a deadline of its own.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    overdue = threading.Timer(deadline_s, setattr, (options, "terminate", True))
    overdue.daemon = True
    overdue.start()
    try:
        (answers,) = session.run([output], {"features": rows}, options)
    except Exception as error:  # the runtime's exceptions share no narrower parent
        if options.terminate:
            raise ModelUnusable(name, say.model_too_slow(within_s=deadline_s)) from error
        raise ModelUnusable(name, say.model_run_failed(cause=first_line(error))) from error
    finally:
        overdue.cancel()
    if answers.shape != (rows.shape[0], width):
        wanted = str((rows.shape[0], width))
        raise ModelUnusable(name, say.model_shape_other(found=str(answers.shape), wanted=wanted))
    if not np.isfinite(answers).all():
        raise ModelUnusable(name, say.model_not_finite())
    result: FloatArray = answers.astype(np.float64)
    return result
