"""Where the command line leaves what it wants of the comparison of optimiser and rule, and the daemon finds it."""

import asyncio
from pathlib import Path

from agent.domain.comparison import Schedule
from agent.edges.inbox import Taken, clear, look
from agent.ports import Asked

FOLDER = "comparison"


def comparison_inbox_of(store: Path) -> Path:
    """The folder that belongs to the store's file."""
    return store.parent / FOLDER


class ComparisonInbox:
    """Implements ``agent.ports.ComparisonRequests``. The folder is read on a thread: a disk may be slow."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._taken: Taken[Schedule] | None = None

    async def waiting(self) -> Asked:
        taken = await asyncio.to_thread(look, self._inbox, Schedule)
        self._taken = taken
        return Asked(taken.requests[-1] if taken.requests else None, taken.refused)

    async def clear(self) -> None:
        if self._taken is not None:
            await asyncio.to_thread(clear, self._taken)
