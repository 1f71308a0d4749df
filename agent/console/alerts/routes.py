"""``/api/v1/alerts``, and who follows what is to be told. All of it needs the scope admin.

Without a target, which is how most sites are, nothing of it is loaded before somebody asks: .5 MB.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console.own_settings import OwnSettings
from agent.console.security.audit import Audit
from agent.console.source import Source

if TYPE_CHECKING:
    from agent.console.alerts.desk import Desk

PATH = "/api/v1/alerts"
LOOK_EVERY_S = 5.0


class Alerts:
    """Follows and sends between ``start`` and ``close``, once there is something to follow."""

    def __init__(
        self, source: Source, own: OwnSettings, audit: Audit, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._source, self._own, self._audit, self._monotonic = source, own, audit, monotonic
        self._desk: Desk | None = None
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self._settings, methods=["GET"]),
            Route(PATH, self._set_settings, methods=["PUT"]),
            Route(f"{PATH}/test", self._test, methods=["POST"]),
        ]

    async def _settings(self, request: Request) -> Response:
        return await self._at_desk().settings(request)

    async def _set_settings(self, request: Request) -> Response:
        return await self._at_desk().set_settings(request)

    async def _test(self, request: Request) -> Response:
        return await self._at_desk().test(request)

    def _at_desk(self) -> "Desk":
        from agent.console.alerts.desk import Desk

        if self._desk is None:
            self._desk = Desk(self._source, self._own, self._audit, self._monotonic)
            self._asked.set()
        return self._desk

    async def _follow(self) -> None:
        while not (self._own.has_alerts() or self._asked.is_set()):
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
        await self._at_desk().follow()
