"""Who may do what. Pure: what a request needs stands in one table."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """READ sees all, ACT answers advice and asks the battery, ADMIN sets the console's own settings and keys."""

    READ = "read"
    ACT = "act"
    ADMIN = "admin"


ALL = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person who has logged in, or a key. ``session`` is the name of the session, ``key`` the id of
    the key; neither is a secret."""

    name: str
    scopes: frozenset[Scope]
    session: str | None = None
    key: str | None = None
    csrf: str | None = None


READING = frozenset({"GET", "HEAD", "OPTIONS"})
PREFIXES = ("/api/v1/", "/api/")
STATIC = "/static/"
# What can be loaded without a login: the page and its files, which hold nothing of the site.
PAGES = ("/", "/login", "/now", "/plan", "/analytics", "/advice", "/settings")
OPEN = frozenset({*PAGES, "/favicon.ico", "/manifest.webmanifest"})
LOGIN = "session"  # POST logs in
OF_THE_ADMIN = ("keys", "password", "alerts", "site-file")
COMPUTED = ("data/aggregate", "predict/", "optimize/")  # a POST that changes nothing


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs; None for what anyone may ask."""
    if method in READING and (path in OPEN or path.startswith(STATIC)):
        return None
    what = _of_the_api(path)
    if what == LOGIN:
        return None if method == "POST" else Scope.READ
    if what.split("/")[0] in OF_THE_ADMIN:
        return Scope.ADMIN
    if method in READING or what.startswith(COMPUTED):
        return Scope.READ
    return Scope.ADMIN if what == "preferences" else Scope.ACT


def _of_the_api(path: str) -> str:
    """What follows the API's prefix; the path itself outside of it."""
    return next((path.removeprefix(prefix) for prefix in PREFIXES if path.startswith(prefix)), path)
