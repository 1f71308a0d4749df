"""A broker of a few lines: MQTT 5 with one client, QoS 1, no subscribers; it may cut the connection at a word."""

import asyncio
import json
from contextlib import suppress

CONNECT, PUBLISH, SUBSCRIBE, PING, DISCONNECT = 1, 3, 8, 12, 14


class PickyBroker:
    """Takes every message but those that hold ``poison``: there it cuts the connection. ``rows`` are the seqs taken."""

    def __init__(self, poison: bytes | None = None) -> None:
        self._poison = poison
        self.rows: set[int] = set()
        self.cut = self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    def seen(self, seq: int) -> bool:
        return seq in self.rows

    async def start(self) -> None:
        """Listen; on the same port when it is started again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut every connection and listen no more."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def __aenter__(self) -> "PickyBroker":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._take(*await _packet(reader), writer):
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    async def _take(self, kind: int, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one packet. False ends the connection."""
        if kind == CONNECT:
            writer.write(b"\x20\x03\x00\x00\x00")
        elif kind == SUBSCRIBE:
            writer.write(b"\x90\x04" + body[:2] + b"\x00\x01")
        elif kind == PING:
            writer.write(b"\xd0\x00")
        elif kind == PUBLISH:
            if self._poison is not None and self._poison in body:
                self.cut += 1
                return False
            at = 2 + int.from_bytes(body[:2], "big")
            payload = json.loads(body[at + 3 :])  # two bytes of the packet's id, one of no properties
            self.rows |= {row[0] for row in payload.get("rows", ())}
            writer.write(b"\x40\x02" + body[at : at + 2])
        return kind != DISCONNECT


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """(kind, body) of the next packet (MQTT 5.0, 2.1)."""
    kind, length, shift = (await reader.readexactly(1))[0] >> 4, 0, 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return kind, await reader.readexactly(length)
