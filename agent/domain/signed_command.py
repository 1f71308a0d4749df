"""A command of the platform as it came in: signed by a known key, for this site, not yet judged by time and counter."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.domain.commands import Command

LONGEST_VALID = timedelta(minutes=15)
LONGEST_LEASE = timedelta(hours=4)  # of an override that the platform asks for
AHEAD = timedelta(seconds=30)  # how far the platform's clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class Unmeant:
    """The terms of a command that was signed cannot be meant; ``why`` in one sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class SignedCommand:
    """``id`` is the platform's, ``key`` the id of the key that has signed it; times are UTC.

    ``counter`` grows with every command of a key.
    """

    id: str
    name: str
    key: str
    counter: int
    not_before: datetime
    expires_at: datetime
    terms: Command | Unmeant


@dataclass(frozen=True, slots=True)
class KeyCounter:
    """The highest ``counter`` of ``key`` that was spent: no command up to it is obeyed any more."""

    key: str
    counter: int
