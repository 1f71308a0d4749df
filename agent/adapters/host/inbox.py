"""Requests from the command line to the daemon: one small file each, in a folder beside the store.

The store has one writer, the daemon; a command leaves its request here and the daemon takes it up. A file appears whole
or not at all: it is written under another name, made durable and renamed.
"""

import asyncio
import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from agent.adapters.host.durable_files import give_to_owner, sync_folder
from agent.domain.commands import Request, request_from_json, request_to_json
from agent.domain.sentences import messages as say
from agent.domain.wire import WireError
from agent.ports import Found

FOLDER = "requests"
SUFFIX = ".json"
LARGEST_FILE = 16_384
MOST_FILES = 1000


class InboxFailure(Exception):
    """The request was not left. ``str()`` says why in one sentence."""


def inbox_of(store: Path) -> Path:
    """The inbox that belongs to the store's file."""
    return store.parent / FOLDER


def drop(inbox: Path, request: Request, now_ns: Callable[[], int] = time.time_ns) -> Path:
    """Leave ``request``; its file's name sorts by time. Raises InboxFailure."""
    name = f"{now_ns():020d}-{uuid4().hex[:8]}"
    hidden, final = inbox / f".{name}", inbox / f"{name}{SUFFIX}"
    try:
        _make(inbox)
        if len(_waiting(inbox)) >= MOST_FILES:
            raise InboxFailure(f"{inbox} is full: {MOST_FILES} requests wait already, does the agent run?")
        with hidden.open("x", encoding="utf-8") as file:
            file.write(request_to_json(request))
            file.flush()
            os.fsync(file.fileno())
        give_to_owner(hidden, inbox)
        hidden.rename(final)
        sync_folder(inbox)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise InboxFailure(f"the request cannot be left in {inbox}: {error.strerror}") from error
    return final


def look(inbox: Path, known: Collection[str] = ()) -> Found:
    """What waits and is not ``known``, oldest first. The files stay until ``clear``."""
    requests, refused, names = [], [], []
    for path in _waiting(inbox):
        if path.name in known:
            continue
        names.append(path.name)
        try:
            text = path.read_bytes()
            if len(text) > LARGEST_FILE:
                raise WireError(f"it is larger than {LARGEST_FILE} bytes")
            requests.append(request_from_json(text))
        except OSError as error:
            refused.append(say.request_unreadable(file=path.name, cause=error.strerror or str(error)))
        except WireError as error:
            refused.append(say.request_unusable(file=path.name, cause=str(error)))
    return Found(tuple(requests), tuple(refused), tuple(names))


def clear(inbox: Path, names: Collection[str]) -> frozenset[str]:
    """Forget these files. The names of those that cannot be removed."""
    stay = set()
    for name in names:
        try:
            (inbox / name).unlink(missing_ok=True)
        except OSError:
            stay.add(name)
    return frozenset(stay)


class FileInbox:
    """Implements ``agent.ports.Inbox`` on the folder of ``inbox_of``; the disk is waited for on another thread.

    The daemon makes the folder, so that it may also clear away what another user has left there.
    """

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox

    async def look(self, known: Collection[str]) -> Found:
        return await asyncio.to_thread(self._look, frozenset(known))

    async def clear(self, names: Collection[str]) -> frozenset[str]:
        return await asyncio.to_thread(clear, self._inbox, frozenset(names)) if names else frozenset()

    def _look(self, known: Collection[str]) -> Found:
        with suppress(OSError):  # a folder that cannot be made holds no request
            _make(self._inbox)
        return look(self._inbox, known)


def _make(inbox: Path) -> None:
    if not inbox.is_dir():
        inbox.mkdir(mode=0o770, exist_ok=True)
        give_to_owner(inbox, inbox.parent)
        sync_folder(inbox.parent)


def _waiting(inbox: Path) -> tuple[Path, ...]:
    """The files of the inbox, oldest first; nothing where there is no inbox."""
    return tuple(sorted(path for path in inbox.glob(f"*{SUFFIX}") if path.is_file() and not path.is_symlink()))
