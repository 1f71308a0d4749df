"""docs/mqtt and docs/asyncapi.json are those of the code, know every topic of it, and say what is sent and taken."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

from agent.adapters.mqtt.incoming_messages import _MODELS, COMMAND_TOPICS, NOTICE_TOPIC
from agent.adapters.mqtt.mqtt_link import TOPICS as SUBSCRIBED
from agent.adapters.mqtt.payloads import JsonPayloads
from agent.adapters.mqtt.schemas import DOCS, FOLDER, asyncapi, files, main
from agent.adapters.mqtt.topics import TOPICS
from agent.adapters.store.schema_sql import STREAMS
from agent.domain.command_record import CommandRecord, CommandState, Door
from agent.domain.desired import ConfigState, RemoteConfig
from agent.domain.forecast_corrections import ForecastCorrections
from agent.domain.override import Override, OverrideAction
from agent.domain.records import Batch
from agent.domain.setpoint import Rung, Setpoint
from agent.domain.site import Measured, SiteState
from agent.ports import PayloadRefused
from simulator.contract import fault
from tests.adapters.mqtt.test_payloads import NOW, whole_plan
from tests.adapters.store.store_rows import NAMES, decision, event, minute, new_store
from tests.advice.test_book import advisory
from tests.docs.rooms import HOUSE
from tests.fuzz.mutation import HOSTILE, changed
from tests.fuzz.payloads import GOOD

BY_PATH = {topic.path: topic for topic in TOPICS}
PATH = re.compile(r"(?:up|down)/[a-z]+(?:/[a-z]+)*/?")
MUTATIONS = 800
CMD = "up/cmd/{cmd_id}"


def schema_of(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / FOLDER / f"{BY_PATH[path].name}.schema.json").read_text("utf-8"))
    return found


def strict(node: Any) -> Any:
    """The schema as it would be if nothing might be added."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: strict(value) for name, value in node.items()}
    return {"additionalProperties": False, **found} if isinstance(node.get("properties"), dict) else found


def test_the_files_are_those_of_the_code(tmp_path: Path) -> None:
    there = {str(path.relative_to(DOCS)): path.read_text("utf-8") for path in (DOCS / FOLDER).iterdir()}
    there["asyncapi.json"] = (DOCS / "asyncapi.json").read_text("utf-8")
    assert there == files(), "make them anew: python -m agent.adapters.mqtt.schemas --write"
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "up.gone.schema.json").touch()
    assert main(["--write", "--folder", str(tmp_path)]) == 0
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")} == set(files())


def spoken_of() -> Iterator[str]:
    """Every text of the agent's own source that is, or begins, a topic; f-strings count up to their first value."""
    for path in (HOUSE / "agent").rglob("*.py"):
        if path.name not in ("topics.py", "up_schemas.py", "schemas.py"):
            source = path.read_text("utf-8")
            tree = ast.parse(source if '"up/' in source or '"down/' in source else "")
            texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            yield from (text for text in texts if isinstance(text, str) and PATH.fullmatch(text))


def test_every_topic_of_the_code_has_its_row() -> None:
    found = set(spoken_of())
    assert {"up/status", "up/event", "down/ack", "down/cmd/"} <= found, "the search finds them"
    without = {text for text in found if not any(f"{path}/".startswith(text.rstrip("/") + "/") for path in BY_PATH)}
    assert without == set(), "add a row each to agent/adapters/mqtt/topics.py"
    heard = {topic.path for topic in TOPICS if not topic.is_up}
    assert {*_MODELS, *COMMAND_TOPICS, *SUBSCRIBED} <= heard
    assert {topic.path for topic in TOPICS if topic.for_all} == {NOTICE_TOPIC}
    assert len(BY_PATH) == len(TOPICS) == len({topic.name for topic in TOPICS})


def test_a_command_is_never_retained() -> None:
    assert [topic.path for topic in TOPICS if topic.retain and topic.path.startswith(("down/cmd", "up/cmd"))] == []


