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

from agent.console.alerts.settings import (
    LANGUAGES,
    LONGEST_SECRET,
    LONGEST_URL,
    MOST_ADDRESSES,
    MOST_KINDS,
    MOST_TARGETS,
    AlertSettings,
    Test,
)
from agent.console.api.handled import Handled, Key, handled_routes
from agent.console.own_settings import OwnSettings
from agent.console.security.audit import Audit
from agent.console.source import Source

if TYPE_CHECKING:
    from agent.console.alerts.desk import Desk

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
        return handled_routes(ENDPOINTS, self)

    async def settings(self, request: Request) -> Response:
        return await self._at_desk().settings(request)

    async def set_settings(self, request: Request) -> Response:
        return await self._at_desk().set_settings(request)

    async def test(self, request: Request) -> Response:
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


SECRET = {"maxLength": LONGEST_SECRET}
FILE = {"pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}$"}
KEYS = {
    "targets": Key("where alerts go", {"maxItems": MOST_TARGETS}),
    "targets.id": Key("its name here", {"pattern": "^[a-z0-9_-]{1,30}$"}),
    "targets.webhook": Key("it is a web address; either this or mail is given"),
    "targets.webhook.url": Key(
        "where it is; stays as it is kept when empty", {"pattern": "^(https?://[!-~]+)?$", "maxLength": LONGEST_URL}
    ),
    "targets.webhook.template": Key("the form of what is sent"),
    "targets.webhook.token": Key("sent as Authorization: Bearer; as it is kept when left out, none when empty", SECRET),
    "targets.webhook.token_file": Key("or a file that holds it, of the unit's credentials", FILE),
    "targets.webhook.ca_file": Key("certificates that are trusted, for one of the own network", FILE),
    "targets.mail": Key("it is a mail address"),
    "targets.mail.host": Key("server that takes the mail"),
    "targets.mail.sender": Key("address that it is from"),
    "targets.mail.to": Key("addresses that it goes to", {"minItems": 1, "maxItems": MOST_ADDRESSES}),
    "targets.mail.port": Key("of the server", {"minimum": 1, "maximum": 65535}),
    "targets.mail.tls": Key("from when on all is encrypted"),
    "targets.mail.user": Key("who logs in; nobody when left out", {"minLength": 1, "maxLength": 240}),
    "targets.mail.password": Key("as the token of a webhook", SECRET),
    "targets.mail.password_file": Key("or a file that holds it", FILE),
    "targets.mail.ca_file": Key("certificates that are trusted", FILE),
    "targets.severity": Key("events of at least this are sent"),
    "targets.kinds": Key("kinds that are sent; those of the preferences when none", {"maxItems": MOST_KINDS}),
    "targets.enabled": Key("false: nothing is sent there"),
    "quiet": Key("hours of the site in which nothing is sent"),
    "quiet.start": Key("from then on"),
    "quiet.end": Key("until before then"),
    "quiet.alarms_pass": Key("alarms are sent all the same"),
    "most_per_hour_of_kind": Key("of one kind to one target", {"minimum": 1, "maximum": 60}),
    "most_per_hour": Key("to one target", {"minimum": 1, "maximum": 60}),
    "language": Key("of the sentences", {"enum": [*LANGUAGES]}),
}
ENDPOINTS = (
    Handled("GET", "alerts", "where alerts go, without secrets, and what came of it", Alerts.settings,
            example="alerts"),
    Handled("PUT", "alerts", "set where alerts go, as a whole; secrets that are left out stay", Alerts.set_settings,
            AlertSettings, KEYS, example="alerts_set"),
    Handled("POST", "alerts/test", "send a test to one target, now", Alerts.test, Test,
            {"target": Key("the id of one that is kept")}, example="alerts_test"),
)  # fmt: skip
