"""WebSocket ``realtime/stream``: what happens, as it happens, to at most eight readers.

The server sends ``hello``, ``state``, ``plan``, ``advisory``, ``event``, ``alarm`` and ``ping``, the client
``subscribe`` and ``pong``. Of the states only the newest waits for a reader; nobody waits for a reader.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent.console.changes import Message, Seen, news
from agent.console.live import Now, look
from agent.console.problem import Problem, problem_response
from agent.console.security.access import Caller
from agent.console.security.gate import caller_of
from agent.console.source import Source

TOPICS = frozenset({"state", "plan", "advisory", "event", "alarm"})
MOST_CLIENTS = 8
MOST_WAITING = 100  # of what is not a state; the oldest goes first
LOOK_EVERY_S, NEWS_EVERY_S, PING_EVERY_S = 1.0, 5.0, 15.0
SILENT_S = 50.0  # three pings without a pong
LONGEST_INTERVAL_S = 3600.0
NO_SESSION, TOO_SLOW, NOT_UNDERSTOOD = 4401, 4408, 4400
VERSION = 1

log = structlog.get_logger("console")


@dataclass(slots=True)
class Client:
    """One reader. ``wake`` is set when something waits; ``heard`` is of the monotonic clock."""

    heard: float
    topics: frozenset[str] = TOPICS
    min_interval_s: float = LOOK_EVERY_S
    state: Mapping[str, Any] | None = None
    waiting: deque[Message] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Stream:
    """``is_valid`` says whether a caller may still read: sessions end, keys expire."""

    def __init__(
        self,
        source: Source,
        is_valid: Callable[[Caller], bool],
        pages: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._is_valid, self._pages, self._monotonic = source, is_valid, pages, monotonic
        self._clients: list[Client] = []
        self._work: tuple[asyncio.Task[None], ...] = ()
        self._now, self._alarms = Now(running=False), frozenset[str]()
        self._seen = Seen()

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute(f"{prefix}/realtime/stream", self._serve) for prefix in ("/api/v1", "/api")]

    async def close(self) -> None:
        """Nothing is looked at any more."""
        work, self._work = self._work, ()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def _serve(self, socket: WebSocket) -> None:
        if len(self._clients) >= MOST_CLIENTS:
            problem = Problem("busy", f"{MOST_CLIENTS} readers are connected already", after_s=10)
            await socket.receive()
            await socket.send_denial_response(problem_response(problem))
            return
        client = Client(self._monotonic())
        self._clients.append(client)
        try:
            await socket.accept()
            self._begin()
            await self._talk(socket, client)
        except (WebSocketDisconnect, OSError):  # the reader has gone
            pass
        finally:
            self._clients.remove(client)
            if not self._clients:
                await self.close()

    async def _talk(self, socket: WebSocket, client: Client) -> None:
        """Until one of the two ends it."""
        hello = {"version": VERSION, "pages": self._pages, "server_time": self._source.now().isoformat()}
        await _send(socket, "hello", hello)
        client.state = self._now.document()
        client.wake.set()
        tasks = [asyncio.create_task(each) for each in (self._listen(socket, client), self._tell(socket, client))]
        try:
            done, _ = await asyncio.wait([*tasks, *self._work], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled():  # the console ends
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, socket: WebSocket, client: Client) -> None:
        while True:
            try:
                message = json.loads(await socket.receive_text())
                _take(client, message)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                log.debug("not_understood", error=str(error))
                await socket.close(NOT_UNDERSTOOD, "not understood")
                return
            client.heard = self._monotonic()

    async def _tell(self, socket: WebSocket, client: Client) -> None:
        caller = caller_of(socket.scope)
        sent_at, ping_at = float("-inf"), self._monotonic() + PING_EVERY_S
        while True:
            now = self._monotonic()
            if now >= ping_at:
                if not self._is_valid(caller):
                    await socket.close(NO_SESSION, "log in again")
                    return
                if now - client.heard > SILENT_S:
                    await socket.close(TOO_SLOW, "no pong came")
                    return
                await _send(socket, "ping", {})
                ping_at = now + PING_EVERY_S
            while client.waiting:
                message = client.waiting.popleft()
                await _send(socket, message.topic, message.body)
            due_at = sent_at + client.min_interval_s
            if client.state is not None and now >= due_at:
                state, client.state = client.state, None
                await _send(socket, "state", state)
                sent_at = now
            until = ping_at if client.state is None else min(ping_at, due_at)
            client.wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, until - self._monotonic())):
                    await client.wake.wait()

    def _begin(self) -> None:
        """One look for all readers, and none while there are none."""
        if not self._work:
            self._now, self._seen = look(self._source), Seen()
            self._alarms = self._now.alarm_keys
            self._work = asyncio.create_task(self._look()), asyncio.create_task(self._ask())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now = look(self._source)
            if (now.seq, now.running) != (self._now.seq, self._now.running):
                self._now = now
                document, alarms = now.document(), now.alarm_keys
                for client in self._clients:
                    client.state = document if "state" in client.topics else None
                    client.wake.set()
                for key in sorted(alarms ^ self._alarms) if now.running else ():
                    self._publish(Message("alarm", {"key": key, "raised": key in alarms}))
                self._alarms = alarms if now.running else self._alarms

    async def _ask(self) -> None:
        """A store that cannot be read is told by the pages; here it is only asked again."""
        while True:
            with suppress(Problem):
                self._seen, told = await self._source.ask(news, self._source.store, self._seen)
                for message in told:
                    self._publish(message)
            await asyncio.sleep(NEWS_EVERY_S)

    def _publish(self, message: Message) -> None:
        for client in self._clients:
            if message.topic in client.topics:
                client.waiting.append(message)
                client.wake.set()


def _take(client: Client, message: Any) -> None:
    """What a reader says. Raises ValueError, KeyError and TypeError for what is not understood."""
    match message["type"]:
        case "pong":
            return
        case "subscribe":
            topics = frozenset(message.get("topics", TOPICS))
            interval_s = float(message.get("min_interval_s", LOOK_EVERY_S))
            if not topics <= TOPICS or not 0.0 <= interval_s <= LONGEST_INTERVAL_S:
                raise ValueError("unknown topics, or an interval that is none")
            client.topics, client.min_interval_s = topics, max(LOOK_EVERY_S, interval_s)
            client.wake.set()
        case other:
            raise ValueError(f"unknown type {other!r}")


async def _send(socket: WebSocket, kind: str, body: Mapping[str, Any]) -> None:
    await socket.send_text(json.dumps({"type": kind, **body}))
