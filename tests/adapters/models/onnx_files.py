"""Real ONNX files, good and bad, made with the onnx package."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import onnx
from onnx import TensorProto, helper


def model(
    nodes: Sequence[Any],
    initialisers: Sequence[Any] = (),
    width: int = 3,
    answers: int = 3,
    opsets: dict[str, int] | None = None,
    **parts: Any,
) -> bytes:
    """``features`` (N, width) to ``quantiles`` (N, answers) by ``nodes``."""
    rows = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])
    out = helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, [None, answers])
    graph = helper.make_graph(nodes, "g", [rows], [out], list(initialisers))
    versions = [helper.make_opsetid(name, number) for name, number in (opsets or {"": 15, "ai.onnx.ml": 3}).items()]
    return bytes(helper.make_model(graph, opset_imports=versions, ir_version=8, **parts).SerializeToString())


def identity(**changes: Any) -> bytes:
    return model([helper.make_node("Identity", ["features"], ["quantiles"])], **changes)


def trees(**changes: Any) -> bytes:
    """One branch and two leaves, three answers, with attributes of the node changed; None leaves one out."""
    attributes: dict[str, Any] = {
        "n_targets": 3,
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [0, 0, 0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "nodes_missing_value_tracks_true": [0, 0, 0],
        "target_treeids": [0, 0],
        "target_nodeids": [1, 2],
        "target_ids": [0, 1],
        "target_weights": [1.0, 2.0],
    }
    kept = {name: value for name, value in (attributes | changes).items() if value is not None}
    node = helper.make_node("TreeEnsembleRegressor", ["features"], ["quantiles"], domain="ai.onnx.ml", **kept)
    return model([node])


def chain(depth: int) -> bytes:
    """A single tree that is ``depth`` branches deep, each with one leaf beside it."""
    nodes = 2 * depth + 1
    inner = [2 * step for step in range(depth)]
    true, false = [0] * nodes, [0] * nodes
    for node in inner:
        true[node], false[node] = node + 1, node + 2
    leaves = [*range(1, nodes - 1, 2), nodes - 1]
    return trees(
        nodes_treeids=[0] * nodes,
        nodes_nodeids=list(range(nodes)),
        nodes_featureids=[0] * nodes,
        nodes_modes=["BRANCH_LEQ" if node % 2 == 0 and node < 2 * depth else "LEAF" for node in range(nodes)],
        nodes_values=[0.5] * nodes,
        nodes_truenodeids=true,
        nodes_falsenodeids=false,
        nodes_missing_value_tracks_true=[0] * nodes,
        target_treeids=[0] * len(leaves),
        target_nodeids=leaves,
        target_ids=[0] * len(leaves),
        target_weights=[1.0] * len(leaves),
    )


def _loop_body() -> Any:
    return helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still_on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3]),
        ],
        [
            helper.make_tensor_value_info("still_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3]),
        ],
    )


def endless_loop() -> bytes:
    """Legal ONNX that never ends."""
    on = helper.make_tensor("always", TensorProto.BOOL, [], [True])
    return model([helper.make_node("Loop", ["", "always", "features"], ["quantiles"], body=_loop_body())], [on])


def eight_gib() -> bytes:
    """A few bytes that ask for 8 GiB: zeros of the shape [2^31] in float32."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [2**31])
    zeros = helper.make_node("ConstantOfShape", ["shape"], ["zeros"])
    total = helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0)
    return model([zeros, total, helper.make_node("Add", ["features", "sum"], ["quantiles"])], [shape])


def not_a_number() -> bytes:
    """Answers NaN whatever it is asked, by allowed operators: infinity less infinity."""
    infinite = helper.make_tensor("infinite", TensorProto.FLOAT, [1, 3], [float("inf")] * 3)
    up = helper.make_node("Add", ["features", "infinite"], ["high"])
    return model([up, helper.make_node("Sub", ["high", "infinite"], ["quantiles"])], [infinite])


def external(location: str) -> bytes:
    """Adds a row whose values lie in another file."""
    row = helper.make_tensor("row", TensorProto.FLOAT, [1, 3], [1.0, 2.0, 3.0])
    row.ClearField("float_data")
    row.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "12")):
        entry = row.external_data.add()
        entry.key, entry.value = key, value
    return model([helper.make_node("Add", ["features", "row"], ["quantiles"])], [row])


def with_function() -> bytes:
    body = [helper.make_node("Identity", ["a"], ["b"])]
    function = helper.make_function("own", "Mine", ["a"], ["b"], body, [helper.make_opsetid("", 15)])
    node = helper.make_node("Mine", ["features"], ["quantiles"], domain="own")
    return model([node], opsets={"": 15, "own": 1}, functions=[function])


def constant(sizes: list[int], kind: int = TensorProto.FLOAT) -> bytes:
    total = 1
    for size in sizes:
        total *= size
    row = helper.make_tensor("row", kind, sizes, [1] * total)
    return model([helper.make_node("Add", ["features", "row"], ["quantiles"])], [row])


def doubling(times: int) -> bytes:
    names = ["features", *(f"wide{step}" for step in range(times - 1)), "quantiles"]
    pairs = pairwise(names)
    return model([helper.make_node("Concat", [before, before], [after], axis=1) for before, after in pairs])


def reworked(content: bytes, **fields: Any) -> bytes:
    """The same with fields of the ModelProto set."""
    proto = onnx.load_from_string(content)
    for name, value in fields.items():
        setattr(proto, name, value)
    return bytes(proto.SerializeToString())
