"""A console as a process: killed while it alerts, and where it connects to."""

import asyncio
import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from agent.console.security.access import Scope
from agent.console.source import Source
from agent.domain.records import EventRow
from tests.console.alerts.console_process import console_process
from tests.console.alerts.receivers import hook
from tests.console.alerts.told import row, set_up, texts, write
from tests.console.served import key, site_source
from tests.site_files import free_ports

KILLS, EVENTS = 3, 18  # fewer than the sixty that an hour may hold
LONGEST_S = 60.0


def site(folder: Path) -> tuple[Source, Path, int]:
    """Its source, its site file, and the console's port."""
    source, [port] = site_source(folder), free_ports(1)
    path = folder / "site.toml"
    path.write_text(path.read_text().replace("[console]", f"[console]\nport = {port}"))
    return source, path, port


def commit(source: Source, *rows: EventRow) -> None:
    asyncio.run(write(source, *rows))


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def is_read(source: Source) -> bool:
    """The console has found where the events end."""
    outbox = source.own / "alerts_outbox.json"
    return outbox.exists() and json.loads(outbox.read_text())["seq"] is not None


def is_empty(source: Source) -> bool:
    return not json.loads((source.own / "alerts_outbox.json").read_text())["waiting"]


def test_killed_between_sent_and_kept_it_is_sent_again_under_the_same_id(tmp_path: Path) -> None:
    source, path, _ = site(tmp_path)
    commit(source)
    with hook() as receiver:
        set_up(source, receiver)
        with console_process(path) as first:
            until(lambda: is_read(source))
            receiver.before = first.kill
            commit(source, row(datetime.now(UTC), "one"))
            first.wait(LONGEST_S)
        assert texts(receiver) == ["one"]
        receiver.before = lambda: None
        with console_process(path):
            until(lambda: len(receiver.got) == 2 and is_empty(source))
            commit(source, row(datetime.now(UTC), "two"))
            until(lambda: len(receiver.got) == 3 and is_empty(source))
        assert texts(receiver) == ["one", "one", "two"]
        keys = [got.headers["Idempotency-Key"] for got in receiver.got]
        assert keys[0] == keys[1] != keys[2]


def test_killed_at_any_instant_nothing_is_lost(tmp_path: Path) -> None:
    source, path, _ = site(tmp_path)
    commit(source)
    when = random.Random(12)
    with hook() as receiver:
        set_up(source, receiver, most_per_hour=60, most_per_hour_of_kind=60)
        with console_process(path):
            until(lambda: is_read(source))
        for run in range(KILLS):
            commit(source, *(row(datetime.now(UTC), f"{run}/{i}") for i in range(EVENTS)))
            sooner = len(receiver.got) + when.randrange(1, EVENTS)
            with console_process(path) as process:
                until(lambda so_many=sooner: len(receiver.got) >= so_many)  # type: ignore[misc]  # bound now
                process.kill()
        with console_process(path):
            until(lambda: is_empty(source))
    told = Counter(texts(receiver))
    assert set(told) == {f"{run}/{i}" for run in range(KILLS) for i in range(EVENTS)}
    ids = {(got.document["text"], got.headers["Idempotency-Key"]) for got in receiver.got}
    assert len(ids) == len(told)


def test_nothing_leaves_the_house_until_an_alert_is_set_up(tmp_path: Path) -> None:
    source, path, port = site(tmp_path)
    commit(source, row(datetime.now(UTC), "an alarm"))
    admin = {**key(source, Scope.ADMIN, Scope.READ), "Content-Type": "application/json"}
    with hook() as receiver, console_process(path) as process, httpx.Client(base_url=f"http://127.0.0.1:{port}") as web:
        until(lambda: answers(web, admin))
        commit(source, row(datetime.now(UTC), "another alarm", "link_down"))
        for asked in ("/", "/api/v1/session", "/api/v1/realtime/energy-flow", "/api/v1/alerts", "/api/v1/preferences"):
            assert web.get(asked, headers=admin).status_code == 200
        time.sleep(1.0)  # twenty looks
        assert not (source.own / "alerts_outbox.json").exists()
        target = {"id": "hook", "webhook": {"url": receiver.url}}
        assert web.put("/api/v1/alerts", json={"targets": [target]}, headers=admin).status_code == 200
        until(lambda: is_read(source))
        commit(source, row(datetime.now(UTC), "a third one", "no_control"))
        until(lambda: bool(receiver.got))
        process.terminate()
        process.wait(LONGEST_S)
        assert texts(receiver) == ["a third one"]
        assert connections(process) == {str(("127.0.0.1", receiver.port))}


def answers(web: httpx.Client, headers: dict[str, str]) -> bool:
    try:
        return web.get("/api/v1/session", headers=headers).status_code == 200
    except httpx.TransportError:
        return False


def connections(process: "subprocess.Popen[str]") -> set[str]:
    assert process.stderr is not None
    found = [json.loads(line) for line in process.stderr if line.startswith('{"connects"')]
    return {one["connects"] for one in found}
