"""Extra trees on top of a shipped model's: LightGBM learns what is left over on one site, one ONNX node holds all.

Boosting goes on from the shipped answers as its initial score (Friedman 2001), with few, small and slow trees, since
one site has far fewer independent days than rows.
"""

from collections.abc import Iterator

import lightgbm
import numpy as np
import onnx
from numpy.typing import NDArray

from agent.forecasting.forecaster import LEVELS, FloatArray, ModelUnusable
from training.fit.trees import QUANTILE, to_onnx
from training.own_site.rows import SiteRows

_TREES = "TreeEnsembleRegressor"
_FIRST_TREE_DAYS = 40.0
_FEWEST, _MOST = 8, 180
_NODES = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_modes",
    "nodes_values",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
)
_TARGETS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")
_FIXED = {"n_targets": len(LEVELS), "aggregate_function": b"SUM", "post_transform": b"NONE"}


def trees_for(days: float) -> int:
    """How many trees a level so many measured days can carry.

    It grows with their square: half a year has shown one season once, and what it teaches beyond the shipped model
    often turns against the next one.
    """
    return int(np.clip((days / _FIRST_TREE_DAYS) ** 2, _FEWEST, _MOST))


def extra_trees(found: SiteRows, trees: int, seed: int) -> Iterator[lightgbm.Booster]:
    """One booster a level of LEVELS that corrects what the model said; the same for the same rows and seed."""
    for column, level in enumerate(LEVELS):
        settings = {
            **QUANTILE,
            "alpha": level,
            "num_leaves": 8,
            "learning_rate": 0.05,
            "min_data_in_leaf": 400,
            "feature_fraction": 0.7,
            "seed": seed,
            "num_threads": 1,
        }
        dataset = lightgbm.Dataset(
            found.rows.matrix,
            label=np.ascontiguousarray(found.rows.answer[:, column]),
            weight=found.rows.weight,
            init_score=np.ascontiguousarray(found.said[:, column]),
            params={"verbosity": -1},
        )
        yield lightgbm.train(settings, dataset, num_boost_round=trees)


def add_trees(name: str, base: bytes, boosters: list[lightgbm.Booster], features: int) -> bytes:
    """The ONNX file ``base`` of the model ``name`` with the trees of ``boosters`` beside its own in the one node.

    Raises ModelUnusable when ``base`` is not such a sum of trees.
    """
    model = onnx.load_model_from_string(base)
    shipped = _tree_node(name, model)
    extra = _tree_node(name, onnx.load_model_from_string(to_onnx(boosters, features)))
    shift = 1 + max(_ints(shipped, "nodes_treeids"))
    for key in (*_NODES, *_TARGETS):
        mine, theirs = _attribute(shipped, key), _attribute(extra, key)
        mine.floats.extend(theirs.floats)
        mine.strings.extend(theirs.strings)
        mine.ints.extend(number + (shift if key.endswith("treeids") else 0) for number in theirs.ints)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def answers(known: FloatArray, boosters: list[lightgbm.Booster], matrix: NDArray[np.float32]) -> FloatArray:
    """What the model with extra trees must answer: what the base says plus LightGBM's own answers, (N, LEVELS)."""
    extra = [np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64) for booster in boosters]
    total: FloatArray = known + np.stack(extra, axis=1)
    return total


def _tree_node(name: str, model: onnx.ModelProto) -> onnx.NodeProto:
    nodes = list(model.graph.node)
    if [node.op_type for node in nodes] != [_TREES]:
        raise ModelUnusable(name, f"it is not one {_TREES}, so that no trees can be added to it")
    given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in nodes[0].attribute}
    fixed = {key: given.get(key, usual) for key, usual in _FIXED.items()}
    if set(given) - set(_FIXED) != {*_NODES, *_TARGETS} or fixed != _FIXED:
        raise ModelUnusable(name, f"its {_TREES} is not a plain sum of trees, so that none can be added to it")
    return nodes[0]


def _attribute(node: onnx.NodeProto, key: str) -> onnx.AttributeProto:
    return next(attribute for attribute in node.attribute if attribute.name == key)


def _ints(node: onnx.NodeProto, key: str) -> list[int]:
    return list(_attribute(node, key).ints)
