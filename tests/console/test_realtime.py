"""The stream: what a reader is told, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from wsproto import events

from agent.adapters.store.sqlite_store import SqliteStore
from agent.console import connections, realtime
from agent.console.changes import Seen, news
from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from agent.console.source import Source
from agent.domain.alarms import StandingAlarm
from agent.domain.records import Batch, EventRow
from agent.domain.sentence import named
from agent.domain.wire import to_json
from tests.console.served import STATE, Reader, cheap_hash, client, key, log_in, serving, show, site_source

ALARM = StandingAlarm("device_lost", "meter", STATE.at, "no answer", "no answer", "check it")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_EVERY_S", "NEWS_EVERY_S"):
        monkeypatch.setattr(realtime, name, 0.02)


async def reader_of(port: int, source: Source, receives: int | None = None) -> Reader:
    reader = await Reader.connect(port, key(source, Scope.READ), receives=receives)
    assert isinstance(await reader.event(), events.AcceptConnection)
    reader.say({"type": "subscribe", "min_interval_s": 0.0})
    return reader


async def closed(reader: Reader) -> int:
    """The code with which the server ends it."""
    while not isinstance(event := await reader.event(), events.CloseConnection):
        pass
    return int(event.code)


async def test_a_reader_is_greeted_and_told_the_state_and_its_changes(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source, setpoint={"reason": "one"})
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        hello = await reader.message("hello")
        assert hello["version"] == 1
        assert datetime.fromisoformat(hello["server_time"]).tzinfo is not None
        first = await reader.message("state")
        assert (first["setpoint"]["reason"], first["running"]) == ("one", True)
        show(source, setpoint={"reason": "two"})
        second = await reader.message("state")
        assert second["setpoint"]["reason"] == "two"
        assert second["seq"] > first["seq"]
        reader.close()


async def test_an_agent_that_stops_is_told(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        assert (await reader.message("state"))["running"]
        assert source.runtime is not None
        (source.runtime / "live.json").unlink()
        assert not (await reader.message("state"))["running"]
        reader.close()


async def test_only_what_was_subscribed_to_is_told_and_only_the_newest_state(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        await reader.message("state")
        reader.say({"type": "subscribe", "topics": ["state"], "min_interval_s": 0.5})
        await asyncio.sleep(0.1)
        for number in range(5):
            show(source, setpoint={"reason": str(number)})
            await asyncio.sleep(0.05)
        told = [(await reader.message("state", "alarm"))["setpoint"]["reason"]]
        while told[-1] != "4":
            told.append((await reader.message("state", "alarm"))["setpoint"]["reason"])
        assert len(told) < 5, "states in between are left out"
        reader.close()


async def test_alarms_are_told_when_they_rise_and_when_they_go(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    show(source)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        await reader.message("state")
        show(source, alarms=json.loads(to_json((ALARM,))))
        assert await reader.message("alarm") == {"type": "alarm", "key": "device_lost/meter", "raised": True}
        show(source)
        assert await reader.message("alarm") == {"type": "alarm", "key": "device_lost/meter", "raised": False}
        reader.close()


@pytest.mark.parametrize(
    "said",
    [
        {"type": "steer"},
        {},
        [],
        {"type": "subscribe", "topics": ["password"]},
        {"type": "subscribe", "topics": 5},
        {"type": "subscribe", "min_interval_s": "soon"},
        {"type": "subscribe", "min_interval_s": -1},
        {"type": "subscribe", "min_interval_s": float("nan")},
    ],
)
async def test_what_is_not_understood_ends_it(tmp_path: Path, said: object) -> None:
    source = site_source(tmp_path)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        reader.say(said)
        assert await closed(reader) == 4400


async def test_a_session_that_lapses_ends_it_with_4401(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "PING_EVERY_S", 0.05)
    source = site_source(tmp_path)
    async with serving(source) as (port, one):
        async with client(one.config.loaded_app) as asking:  # type: ignore[arg-type]  # the same application
            await log_in(asking)
            cookie = f"ee_session_{port}={asking.cookies['ee_session']}"
        headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{port}"}
        reader = await Reader.connect(port, headers, f"127.0.0.1:{port}")
        assert isinstance(await reader.event(), events.AcceptConnection)
        await reader.message("ping")
        OwnSettings(source.own).set_password(cheap_hash("another one, quite long", b"another salt 123"))
        assert await closed(reader) == 4401


async def test_a_key_that_is_removed_ends_it_with_4401(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "PING_EVERY_S", 0.05)
    source = site_source(tmp_path)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        await reader.message("ping")
        own = OwnSettings(source.own)
        own.remove_key(own.api_keys()[0].id)
        assert await closed(reader) == 4401


async def test_a_reader_that_is_silent_is_closed_with_4408(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The phone that went to sleep: its socket is open, and nobody answers."""
    monkeypatch.setattr(realtime, "PING_EVERY_S", 0.02)
    monkeypatch.setattr(realtime, "SILENT_S", 0.1)
    source = site_source(tmp_path)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        assert await closed(reader) == 4408


