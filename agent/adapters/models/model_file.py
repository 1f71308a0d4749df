"""What is checked of a model's files before a runtime opens them.

A model file is a program from elsewhere: it may loop for ever, ask for memory that is not there or name files outside
its folder. So only a few operators are let in whose answers cannot outgrow the rows they are given, and the file is
read by our own strict reader first. Field numbers are those of onnx.proto3 of the ONNX specification.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.models.model_card import MAX_CARD_BYTES
from agent.adapters.models.onnx_wire import (
    BYTES,
    FIXED32,
    VARINT,
    Lists,
    Message,
    Shape,
    Span,
    WireFault,
    read,
    read_attribute,
)
from agent.adapters.models.tree_node import refuse_trees
from agent.domain.sentences import model_faults as say
from agent.forecasting.forecaster import ModelUnusable

MAX_MODEL_BYTES = 20_000_000
FILES = ("card.json", "model.onnx")
MAX_NODES = 64
MAX_WIDTH = 512
"""Of a row of any tensor of the model, and of an initialiser."""

_TREES = ("ai.onnx.ml", "TreeEnsembleRegressor")
_PLAIN = ("Identity", "Add", "Sub", "Mul", "Neg", "Min", "Max", "Clip", "Concat")
_OPERATORS = {_TREES, *(("ai.onnx", name) for name in _PLAIN)}
_OPSETS = {"ai.onnx": range(7, 22), "ai.onnx.ml": range(1, 5)}
_IR_VERSIONS = range(3, 12)
_FLOAT = 1  # TensorProto.DataType; without whole numbers nothing can be divided by zero

_MODEL = Shape(
    "model",
    {1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES, 8: BYTES, 14: BYTES},
    frozenset({8, 14}),
    {20: "it carries a graph for training", 25: "it defines functions of its own"},
)
_OPSET = Shape("opset", {1: BYTES, 2: VARINT})
_GRAPH = Shape(
    "graph",
    {1: BYTES, 2: BYTES, 5: BYTES, 10: BYTES, 11: BYTES, 12: BYTES, 13: BYTES, 16: BYTES},
    frozenset({1, 5, 11, 12, 13, 16}),
)
_NODE = Shape(
    "node", {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: BYTES, 6: BYTES, 7: BYTES, 9: BYTES}, frozenset({1, 2, 5, 9})
)
_SUBGRAPH = "one of its nodes holds a graph of its own"
_ATTRIBUTE = Shape(
    "attribute",
    {1: BYTES, 2: FIXED32, 3: VARINT, 4: BYTES, 13: BYTES, 20: VARINT},
    frozenset(),
    {6: _SUBGRAPH, 11: _SUBGRAPH, 5: "one of its nodes holds a tensor", 10: "one of its nodes holds a tensor"},
)
_TENSOR = Shape(
    "tensor",
    {1: VARINT, 2: VARINT, 4: BYTES, 5: BYTES, 7: BYTES, 8: BYTES, 9: BYTES, 10: BYTES, 12: BYTES, 14: VARINT},
    frozenset({1}),
    {13: "it keeps values in another file"},
)
_VALUE = Shape("value", {1: BYTES, 2: BYTES, 3: BYTES})
_TYPE = Shape("type", {1: BYTES, 6: BYTES})
_TENSOR_TYPE = Shape("tensor type", {1: VARINT, 2: BYTES})
_DIMENSIONS = Shape("shape", {1: BYTES}, frozenset({1}))
_DIMENSION = Shape("dimension", {1: VARINT, 2: BYTES, 3: BYTES})

Tensor = tuple[str, str, list[int | str]]
"""Name, type and sizes without the first, as onnxruntime words them."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The two files of a model, read once, so that what is checked is what is used."""

    name: str
    card: bytes
    model: bytes


