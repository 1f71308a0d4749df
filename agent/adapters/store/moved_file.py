"""A database whose file or log was moved, removed or replaced while open: nothing is written to where nobody looks."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from agent.adapters.host.durable_files import sync_file, sync_folder
from agent.adapters.store.set_aside import PARTS
from agent.domain.sentences import store as say
from agent.ports import StoreFailure

Identity = tuple[int, int]


def identity(path: Path) -> Identity | None:
    """Device and inode of the file at ``path``; None when there is none that can be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def log_identity(path: Path) -> tuple[Identity | None, ...]:
    """Of what lies beside the file at ``path``: its log, which holds the newest commits, and the log's index."""
    return tuple(identity(path.with_name(path.name + part)) for part in PARTS[1:])


def take_in_log(connection: sqlite3.Connection, path: Path) -> str:
    """Put what ``connection`` still holds of its log into the file, and close it. Returns a sentence.

    Raises StoreFailure while somebody reads; the connection stays open then, so that a later try can save it.
    """
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreFailure(say.log_not_saved(path=str(path)))
    connection.close()
    return say.log_taken_in(path=str(path))


def bring_back(connection: sqlite3.Connection, path: Path) -> str:
    """Put a copy of all that ``connection`` still holds at ``path``, and close it. Returns a sentence.

    Where another file lies there by now, that one is left as it is. Raises StoreFailure when no copy can be made; the
    connection stays open then, so that nothing is lost that a later try can save.
    """
    with suppress(sqlite3.Error):  # what was moved is whole without its log, which may have stayed behind
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if path.exists():
        connection.close()
        return say.store_exchanged(path=str(path))
    copy = path.with_name(f"{path.name}.copy")
    try:
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(copy)) as target:
            connection.backup(target)
        sync_file(copy)
        connection.close()
        for part in PARTS[1:]:
            path.with_name(path.name + part).unlink(missing_ok=True)
        copy.rename(path)
        sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise StoreFailure(say.store_not_put_back(path=str(path), cause=why)) from error
    return say.store_put_back(path=str(path))
