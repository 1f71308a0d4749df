"""Who comes in: by which name, who asks, what that needs, and that no page of another site asks. ASGI middleware.

A WebSocket is refused before it is one.
"""

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.console.problem import Problem, problem_response
from agent.console.security import access
from agent.console.security.access import Caller
from agent.console.security.audit import NOBODY, Audit
from agent.console.security.callers import Callers
from agent.console.security.hosts import host_of, is_same_origin

TOKEN = "X-CSRF-Token"  # noqa: S105 - the name of a header
JSON = "application/json"


class Gate:
    """``scope["state"]["caller"]`` is who asks, for the handlers; None on what anyone may ask."""

    def __init__(self, app: ASGIApp, callers: Callers, hosts: frozenset[str], audit: Audit) -> None:
        self._app, self._callers, self._hosts, self._audit = app, callers, hosts, audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers, method = Headers(scope=scope), scope.get("method", "GET")
        try:
            caller = self._let_in(scope, method, headers)
        except Problem as problem:
            self._note(scope, method, NOBODY, problem.status)
            if scope["type"] == "websocket":
                await receive()  # its connect
            await problem_response(problem, closes=method not in access.READING)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        who = NOBODY if caller is None else caller.name

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, method, who, message["status"])
            await send(message)

        await self._app(scope, receive, noting)

    def _let_in(self, scope: Scope, method: str, headers: Headers) -> Caller | None:
        """Who it is. Raises Problem for who may not."""
        named = headers.getlist("host")
        if len(named) != 1 or host_of(named[0]) not in self._hosts:
            raise Problem("wrong_host", "this name is not in allow_hosts under [console] of the site file", "Host")
        need, caller = access.needed(method, scope["path"]), self._callers.of(headers)
        if need is not None and caller is None:
            raise Problem("no_session", "log in, or send a key as Authorization: Bearer")
        if scope["type"] == "websocket":
            _refuse_other_sites(scope, headers, caller)
        elif method not in access.READING:
            _refuse_forms(headers)
            _refuse_other_sites(scope, headers, caller)
            if need is not None:
                _refuse_without_token(headers, caller)
        if need is not None and caller is not None and need not in caller.scopes:
            raise Problem("scope", f"this needs the scope {need.value}")
        return caller

    def _note(self, scope: Scope, method: str, who: str, status: int) -> None:
        """What changes something goes into the audit log."""
        if scope["type"] == "http" and method not in access.READING:
            self._audit.write("request", who, address_of(scope), method=method, path=scope["path"], status=status)


def caller_of(scope: Scope) -> Caller:
    """Who asks what nobody may ask without a name."""
    caller: Caller = scope["state"]["caller"]
    return caller


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return "unknown" if client is None else str(client[0])


def _refuse_forms(headers: Headers) -> None:
    """A form of another site can be sent as anything but JSON."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Problem("csrf", f"what changes something is sent as Content-Type: {JSON}", "Content-Type")


def _refuse_other_sites(scope: Scope, headers: Headers, caller: Caller | None) -> None:
    """By what a browser says of the page that asks. Programmes with a key are no browsers, and need not say it."""
    origin = headers.get("origin")
    if origin is None and caller is not None and caller.key is not None:
        return
    if origin is None or not is_same_origin(origin, headers.get("host", ""), scope["scheme"]):
        raise Problem("csrf", "a page of another site asks for this", "Origin")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Problem("csrf", "a page of another site asks for this", "Sec-Fetch-Site")


def _refuse_without_token(headers: Headers, caller: Caller | None) -> None:
    """A cookie is sent by itself; the session's token is not."""
    if caller is None or caller.csrf is None:
        return
    if not hmac.compare_digest(headers.get(TOKEN, "").encode(), caller.csrf.encode()):
        raise Problem("csrf", f"the header {TOKEN} does not have the token of the session", TOKEN)
