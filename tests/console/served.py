"""The console of a test's own site: its source, its application, and a real server on a free port."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import wsproto
from wsproto import events

from agent.adapters.host.live_file import NAME as LIVE_FILE
from agent.console.app import WEB, Application, build_app
from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from agent.console.security.passwords import PasswordHash, scrypt_of
from agent.console.serve import Server, server
from agent.console.source import Source, source_of
from agent.domain.site import Measured, SiteState
from agent.domain.wire import to_json
from agent.settings.console_section import Console
from agent.settings.load import load
from tests.console.keys import new_bearer
from tests.site_files import HOME_ID, write_home

HERE = "http://127.0.0.1"
PASSWORD = "correct horse battery"  # noqa: S105 - of no real console
CHEAP = 2**4  # scrypt's N: a test that is not about its cost does not pay it
LOCAL = Console()
JSON = {"Content-Type": "application/json", "Origin": HERE}
STATE = SiteState(
    datetime(2026, 6, 1, 12, tzinfo=UTC),
    grid_w=Measured(500.0),
    pv_w=Measured(2000.0),
    battery_w=Measured(-1500.0),
    load_w=Measured(1000.0),
    soc_pct=Measured(55.0),
)


@dataclass(slots=True)
class Times:
    """Both clocks of a test; they stand until it moves them."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    monotonic_s: float = 1000.0

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.monotonic_s += seconds


def cheap_hash(password: str = PASSWORD, salt: bytes = b"0123456789abcdef") -> PasswordHash:
    return PasswordHash(salt.hex(), scrypt_of(password, salt, CHEAP).hex(), CHEAP)


def site_source(folder: Path, times: Times | None = None) -> Source:
    """A home with ``[console]``, its runtime folder beside it; the store has not been made. A password is set."""
    path = write_home(folder, inverter_port=1, meter_port=2)
    path.write_text(f"{path.read_text()}\n[console]\n")
    runtime = folder / "run"
    runtime.mkdir()
    source = source_of(load(path), runtime)
    if times is not None:
        source = replace(source, now=lambda: times.now)
    OwnSettings(source.own).set_password(cheap_hash())
    return source


def key(source: Source, *scopes: Scope, expires_at: datetime | None = None) -> dict[str, str]:
    """The header of a new key with these scopes."""
    text = new_bearer(OwnSettings(source.own), *scopes, now=source.now(), until=expires_at)
    return {"Authorization": f"Bearer {text}"}


def app_of(source: Source, times: Times | None = None, console: Console = LOCAL, web: Path = WEB) -> Application:
    return build_app(console, source, web, *([] if times is None else [lambda: times.monotonic_s]))


def client(app: Application, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Asks ``app`` without a socket, as from ``address``."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url=HERE)


async def log_in(asking: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    """Afterwards ``asking`` has the cookie."""
    return await asking.post("/api/v1/session", json={"password": password}, headers=JSON)


async def with_token(asking: httpx.AsyncClient) -> dict[str, str]:
    """Logs in; the headers with which a page changes something."""
    answer = await log_in(asking)
    assert answer.status_code == 200, answer.text
    return {**JSON, "X-CSRF-Token": answer.json()["csrf"]}


def show(source: Source, state: SiteState = STATE, **documents: object) -> None:
    """As the agent shows it; ``documents`` are plain."""
    texts = {"state": to_json(state), "alarms": "[]", **{name: json.dumps(one) for name, one in documents.items()}}
    assert source.runtime is not None
    new = source.runtime / "live.new"
    new.write_text(json.dumps({"site": HOME_ID, "version": 1, "documents": texts}))
    new.rename(source.runtime / LIVE_FILE)


@asynccontextmanager
async def serving(source: Source, console: Console = LOCAL) -> AsyncIterator[tuple[int, Server]]:
    """The port, and what serves there."""
    one = server(console, source)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    port = listening.getsockname()[1]
    task = asyncio.create_task(one.serve([listening]))
    try:
        while not one.started:
            await asyncio.sleep(0.01)
        yield port, one
    finally:
        one.stop()
        await task


class Reader:
    """One WebSocket client."""

    def __init__(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._protocol = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._found: list[events.Event] = []

    @classmethod
    async def connect(
        cls, port: int, headers: Mapping[str, str], host: str = "127.0.0.1", receives: int | None = None
    ) -> "Reader":
        """Asks to be let in; ``event`` has the answer. ``receives`` are the bytes that the kernel takes for it."""
        connecting = socket.socket()
        if receives is not None:
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, ("127.0.0.1", port))
        reader = cls(*await asyncio.open_connection(sock=connecting))
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        reader._send(events.Request(host=host, target="/api/v1/realtime/stream", extra_headers=extra))
        return reader

    async def event(self) -> events.Event:
        while not self._found:
            data = await self._incoming.read(65536)
            self._protocol.receive_data(data or None)
            self._found += list(self._protocol.events())
        return self._found.pop(0)

    async def message(self, *kinds: str) -> dict[str, Any]:
        """The next message of one of ``kinds``; pings are answered."""
        text = ""
        while True:
            event = await self.event()
            assert isinstance(event, events.TextMessage), event
            text += event.data
            if not event.message_finished:
                continue
            found: dict[str, Any] = json.loads(text)
            text = ""
            if found["type"] in kinds:
                return found
            if found["type"] == "ping":
                self.say({"type": "pong"})

    def say(self, message: object) -> None:
        self._send(events.TextMessage(json.dumps(message)))

    def close(self) -> None:
        self._outgoing.close()

    def _send(self, event: events.Event) -> None:
        self._outgoing.write(self._protocol.send(event))
