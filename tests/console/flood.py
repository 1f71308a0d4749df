"""Whoever is not honest with a console: ``python -m tests.console.flood PORT flood|slow SECONDS KEY``.

``flood`` asks as often as it can over hundreds of connections; ``slow`` sends heads that never end, and reads neither
its WebSockets nor its answers. What came of it is printed as JSON: connections, and how many of them got an answer.
"""

import asyncio
import itertools
import json
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

FLOODING, SLOW_OF_A_KIND = 200, 6
FEW_BYTES = 1024  # that the kernel keeps for a reader
PAUSE_S = 0.02
HELD_S = 12.0
YEAR = "/api/v1/analytics/consumption?period=year&granularity=quarter"
STREAM = "/api/v1/realtime/stream"

Client = Callable[[], Awaitable[None]]


class Dishonest:
    """``connections`` that were made, ``answered`` of them with at least a status."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self.connections = self.answered = 0
        self._requests = itertools.cycle(self._flooding_requests())

    async def flood(self) -> None:
        async with asyncio.timeout(20.0):
            incoming, outgoing = await self._connected()
            try:
                outgoing.write(next(self._requests))
                self._note(await incoming.read(12))
                while await incoming.read(65536):
                    pass
            finally:
                outgoing.close()

    async def head_without_end(self) -> None:
        incoming, outgoing = await self._connected()
        outgoing.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        try:
            while not incoming.at_eof():
                outgoing.write(b"X: 1\r\n")
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await incoming.read(1)
        finally:
            outgoing.close()

    async def stream_unread(self) -> None:
        upgrade = (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        await self._unread(_get(STREAM, self._key, upgrade))

    async def answer_unread(self) -> None:
        await self._unread(_get(YEAR, self._key))

    async def _unread(self, request: bytes) -> None:
        """Longer than the other side has patience."""
        incoming, outgoing = await self._connected(FEW_BYTES)
        try:
            outgoing.write(request)
            self._note(await incoming.read(12))
            outgoing.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's can
            await asyncio.sleep(HELD_S)
        finally:
            outgoing.close()

    def _note(self, begun: bytes) -> None:
        self.answered += begun.startswith(b"HTTP/1.1 ")

    async def _connected(self, receives: int | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connecting = socket.socket()
        connecting.setblocking(False)
        if receives is not None:
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        try:
            await asyncio.get_running_loop().sock_connect(connecting, ("127.0.0.1", self._port))
        except OSError:
            connecting.close()
            raise
        self.connections += 1
        return await asyncio.open_connection(sock=connecting, limit=FEW_BYTES if receives else 2**16)

    def _flooding_requests(self) -> Sequence[bytes]:
        login = b'{"password": "not the password"}'
        posted = b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1:%d\r\n" % self._port
        json_of = b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        return (
            _get("/"),
            _get(YEAR, self._key),
            posted + json_of % len(login) + login,
            _get("/api/v1/advisories", self._key),
            posted + json_of % 1_000_000_000,
            b"\x16\x03\x01 this is not HTTP\r\n\r\n",
        )


def _get(path: str, key: str = "", more: str = "Connection: close\r\n") -> bytes:
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}{more}\r\n".encode()


async def _for_ever(client: Client) -> None:
    while True:
        with suppress(OSError, TimeoutError):
            await client()
        await asyncio.sleep(PAUSE_S)


async def run(port: int, kind: str, seconds: float, key: str) -> Dishonest:
    """For so many seconds."""
    one = Dishonest(port, key)
    slow = (one.head_without_end, one.stream_unread, one.answer_unread)
    clients: Sequence[Client] = (one.flood,) * FLOODING if kind == "flood" else slow * SLOW_OF_A_KIND
    tasks = [asyncio.create_task(_for_ever(client)) for client in clients]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return one


if __name__ == "__main__":
    came = asyncio.run(run(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]))
    print(json.dumps({"connections": came.connections, "answered": came.answered}))
