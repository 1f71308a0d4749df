"""What a console must expect: other stores, texts that are code, forms of an ended session, a hundred sockets."""

import asyncio
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agent.adapters.host.inbox import inbox_of, look
from agent.adapters.store.schema_version import SCHEMA_VERSION
from agent.adapters.store.sqlite_store import SqliteStore
from agent.console.api.endpoint import Endpoint
from agent.console.api.parameters import Kind
from agent.console.api.routes import ENDPOINTS
from agent.console.connections import MOST_CONNECTIONS
from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from agent.console.security.sessions import IDLE_S
from agent.domain.records import Batch, EventRow
from tests.console.api_examples import Api, client
from tests.console.served import HERE, PASSWORD, Times, app_of, key, serving, site_source, with_token
from tests.console.served import client as asking_as
from tests.console.site import ConsoleSite
from tests.console.test_security_limits import GET, LAST_GET, answer_to

READING = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET" and "{" not in endpoint.path]
WITHOUT_STORE = {"/health", "realtime/energy-flow"}  # they say what is wrong with it
CODE = "x' OR 1=1; DROP TABLE minute; --"
SOCKETS = 100


@pytest.mark.parametrize(("schema", "code"), [(1, "store_older"), (SCHEMA_VERSION + 1, "no_store")])
def test_a_store_of_another_version_is_said_by_every_endpoint(own: ConsoleSite, schema: int, code: str) -> None:
    with closing(sqlite3.connect(own.store)) as connection:
        connection.execute(f"PRAGMA user_version = {schema}")
    api = client(own)
    for endpoint in READING:
        answer = api.get(endpoint.paths[0])
        if endpoint.path in WITHOUT_STORE:
            assert "schema" in answer.json()["store"], endpoint.path
        elif endpoint.path != "/metrics":
            assert (answer.status_code, answer.json()["code"]) == (503, code), endpoint.path
    refused = api.post("/api/v1/advisories/hold_battery/2026-06-03/dismiss")
    assert (refused.status_code, refused.json()["code"]) == (503, code)


def test_a_file_that_is_no_store_is_one_sentence(own: ConsoleSite) -> None:
    own.store.write_bytes(b"this is no database, whatever its name says\n" * 100)
    answer = client(own).get("/api/v1/status")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_store")
    assert answer.json()["detail"].endswith("cannot be read: file is not a database")


async def _as_killed(own: ConsoleSite, folder: Path) -> ConsoleSite:
    """Its newest commit stands in the write-ahead log alone."""
    store = SqliteStore(own.store, own.source().zone, lambda: own.now)
    await store.open()
    await store.write(Batch(events=(EventRow(own.now, "started", "info", "the last word of it"),)))
    other = ConsoleSite(folder, own.now)
    for ending in ("", "-wal"):
        shutil.copy(f"{own.store}{ending}", f"{other.store}{ending}")
    await store.close()
    return other


def test_the_last_commit_of_an_agent_that_was_killed_is_read(own: ConsoleSite, tmp_path: Path) -> None:
    (tmp_path / "killed").mkdir()
    killed = asyncio.run(_as_killed(own, tmp_path / "killed"))
    newest = client(killed).get("/api/v1/events?limit=1").json()["items"][0]
    assert newest["text"] == "the last word of it"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_point_8_a_text_is_never_a_part_of_a_statement(api: Api, year: ConsoleSite, endpoint: Endpoint) -> None:
    before = year.store.read_bytes()
    path = endpoint.paths[0].replace("{key:path}", "hold_battery'--")
    for parameter in endpoint.known:
        if parameter.kind not in (Kind.TEXT, Kind.TIME, Kind.WORDS):
            continue
        if endpoint.method == "GET":
            answer = api.get(path, params={parameter.name: CODE})
        else:
            answer = api.post(path, json={parameter.name: [CODE] if parameter.kind is Kind.WORDS else CODE})
        assert answer.status_code in (400, 404) or answer.json()["items"] == [], (parameter.name, answer.text[:200])
    assert year.store.read_bytes() == before


async def test_a_form_of_a_session_that_has_ended_changes_nothing_and_is_sent_again_after_a_login(
    tmp_path: Path,
) -> None:
    times = Times()
    source = site_source(tmp_path, times)
    form = {"theme": "dark"}
    async with asking_as(app_of(source, times)) as asking:
        opened = await with_token(asking)
        times.passes(IDLE_S + 1)
        late = await asking.put("/api/v1/preferences", json=form, headers=opened)
        assert (late.status_code, late.json()["code"]) == (401, "no_session")
        assert OwnSettings(source.own).preferences().theme == "auto"
        again = await with_token(asking)
        stale = await asking.put("/api/v1/preferences", json=form, headers=opened)
        assert (stale.status_code, stale.json()["code"]) == (403, "csrf"), "the token is the session's"
        assert (await asking.put("/api/v1/preferences", json=form, headers=again)).status_code == 200
        assert OwnSettings(source.own).preferences().theme == "dark"


@pytest.mark.parametrize("scheme", ["Bearer ee_00000000_guessed", "Bearer ", "Basic cGVyc29uOnBhc3N3b3Jk", "ee", ""])
async def test_an_unknown_key_opens_nothing(own: ConsoleSite, scheme: str) -> None:
    source = own.source()
    key(source, *Scope)
    async with asking_as(app_of(source)) as asking:
        for method, path in (("GET", "plan"), ("POST", "override"), ("DELETE", "keys/1")):
            headers = {"Authorization": scheme, "Content-Type": "application/json", "Origin": HERE}
            answer = await asking.request(method, f"/api/v1/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "no_session")
            assert PASSWORD not in answer.text
    assert look(inbox_of(own.store)).names == ()


async def test_point_7_of_a_hundred_sockets_twenty_are_let_in_and_it_serves_on(tmp_path: Path) -> None:
    async with serving(site_source(tmp_path)) as (port, one):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SOCKETS)]
        for _, outgoing in held:
            outgoing.write(GET)
            with suppress(ConnectionError):
                await outgoing.drain()
        answered = await asyncio.gather(*(_first_line(incoming) for incoming, _ in held))
        assert answered.count(b"HTTP/1.1 200 OK\r\n") == MOST_CONNECTIONS
        assert answered.count(b"") == SOCKETS - MOST_CONNECTIONS
        assert len(one.server_state.connections) == MOST_CONNECTIONS
        for _, outgoing in held:
            outgoing.close()
        while one.server_state.connections:
            await asyncio.sleep(0.01)
        assert (await answer_to(port, LAST_GET)).startswith(b"HTTP/1.1 200")


async def _first_line(incoming: asyncio.StreamReader) -> bytes:
    """Nothing where it was ended."""
    try:
        return await incoming.readline()
    except ConnectionError:
        return b""
