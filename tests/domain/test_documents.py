"""The table of kept documents: it names every document, and what writes it."""

import ast
import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import agent
from agent.domain import documents
from agent.domain.alarms import StandingAlarm
from agent.domain.document import Document
from agent.domain.documents import ALARMS, BY_NAME, DOCUMENTS, INPUTS, OVERRIDE, PARKED
from agent.domain.inputs import GridLimitInput, Inputs
from agent.domain.override import Override, OverrideAction
from agent.domain.wire import WireError, to_json

SOURCES = sorted(Path(agent.__file__).parent.rglob("*.py"))
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
ASKING = {"keep", "kept"}  # of the pending writes, of the store and of its reader


def named_in(source: Path) -> list[str]:
    """The names of documents that are written out in a call, and not taken from the table."""
    calls = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call)]
    methods = [call.args[:1] for call in calls if getattr(call.func, "attr", None) in ASKING]
    readers = [call.args[1:2] for call in calls if getattr(call.func, "id", None) in ASKING]  # after the path
    names = [argument for arguments in methods + readers for argument in arguments]
    return [str(name.value) for name in names if isinstance(name, ast.Constant)]


def test_each_name_stands_once() -> None:
    assert len(BY_NAME) == len(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_writes_it_is_a_module_that_names_it(document: Document[object]) -> None:
    spec = importlib.util.find_spec(document.written_by)
    assert spec is not None
    assert spec.origin is not None
    names = {name for name, found in vars(documents).items() if found is document}
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    assert names & {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} or document.name.startswith(
        ("input/", "steering")
    ), "the messages are kept by their topic, the steering by what is built with it"
    assert not document.needed_at_start or document.shape is not None


def test_no_document_is_named_beside_the_table() -> None:
    assert {source.name: found for source in SOURCES if (found := named_in(source))} == {}


def test_a_document_is_read_as_its_shape_and_refused_as_another() -> None:
    assert INPUTS.read(to_json(Inputs())) == Inputs()
    with pytest.raises(WireError, match="a list was expected"):
        INPUTS.read('{"weather": {}}')
    assert PARKED.read("[1]") == [1]
    with pytest.raises(ValueError, match="Expecting value"):
        PARKED.read("")


def test_kept_alarms_are_read_in_both_shapes() -> None:
    at = datetime(2026, 3, 17, 12, tzinfo=UTC)
    standing = StandingAlarm("device_lost", "meter", at, "gone for 60 s", "gone", "Check the cable.")
    assert ALARMS.read(to_json((standing,))) == (standing,)
    assert ALARMS.read('["the meter is lost"]') == ("the meter is lost",)
    with pytest.raises(WireError, match="since"):
        ALARMS.read('[{"kind": "device_lost"}]')


def test_of_what_a_later_release_has_kept_the_rest_is_read() -> None:
    """A release that is installed over a later one goes on steering by what that one was told."""
    limit = GridLimitInput(AT, AT, AT + timedelta(hours=1), 5000.0, None)
    kept = json.loads(to_json(Inputs(limit=limit)))
    kept["of_a_later_release"] = kept["limit"]["of_a_later_release"] = [{"topic": "market"}]
    assert INPUTS.read(json.dumps(kept)) == Inputs(limit=limit)


def test_an_order_that_is_half_understood_is_not_obeyed() -> None:
    order = json.loads(to_json(Override(OverrideAction.CHARGE, AT + timedelta(hours=1), AT, 2000.0)))
    assert OVERRIDE.read(json.dumps(order)).power_w == 2000.0
    with pytest.raises(WireError, match="unknown field only_from"):
        OVERRIDE.read(json.dumps(order | {"only_from": "the sun"}))
