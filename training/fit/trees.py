"""Quantile trees: LightGBM fits them, and one ONNX node holds all of them."""

from dataclasses import dataclass, field
from typing import Any

import lightgbm
import numpy as np
import onnx
from numpy.typing import NDArray

from agent.forecasting.forecaster import LEVELS, FloatArray
from training.fit.rows import TrainingRows

_OPSET_ML = 3  # TreeEnsembleRegressor as every onnxruntime since 1.8 runs it
_OPSET = 15
_IR_VERSION = 8


# LightGBM's settings of all our trees: quantiles, half of the rows a tree, the same for the same rows and seed.
QUANTILE = {
    "objective": "quantile",
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees grow: how many for each level of LEVELS, and at least ``fewest_rows`` in a leaf.

    The outer levels get fewer than the median: a band corrected less keeps more of the spread that the site itself has
    shown.
    """

    trees: tuple[int, ...]
    leaves: int
    learning_rate: float
    fewest_rows: int


def fit_level(rows: TrainingRows, column: int, seed: int, growth: Growth, threads: int) -> lightgbm.Booster:
    """The booster of LEVELS[column]; the same for the same rows, seed and threads."""
    settings = {
        **QUANTILE,
        "alpha": LEVELS[column],
        "num_leaves": growth.leaves,
        "learning_rate": growth.learning_rate,
        "min_data_in_leaf": growth.fewest_rows,
        "feature_fraction": 0.5,
        "seed": seed,
        "num_threads": threads,
    }
    dataset = lightgbm.Dataset(
        rows.matrix, label=rows.answer[:, column], weight=rows.weight, params={"verbosity": -1, "max_bin": 63}
    )
    return lightgbm.train(settings, dataset, num_boost_round=growth.trees[column])


def predict_quantiles(boosters: list[lightgbm.Booster], matrix: NDArray[np.float32]) -> FloatArray:
    """LightGBM's own answers, (N, LEVELS), neither sorted nor clipped."""
    return np.stack([np.asarray(booster.predict(matrix), dtype=np.float64) for booster in boosters], axis=1)


@dataclass(slots=True)
class _Nodes:
    """The columns of the attributes of a TreeEnsembleRegressor, filled node by node."""

    nodes: dict[str, list[Any]] = field(
        default_factory=lambda: {
            key: []
            for key in (
                "treeids",
                "nodeids",
                "featureids",
                "modes",
                "values",
                "truenodeids",
                "falsenodeids",
                "missing_value_tracks_true",
            )
        }
    )
    leaves: dict[str, list[Any]] = field(
        default_factory=lambda: {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    )

    def add_tree(self, tree: int, target: int, structure: dict[str, Any]) -> None:
        """Add LightGBM's nested nodes, numbered from the root 0 in the order they are met."""
        numbered: list[dict[str, Any]] = []
        waiting = [structure]
        while waiting:
            node = waiting.pop()
            node["number"] = len(numbered)
            numbered.append(node)
            if "left_child" in node:
                waiting += [node["right_child"], node["left_child"]]
        for node in numbered:
            if "left_child" in node:
                self._add_branch(tree, node)
            else:
                self._add_leaf(tree, target, node)

    def _add_branch(self, tree: int, node: dict[str, Any]) -> None:
        if node["decision_type"] != "<=":
            raise ValueError(f"a tree splits by {node['decision_type']}, only <= can be exported")
        left, right = node["left_child"]["number"], node["right_child"]["number"]
        threshold = _float32_below(float(node["threshold"]))
        self._add(tree, node["number"], node["split_feature"], "BRANCH_LEQ", threshold, left, right, _nan_left(node))

    def _add_leaf(self, tree: int, target: int, node: dict[str, Any]) -> None:
        self._add(tree, node["number"], 0, "LEAF", 0.0, 0, 0, False)
        for key, value in zip(self.leaves, (tree, node["number"], target, float(node["leaf_value"])), strict=True):
            self.leaves[key].append(value)

    def _add(self, *values: Any) -> None:
        for key, value in zip(self.nodes, values, strict=True):
            self.nodes[key].append(int(value) if isinstance(value, bool) else value)


def to_onnx(boosters: list[lightgbm.Booster], features: int) -> bytes:
    """One TreeEnsembleRegressor: ``features`` (N, features) float32 to ``quantiles`` (N, LEVELS) float32."""
    columns = _Nodes()
    tree = 0
    for target, booster in enumerate(boosters):
        for described in booster.dump_model()["tree_info"]:
            columns.add_tree(tree, target, described["tree_structure"])
            tree += 1
    attributes = {f"nodes_{key}": value for key, value in columns.nodes.items()}
    attributes |= {f"target_{key}": value for key, value in columns.leaves.items()}
    node = onnx.helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["quantiles"],
        domain="ai.onnx.ml",
        n_targets=len(boosters),
        aggregate_function="SUM",
        post_transform="NONE",
        **attributes,
    )
    rows = onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, [None, features])
    answers = onnx.helper.make_tensor_value_info("quantiles", onnx.TensorProto.FLOAT, [None, len(boosters)])
    graph = onnx.helper.make_graph([node], "quantile_trees", [rows], [answers])
    opsets = [onnx.helper.make_opsetid("", _OPSET), onnx.helper.make_opsetid("ai.onnx.ml", _OPSET_ML)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="enalysis-edge")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _float32_below(threshold: float) -> float:
    """The highest float32 not above the threshold: ``x <= threshold`` then holds for the same float32 numbers x."""
    rounded = np.float32(min(threshold, float(np.finfo(np.float32).max)))
    return float(rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf)))


def _nan_left(node: dict[str, Any]) -> bool:
    """Where LightGBM sends a missing value: by the split's default, or as a zero where none was seen in training."""
    if node["missing_type"] == "NaN":
        return bool(node["default_left"])
    return float(node["threshold"]) >= 0.0
