"""Keys of programmes: ``ee_<id>_<secret>``, of which only the SHA-256 is kept. Pure but for the randomness."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agent.console.security.access import Scope
from agent.domain.sentences import console as say

PREFIX = "ee"
LONGEST_NAME = 60
MOST_KEYS = 50


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``digest`` is of the whole key. Times are UTC; None: it does not expire, it was never used."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    digest: str
    made_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_NAME or not self.name.isprintable():
            raise ValueError(say.key_name_letters(most=LONGEST_NAME))
        if not self.scopes:
            raise ValueError(say.key_without_scope())

    def is_over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def new_key(name: str, scopes: Iterable[Scope], now: datetime, expires_at: datetime | None) -> tuple[str, ApiKey]:
    """The key as it is shown once, and what is kept. Raises ValueError."""
    key_id = secrets.token_hex(4)
    text = f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    if expires_at is not None and expires_at <= now:
        raise ValueError(say.key_over_already())
    return text, ApiKey(key_id, name, tuple(sorted(set(scopes))), _digest(text), now, expires_at)


def key_of(text: str, known: Iterable[ApiKey], now: datetime) -> ApiKey | None:
    """The kept key that ``text`` is, where it has not expired."""
    digest = _digest(text)
    found = [key for key in known if hmac.compare_digest(key.digest, digest)]
    return found[0] if found and not found[0].is_over(now) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