async def everything_sent(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every message that the payloads make, as full as it can be."""
    speaker, found = JsonPayloads("site-1", "s"), []
    learnt = ForecastCorrections("load_w", NOW, 412, ("persistence",), ((0.1,),), ((0.12, -1.0),))
    measured = {name: Measured(1.0) for name in ("grid_w", "pv_w", "battery_w", "load_w")}
    state = SiteState(NOW, **measured)  # the state of charge is missing
    setpoint, override = Setpoint(NOW, -1200.0, 60.0, Rung.PLAN, "cheap"), Override(OverrideAction.HOLD, NOW, NOW)
    facts = {"version": "1", "devices": {"a": "b"}, "load_model": None, "solar_model": "solar"}
    facts |= {"reversion_timer": True, "persistent_writes": {"a": {"made": 1}}, "acknowledged": {"minute": 7}}
    facts |= {"models": {"load_w": {"name": "a"}}, "model_deliveries": [{"name": "a", "version": 2}]}
    one = advisory("k", created=NOW, start=NOW, end=NOW, expires=NOW)
    found += [speaker.status(word, NOW, ("an alarm",)) for word in ("online", "stopping", "lost")]
    found += [speaker.info(facts, NOW), speaker.advice([one], NOW), speaker.advice([], NOW)]
    found += [speaker.live(state, setpoint, override, NOW), speaker.live(state, None, None, NOW)]
    found += [speaker.plan(whole_plan(), NOW), speaker.plan(replace(whole_plan(), corrections=(learnt,)), NOW)]
    why = "it is held"
    record = CommandRecord("c-1", "override", Door.PLATFORM, "ops-1", 1, NOW, CommandState.EXECUTING, why, NOW, True)
    wanted = RemoteConfig(3, (("reserve", "[]"),), ConfigState.TRYING, (), why, 1.5, 1.25)
    found += [speaker.command(record, NOW), speaker.reported(wanted, NOW), speaker.reported(RemoteConfig(), NOW)]
    store = new_store(folder / "site.sqlite3")
    await store.open()
    await store.write(Batch(minutes=(minute(1, 50),), decisions=(decision(1),), events=(event(1),), catalogue=NAMES))
    found += [speaker.rows(stream, await store.pending(stream, 0, 10), 0, NOW) for stream in STREAMS]
    await store.close()
    return [(envelope.topic, json.loads(envelope.payload)) for envelope in found]


async def test_what_is_sent_is_what_the_schemas_say_and_no_member_more(tmp_path: Path) -> None:
    sent = await everything_sent(tmp_path)
    ups = {topic.path for topic in TOPICS if topic.is_up}
    sent = [(CMD if topic.startswith("up/cmd/") else topic, body) for topic, body in sent]
    shown = {topic for topic, _ in sent}
    assert (
        {"up/status", "up/info", "up/live", "up/plan", "up/advice", "up/event", "up/data/minute", CMD} <= shown <= ups
    )
    for topic, body in sent:
        jsonschema.validate(body, strict(schema_of(topic)))
        for name in body:
            assert fault(topic, {key: value for key, value in body.items() if key != name}) is None or (
                name in schema_of(topic)["required"] or name == "rows"
            )
        assert fault(topic, body | {"schema": "other/1.0"}) is not None
        assert fault(topic, body | {"a_member_to_come": 1}) is None


@pytest.mark.parametrize("topic", GOOD)
def test_what_is_taken_in_is_within_the_schema(topic: str) -> None:
    """The schema may let through what the checks refuse, such as a price of another currency; never the other way."""
    chance, door, schema = Random(topic), JsonPayloads("home-1", "s", "GBP"), schema_of(topic)
    taken = refused = 0
    assert fault(topic, GOOD[topic]) is None
    for _ in range(MUTATIONS):
        body = changed(chance, GOOD[topic], HOSTILE)
        try:
            text = json.dumps(body, allow_nan=False)
            door.parse(topic, text.encode())
        except (PayloadRefused, ValueError):
            refused += 1
            continue
        jsonschema.validate(json.loads(text), schema)
        taken += 1
    assert min(taken, refused) > 20


@pytest.mark.parametrize("topic", GOOD)
def test_each_member_that_must_be_there_is_asked_for_by_both(topic: str) -> None:
    door, schema = JsonPayloads("home-1", "s", "GBP"), schema_of(topic)
    required = schema.get("required") or schema["anyOf"][-1]["required"]  # of a command: the unsigned way
    assert len(required) >= 3
    for name in required:
        without = {key: value for key, value in GOOD[topic].items() if key != name}
        assert fault(topic, without) is not None
        with pytest.raises(PayloadRefused):
            door.parse(topic, json.dumps(without).encode())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from references(item)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    found = set(references(document))
    assert len(found) >= 3 * len(TOPICS)
    for reference in found:
        if reference.startswith("./"):
            assert (DOCS / reference).is_file(), reference
            continue
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    assert {one["action"] for one in document["operations"].values()} == {"send", "receive"}
    names = re.compile(r"[A-Za-z0-9_.-]+")
    assert all(names.fullmatch(name) for name in document["components"]["messages"])


def test_the_simulator_runs_where_jsonschema_is_not_installed() -> None:
    ask = (
        "import sys; sys.modules['jsonschema'] = None; import simulator.platform; from simulator.contract import fault"
    )
    command = [sys.executable, "-c", f"{ask}; print(fault('up/info', {{}}))"]
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=60.0)
    assert (done.stdout, done.stderr) == ("None\n", "")
    assert fault("up/info", {}) == "up/info: message: 'schema' is a required property"
    assert fault("up/nothing", {}) == "up/nothing: there is no schema for it"
