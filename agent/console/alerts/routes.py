"""``/api/v1/alerts``: where alerts go, what came of it, and a test. All of it needs the scope admin."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.alerts.delivery import Delivery, Last
from agent.console.alerts.follower import Follower
from agent.console.alerts.outbox_file import OutboxFile
from agent.console.alerts.outcome import Sent
from agent.console.alerts.secrets import completed, shown
from agent.console.alerts.settings import (
    LANGUAGES,
    LONGEST_SECRET,
    LONGEST_URL,
    MOST_ADDRESSES,
    MOST_KINDS,
    MOST_TARGETS,
    AlertSettings,
    Target,
)
from agent.console.api.handled import Handled, Key, handled_routes
from agent.console.json_body import body_as
from agent.console.own_settings import OwnFolderFailure, OwnSettings, told
from agent.console.problem import Problem
from agent.console.security.access import Caller
from agent.console.security.audit import Audit
from agent.console.security.gate import address_of
from agent.console.source import Source


@dataclass(frozen=True, slots=True)
class Test:
    """``target`` is the id of one that is kept."""

    target: str


class Alerts:
    """Follows and sends between ``start`` and ``close``; the handlers."""

    def __init__(
        self, source: Source, own: OwnSettings, audit: Audit, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._own, self._audit = own, audit
        self._file = OutboxFile(own)
        self._delivery = Delivery(source, self._file, monotonic)
        self._follower = Follower(source, own, self._file, self._delivery, monotonic)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._follower.follow())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def routes(self) -> list[Route]:
        return handled_routes(ENDPOINTS, self)

    async def settings(self, request: Request) -> Response:
        """What is kept, without its secrets, and how it goes: ``{settings, targets: [{id, waiting, last}]}``."""
        try:
            return JSONResponse(self._document(self._own.alerts()))
        except OwnFolderFailure as failure:
            raise told(failure) from failure

    async def set_settings(self, request: Request) -> Response:
        """Replaced as a whole, see ``completed`` for secrets that are left out."""
        asked, caller = await body_as(request, AlertSettings), _caller(request)
        try:
            new = completed(self._own.alerts(), asked)
            self._own.set_alerts(new)
            document = self._document(new)
        except ValueError as error:
            raise Problem("bad_value", str(error), "targets") from error
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        self._audit.write("alerts_changed", caller.name, address_of(request.scope), targets=len(new.targets))
        self._delivery.changed(new)
        self._follower.wake()
        return JSONResponse(document)

    async def test(self, request: Request) -> Response:
        """``{target, good, said}``: what came of it, in one sentence."""
        asked = await body_as(request, Test)
        try:
            settings = self._own.alerts()
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        target = next((one for one in settings.targets if one.id == asked.target), None)
        if target is None:
            raise Problem("not_found", "there is no target of this id: save it first", "target")
        outcome = await self._delivery.test(target, settings)
        return JSONResponse({"target": target.id, "good": isinstance(outcome, Sent), "said": outcome.said})

    def _document(self, settings: AlertSettings) -> dict[str, Any]:
        return {"settings": shown(settings), "targets": [self._state(target) for target in settings.targets]}

    def _state(self, target: Target) -> dict[str, Any]:
        line = self._delivery.lines.get(target.id)
        waiting = sum(one.target == target.id for one in self._file.box().waiting)
        return {"id": target.id, "waiting": waiting, "last": None if line is None else _last(line.last)}


def _last(last: Last | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"at": last.at.isoformat(), "good": isinstance(last.outcome, Sent), "said": last.outcome.said}


def _caller(request: Request) -> Caller:
    caller: Caller = request.scope["state"]["caller"]
    return caller


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
