"""What may be opened and what is refused before a runtime sees it, on real ONNX files."""

import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

import exported_models
from agent.adapters.models.model_card import MAX_CARD_BYTES
from agent.adapters.models.model_check import check_model
from agent.adapters.models.model_file import MAX_MODEL_BYTES, Surface, read_files, refuse_unsafe
from agent.adapters.models.onnx_session import open_session, run
from agent.adapters.models.tree_node import DEEPEST
from agent.domain.sentence import coded
from agent.forecasting.forecaster import ModelUnusable
from tests.adapters.models import onnx_files as files
from tests.security.items import security

SHIPPED = Path(exported_models.__file__).parent
FEATURES = ("features", "tensor(float)", [3])
QUANTILES = ("quantiles", "tensor(float)", [3])


def refusal(content: bytes) -> str:
    with pytest.raises(ModelUnusable) as refused:
        refuse_unsafe("bad", content)
    said = str(refused.value)
    assert said.startswith("model bad is not usable: model.onnx is refused: ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize("name", ["consumption", "solar"])
def test_what_is_shipped_is_let_in_and_its_surface_read(name: str) -> None:
    content = (SHIPPED / name / "model.onnx").read_bytes()
    proto = onnx.load_from_string(content)
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    surface = refuse_unsafe(name, content)
    assert surface.inputs == (("features", "tensor(float)", [shape[1].dim_value]),)
    assert surface.outputs == (("quantiles", "tensor(float)", [5]),)


GOOD = {
    "identity": files.identity(),
    "trees": files.trees(),
    "deep but not too deep": files.chain(DEEPEST - 1),
    "a constant row": files.constant([1, 3]),
    "a single constant": files.constant([]),
    "metadata": files.reworked(files.identity(), producer_name="somebody", doc_string="words", model_version=7),
}


@pytest.mark.parametrize("kind", GOOD)
def test_harmless_models_are_let_in_and_run(kind: str) -> None:
    assert refuse_unsafe(kind, GOOD[kind]) == Surface((FEATURES,), (QUANTILES,))
    answers = run(kind, open_session(kind, GOOD[kind]), np.ones((2, 3), np.float32), "quantiles", 3)
    assert np.isfinite(answers).all()


BAD = {
    "endless loop": (files.endless_loop(), "it uses the operator 'Loop', which is not allowed"),
    "8 GiB": (files.eight_gib(), "it uses the operator 'ConstantOfShape', which is not allowed"),
    "external data": (files.external("../../etc/passwd"), "it keeps values in another file"),
    "external data beside it": (files.external("row.bin"), "it keeps values in another file"),
    "functions of its own": (files.with_function(), "it defines functions of its own"),
    "another domain": (files.identity(opsets={"com.microsoft": 1}), "operators 'com.microsoft'"),
    "an opset to come": (files.identity(opsets={"": 99}), "it uses version 99 of the operators 'ai.onnx'"),
    "operators of no version": (files.identity(opsets={"ai.onnx.ml": 3}), "no version of the operators 'ai.onnx'"),
    "an old IR": (files.reworked(files.identity(), ir_version=2), "it is of IR version 2, not 3 to 11"),
    "a subgraph": (
        files.model([helper.make_node("Identity", ["features"], ["quantiles"], body=files._loop_body())]),
        "one of its nodes holds a graph of its own",
    ),
    "a tensor in a node": (
        files.model([helper.make_node("Identity", ["features"], ["quantiles"], value=helper.make_tensor(
            "t", TensorProto.FLOAT, [1], [1.0]))]),
        "one of its nodes holds a tensor",
    ),
    "a column that makes rows": (files.constant([500, 1]), r"a constant of the shape \[500, 1\]"),
    "a constant of three axes": (files.constant([9, 1, 3]), r"a constant of the shape \[9, 1, 3\]"),
    "a wide constant": (files.constant([1, 1000]), r"a constant of the shape \[1, 1000\]"),
    "whole numbers": (files.constant([1, 3], TensorProto.INT64), "a constant that is not of 32-bit floats"),
    "doubling": (files.doubling(10), "side by side too often"),
    "no node": (files.model([]), "it has 0 nodes, 1 to 64 are allowed"),
    "a wide answer": (files.identity(answers=400_000_000), r"'quantiles' is of the shape \['', 400000000\]"),
    "no features": (files.identity(width=0), r"sizes of 1 to 512 are allowed"),
    "empty": (b"", "it is of IR version 0"),
    "text": (b"hello" * 99, "a part .field 13. that is not allowed"),
    "a graph twice": (files.identity() + files.identity(), "its model has field 1 twice"),
    "an unknown part": (files.identity() + b"\xf8\x07\x01", "its model has a part .field 127. that is not allowed"),
    "an endless number": (b"\x08" + b"\xff" * 11, "a number of more than 64 bits"),
}  # fmt: skip
BAD_TREES = {
    "a node that leads to itself": ({"nodes_truenodeids": [0, 0, 0]}, "its trees are no trees"),
    "both ways to one leaf": ({"nodes_falsenodeids": [1, 0, 0]}, "its trees are no trees"),
    "a node that is not there": ({"nodes_truenodeids": [77, 0, 0]}, "lead to a node that is not there"),
    "a negative node": ({"nodes_truenodeids": [-1, 0, 0]}, "negative or too large"),
    "a ring beside the tree": (
        {"nodes_modes": ["LEAF", "BRANCH_LT", "BRANCH_LT"], "nodes_truenodeids": [0, 2, 1],
         "nodes_falsenodeids": [0, 2, 1]},
        "its trees are no trees",
    ),
    "a feature that is not given": ({"nodes_featureids": [3, 0, 0]}, "a feature beyond the 3 it is given"),
    "an answer that is not there": ({"target_ids": [0, 3]}, "answer beyond the 3 answers"),
    "400 million answers": ({"n_targets": 400_000_000}, "its trees have 400000000 answers, 1 to 512 are allowed"),
    "answers not named": ({"n_targets": None}, "its trees have 0 answers"),
    "NaN in a leaf": ({"target_weights": [1.0, float("nan")]}, "target_weights .* a value that is not a number"),
    "infinity in a branch": ({"nodes_values": [float("inf"), 0.0, 0.0]}, "nodes_values .* not a number"),
    "unequal lists": ({"nodes_featureids": [0, 0]}, "lists of different lengths"),
    "no modes": ({"nodes_modes": None}, "lists of different lengths"),
    "no children": ({"nodes_truenodeids": None}, "its trees have no nodes_truenodeids"),
    "an unknown mode": ({"nodes_modes": ["BRANCH_MEMBER", "LEAF", "LEAF"]}, "nodes of a kind that is not known"),
    "numbered otherwise": ({"nodes_nodeids": [0, 2, 1]}, "not numbered from 0"),
    "torn apart": ({"nodes_treeids": [0, 1, 0]}, "do not stand together"),
    "another transform": ({"post_transform": "SOFTMAX"}, "the post_transform of its trees is not one of NONE"),
    "an attribute to come": ({"nodes_secret": [1, 2, 3]}, "an attribute 'nodes_secret' that is not allowed"),
    "a number for a list": ({"nodes_treeids": 3}, "nodes_treeids of its trees are no list of numbers"),
}  # fmt: skip


@security(
    8, shows="external data, Loop, 8 GiB, other operators, shapes and opsets are refused before a runtime sees them"
)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_with_one_sentence(kind: str) -> None:
    content, sentence = BAD[kind]
    assert re.search(sentence, refusal(content))


@pytest.mark.parametrize("kind", BAD_TREES)
def test_trees_that_are_none_are_refused(kind: str) -> None:
    changes, sentence = BAD_TREES[kind]
    assert re.search(sentence, refusal(files.trees(**changes)))


def test_a_chain_that_would_end_the_process_is_refused() -> None:
    assert f"deeper than {DEEPEST} nodes" in refusal(files.chain(20_000))


def test_every_part_of_a_good_file_is_refused() -> None:
    content = files.trees()
    for length in range(len(content)):
        with pytest.raises(ModelUnusable):
            refuse_unsafe("cut", content[:length])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_a_sentence(content: bytes) -> None:
    refusal(content)


@security(8, shows="a changed byte is refused, or read as protobuf reads it")
@given(st.data())
def test_a_changed_byte_is_refused_or_read_by_protobuf_alike(data: st.DataObject) -> None:
    content = bytearray(files.trees())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        surface = refuse_unsafe("changed", bytes(content))
    except ModelUnusable:
        return
    proto = onnx.load_from_string(bytes(content))
    assert [value.name for value in proto.graph.input] == [name for name, _, _ in surface.inputs]
    assert {node.op_type for node in proto.graph.node} == {"TreeEnsembleRegressor"}
    assert not proto.functions
    assert not any(tensor.external_data for tensor in proto.graph.initializer)


@security(8, shows="a loop that was let in is stopped at its deadline")
def test_a_loop_that_was_let_in_is_stopped() -> None:
    session = open_session("loop", files.endless_loop())
    with pytest.raises(ModelUnusable, match=r"it did not answer within 0.2 s and was stopped"):
        run("loop", session, np.ones((2, 3), np.float32), "quantiles", 3, deadline_s=0.2)


@security(8, shows="NaN in an answer is refused")
def test_an_answer_that_is_no_number_is_refused_at_the_run() -> None:
    refuse_unsafe("nan", files.not_a_number())
    session = open_session("nan", files.not_a_number())
    with pytest.raises(ModelUnusable, match="it answered with a value that is not a number"):
        run("nan", session, np.ones((2, 3), np.float32), "quantiles", 3)


MEMORY = """
import resource, sys
import numpy, onnxruntime
resource.setrlimit(resource.RLIMIT_DATA, (1 << 29, 1 << 29))
from agent.adapters.models.onnx_session import open_session, run
from agent.forecasting.forecaster import ModelUnusable
try:
    session = open_session("big", sys.stdin.buffer.read())
    run("big", session, numpy.ones((2, 3), numpy.float32), "quantiles", 3)
except ModelUnusable as refusal:
    print(refusal)
"""


@security(8, shows="8 GiB that were let in end at the memory limit of the process")
def test_eight_gib_that_were_let_in_end_at_the_limit_of_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], input=files.eight_gib(), capture_output=True, timeout=60)
    assert done.stdout.decode().startswith("model big is not usable: "), done.stderr
    assert len(done.stdout.splitlines()) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / "consumption", tmp_path / "consumption"))


