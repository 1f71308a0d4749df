"""Writes docs/mqtt/*.schema.json and docs/asyncapi.json: ``python -m agent.adapters.mqtt.schemas --write``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from agent.adapters.mqtt.topics import TOPICS, Topic

DOCS = Path(__file__).resolve().parents[3] / "docs"
FOLDER, ASYNCAPI = "mqtt", "asyncapi.json"
ENDING = ".schema.json"
DIALECT = "http://json-schema.org/draft-07/schema#"
FORMAT = "application/schema+json;version=draft-07"
QOS = 1
INFO = {
    "title": "Enalysis Edge and its central platform",
    "version": "1",
    "description": "Seen from the agent: it sends up/ and receives down/. MQTT 5 with TLS; the client id is the site's"
    " id, which is the name of its certificate. Payloads are JSON (UTF-8) of at most 64 KiB. Members that are not known"
    " are ignored, a major version of a schema that is not known is refused. Power > 0 feeds the site's busbar. In"
    " order per stream and at least once: the platform removes duplicates by id, stream and seq.",
}
ID = {"description": "The site's id; no other site's topics may be written or read."}


def files() -> dict[str, str]:
    """Every file by its name below docs/."""
    schemas = {f"{FOLDER}/{topic.name}{ENDING}": _text(_whole(topic)) for topic in TOPICS}
    return schemas | {ASYNCAPI: _text(asyncapi())}


def asyncapi() -> dict[str, Any]:
    """The document in AsyncAPI 3.0."""
    return {
        "asyncapi": "3.0.0",
        "info": INFO,
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {topic.name: _operation(topic) for topic in TOPICS},
        "components": {"messages": {topic.name: _message(topic) for topic in TOPICS}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    names = [part.strip("{}") for part in topic.address.split("/") if part.startswith("{")]
    parameters = {name: ID if name == "id" else {} for name in names}
    return {
        "address": topic.address,
        **({"parameters": parameters} if parameters else {}),
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
    }


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "send" if topic.is_up else "receive",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.says,
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{topic.name}"}],
        "bindings": {"mqtt": {"qos": QOS, "retain": topic.retain, "bindingVersion": "0.2.0"}},
    }


def _message(topic: Topic) -> dict[str, Any]:
    schema = {"$ref": f"./{FOLDER}/{topic.name}{ENDING}"}
    return {"name": topic.name, "summary": topic.says, "payload": {"schemaFormat": FORMAT, "schema": schema}}


def _whole(topic: Topic) -> dict[str, Any]:
    head = {"$schema": DIALECT, "title": topic.address, "description": topic.says}
    return head | topic.schema(topic.path)


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m agent.adapters.mqtt.schemas", description=__doc__)
    parser.add_argument("--write", action="store_true", required=True, help="write the files")
    parser.add_argument("--folder", type=Path, default=DOCS, help="in place of docs")
    asked = parser.parse_args(arguments)
    wanted = files()
    folder = asked.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f"*{ENDING}"):
        if f"{FOLDER}/{path.name}" not in wanted:
            path.unlink()  # of a topic that is gone
    for name, text in wanted.items():
        (asked.folder / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
