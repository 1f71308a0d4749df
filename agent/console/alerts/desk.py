"""Answers ``/api/v1/alerts``: where alerts go, what came of it, and a test; and follows what is to be told."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.console.alerts.delivery import Delivery, Last
from agent.console.alerts.follower import Follower
from agent.console.alerts.outbox_file import OutboxFile
from agent.console.alerts.outcome import Sent
from agent.console.alerts.secrets import completed, shown
from agent.console.alerts.settings import AlertSettings, Target, Test
from agent.console.json_body import body_as
from agent.console.own_settings import OwnFolderFailure, OwnSettings, told
from agent.console.problem import Problem
from agent.console.security.audit import Audit
from agent.console.security.gate import address_of, caller_of
from agent.console.source import Source
from agent.domain.sentence import named, sentence_of
from agent.domain.sentences.receivers import receiver_unknown


class Desk:
    """The handlers of the routes. ``follow`` sends, for ever."""

    def __init__(self, source: Source, own: OwnSettings, audit: Audit, monotonic: Callable[[], float]) -> None:
        self._own, self._audit = own, audit
        self._file = OutboxFile(own)
        self._delivery = Delivery(source, self._file, monotonic)
        self._follower = Follower(source, own, self._file, self._delivery, monotonic)

    async def follow(self) -> None:
        await self._follower.follow()

    async def settings(self, request: Request) -> Response:
        """What is kept, without its secrets, and how it goes: ``{settings, targets: [{id, waiting, last}]}``."""
        try:
            return JSONResponse(self._document(self._own.alerts()))
        except OwnFolderFailure as failure:
            raise told(failure) from failure

    async def set_settings(self, request: Request) -> Response:
        """Replaced as a whole, see ``completed`` for secrets that are left out."""
        asked, caller = await body_as(request, AlertSettings), caller_of(request.scope)
        try:
            new = completed(self._own.alerts(), asked)
            self._own.set_alerts(new)
            document = self._document(new)
        except ValueError as error:
            raise Problem("bad_value", sentence_of(error), "targets") from error
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
            raise Problem("not_found", receiver_unknown(), "target")
        outcome = await self._delivery.test(target, settings)
        return JSONResponse({"target": target.id, "good": isinstance(outcome, Sent), **named("said", outcome.said)})

    def _document(self, settings: AlertSettings) -> dict[str, Any]:
        return {"settings": shown(settings), "targets": [self._state(target) for target in settings.targets]}

    def _state(self, target: Target) -> dict[str, Any]:
        line = self._delivery.lines.get(target.id)
        waiting = sum(one.target == target.id for one in self._file.box().waiting)
        return {"id": target.id, "waiting": waiting, "last": None if line is None else _last(line.last)}


def _last(last: Last | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"at": last.at.isoformat(), "good": isinstance(last.outcome, Sent), **named("said", last.outcome.said)}
