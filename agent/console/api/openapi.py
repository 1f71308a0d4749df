"""The API in OpenAPI 3.1, made of the tables of its endpoints: ``python -m agent.console.api.openapi --write``."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from agent.console.api.answers import ANSWERS, schema
from agent.console.api.endpoint import Endpoint
from agent.console.api.handled import Handled
from agent.console.api.noun_schema import noun_schema
from agent.console.api.parameters import Parameter
from agent.console.problem import CODES
from agent.console.realtime import TOPICS
from agent.console.security.sessions import NAME

COOKIE = f"where the address has a port it stands behind the name: {NAME}_8470"
FILE = Path(__file__).parents[3] / "docs" / "openapi.json"
Described = Endpoint | Handled

STREAM_PATH = "/api/v1/realtime/stream"
PATH_KEY = re.compile(r"\{(\w+)(?::path)?\}")
REFUSALS = {
    400: "a parameter or the body is wrong", 401: "no session, no key, or a wrong password",
    403: "the scope does not allow it, or a page of another site asks", 404: "there is no such thing",
    408: "the body came too slowly", 409: "not possible now", 413: "the body is too large",
    421: "the Host header is none of this console", 429: "too much at once; see Retry-After",
    503: "the store cannot be read now, or nothing is set up yet",
}  # fmt: skip
STREAM = {
    "summary": "WebSocket: what happens, as it happens",
    "description": "The server sends objects with a type: hello, ping, and the topics " + ", ".join(sorted(TOPICS))
    + '. The client answers {"type":"pong"} and may send {"type":"subscribe","topics":[],"min_interval_s":1}. '
    "It ends with 4401 without a session, 4408 for a reader that is too slow, 4400 for what is not understood.",
}  # fmt: skip
PROBLEM = {
    "type": "object",
    "required": ["title", "status", "detail", "code"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence for people"},
        "detail_code": {"type": ["string", "null"], "description": "the code of that sentence"},
        "detail_values": {"type": ["object", "null"], "description": "its values"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "field": {"type": ["string", "null"], "description": "the parameter that is wrong"},
    },
}


def document(endpoints: Sequence[Described]) -> dict[str, Any]:
    """The description of ``endpoints`` under their canonical paths, and of the stream."""
    paths: dict[str, Any] = {STREAM_PATH: STREAM}
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
            "What changes something is sent as Content-Type: application/json, also without a body; with a session's "
            "cookie also with the header X-CSRF-Token and an Origin of the console itself. "
            "Beside a sentence stand its code and its values, as text_code and text_values, which may hold sentences "
            "too; null where it is in words of a device or of an older version.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM},
            "responses": {_refused(status): _refusal(status) for status in REFUSALS},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": NAME, "description": COOKIE},
            },
        },
        "security": [{"key": []}, {"session": []}],
    }


def text(endpoints: Sequence[Described]) -> str:
    """As it stands in the file."""
    return json.dumps(document(endpoints), indent=1, ensure_ascii=False) + "\n"


def _operation(endpoint: Described) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}_{re.sub(r'[^a-z]+', '_', endpoint.path).strip('_')}",
        "parameters": [_path_key(name) for name in PATH_KEY.findall(endpoint.path)],
        "responses": {
            **_answers(endpoint),
            **{str(status): {"$ref": f"#/components/responses/{_refused(status)}"} for status in REFUSALS},
        },
    }
    match endpoint:
        case Endpoint(method="GET"):
            found["parameters"] += [_in_query(parameter) for parameter in endpoint.known]
        case Endpoint():
            found["requestBody"] = _sent(_body(endpoint.known), any(one.required for one in endpoint.known))
        case Handled(body=body) if body is not None:
            found["requestBody"] = _sent(noun_schema(body, endpoint.keys), True)
        case Handled():
            pass
    if isinstance(endpoint, Endpoint) and endpoint.is_bad is not None:
        found["responses"]["503"] = _bad(found["responses"])
    if isinstance(endpoint, Handled) and endpoint.is_open:
        found["security"] = []
    return found


def _bad(responses: Mapping[str, Any]) -> dict[str, Any]:
    """The answer itself where what it says is bad, or that there is none."""
    refused = _refusal(HTTPStatus.SERVICE_UNAVAILABLE)
    good = responses["200"]
    return {"description": f"not so; or {refused['description']}", "content": {**good["content"], **refused["content"]}}


def _sent(body: dict[str, Any], required: bool) -> dict[str, Any]:
    return {"required": required, "content": {"application/json": {"schema": body}}}


def _answers(endpoint: Described) -> dict[str, Any]:
    found: dict[str, Any] = {"description": endpoint.summary}
    media_type = endpoint.media_type.partition(";")[0] if isinstance(endpoint, Endpoint) else "application/json"
    known = ANSWERS.get(f"{endpoint.method} {endpoint.path}")
    if known is not None:
        found["content"] = {media_type: {"schema": schema(known)}}
    if isinstance(endpoint, Endpoint) and endpoint.tables:
        found["content"]["text/csv"] = {"schema": {"type": "string"}}
    same = {"304": {"description": "as it was under If-None-Match"}}
    return {str(endpoint.status): found, **(same if isinstance(endpoint, Endpoint) and endpoint.marked else {})}


def _refused(status: int) -> str:
    """Its name in the document."""
    return HTTPStatus(status).phrase.replace(" ", "")


def _refusal(status: int) -> dict[str, Any]:
    codes = ", ".join(sorted(code for code, told in CODES.items() if told == status))
    shown = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": f"{REFUSALS[status]}; code: {codes}", "content": shown}


def _path_key(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": "as the list shows it, slashes as they are",
        "schema": {"type": "string"},
    }


def _in_query(parameter: Parameter) -> dict[str, Any]:
    found = {"name": parameter.name, "in": "query", "description": parameter.words, "schema": parameter.schema}
    several = {"style": "form", "explode": False} if parameter.schema.get("type") == "array" else {}
    return {**found, **several, "required": parameter.required}


def _body(known: Sequence[Parameter]) -> dict[str, Any]:
    properties = {one.name: {**_in_body(one), "description": one.words} for one in known}
    required = [one.name for one in known if one.required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _in_body(parameter: Parameter) -> dict[str, Any]:
    """What need not be there may be null as well."""
    found = parameter.schema
    if parameter.required:
        return found
    choices = {"enum": [*found["enum"], None]} if "enum" in found else {}
    return {**found, "type": [found["type"], "null"], **choices}


def main() -> int:
    """``--write`` renews the file; without it 1 where that is needed."""
    from agent.console.api.routes import EVERY

    made = text(EVERY)
    if "--write" in sys.argv[1:]:
        FILE.write_text(made, "utf-8")
        return 0
    return 0 if FILE.read_text("utf-8") == made else 1


if __name__ == "__main__":
    sys.exit(main())
