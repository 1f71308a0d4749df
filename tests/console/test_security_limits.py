"""Point 7 of the console's security: how much, how many, how slowly."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from wsproto import events

from agent.adapters.store.sqlite_store import SqliteStore
from agent.adapters.store.store_reader import reading
from agent.console import connections
from agent.console.connections import MOST_CONNECTIONS
from agent.console.problem import Problem
from agent.console.realtime import MOST_CLIENTS
from agent.console.security.access import Scope
from agent.console.security.limits import LARGEST_BODY
from agent.console.source import Source
from agent.console.store_thread import MOST_WAITING
from tests.console.served import JSON, Reader, app_of, client, key, serving, show, site_source, with_token

HEAD = (
    b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"
    b"Content-Type: application/json\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
NO_LOGIN = (b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"password": 1}', b'{"passwort": "x"}', b"{}")


async def answer_to(port: int, sent: bytes) -> bytes:
    """All that comes back until the other side closes."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    outgoing.write(sent)
    found = b""
    with suppress(ConnectionError):
        found = await incoming.read()
    outgoing.close()
    return found


@pytest.mark.parametrize("length", ["Content-Length: 1000000000\r\n", "Content-Length: 99999999999999999999\r\n"])
async def test_point_7_a_body_of_a_gigabyte_is_refused_by_its_head(tmp_path: Path, length: str) -> None:
    async with serving(site_source(tmp_path)) as (port, _):
        answer = await answer_to(port, HEAD + length.encode() + b"\r\n")
        assert answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 "))


async def test_point_7_a_body_without_a_length_is_cut_at_64_kb(tmp_path: Path) -> None:
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    async with serving(site_source(tmp_path)) as (port, _):
        answer = await answer_to(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17)
        assert answer.startswith(b"HTTP/1.1 413 ")


async def test_point_7_the_largest_body_is_taken(tmp_path: Path) -> None:
    async with client(app_of(site_source(tmp_path))) as asking:
        good = await with_token(asking)
        for size, status in ((LARGEST_BODY, 200), (LARGEST_BODY + 1, 413)):
            body = b"{}" + b" " * (size - 2)
            assert (await asking.put("/api/v1/preferences", content=body, headers=good)).status_code == status


async def test_point_7_what_comes_too_slowly_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slowloris: a head, or a second one on the same connection, that never ends."""
    monkeypatch.setattr(connections, "WITHIN_S", 0.2)
    async with serving(site_source(tmp_path)) as (port, one):
        assert await answer_to(port, b"") == b""
        assert await answer_to(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ") == b""
        incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
        outgoing.write(GET)
        assert (await incoming.readuntil(b"</html>")).startswith(b"HTTP/1.1 200 OK")
        outgoing.write(b"GET / HT")
        with suppress(ConnectionError):
            assert (await incoming.read()).strip() == b""
        outgoing.close()
        assert not one.server_state.connections


async def test_point_7_a_body_that_comes_too_slowly_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.console.security.limits.Limits.__init__.__defaults__", (LARGEST_BODY, 0.2))
    async with serving(site_source(tmp_path)) as (port, _):
        answer = await answer_to(port, HEAD + b'Content-Length: 20\r\n\r\n{"pass')
        assert answer.startswith(b"HTTP/1.1 408 ")


async def test_point_7_a_reader_that_takes_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WITHIN_S", 0.2)
    monkeypatch.setattr(connections, "BUFFER", 1024)
    source, web = site_source(tmp_path), tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_bytes(b"x" * 50_000_000)
    monkeypatch.setattr("agent.console.serve.WEB", web)
    monkeypatch.setattr("agent.console.serve.server.__defaults__", (web,))
    async with serving(source) as (port, one):
        _, outgoing = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        outgoing.write(GET)
        while not one.server_state.connections:
            await asyncio.sleep(0.01)
        while one.server_state.connections:
            await asyncio.sleep(0.01)
        outgoing.close()


async def test_point_7_the_21st_connection_is_not_let_in(tmp_path: Path) -> None:
    async with serving(site_source(tmp_path)) as (port, one):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
        while len(one.server_state.connections) < MOST_CONNECTIONS:
            await asyncio.sleep(0.01)
        assert await answer_to(port, GET) == b""
        _, first = held[0]
        first.close()
        while len(one.server_state.connections) >= MOST_CONNECTIONS:
            await asyncio.sleep(0.01)
        assert (await answer_to(port, LAST_GET)).startswith(b"HTTP/1.1 200")
        for _, outgoing in held[1:]:
            outgoing.close()


async def test_point_7_the_9th_reader_of_the_stream_is_not_let_in(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source)
    async with serving(source) as (port, _):
        headers = key(source, Scope.READ)
        readers = [await Reader.connect(port, headers) for _ in range(MOST_CLIENTS)]
        for reader in readers:
            assert isinstance(await reader.event(), events.AcceptConnection)
        ninth = await Reader.connect(port, headers)
        refused = await ninth.event()
        assert isinstance(refused, events.RejectConnection)
        assert refused.status_code == 429
        for reader in (*readers, ninth):
            reader.close()


def count_for_ever(source: Source) -> int:
    with reading(source.store) as connection:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        return int(connection.execute(endless).fetchone()[0])


async def made_store(source: Source) -> None:
    store = SqliteStore(source.store, source.zone, source.now)
    await store.open()
    await store.close()


async def test_point_7_a_statement_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.console.store_thread.LONGEST_S", 0.1)
    source = site_source(tmp_path)
    with pytest.raises(Problem) as missing:
        await source.ask(count_for_ever, source)
    assert missing.value.code == "no_store"
    await made_store(source)
    with pytest.raises(Problem) as slow:
        await source.ask(count_for_ever, source)
    assert slow.value.code == "store_slow"


async def test_point_7_questions_do_not_pile_up_at_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.console.store_thread.LONGEST_S", 0.05)
    source = site_source(tmp_path)
    await made_store(source)
    asked = [source.ask(count_for_ever, source) for _ in range(MOST_WAITING + 3)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    codes = [answer.code for answer in answers if isinstance(answer, Problem)]
    assert (codes.count("busy"), codes.count("store_slow")) == (3, MOST_WAITING)


@pytest.mark.parametrize("body", NO_LOGIN)
async def test_a_body_that_is_not_what_it_should_be_is_one_sentence(tmp_path: Path, body: bytes) -> None:
    async with client(app_of(site_source(tmp_path))) as asking:
        answer = await asking.post("/api/v1/session", content=body, headers=JSON)
        assert answer.status_code == 400
        assert answer.json()["code"] in ("not_json", "bad_value")
        assert answer.headers["content-type"] == "application/problem+json"
