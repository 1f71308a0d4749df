"""One way out of a child: the child has the writing end, what comes through is kept here."""

import asyncio
import os
from collections.abc import Callable
from typing import cast


class ChildPipe(asyncio.Protocol):
    """Keeps the last ``kept`` bytes. After ``most`` bytes in all it calls ``on_flood`` once and keeps no more.

    ``writing`` is the descriptor that the child is given; ``release`` closes ours once the child has it.
    """

    def __init__(self, most: int, kept: int) -> None:
        self.on_flood: Callable[[], None] = _nothing
        self.total = 0
        self.ended = asyncio.get_running_loop().create_future()
        self._most, self._kept = most, kept
        self._heard = bytearray()
        self._writing: int | None = None
        self._transport: asyncio.ReadTransport | None = None

    async def open(self) -> None:
        """Raises OSError where there is no descriptor left."""
        reading, self._writing = os.pipe()
        os.set_blocking(reading, False)
        await asyncio.get_running_loop().connect_read_pipe(lambda: self, os.fdopen(reading, "rb", buffering=0))

    @property
    def writing(self) -> int:
        assert self._writing is not None
        return self._writing

    @property
    def heard(self) -> bytes:
        return bytes(self._heard)

    @property
    def flooded(self) -> bool:
        return self.total > self._most

    def release(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None

    def close(self) -> None:
        """Listen no longer, whoever still holds the other end."""
        self.release()
        if self._transport is None:
            self.connection_lost(None)
        else:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.ReadTransport, transport)

    def data_received(self, data: bytes) -> None:
        before, self.total = self.flooded, self.total + len(data)
        if before:
            return
        self._heard += data
        del self._heard[: -self._kept]
        if self.flooded:
            self.on_flood()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


def _nothing() -> None:
    """Nobody is told."""
