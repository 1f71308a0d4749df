"""The endpoints behind the gate of the whole application: who may ask which of them."""

import json
from dataclasses import replace

import pytest

from agent.adapters.host.inbox import inbox_of, look
from agent.console.api.endpoint import Endpoint
from agent.console.api.routes import ENDPOINTS
from agent.console.security.access import Scope
from tests.console.api_examples import QUESTIONS
from tests.console.served import HERE, JSON, app_of, client, key
from tests.console.site import NOW, ConsoleSite

ACTING = {
    "advisories/{key:path}/acknowledge",
    "advisories/{key:path}/dismiss",
    "advisories/{key:path}/schedule",
    "override",
}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
async def test_nobody_asks_without_a_login_and_a_reader_changes_nothing(own: ConsoleSite, endpoint: Endpoint) -> None:
    source = own.source()
    path = endpoint.paths[0].replace("{key:path}", "hold_battery/2026-06-03")
    question = QUESTIONS.get(endpoint.example)
    content = None if question is None or question.body is None else json.dumps(question.body)
    acts = endpoint.method == "POST" and endpoint.path in ACTING
    async with client(app_of(source)) as asking:
        stranger = await asking.request(endpoint.method, path, content=content, headers=JSON)
        assert stranger.status_code == 401
        if endpoint.then is not None:
            return  # a process of its own each: what it answers is an example
        reader = {**key(source, Scope.READ), **JSON}
        answer = await asking.request(endpoint.method, path, content=content, headers=reader)
        assert answer.status_code == (403 if acts else endpoint.status), answer.text
        if acts:
            assert look(inbox_of(own.store)).names == ()
            both = {**key(source, Scope.READ, Scope.ACT), **JSON}
            answer = await asking.request(endpoint.method, path, content=content, headers=both)
            assert answer.status_code == 202
            assert len(look(inbox_of(own.store)).names) == 1


async def test_in_the_minute_before_a_plan_no_what_if_is_worked_out(own: ConsoleSite) -> None:
    source = replace(own.source(), now=lambda: NOW.replace(minute=14, second=30))
    reader = {**key(source, Scope.READ), **JSON, "Origin": HERE}
    async with client(app_of(source)) as asking:
        answer = await asking.post("/api/v1/optimize/battery", json={"soc": 50}, headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (429, "busy")
    assert int(answer.headers["retry-after"]) == 90
