"""Where the command line leaves what it wants of the comparison of optimiser and rule, and the daemon finds it."""

import asyncio
from contextlib import suppress
from pathlib import Path

from agent.adapters.host.inbox import Taken, clear, look
from agent.adapters.store.set_aside import sync_folder
from agent.domain.paired_trial import Schedule
from agent.ports import Asked

FOLDER = "comparison"


def comparison_inbox_of(store: Path) -> Path:
    """The folder that belongs to the store's file."""
    return store.parent / FOLDER


class ComparisonInbox:
    """Implements ``agent.ports.ComparisonRequests``. The folder is read on a thread: a disk may be slow.

    The daemon makes the folder, so that it may also clear away what another user has left there.
    """

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._taken: Taken[Schedule] | None = None

    async def waiting(self) -> Asked:
        self._taken = taken = await asyncio.to_thread(self._look)
        return Asked(taken.requests[-1] if taken.requests else None, taken.refused)

    async def clear(self) -> None:
        if self._taken is not None:
            with suppress(OSError):  # it is found again, and is the same
                await asyncio.to_thread(clear, self._taken)

    def _look(self) -> Taken[Schedule]:
        with suppress(OSError):  # a folder that cannot be made holds no request
            if not self._inbox.is_dir():
                self._inbox.mkdir(mode=0o770)
                sync_folder(self._inbox.parent)
        return look(self._inbox, Schedule)