async def test_a_reader_that_takes_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds at most its own buffer, and keeps no other reader waiting."""
    for name, value in (("WITHIN_S", 0.1), ("LEFT_TO_CLOSE_S", 0.1)):
        monkeypatch.setattr(connections, name, value)
    source = site_source(tmp_path)
    async with serving(source) as (port, one):
        slow, quick = await reader_of(port, source, 4096), await reader_of(port, source)
        assert len(one.server_state.connections) == 2
        for number in range(2000):
            show(source, link={"trouble": "x" * 200_000, "number": number})
            await quick.message("state")
            if len(one.server_state.connections) == 1:
                break
        assert len(one.server_state.connections) == 1
        show(source, link={"number": "last"})
        while (await quick.message("state"))["link"]["number"] != "last":
            pass
        slow.close()
        quick.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    found = SqliteStore(tmp_path / "site.sqlite3", ZoneInfo("Europe/London"), lambda: datetime.now(UTC))
    await found.open()
    yield found
    await found.close()


async def test_what_is_new_in_the_store(store: SqliteStore) -> None:
    def event(text: str) -> Batch:
        return Batch(events=(EventRow(STATE.at, "started", "info", text),))

    await store.write(event("before"))
    seen, told = news(store.path, Seen())
    first, at = seen.event, STATE.at.isoformat()
    assert first is not None
    assert told == ()
    await store.write(event("after"))
    advice = {"advisories": [{"key": "a", "state": "open"}, {"key": "b", "state": "done"}], "past": []}
    kept = ("plan", json.dumps({"issued_at": at})), ("advice", json.dumps(advice))
    await store.write(Batch(kept=kept))
    seen, told = news(store.path, seen)
    assert [(one.topic, dict(one.body)) for one in told] == [
        ("event", {"seq": first + 1, "at": at, "kind": "started", "severity": "info", **named("text", "after")}),
        ("plan", {"issued_at": at}),
        ("advisory", {"key": "a", "state": "open"}),
        ("advisory", {"key": "b", "state": "done"}),
    ]
    advice["advisories"][0]["state"] = "dismissed"
    await store.write(Batch(kept=(("advice", json.dumps(advice)),)))
    seen, told = news(store.path, seen)
    assert [dict(one.body) for one in told] == [{"key": "a", "state": "dismissed"}]
    assert news(store.path, seen)[1] == ()


async def test_the_news_of_the_store_reach_a_reader(tmp_path: Path) -> None:
    source = site_source(tmp_path)
    store = SqliteStore(source.store, source.zone, source.now)
    async with serving(source) as (port, _):
        reader = await reader_of(port, source)
        await reader.message("state")  # there is no store yet
        await store.open()
        await asyncio.sleep(0.3)
        await store.write(Batch(events=(EventRow(STATE.at, "started", "info", "the agent has started"),)))
        assert (await reader.message("event"))["text"] == "the agent has started"
        reader.close()
    await store.close()
