"""The console's routes and what stands before them, as one ASGI application."""

import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

import structlog
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.console.alerts.routes import Alerts
from agent.console.api.routes import routes as api_routes
from agent.console.own_routes import OwnRoutes
from agent.console.own_settings import OwnSettings
from agent.console.problem import CODES, Problem, problem_response
from agent.console.realtime import Stream
from agent.console.security.audit import Audit
from agent.console.security.callers import Callers
from agent.console.security.gate import Gate
from agent.console.security.headers import SecureHeaders
from agent.console.security.hosts import allowed_hosts
from agent.console.security.limits import Limits
from agent.console.security.passwords import Doorkeeper
from agent.console.security.sessions import Sessions
from agent.console.site_file import SiteFile
from agent.console.source import Source
from agent.console.static import Web
from agent.settings.console_section import Console

FRAMES = 6  # of a defect, the innermost
WEB = Path(__file__).parent / "web"

log = structlog.get_logger("console")


def build_app(
    settings: Console, source: Source, web: Path = WEB, monotonic: Callable[[], float] = time.monotonic
) -> "Application":
    """``web`` is the folder of the pages. Nothing is read but that."""
    own, sessions, audit = OwnSettings(source.own), Sessions(monotonic), Audit(source.own, source.now)
    callers, pages = Callers(own, sessions, source.now), Web(web)
    stream = Stream(source, callers.is_valid, pages.version, monotonic)
    door, is_https = Doorkeeper(monotonic), settings.cert_file is not None
    mine = OwnRoutes(own, sessions, door, audit, source.now, is_https)
    alerts = Alerts(source, own, audit, monotonic)

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        alerts.start()
        try:
            yield
        finally:
            await alerts.close()
            await stream.close()
            source.thread.close()

    routes: list[BaseRoute] = [
        *mine.routes(),
        *alerts.routes(),
        *SiteFile(source).routes(),
        *api_routes(source),
        *stream.routes(),
        *pages.routes(),
    ]
    # A redirect would be the one answer that depends on what was sent.
    router = Router(routes, redirect_slashes=False, lifespan=lifespan)
    told = ExceptionMiddleware(router, handlers={Problem: _told, HTTPException: partial(_http_told, pages)})
    gate = Gate(Limits(told), callers, allowed_hosts(settings.host, settings.allow_hosts), audit)
    return Application(SecureHeaders(Defects(gate)), routes)


class Application:
    """In place of Starlette's own, which brings a page for defects: nobody is to see it, and it takes .4 MB."""

    def __init__(self, outermost: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._outermost, self.routes = outermost, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # by which the router knows that what it refuses is told by us
        await self._outermost(scope, receive, send)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _http_told(pages: Web, request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: no such path, no such method."""
    assert isinstance(error, HTTPException)
    page = pages.elsewhere(request) if error.status_code == HTTPStatus.NOT_FOUND else None
    if page is not None:
        return page
    code = next((code for code, status in CODES.items() if status == error.status_code), "bad_value")
    answer = problem_response(Problem(code, HTTPStatus(error.status_code).description or "not possible"))
    if code == "wrong_method":
        answer.headers["Allow"] = ", ".join(sorted(_methods(request)))
    return answer


def _methods(request: Request) -> set[str]:
    """Of the path that was asked for: a path may have a route for reading and another one for changing."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = [route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return set().union(*found)


def _frames(error: Exception) -> str:
    """Where it happened, without any value: a password may be among them."""
    found = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(found))


class Defects:
    """A defect of a handler is told in the journal, and as 500 without its reason."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            log.error("defect", path=scope.get("path"), error=type(error).__name__, at=_frames(error))
            if begun and scope["type"] == "http":
                raise ConnectionAbortedError("an answer was not finished") from None
            if begun:
                return
            await problem_response(Problem("defect", "a defect: the journal says more"))(scope, receive, send)
