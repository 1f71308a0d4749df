"""Two isolation forests, one for steps and one for days: scikit-learn fits them, one ONNX node holds both."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from sklearn.ensemble import IsolationForest

from agent.adapters.models.onnx_detector import OUTPUT, SCORES
from agent.forecasting.data_quality.features import FEATURES, STEP_FEATURES
from agent.forecasting.forecaster import FloatArray

_OPSET_ML, _OPSET, _IR_VERSION = 3, 15, 8
_EULER = 0.5772156649015329
_NODE_COLUMNS = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
_LEAF_COLUMNS = ("treeids", "nodeids", "ids", "weights")


@dataclass(frozen=True, slots=True)
class Forests:
    """The fitted forests: ``step`` sees the columns of STEP_FEATURES, ``day`` those of DAY_FEATURES."""

    step: Any
    day: Any

    def scores(self, rows: FloatArray) -> FloatArray:
        """scikit-learn's own scores of FEATURES rows, (N, 2), 0 to 1, high is strange."""
        width = len(STEP_FEATURES)
        narrow = rows.astype(np.float32)
        return -np.stack(
            [self.step.score_samples(narrow[:, :width]), self.day.score_samples(narrow[:, width:])], axis=1
        )


def fit_forests(steps: FloatArray, days: FloatArray, seed: int) -> Forests:
    """Forests of rows of FEATURES. Small samples keep strange rows from hiding each other (Liu et al. 2008)."""
    width = len(STEP_FEATURES)
    return Forests(_fit(steps[:, :width], 40, 64, seed), _fit(days[:, width:], 80, 64, seed + 1))


def _fit(rows: FloatArray, trees: int, samples: int, seed: int) -> Any:
    forest = IsolationForest(n_estimators=trees, max_samples=samples, random_state=seed, n_jobs=1)
    return forest.fit(rows.astype(np.float32))


def usual_depth(samples: FloatArray) -> FloatArray:
    """Mean depth of an unsuccessful search among ``samples`` values, c(n) of Liu et al. 2008, equation 1."""
    safe = np.maximum(samples, 3.0)
    many = 2.0 * (np.log(safe - 1.0) + _EULER) - 2.0 * (safe - 1.0) / safe
    return np.where(samples <= 1, 0.0, np.where(samples <= 2, 1.0, many))


def to_onnx(forests: Forests) -> bytes:
    """One TreeEnsembleRegressor: ``features`` (N, FEATURES) float32 to ``depths`` (N, 2).

    A depth is the mean path length over that of an ordinary row, so that the score is 2 ** -depth.
    """
    nodes: dict[str, list[Any]] = {key: [] for key in _NODE_COLUMNS}
    leaves: dict[str, list[Any]] = {key: [] for key in _LEAF_COLUMNS}
    number = 0
    for target, (forest, first) in enumerate(((forests.step, 0), (forests.day, len(STEP_FEATURES)))):
        share = 1.0 / (len(forest.estimators_) * float(usual_depth(np.array([forest.max_samples_]))[0]))
        for tree, columns in zip(forest.estimators_, forest.estimators_features_, strict=True):
            _add_tree(nodes, leaves, tree.tree_, number, first + np.asarray(columns), target, share)
            number += 1
    attributes = {f"nodes_{key}": column for key, column in nodes.items()}
    attributes |= {f"target_{key}": column for key, column in leaves.items()}
    return _model(attributes)


def _add_tree(
    nodes: dict[str, list[Any]],
    leaves: dict[str, list[Any]],
    tree: Any,
    number: int,
    columns: Any,
    target: int,
    share: float,
) -> None:
    depth = _depths(tree)
    expected = usual_depth(tree.n_node_samples.astype(np.float64))
    for node in range(tree.node_count):
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            row = (number, node, 0, "LEAF", 0.0, 0, 0)
            leaf = (number, node, target, float((depth[node] + expected[node]) * share))
            _append(leaves, _LEAF_COLUMNS, leaf)
        else:
            threshold = _float32_below(float(tree.threshold[node]))
            row = (number, node, int(columns[tree.feature[node]]), "BRANCH_LEQ", threshold, left, right)
        _append(nodes, _NODE_COLUMNS, row)


def _append(table: dict[str, list[Any]], columns: tuple[str, ...], row: tuple[Any, ...]) -> None:
    for key, value in zip(columns, row, strict=True):
        table[key].append(value)


def _depths(tree: Any) -> Any:
    """Edges from the root to each node; a parent stands before its children."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    return depth


def _float32_below(threshold: float) -> float:
    """The highest float32 not above the threshold: ``x <= threshold`` then holds for the same float32 numbers x."""
    rounded = np.float32(threshold)
    return float(rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf)))


def _model(attributes: dict[str, list[Any]]) -> bytes:
    node = onnx.helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        [OUTPUT],
        domain="ai.onnx.ml",
        n_targets=SCORES,
        aggregate_function="SUM",
        post_transform="NONE",
        **attributes,
    )
    rows = onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [None, len(FEATURES)])
    depths = onnx.helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [None, SCORES])
    graph = onnx.helper.make_graph([node], "isolation_forests", [rows], [depths])
    opsets = [onnx.helper.make_opsetid("", _OPSET), onnx.helper.make_opsetid("ai.onnx.ml", _OPSET_ML)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="enalysis-edge")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
