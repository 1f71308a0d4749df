"""``/api/v1/alerts``: what it shows, keeps and refuses, and the test."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.console.alerts import delivery
from agent.console.own_settings import ALERTS, OwnSettings
from agent.console.security.access import Scope
from agent.console.security.audit import NAME
from agent.console.source import Source
from agent.domain.sentence import named
from agent.domain.sentences.receivers import receiver_answered
from tests.console.alerts.receivers import Hook
from tests.console.alerts.sent import SECRET
from tests.console.served import app_of, client, key, site_source

PATH = "/api/v1/alerts"
MAIL = {"host": "mail.example.org", "sender": "a@b.org", "to": ["a@b.org"], "user": "house", "password": SECRET}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return site_source(tmp_path)


def target(receiver: Hook, **more: Any) -> dict[str, Any]:
    return {"targets": [{"id": "hook", "webhook": {"url": receiver.url, "token": SECRET, **more}}]}


async def ask(source: Source, method: str, body: object = None, path: str = PATH, scope: Scope = Scope.ADMIN) -> Any:
    headers = {**key(source, scope, Scope.READ), "Content-Type": "application/json"}
    async with client(app_of(source)) as asking:
        return await asking.request(method, path, headers=headers, content=json.dumps(body))


async def test_at_first_there_is_none(source: Source) -> None:
    found = (await ask(source, "GET")).json()
    assert found["targets"] == []
    assert found["settings"]["targets"] == []


async def test_what_is_set_comes_back_without_its_secrets(source: Source, receiver: Hook) -> None:
    asked = target(receiver)
    asked["targets"].append({"id": "mail", "mail": MAIL, "severity": "alarm"})
    asked["quiet"] = {"start": "22:00", "end": "06:30"}
    put = await ask(source, "PUT", asked)
    got = await ask(source, "GET")
    assert (put.status_code, got.status_code) == (200, 200)
    assert put.json() == got.json()
    for text in (put.text, got.text, (source.own / NAME).read_text()):
        assert SECRET not in text
        assert "secret-path" not in text
    hook_, mail = got.json()["settings"]["targets"]
    assert hook_["webhook"]["url"] == {"set": True, "origin": f"http://127.0.0.1:{receiver.port}"}
    assert (hook_["webhook"]["token"], mail["mail"]["password"]) == ("set", "set")
    assert got.json()["settings"]["quiet"] == {"start": "22:00:00", "end": "06:30:00", "alarms_pass": True}
    assert got.json()["targets"] == [{"id": one, "waiting": 0, "last": None} for one in ("hook", "mail")]
    assert (source.own / ALERTS).stat().st_mode & 0o777 == 0o600
    assert '"alerts_changed"' in (source.own / NAME).read_text()


async def test_secrets_that_are_left_out_stay(source: Source, receiver: Hook) -> None:
    await ask(source, "PUT", target(receiver))
    assert (await ask(source, "PUT", {"targets": [{"id": "hook", "webhook": {}}]})).status_code == 200
    kept = OwnSettings(source.own).alerts().targets[0].webhook
    assert kept is not None
    assert (kept.url, kept.token) == (receiver.url, SECRET)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"targets": [{"id": "x", "webhook": {}}]}, "x has no url"),
        ({"targets": [{"id": "x", "webhook": {"url": f"ftp://{SECRET}"}}]}, "does not begin with https"),
        ({"targets": [{"id": "hook", "webhook": {"url": "https://evil.example/"}}]}, "give its token again"),
        ({"targets": [{"id": "x", "mail": {**MAIL, "port": "587"}}]}, "int was expected"),
        ({"target": []}, "unknown field target"),
        ([], "an object was expected"),
    ],
)
async def test_what_is_refused_changes_nothing(source: Source, receiver: Hook, body: object, said: str) -> None:
    await ask(source, "PUT", target(receiver))
    before = (source.own / ALERTS).read_text()
    answer = await ask(source, "PUT", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_value")
    assert said in answer.json()["detail"]
    assert SECRET not in answer.text
    assert (source.own / ALERTS).read_text() == before


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("PUT", PATH), ("POST", f"{PATH}/test")])
@pytest.mark.parametrize("scope", [Scope.READ, Scope.ACT])
async def test_it_is_for_the_admin(source: Source, method: str, path: str, scope: Scope) -> None:
    answer = await ask(source, method, {}, path, scope)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def answered(answer: str) -> str:
    return receiver_answered(host="127.0.0.1", answer=answer)


async def test_a_test_says_what_came_of_it(source: Source, receiver: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "TEST_EVERY_S", 0.0)
    await ask(source, "PUT", {**target(receiver), "language": "de", "quiet": {"start": "00:00", "end": "23:59"}})
    receiver.answers = [200, 401]
    good = await ask(source, "POST", {"target": "hook"}, f"{PATH}/test")
    assert good.json() == {"target": "hook", "good": True, **named("said", answered("200 OK"))}
    bad = await ask(source, "POST", {"target": "hook"}, f"{PATH}/test")
    assert bad.json() == {"target": "hook", "good": False, **named("said", answered("401 Unauthorized"))}
    assert receiver.got[0].document["is_test"] is True
    assert receiver.got[0].document["title"] == "Home 1: Test"
    assert receiver.got[0].document["text"] == "Dies ist ein Test der Meldungen."
    unknown = await ask(source, "POST", {"target": "other"}, f"{PATH}/test")
    assert (unknown.status_code, len(receiver.got)) == (404, 2)


async def test_tests_are_not_sent_one_after_the_other(source: Source, receiver: Hook) -> None:
    await ask(source, "PUT", target(receiver))
    headers = {**key(source, Scope.ADMIN), "Content-Type": "application/json"}
    async with client(app_of(source)) as asking:
        first = await asking.post(f"{PATH}/test", headers=headers, json={"target": "hook"})
        second = await asking.post(f"{PATH}/test", headers=headers, json={"target": "hook"})
        state = (await asking.get(PATH, headers=headers)).json()["targets"][0]
    assert (first.status_code, second.status_code, second.headers["Retry-After"]) == (200, 429, "5")
    assert len(receiver.got) == 1
    assert (state["last"]["good"], state["last"]["said"]) == (True, "127.0.0.1 answered 200 OK")


async def test_settings_that_cannot_be_read_are_said_in_one_sentence(source: Source) -> None:
    (source.own / ALERTS).write_text(f'{{"targets": [{{"id": "a", "password": "{SECRET}')
    answer = await ask(source, "GET")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")
    assert SECRET not in answer.text
