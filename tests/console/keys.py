"""Keys of the tests' own programmes."""

from datetime import UTC, datetime

from agent.console.own_settings import OwnSettings
from agent.console.security.access import Scope
from agent.console.security.keys import new_key


def new_bearer(own: OwnSettings, *scopes: Scope, now: datetime | None = None, until: datetime | None = None) -> str:
    """The text of a new key with these scopes; it expires at ``until``."""
    text, made = new_key("a test", scopes, now or datetime.now(UTC), until)
    own.add_key(made)
    return text
