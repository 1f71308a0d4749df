"""How much and how slowly may be sent. ASGI middleware.

Connections, heads and slow readers are limited by ``agent/console/connections.py``.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.console.problem import Problem, problem_response

LARGEST_BODY = 64 * 1024
WITHIN_S = 10.0


class Limits:
    """A body is read whole before anything else happens: 64 kB at most, within ten seconds."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY, within_s: float = WITHIN_S) -> None:
        self._app, self._largest, self._within_s = app, largest, within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        try:
            async with asyncio.timeout(self._within_s):
                body = await self._body(scope, receive)
        except TimeoutError:
            body = Problem("too_slow", f"the body did not come within {self._within_s:g} s")
        if body is None:
            return
        if isinstance(body, Problem):
            await problem_response(body, closes=True)(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | Problem | None:
        """None where the other side has gone."""
        too_large = Problem("too_large", f"a body has at most {self._largest} bytes")
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not told.isdigit() or len(told) > 12 or int(told) > self._largest:
            return too_large
        found: bytes = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            found += message.get("body", b"")
            if len(found) > self._largest:
                return too_large
            if not message.get("more_body", False):
                return found


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