@dataclass(frozen=True, slots=True)
class Surface:
    """What a model file says that it takes and gives."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_files(folder: Path) -> ModelFiles:
    """The files of the model in ``folder``, which holds just these two, itself. Raises ModelUnusable."""
    name = folder.name
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise ModelUnusable(name, say.model_no_folder())
        found = sorted(entry.name for entry in folder.iterdir())
        if found != sorted(FILES):
            odd = next((entry for entry in found if entry not in FILES), None)
            lacks = say.model_folder_lacks(wanted=", ".join(FILES))
            raise ModelUnusable(name, lacks if odd is None else say.model_folder_also_holds(found=odd))
        card = _read_file(folder, "card.json", MAX_CARD_BYTES)
        return ModelFiles(name, card, _read_file(folder, "model.onnx", MAX_MODEL_BYTES))
    except OSError as error:
        raise ModelUnusable(name, say.model_folder_unreadable(cause=error.strerror or str(error))) from error


def _read_file(folder: Path, file: str, most: int) -> bytes:
    """A regular file of the folder itself: a link may lead anywhere, and a pipe never ends."""
    if not stat.S_ISREG((folder / file).lstat().st_mode):
        raise ModelUnusable(folder.name, say.model_file_no_plain_file(file=file))
    descriptor = os.open(folder / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise ModelUnusable(folder.name, say.model_file_too_large(file=file, most=most))
    return content


def tensors_other(
    takes: Sequence[Tensor], gives: Sequence[Tensor], wanted_in: Sequence[object], wanted_out: Sequence[object]
) -> str:
    """The sentence on a file that takes or gives something else than is wanted."""
    return say.model_tensors_other(
        takes=str(takes), gives=str(gives), wanted_in=str(wanted_in), wanted_out=str(wanted_out)
    )


def refuse_unsafe(name: str, content: bytes) -> Surface:
    """What the ONNX file ``content`` takes and gives. Raises ModelUnusable unless it is safe to open and to run."""
    try:
        model = read(Span(content, 0, len(content)), _MODEL)
        domains = _domains(model)
        if 7 not in model.spans:
            raise WireFault("it has no graph")
        return _refuse_graph(read(model.spans[7][0], _GRAPH), domains)
    except WireFault as fault:
        raise ModelUnusable(name, say.model_file_refused(cause=str(fault))) from fault


def _domains(model: Message) -> set[str]:
    """The sets of operators that the model names a version of."""
    if model.number(1) not in _IR_VERSIONS:
        raise WireFault(f"it is of IR version {model.number(1)}, not {_IR_VERSIONS[0]} to {_IR_VERSIONS[-1]}")
    domains = set()
    for span in model.spans.get(8, []):
        opset = read(span, _OPSET)
        domain = opset.text(1) or "ai.onnx"
        if opset.number(2) not in _OPSETS.get(domain, range(0)):
            raise WireFault(f"it uses version {opset.number(2)} of the operators {domain[:40]!r}")
        domains.add(domain)
    return domains


def _refuse_graph(graph: Message, domains: set[str]) -> Surface:
    nodes = graph.spans.get(1, [])
    if not 1 <= len(nodes) <= MAX_NODES:
        raise WireFault(f"it has {len(nodes)} nodes, 1 to {MAX_NODES} are allowed")
    inputs = tuple(_tensor(span) for span in graph.spans.get(11, []))
    outputs = tuple(_tensor(span) for span in graph.spans.get(12, []))
    for span in graph.spans.get(13, []):
        _tensor(span)
    width = max((size for _, _, sizes in inputs for size in sizes if isinstance(size, int)), default=0)
    spread = 1
    for span in nodes:
        spread *= _refuse_node(read(span, _NODE), domains, width)
    if spread > MAX_NODES:
        raise WireFault("it lays its rows side by side too often")
    for span in graph.spans.get(5, []):
        _refuse_initialiser(read(span, _TENSOR))
    return Surface(inputs, outputs)


def _refuse_node(node: Message, domains: set[str], width: int) -> int:
    """How many times wider than its inputs its answer may be."""
    operator = (node.text(7) or "ai.onnx", node.text(4))
    if operator not in _OPERATORS:
        raise WireFault(f"it uses the operator {operator[1][:40]!r}, which is not allowed")
    if operator[0] not in domains:
        raise WireFault(f"it names no version of the operators {operator[0]!r}")
    attributes: dict[str, tuple[Message, Lists]] = {}
    for span in node.spans.get(5, []):
        message, lists = read_attribute(span, _ATTRIBUTE)
        if message.text(1) in attributes:
            raise WireFault(f"one of its nodes has {message.text(1)[:40]!r} twice")
        attributes[message.text(1)] = (message, lists)
    if operator == _TREES:
        refuse_trees(attributes, width, MAX_WIDTH)
    return max(1, len(node.spans.get(1, []))) if operator[1] == "Concat" else 1


def _refuse_initialiser(tensor: Message) -> None:
    """A constant row, so that adding it to the rows cannot make more of them."""
    sizes = tensor.numbers.get(1, [])
    if tensor.number(14):
        raise WireFault("it keeps values in another file")
    if len(sizes) > 2 or (len(sizes) == 2 and sizes[0] != 1) or (sizes and sizes[-1] > MAX_WIDTH):
        raise WireFault(f"it has a constant of the shape {sizes[:8]}, only rows of up to {MAX_WIDTH} are allowed")
    if tensor.number(2) != _FLOAT:
        raise WireFault("it has a constant that is not of 32-bit floats")


def _tensor(span: Span) -> Tensor:
    value = read(span, _VALUE)
    kind = read(value.spans[2][0], _TYPE) if 2 in value.spans else Message("type")
    if 1 not in kind.spans:
        raise WireFault(f"{value.text(1)[:40]!r} is no tensor")
    tensor = read(kind.spans[1][0], _TENSOR_TYPE)
    if tensor.number(1) != _FLOAT:
        raise WireFault(f"{value.text(1)[:40]!r} is not of 32-bit floats")
    sizes: list[int | str] = []
    for dimension in read(tensor.spans[2][0], _DIMENSIONS).spans.get(1, []) if 2 in tensor.spans else []:
        size = read(dimension, _DIMENSION)
        sizes.append(size.number(1) if 1 in size.numbers else size.text(2))
    if any(isinstance(size, int) and not 1 <= size <= MAX_WIDTH for size in sizes):
        raise WireFault(f"{value.text(1)[:40]!r} is of the shape {sizes[:8]}, sizes of 1 to {MAX_WIDTH} are allowed")
    return value.text(1), "tensor(float)", sizes[1:]
