"""JSON Schemas of what comes from the platform, out of the models that check it."""

from typing import Any

from pydantic import TypeAdapter

from agent.adapters.mqtt.command_envelopes import CommandEnvelope, OverrideParams
from agent.adapters.mqtt.incoming_messages import COMMANDS, MAJOR, model_of
from agent.domain.commands import BY_NAME, OverrideBattery

Schema = dict[str, Any]
SIGNED = {"key": {"type": "string"}, "signature": {"type": "string"}}  # Ed25519 over the canonical JSON of the rest


def down(path: str) -> Schema:
    """Of a topic that ``incoming_messages`` knows. Limits that depend on the site's currency are not in it."""
    return _headed(path, _known(path))


def command(path: str) -> Schema:
    """Of a command: signed, or, for those that may come so to a site without keys, unsigned."""
    kind = BY_NAME[path.removeprefix(COMMANDS)]
    terms: TypeAdapter[Any] = TypeAdapter(OverrideParams if kind.noun is OverrideBattery else kind.noun)
    envelope, params = _plain(CommandEnvelope.model_json_schema()), _plain(terms.json_schema())
    unsigned = _joined(_known(path), params)
    defined = params.pop("$defs", {}) | unsigned.pop("$defs", {})
    envelope["properties"] |= {"params": params} | SIGNED
    envelope["required"] = sorted({*envelope["required"], *SIGNED})
    ways = [envelope, unsigned] if kind.unsigned else [envelope]
    return {"type": "object", "anyOf": [_headed(path, way) for way in ways], "$defs": defined}


def desired(path: str) -> Schema:
    """Of the configuration that is wanted: keys of the site file, with dots or nested, and their values."""
    members = {"id": {"type": "string"}, "version": {"type": "integer", "minimum": 1}, "config": {"type": "object"}}
    return _headed(path, {"type": "object", "properties": members | SIGNED, "required": [*members, *SIGNED]})


def _known(path: str) -> Schema:
    model = model_of(path)
    assert model is not None, f"{path} is not known to incoming_messages"
    found: Schema = _plain(model.model_json_schema())
    return found


def _headed(path: str, found: Schema) -> Schema:
    head = {"schema": {"type": "string", "pattern": rf"^{path.rpartition('/')[2]}/{MAJOR}\.\d{{1,4}}$"}}
    properties = head | {"id": {"type": "string"}} | found["properties"]
    return {**found, "properties": properties, "required": ["schema", *found.get("required", [])]}


def _joined(head: dict[str, Any], terms: dict[str, Any]) -> dict[str, Any]:
    """One object with the members of both."""
    joined = {**terms, **head}
    for part in ("properties", "$defs"):
        if part in head or part in terms:
            joined[part] = head.get(part, {}) | terms.get(part, {})
    joined["required"] = [*head.get("required", []), *terms.get("required", [])]
    return joined


def _plain(node: Any) -> Any:
    """Without titles and descriptions, which repeat names and docstrings of ours."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _plain(value)
        for name, value in node.items()
        if not (name in ("title", "description") and isinstance(value, str))
    }
