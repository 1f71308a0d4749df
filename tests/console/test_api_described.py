"""docs/openapi.json is all of the API: what is served and what is described are the same, with keys and examples."""

import json
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Route, WebSocketRoute

from agent.console.api.answers import ANSWERS
from agent.console.api.handled import Handled
from agent.console.api.noun_schema import names
from agent.console.api.openapi import FILE, STREAM_PATH
from agent.console.api.routes import EVERY
from agent.console.security.access import PAGES, STATIC, needed
from tests.console import own_examples
from tests.console.api_examples import FOLDER, cut
from tests.console.described import canonical
from tests.console.served import app_of, site_source
from tests.console.site import ConsoleSite

OWN = [endpoint for endpoint in EVERY if isinstance(endpoint, Handled)]
SOCKET = "WEBSOCKET"


def operations(route: BaseRoute) -> set[tuple[str, str]]:
    """Method and path as the description writes them."""
    if isinstance(route, WebSocketRoute):
        return {(SOCKET, canonical(route.path))}
    assert isinstance(route, Route), f"{route} is of no kind that the description knows"
    path = canonical(route.path).replace(":path}", "}")
    return {(method, path) for method in (route.methods or set()) - {"HEAD"}}


def test_what_is_served_is_described_and_what_is_described_is_served(tmp_path: Path) -> None:
    """But for the pages and their files, which are no API."""
    served = set[tuple[str, str]]().union(*(operations(route) for route in app_of(site_source(tmp_path)).routes))
    api = {one for one in served if one[1] not in PAGES and not one[1].startswith(STATIC)}
    paths = json.loads(FILE.read_text("utf-8"))["paths"]
    described = {
        (method.upper(), path)
        for path, item in paths.items()
        for method, told in item.items()
        if isinstance(told, dict)
    }
    assert api == described | {(SOCKET, STREAM_PATH)}
    assert STREAM_PATH in paths


def test_every_endpoint_says_what_it_answers() -> None:
    silent = {f"{one.method} {one.path}" for one in EVERY} - set(ANSWERS)
    assert silent == {"DELETE session", "DELETE keys/{id}"}, "they answer 204"
    assert {one.status for one in OWN if f"{one.method} {one.path}" in silent} == {204}
    assert set(ANSWERS) <= {f"{one.method} {one.path}" for one in EVERY}


@pytest.mark.parametrize("endpoint", OWN, ids=lambda one: f"{one.method} {one.path}")
def test_every_key_of_a_body_has_its_words(endpoint: Handled) -> None:
    assert set(endpoint.keys) == set(names(endpoint.body) if endpoint.body else ())
    assert all(key.words for key in endpoint.keys.values())


@pytest.mark.parametrize("endpoint", OWN, ids=lambda one: f"{one.method} {one.path}")
def test_what_is_open_is_what_is_described_as_open(endpoint: Handled) -> None:
    assert (needed(endpoint.method, endpoint.paths[0]) is None) is endpoint.is_open


async def test_the_examples_of_its_own_are_what_is_answered(own: ConsoleSite) -> None:
    found = await own_examples.answers(own)
    assert set(found) == {one.example for one in OWN if one.status != 204}
    for name, answer in found.items():
        example = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert cut(answer) == example, "python -m tests.console.api_examples makes the examples anew"
