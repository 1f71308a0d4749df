"""Connections that are let in, and how long they may take: what uvicorn's own settings do not limit.

At most twenty; a request's head comes within ten seconds; what is sent is taken within ten seconds.
"""

import asyncio
from collections.abc import Callable

import wsproto

from agent.console.uvicorn_parts import H11Protocol, WSProtocol

MOST_CONNECTIONS = 20
WITHIN_S = 10.0
LEFT_TO_CLOSE_S = 5.0
BUFFER = 64 * 1024  # bytes that wait for a reader before it counts as slow
TOO_SLOW = 4408


class Deadline:
    """Calls once after ten seconds, unless it is stopped before."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def start(self, then: Callable[[], object]) -> None:
        """One that runs already goes on."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WITHIN_S, then)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class HttpConnection(H11Protocol):
    """Ends without a word where it takes too long: whoever does that reads no answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._head_by, self._taken_by = Deadline(), Deadline()
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        transport.set_write_buffer_limits(high=BUFFER)
        self._head_by.start(transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.get_protocol() is not self:
            self._head_by.stop()
        else:
            self._head_by.start(self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_by.stop()
        self._taken_by.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken_by.start(self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken_by.stop()


class WebSocketConnection(WSProtocol):
    """A reader that takes nothing for ten seconds is closed with 4408, and soon without it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._taken_by = Deadline()
        super().connection_made(transport)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken_by.start(self._give_up)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken_by.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._taken_by.stop()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if not self.close_sent and self.handshake_complete:
            self.close_sent = True
            self.queue.put_nowait({"type": "websocket.disconnect", "code": TOO_SLOW, "reason": "read too slowly"})
            self.transport.write(self.conn.send(wsproto.events.CloseConnection(code=TOO_SLOW)))
        self.transport.close()
        asyncio.get_running_loop().call_later(LEFT_TO_CLOSE_S, self.transport.abort)
