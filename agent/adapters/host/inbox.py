"""Requests from the command line to the daemon: one small file each, in a folder beside the store.

The store has one writer, the daemon; a command leaves its wish here and the daemon takes it up with its next commit. A
file appears whole or not at all: it is written under another name, made durable and renamed.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, overload
from uuid import uuid4

from agent.adapters.store.set_aside import sync_folder
from agent.domain.advisory import AdviceRequest
from agent.domain.wire import WireError, from_json, to_json

FOLDER = "requests"
SUFFIX = ".json"
LARGEST_FILE = 16_384
MOST_FILES = 1000


Request = TypeVar("Request")


class InboxFailure(Exception):
    """The request was not left. ``str()`` says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Taken(Generic[Request]):
    """The requests of one look into the inbox, oldest first, and a sentence for each file that was none.

    ``files`` are all that were looked at, for ``clear``.
    """

    requests: tuple[Request, ...]
    refused: tuple[str, ...]
    files: tuple[Path, ...]


def inbox_of(store: Path) -> Path:
    """The inbox that belongs to the store's file."""
    return store.parent / FOLDER


def drop(inbox: Path, request: Any, now_ns: Callable[[], int] = time.time_ns) -> Path:
    """Leave ``request``, a frozen noun that crosses the wire; its file's name sorts by time. Raises InboxFailure."""
    name = f"{now_ns():020d}-{uuid4().hex[:8]}"
    hidden, final = inbox / f".{name}", inbox / f"{name}{SUFFIX}"
    try:
        if not inbox.is_dir():
            inbox.mkdir(mode=0o770, exist_ok=True)
            sync_folder(inbox.parent)
        if sum(1 for _ in inbox.glob(f"*{SUFFIX}")) >= MOST_FILES:
            raise InboxFailure(f"{inbox} is full: {MOST_FILES} requests wait already, does the agent run?")
        with hidden.open("x", encoding="utf-8") as file:
            file.write(to_json(request))
            file.flush()
            os.fsync(file.fileno())
        hidden.rename(final)
        sync_folder(inbox)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise InboxFailure(f"the request cannot be left in {inbox}: {error.strerror}") from error
    return final


@overload
def look(inbox: Path) -> Taken[AdviceRequest]: ...
@overload
def look(inbox: Path, kind: type[Request]) -> Taken[Request]: ...
def look(inbox: Path, kind: type[Any] = AdviceRequest) -> Taken[Any]:
    """What waits, of one ``kind``.

    The files stay until ``clear``, so that a request survives a crash between taking and writing.
    """
    requests, refused, files = [], [], _waiting(inbox)
    for path in files:
        try:
            text = path.read_bytes()
            if len(text) > LARGEST_FILE:
                raise WireError(f"it is larger than {LARGEST_FILE} bytes")
            request = from_json(kind, text)
            if isinstance(request, AdviceRequest) and (
                request.at.tzinfo is None
                or (request.scheduled_for is not None and request.scheduled_for.tzinfo is None)
            ):
                raise WireError("a time has no time zone")
            requests.append(request)
        except OSError as error:
            refused.append(f"the request {path.name} cannot be read: {error.strerror}")
        except (WireError, RecursionError) as error:
            refused.append(f"the request {path.name} cannot be used: {error}")
    return Taken(tuple(requests), tuple(refused), files)


def clear(taken: Taken[Any]) -> None:
    """Forget what was taken, after it has been written down."""
    for path in taken.files:
        path.unlink(missing_ok=True)


class FileInbox:
    """Implements ``agent.ports.Inbox`` on the folder of ``inbox_of``; the disk is waited for on another thread."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._taken: Taken[AdviceRequest] = Taken((), (), ())

    async def look(self) -> tuple[tuple[AdviceRequest, ...], tuple[str, ...]]:
        self._taken = await asyncio.to_thread(look, self._inbox)
        return self._taken.requests, self._taken.refused

    async def clear(self) -> None:
        taken: Taken[AdviceRequest]
        taken, self._taken = self._taken, Taken((), (), ())
        if taken.files:
            await asyncio.to_thread(clear, taken)


def _waiting(inbox: Path) -> tuple[Path, ...]:
    """The files of the inbox, oldest first; nothing where there is no inbox."""
    return tuple(sorted(path for path in inbox.glob(f"*{SUFFIX}") if path.is_file() and not path.is_symlink()))