def link_out(folder: Path) -> None:
    outside = folder.parent / "outside.onnx"
    (folder / "model.onnx").rename(outside)
    (folder / "model.onnx").symlink_to(outside)


def folder_of_a_model(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()


def pipe(folder: Path) -> None:
    (folder / "card.json").unlink()
    os.mkfifo(folder / "card.json")


def itself_a_link(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to(folder.parent / "elsewhere")


def enlarge(folder: Path, file: str, size: int) -> None:
    with (folder / file).open("r+b") as opened:
        opened.truncate(size)


FOLDERS = {
    "another file": (lambda folder: (folder / "weights.bin").write_bytes(b"x"), "its folder also holds 'weights.bin'"),
    "no card": (lambda folder: (folder / "card.json").unlink(), "its folder lacks one of card.json, model.onnx"),
    "a link out": (link_out, "model.onnx is a link or no plain file"),
    "a folder": (folder_of_a_model, "model.onnx is a link or no plain file"),
    "a pipe": (pipe, "card.json is a link or no plain file"),
    "itself a link": (itself_a_link, "it is no folder"),
    "gone": (shutil.rmtree, "its folder cannot be read: No such file or directory"),
    "too large": (
        lambda folder: enlarge(folder, "model.onnx", MAX_MODEL_BYTES + 1),
        "model.onnx has more than 20000000",
    ),
    "endless card": (
        lambda folder: enlarge(folder, "card.json", MAX_CARD_BYTES + 1),
        "card.json has more than 1000000",
    ),
}


@pytest.mark.parametrize("fault", FOLDERS)
def test_a_folder_that_is_not_just_a_model_is_refused(fault: str, folder: Path) -> None:
    break_it, sentence = FOLDERS[fault]
    break_it(folder)
    with pytest.raises(ModelUnusable, match=sentence):
        read_files(folder)
    with pytest.raises(ModelUnusable, match=sentence):
        check_model(folder)


def test_a_good_model_passes_every_check_in_a_process_of_its_own(folder: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert check_model(folder).name == "consumption"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before


def test_a_check_tells_why_with_a_code_from_the_process_too(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelUnusable) as refused:
        check_model(folder)
    assert str(refused.value).startswith("model consumption is not usable: model.onnx has 8 bytes, its card says ")
    told = coded(refused.value.reason)
    assert told is not None
    assert (told["code"], told["values"]["counted"]) == ("model_size_other", 8)


def test_a_check_has_a_deadline(folder: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"did not pass its self-test within 0.01 s"):
        check_model(folder, deadline_s=0.01)


def test_a_check_has_a_memory_limit(folder: Path) -> None:
    with pytest.raises(ModelUnusable) as refused:
        check_model(folder, memory_mb=8)
    assert "\n" not in str(refused.value)
