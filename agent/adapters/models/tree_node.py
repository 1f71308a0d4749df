"""The attributes of a TreeEnsembleRegressor, checked before a runtime walks its trees.

onnxruntime 1.32 walks them by recursion when it opens a file, so that a chain of 100,000 nodes ends the process, and
allocates what ``n_targets`` says, which may be gigabytes.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from agent.adapters.models.onnx_wire import Lists, Message, WireFault

DEEPEST = 128
_S, _I = 4, 3  # AttributeProto: s = 4, i = 3
_NODES = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true")
_TARGETS = ("treeids", "nodeids", "ids")
_INTS = {f"nodes_{name}" for name in _NODES} | {f"target_{name}" for name in _TARGETS}
_FLOATS = {"nodes_values", "nodes_hitrates", "target_weights", "base_values"}
_WORDS = {"aggregate_function": {"SUM", "AVERAGE", "MIN", "MAX"}, "post_transform": {"NONE"}}
_LEAF = b"LEAF"
_MODES = {_LEAF, *(b"BRANCH_" + word for word in (b"LEQ", b"LT", b"GTE", b"GT", b"EQ", b"NEQ"))}

Attributes = Mapping[str, tuple[Message, Lists]]
Ints = NDArray[np.int64]


def refuse_trees(attributes: Attributes, width: int, most_targets: int) -> None:
    """Raises WireFault unless these are true, finite, shallow trees over ``width`` features."""
    for name, (message, lists) in attributes.items():
        _refuse_attribute(name, message, lists)
    targets = attributes["n_targets"][0].number(_I) if "n_targets" in attributes else 0
    if not 1 <= targets <= most_targets:
        raise WireFault(f"its trees have {targets} answers, 1 to {most_targets} are allowed")
    nodes, leaves = _columns(attributes, "nodes_", _NODES[:5]), _columns(attributes, "target_", _TARGETS)
    modes = attributes["nodes_modes"][1].strings if "nodes_modes" in attributes else None
    branch = np.empty(0, dtype=bool) if modes is None else modes.places != modes.words.index(_LEAF)
    if branch.size != nodes["treeids"].size or branch.size == 0:
        raise WireFault("its trees have no nodes, or lists of different lengths")
    if nodes["featureids"][branch].size and int(nodes["featureids"][branch].max()) >= width:
        raise WireFault(f"its trees ask for a feature beyond the {width} it is given")
    if leaves["ids"].size and int(leaves["ids"].max()) >= targets:
        raise WireFault(f"its trees answer beyond the {targets} answers they have")
    _refuse_tangle(nodes, branch)


def _refuse_attribute(name: str, message: Message, lists: Lists) -> None:
    if name in _WORDS:
        if message.text(_S) not in _WORDS[name]:
            raise WireFault(f"the {name} of its trees is not one of {', '.join(sorted(_WORDS[name]))}")
    elif name in _FLOATS:
        if lists.floats is None or not np.isfinite(lists.floats).all():
            raise WireFault(f"the {name} of its trees hold a value that is not a number")
    elif name == "nodes_modes":
        if lists.strings is None or not set(lists.strings.words) <= _MODES:
            raise WireFault("its trees have nodes of a kind that is not known")
    elif name in _INTS:
        if lists.ints is None:
            raise WireFault(f"the {name} of its trees are no list of numbers")
    elif name != "n_targets":
        raise WireFault(f"its trees have an attribute {name[:40]!r} that is not allowed")


def _columns(attributes: Attributes, prefix: str, names: tuple[str, ...]) -> dict[str, Ints]:
    """The lists of numbers called ``prefix + name``, all of one length."""
    columns: dict[str, Ints] = {}
    for name in names:
        lists = attributes[prefix + name][1] if prefix + name in attributes else Lists()
        if lists.ints is None:
            raise WireFault(f"its trees have no {prefix}{name}")
        columns[name] = lists.ints
    weights = attributes.get("nodes_values" if prefix == "nodes_" else "target_weights", (None, Lists()))[1].floats
    lengths = {column.size for column in columns.values()} | {0 if weights is None else weights.size}
    if len(lengths) != 1:
        raise WireFault("its trees have no nodes, or lists of different lengths")
    return columns


def _refuse_tangle(nodes: dict[str, Ints], branch: NDArray[np.bool_]) -> None:
    """Every node but a tree's first must be the child of exactly one, and be reached within DEEPEST levels."""
    roots, sizes = _trees(nodes)
    first, size = np.repeat(roots, sizes), np.repeat(sizes, sizes)
    children = np.stack([nodes["truenodeids"], nodes["falsenodeids"]], axis=1)
    if (children[branch] >= size[branch, None]).any():
        raise WireFault("its trees lead to a node that is not there")
    children = children + first[:, None]
    parents = np.bincount(children[branch].ravel(), minlength=branch.size)
    wanted = np.ones(branch.size, dtype=np.int64)
    wanted[roots] = 0
    if (parents != wanted).any():
        raise WireFault("its trees are no trees: nodes are shared, lost or lead back")
    level, reached = roots, roots.size
    for _ in range(DEEPEST):
        level = children[level[branch[level]]].ravel()
        reached += level.size
        if not level.size:
            break
    if reached != branch.size:
        raise WireFault(f"its trees are deeper than {DEEPEST} nodes or lead back into themselves")


def _trees(nodes: dict[str, Ints]) -> tuple[Ints, Ints]:
    """Index of each tree's first node, and how many it has. A tree's nodes stand together, numbered from 0."""
    trees = nodes["treeids"]
    roots = np.concatenate([[0], np.flatnonzero(np.diff(trees)) + 1])
    sizes = np.diff(np.concatenate([roots, [trees.size]]))
    if (np.diff(np.sort(trees[roots])) == 0).any():  # numpy's own unique would load all of numpy.ma
        raise WireFault("the nodes of its trees do not stand together")
    if (nodes["nodeids"] != np.arange(trees.size) - np.repeat(roots, sizes)).any():
        raise WireFault("the nodes of its trees are not numbered from 0")
    return roots, sizes
