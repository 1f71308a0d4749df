"""Login, password, keys and preferences: what is kept in the console's own folder."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.api.handled import Handled, Key, handled_routes
from agent.console.json_body import body_as
from agent.console.own_settings import LANGUAGES, THEMES, OwnFolderFailure, OwnSettings, Preferences, told
from agent.console.problem import Problem
from agent.console.security.access import Scope
from agent.console.security.audit import NOBODY, Audit
from agent.console.security.callers import PERSON
from agent.console.security.gate import address_of, caller_of
from agent.console.security.keys import LONGEST_NAME, ApiKey, new_key
from agent.console.security.passwords import LEAST_LENGTH, MOST_LENGTH, Doorkeeper, PasswordHash, hashed, why_refused
from agent.console.security.sessions import LONGEST_S, Sessions, cookie_name
from agent.domain.sentence import sentence_of
from agent.domain.wire import to_json

SET_UP = "no password has been set: `enalysis-edge console set-password` on the gateway sets one"


@dataclass(frozen=True, slots=True)
class Login:
    """What the login page sends."""

    password: str


@dataclass(frozen=True, slots=True)
class NewPassword:
    """The old one is asked for, so that a page left open changes nothing."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """``expires_at`` None: it does not expire."""

    name: str
    scopes: tuple[Scope, ...]
    expires_at: datetime | None = None


class OwnRoutes:
    """Handlers. ``is_https`` makes the cookie one that plain HTTP never carries."""

    def __init__(
        self,
        own: OwnSettings,
        sessions: Sessions,
        door: Doorkeeper,
        audit: Audit,
        now: Callable[[], datetime],
        is_https: bool,
    ) -> None:
        self._own, self._sessions, self._door, self._audit = own, sessions, door, audit
        self._now, self._is_https = now, is_https

    def routes(self) -> list[Route]:
        return handled_routes(ENDPOINTS, self)

    async def log_in(self, request: Request) -> Response:
        asked = await body_as(request, Login)
        known = await self._checked(asked.password, request)
        self._audit.write("login", PERSON, address_of(request.scope))
        return self._new_session(known, request)

    async def session(self, request: Request) -> Response:
        caller = caller_of(request.scope)
        return JSONResponse({"name": caller.name, "scopes": sorted(caller.scopes), "csrf": caller.csrf})

    async def log_out(self, request: Request) -> Response:
        caller = caller_of(request.scope)
        if caller.session is not None:
            self._sessions.end(caller.session)
            self._audit.write("logout", caller.name, address_of(request.scope))
        response = Response(status_code=204)
        name = cookie_name(request.headers["host"])
        response.delete_cookie(name, path="/", secure=self._is_https, httponly=True, samesite="strict")
        return response

    async def change_password(self, request: Request) -> Response:
        asked = await body_as(request, NewPassword)
        refused = why_refused(asked.new)
        if refused is not None:
            raise Problem("bad_value", refused, "new")
        await self._checked(asked.old, request)
        new = await asyncio.to_thread(hashed, asked.new)
        try:
            self._own.set_password(new)
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        self._audit.write("password_changed", caller_of(request.scope).name, address_of(request.scope))
        return self._new_session(new, request)

    async def preferences(self, request: Request) -> Response:
        try:
            return Response(to_json(self._own.preferences()), media_type="application/json")
        except OwnFolderFailure as failure:
            raise told(failure) from failure

    async def set_preferences(self, request: Request) -> Response:
        asked = await body_as(request, Preferences)
        try:
            self._own.set_preferences(asked)
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        return Response(to_json(asked), media_type="application/json")

    async def keys(self, request: Request) -> Response:
        try:
            return JSONResponse({"items": [_key_document(key) for key in self._own.api_keys()]})
        except OwnFolderFailure as failure:
            raise told(failure) from failure

    async def add_key(self, request: Request) -> Response:
        """The key itself is in this answer and nowhere else."""
        asked, caller = await body_as(request, NewKey), caller_of(request.scope)
        if not set(asked.scopes) <= caller.scopes:
            raise Problem("scope", "a key can be given no scope that its maker lacks", "scopes")
        try:
            text, key = new_key(asked.name, asked.scopes, self._now(), asked.expires_at)
            self._own.add_key(key)
        except (ValueError, TypeError) as error:
            raise Problem("bad_value", sentence_of(error)) from error
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        self._audit.write("key_added", caller.name, address_of(request.scope), key=key.id, name=key.name)
        return JSONResponse({**_key_document(key), "key": text}, 201)

    async def remove_key(self, request: Request) -> Response:
        key_id = str(request.path_params["id"])
        try:
            if not self._own.remove_key(key_id):
                raise Problem("not_found", "there is no such key", "id")
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        self._audit.write("key_removed", caller_of(request.scope).name, address_of(request.scope), key=key_id)
        return Response(status_code=204)

    async def _checked(self, password: str, request: Request) -> PasswordHash:
        """The kept hash of the right password. Raises Problem for a wrong one."""
        try:
            known = self._own.password()
        except OwnFolderFailure as failure:
            raise told(failure) from failure
        if known is None:
            raise Problem("not_set_up", SET_UP)
        address = address_of(request.scope)
        try:
            good = await self._door.check(password, known, address)
        except Problem as problem:
            self._audit.write("login_refused", NOBODY, address, why=problem.code)
            raise
        if not good:
            self._audit.write("login_failed", NOBODY, address)
            raise Problem("wrong_password", "the password is wrong", "password")
        return known

    def _new_session(self, known: PasswordHash, request: Request) -> Response:
        token, session = self._sessions.begin(known.mark)
        response = JSONResponse({"name": PERSON, "scopes": sorted(Scope), "csrf": session.csrf})
        name = cookie_name(request.headers["host"])
        response.set_cookie(
            name, token, max_age=int(LONGEST_S), path="/", secure=self._is_https, httponly=True, samesite="strict"
        )
        return response


def _key_document(key: ApiKey) -> dict[str, Any]:
    """Without its digest."""
    times = {"made_at": key.made_at, "expires_at": key.expires_at, "used_at": key.used_at}
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
    }


LOGIN = {"password": Key("the password of the console")}
NEW_PASSWORD = {
    "old": Key("the one that holds"),
    "new": Key("the one that is to hold; other sessions end", {"minLength": LEAST_LENGTH, "maxLength": MOST_LENGTH}),
}
NEW_KEY = {
    "name": Key("what it is for", {"minLength": 1, "maxLength": LONGEST_NAME}),
    "scopes": Key("what it may do, at most what its maker may", {"minItems": 1}),
    "expires_at": Key("from when on it opens nothing; never when left out"),
}
PREFERENCES = {
    "theme": Key("colours of the pages; auto: as the device has them", {"enum": [*THEMES]}),
    "language": Key("language of the pages; auto: as the browser asks", {"enum": [*LANGUAGES]}),
    "digits": Key("digits behind the point; as usual when left out", {"minimum": 0, "maximum": 3}),
    "thresholds": Key("from where on a value is shown as an alert; null: never"),
    "thresholds.soc_below_pct": Key("state of charge, %", {"minimum": 0, "maximum": 100}),
    "thresholds.import_above_w": Key("import, W", {"minimum": 0, "maximum": 20_000_000}),
    "thresholds.price_above_per_kwh": Key("import price per kWh", {"minimum": -1000, "maximum": 1000}),
    "thresholds.data_older_than_s": Key("age of what is shown, s", {"minimum": 0, "maximum": 1_000_000}),
    "notify": Key("kinds of alarms and events that are told; alarm, advisory: all of them", {"maxItems": 100}),
}
ENDPOINTS = (
    Handled("POST", "session", "log in; the answer sets the cookie of the session", OwnRoutes.log_in, Login, LOGIN,
            is_open=True, example="session_begun"),
    Handled("GET", "session", "who asks, and what may be done", OwnRoutes.session, example="session"),
    Handled("DELETE", "session", "log out", OwnRoutes.log_out, status=204),
    Handled("POST", "password", "set another password", OwnRoutes.change_password, NewPassword, NEW_PASSWORD,
            example="password"),
    Handled("GET", "preferences", "how the pages look, and of what they tell", OwnRoutes.preferences,
            example="preferences"),
    Handled("PUT", "preferences", "set the preferences as a whole", OwnRoutes.set_preferences, Preferences, PREFERENCES,
            example="preferences_set"),
    Handled("GET", "keys", "the keys of programmes, without their secrets", OwnRoutes.keys, example="keys"),
    Handled("POST", "keys", "make a key; it is shown in this answer and never again", OwnRoutes.add_key, NewKey,
            NEW_KEY, 201, example="key_added"),
    Handled("DELETE", "keys/{id}", "take a key back", OwnRoutes.remove_key, status=204),
)  # fmt: skip
