"""What became of one command, whoever gave it: a row of the audit trail, and what the platform is answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class CommandState(Enum):
    """accepted -> executing -> one of the others, or one of the others at once."""

    ACCEPTED = "accepted"
    EXECUTING = "executing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def is_final(self) -> bool:
        return self not in (CommandState.ACCEPTED, CommandState.EXECUTING)


class Door(Enum):
    """Where a command came in."""

    PLATFORM = "platform"
    SITE = "site"  # the command line and the console, by the inbox; Home Assistant


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """The last state of the command ``id``, since ``at`` (UTC), and why, in one sentence.

    ``key`` is the id of the key that has signed it, or empty; ``counter`` is None where there is none. ``came_at`` is
    when it came in. ``trusted`` is whether our clock was believed ``at`` that time, ``told`` whether the platform has
    been told this state.
    """

    id: str
    name: str
    door: Door
    key: str
    counter: int | None
    came_at: datetime
    state: CommandState
    reason: str
    at: datetime
    trusted: bool
    told: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether the platform, which has signed it, hears of it."""
        return bool(self.key)
