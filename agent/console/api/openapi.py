"""The API in OpenAPI 3.1, made of the tables of its endpoints: ``python -m agent.console.api.openapi --write``."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.console.api.endpoint import Endpoint
from agent.console.api.parameters import Parameter

FILE = Path(__file__).parents[3] / "docs" / "openapi.json"
PATH_KEY = re.compile(r"\{(\w+):path\}")
REFUSALS = {
    "400": "a parameter or the body is wrong", "401": "no session and no key", "403": "the scope does not allow it",
    "404": "there is no such thing", "409": "not possible now", "429": "too much at once; see Retry-After",
    "503": "the store cannot be read now",
}  # fmt: skip
PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail", "code"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence for people"},
        "code": {"type": "string"},
        "field": {"type": ["string", "null"], "description": "the parameter that is wrong"},
    },
}


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The description of ``endpoints`` under their canonical paths."""
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path = PATH_KEY.sub(r"{\1}", endpoint.paths[0])
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Enalysis Edge, local API",
            "version": "1",
            "description": "Fields may be added; another meaning is another version. Missing is null, never 0. "
            "Power > 0 feeds the site's busbar: grid_w > 0 imports, battery_w > 0 discharges. "
            "Beside a sentence stand its code and its values, as text_code and text_values, which may hold sentences "
            "too; null where it is in words of a device or of an older version.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
            },
        },
        "security": [{"key": []}, {"session": []}],
    }


def text(endpoints: Sequence[Endpoint]) -> str:
    """As it stands in the file."""
    return json.dumps(document(endpoints), indent=1, ensure_ascii=False) + "\n"


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}_{re.sub(r'[^a-z]+', '_', endpoint.path).strip('_')}",
        "parameters": [_path_key(name) for name in PATH_KEY.findall(endpoint.path)],
        "responses": {str(endpoint.status): _answer(endpoint), **{code: _refusal(code) for code in REFUSALS}},
    }
    if endpoint.method == "GET":
        found["parameters"] += [_in_query(parameter) for parameter in endpoint.known]
    else:
        found["requestBody"] = {"content": {"application/json": {"schema": _body(endpoint.known)}}}
    return found


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    media_type = endpoint.media_type.partition(";")[0]
    schema = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    content: dict[str, Any] = {media_type: {"schema": schema}}
    if endpoint.tables:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {"description": endpoint.summary, "content": content}


def _refusal(code: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": REFUSALS[code], "content": {"application/problem+json": {"schema": schema}}}


def _path_key(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": "as the list shows it, its slashes as they are",
        "schema": {"type": "string"},
    }


def _in_query(parameter: Parameter) -> dict[str, Any]:
    found = {"name": parameter.name, "in": "query", "description": parameter.words, "schema": parameter.schema}
    several = {"style": "form", "explode": False} if parameter.schema.get("type") == "array" else {}
    return {**found, **several, "required": parameter.required}


def _body(known: Sequence[Parameter]) -> dict[str, Any]:
    properties = {one.name: {**one.schema, "description": one.words} for one in known}
    required = [one.name for one in known if one.required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def main() -> int:
    """``--write`` renews the file; without it 1 where that is needed."""
    from agent.console.api.routes import ENDPOINTS

    made = text(ENDPOINTS)
    if "--write" in sys.argv[1:]:
        FILE.write_text(made, "utf-8")
        return 0
    return 0 if FILE.read_text("utf-8") == made else 1


if __name__ == "__main__":
    sys.exit(main())
