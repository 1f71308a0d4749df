"""Who asks: by the session's cookie, or by a key in the header Authorization."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from starlette.datastructures import Headers

from agent.console.own_settings import OwnFolderFailure, OwnSettings, told
from agent.console.problem import Problem
from agent.console.security.access import ALL, Caller
from agent.console.security.keys import key_of
from agent.console.security.sessions import Sessions, cookie_name

BEARER = "bearer "
PERSON = "person"  # there is one password, so one name


class Callers:
    """Reads the console's own folder, and holds nothing itself."""

    def __init__(self, own: OwnSettings, sessions: Sessions, now: Callable[[], datetime]) -> None:
        self._own, self._sessions, self._now = own, sessions, now

    def of(self, headers: Headers) -> Caller | None:
        """A key goes before a cookie; None where neither says who asks. Raises Problem for a key that is none."""
        sent = headers.get("authorization")
        try:
            return self._by_cookie(headers) if sent is None else self._by_key(sent)
        except OwnFolderFailure as failure:
            raise told(failure) from failure

    def is_valid(self, caller: Caller) -> bool:
        """Whether who came in may stay: sessions end, keys expire."""
        try:
            if caller.session is not None:
                return self._sessions.is_alive(caller.session, self._password_mark())
            return any(key.id == caller.key and not key.is_over(self._now()) for key in self._own.api_keys())
        except OwnFolderFailure:
            return False

    def _by_key(self, sent: str) -> Caller:
        text = sent[len(BEARER) :].strip() if sent.lower().startswith(BEARER) else ""
        found = key_of(text, self._own.api_keys(), self._now()) if text else None
        if found is None:
            raise Problem("no_session", "this key is unknown or has expired", "Authorization")
        with suppress(OwnFolderFailure):  # a full disk keeps nobody out
            self._own.key_was_used(found, self._now())
        return Caller(f"key {found.id} ({found.name})", frozenset(found.scopes), key=found.id)

    def _by_cookie(self, headers: Headers) -> Caller | None:
        token = _token_in(headers.get("cookie", ""), cookie_name(headers.get("host", "")))
        mark = self._password_mark()
        if token is None or mark is None:
            return None
        session = self._sessions.find(token, mark)
        return None if session is None else Caller(PERSON, ALL, session=session.name, csrf=session.csrf)

    def _password_mark(self) -> str | None:
        password = self._own.password()
        return None if password is None else password.mark


def _token_in(cookies: str, name: str) -> str | None:
    """Of the cookie ``name``. Those of other programs on this host come with it, some of them not well written."""
    pairs = [pair.partition("=") for pair in cookies.split(";")]
    return next((value.strip() for key, _, value in pairs if key.strip() == name), None)
