"""What docs/openapi.json says of an answer, and whether one is as it says."""

import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from agent.console.api.endpoint import ALIAS, PREFIX
from agent.console.api.openapi import document
from agent.console.api.routes import EVERY

KEY = re.compile(r"\\\{\w+\\\}")


@cache
def paths() -> dict[str, Any]:
    return dict(document(EVERY)["paths"])


def canonical(path: str) -> str:
    """That which an alias stands for."""
    is_alias = path.startswith(ALIAS) and not path.startswith(PREFIX)
    return PREFIX + path.removeprefix(ALIAS) if is_alias else path


def operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The path as it is described, and the operation. The one with the fewest keys in its path goes first."""
    found = [
        (described, item[method.lower()])
        for described, item in paths().items()
        if method.lower() in item and re.fullmatch(KEY.sub("(.+)", re.escape(described)), canonical(path))
    ]
    return min(found, key=lambda one: (one[0].count("{"), -len(one[0])), default=None)


def refuse_undescribed(answer: httpx.Response) -> None:
    """Fails for a status, a media type or a body that the description does not have."""
    request = answer.request
    found = operation(request.method, request.url.path)
    if found is None:
        return
    described, asked = found
    where = f"{request.method} {request.url} {answer.status_code}: {answer.text[:200]}"
    assert str(answer.status_code) in asked["responses"], where
    said = _response(asked["responses"][str(answer.status_code)])
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if "content" not in said:
        assert not answer.content, where
        return
    assert media_type in said["content"], f"{media_type} of {where}"
    if media_type.endswith("json"):
        error = next(
            _validator(described, request.method, answer.status_code, media_type).iter_errors(answer.json()), None
        )
        assert error is None, f"{error.json_path if error else ''} {error.message[:200] if error else ''}: {where}"


def _response(said: dict[str, Any]) -> dict[str, Any]:
    reference = said.get("$ref")
    if reference is None:
        return said
    found: dict[str, Any] = document(EVERY)["components"]["responses"][reference.rpartition("/")[2]]
    return found


@cache
def _validator(described: str, method: str, status: int, media_type: str) -> Draft202012Validator:
    said = _response(paths()[described][method.lower()]["responses"][str(status)])
    whole = {**said["content"][media_type]["schema"], "components": document(EVERY)["components"]}
    return Draft202012Validator(whole)
