"""Who is logged in. In memory: a restart of the console ends every session.

A session ends after twelve hours without a request, thirty days after its login, and with another password.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

IDLE_S = 12 * 3600.0
LONGEST_S = 30 * 86400.0
MOST_SESSIONS = 50
NAME = "ee_session"  # of the cookie, at the usual port


def cookie_name(host: str) -> str:
    """By the Host header: a browser has one jar for all ports of a host, at which tunnels to several sites may end."""
    port = host.rpartition(":")[2]
    return f"{NAME}_{port}" if port.isdecimal() else NAME


@dataclass(frozen=True, slots=True)
class Session:
    """``name`` is the start of the token's hash. Times are of the monotonic clock, s."""

    name: str
    csrf: str
    password_mark: str
    began: float
    used: float


class Sessions:
    """Only hashes of tokens are held: what is read from memory or a core dump logs nobody in."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: dict[str, Session] = {}

    def begin(self, password_mark: str) -> tuple[str, Session]:
        """The token for the cookie, and the session. The one that was used longest ago makes room."""
        token, now = secrets.token_urlsafe(32), self._monotonic()
        digest = _digest(token)
        if len(self._known) >= MOST_SESSIONS:
            del self._known[min(self._known, key=lambda one: self._known[one].used)]
        self._known[digest] = Session(digest[:8], secrets.token_urlsafe(24), password_mark, now, now)
        return token, self._known[digest]

    def find(self, token: str, password_mark: str | None) -> Session | None:
        """The session of ``token``, used now; None where it has ended."""
        digest, now = _digest(token), self._monotonic()
        found = self._known.get(digest)
        if found is None:
            return None
        if self._is_over(found, password_mark):
            del self._known[digest]
            return None
        self._known[digest] = replace(found, used=now)
        return found

    def is_alive(self, name: str, password_mark: str | None) -> bool:
        """Whether the session of this name goes on; asking does not prolong it."""
        return any(one.name == name and not self._is_over(one, password_mark) for one in self._known.values())

    def end(self, name: str) -> None:
        """The session of this name is over."""
        self._known = {digest: one for digest, one in self._known.items() if one.name != name}

    def _is_over(self, session: Session, password_mark: str | None) -> bool:
        now = self._monotonic()
        return now - session.used > IDLE_S or now - session.began > LONGEST_S or session.password_mark != password_mark


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
