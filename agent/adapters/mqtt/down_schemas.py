"""JSON Schemas of what comes from the platform, out of the models that check it."""

from typing import Any

from pydantic import TypeAdapter

from agent.adapters.mqtt.incoming_messages import COMMANDS, MAJOR, model_of
from agent.domain.commands import BY_NAME


def down(path: str) -> dict[str, Any]:
    """Of a topic that ``incoming_messages`` knows. Limits that depend on the site's currency are not in it."""
    model = model_of(path)
    assert model is not None, f"{path} is not known to incoming_messages"
    found: dict[str, Any] = _plain(model.model_json_schema())
    if path.startswith(COMMANDS):
        found = _joined(found, _plain(TypeAdapter(BY_NAME[path.removeprefix(COMMANDS)].noun).json_schema()))
    head = {"schema": {"type": "string", "pattern": rf"^{path.rpartition('/')[2]}/{MAJOR}\.\d{{1,4}}$"}}
    found["properties"] = head | {"id": {"type": "string"}} | found["properties"]
    found["required"] = ["schema", *found.get("required", [])]
    return found


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
