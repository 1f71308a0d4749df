"""The kept document of the steered devices for a process that has no time for a store that does not answer."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import time
from typing import TypeVar

from agent.domain.documents import STEERING
from agent.domain.printable import readable
from agent.domain.sentences import store as say
from agent.ports import StoreFailure

WITHIN_S = 1.0
_BUSY_S = 0.3

Answer = TypeVar("Answer")


def read_steering(path: Path) -> tuple[str | None, str | None]:
    """The document, and why it cannot be read. Both are None where nothing was ever steered."""
    if not path.exists():
        return None, None

    def read() -> str | None:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as connection:
            connection.text_factory = readable
            row = connection.execute("SELECT body FROM kept WHERE name = ?", (STEERING.name,)).fetchone()
            return None if row is None else str(row[0])

    return _in_time(path, read)


async def write_steering(path: Path, document: str) -> None:
    """Replace the document. Raises StoreFailure. Waits a second at the longest, in the event loop: for one command."""
    if not path.exists():  # noqa: ASYNC240 one command, which waits for nothing else
        return

    def write() -> None:
        at = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(at, uri=True, timeout=_BUSY_S)) as connection, connection:
            connection.execute(
                "UPDATE kept SET at = ?, body = ? WHERE name = ?", (int(time()), document, STEERING.name)
            )

    _, trouble = _in_time(path, write)
    if trouble is not None:
        raise StoreFailure(trouble)


def _in_time(path: Path, work: Callable[[], Answer]) -> tuple[Answer | None, str | None]:
    """What ``work`` returns, or why not. It runs on a thread that is left behind when a disk hangs."""
    answers: SimpleQueue[tuple[Answer | None, str | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except sqlite3.Error as error:
            answers.put((None, say.store_broke_off(path=str(path), cause=str(error))))

    Thread(target=run, name="steering", daemon=True).start()
    try:
        return answers.get(timeout=WITHIN_S)
    except Empty:
        return None, say.store_did_not_answer(path=str(path), within_s=WITHIN_S)
