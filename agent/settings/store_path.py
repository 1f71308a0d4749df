"""Whether a store can be kept at a path: what stands in the way is said before the daemon is started."""

import os
from dataclasses import dataclass
from pathlib import Path

from agent.domain.sentences import store as say

LEAST_FREE_BYTES = 16_000_000
"""Below this the disk counts as full: four times the ballast that is kept for such a day."""


def console_folder(store: Path) -> Path:
    """The console's own folder, beside the store: its password, keys, alerts and audit log."""
    return store.parent / "console"


@dataclass(frozen=True, slots=True)
class PathTrouble:
    """``reason`` goes on from "the store"; ``lasting`` is False for what costs nothing yet: a disk that fills."""

    reason: str
    remedy: str
    lasting: bool = True


def path_trouble(path: Path) -> PathTrouble | None:
    """What keeps a database from being written at ``path``; None when nothing does. Nothing is changed or made."""
    try:
        return _file_trouble(path) or _folder_trouble(path.parent)
    except OSError as error:
        unseen = say.store_not_looked_at(path=str(path.parent), cause=error.strerror or str(error))
        return PathTrouble(unseen, say.correct_rights())


def free_bytes(folder: Path) -> int:
    """What this user may still write on the disk of ``folder``. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _file_trouble(path: Path) -> PathTrouble | None:
    if path.is_dir():
        return PathTrouble(say.store_is_folder(path=str(path)), say.name_file_in_it())
    if path.exists() and not path.is_file():
        return PathTrouble(say.store_is_no_file(path=str(path)), say.name_another_file())
    if path.exists() and not _is_read_only(path.parent) and not os.access(path, os.R_OK | os.W_OK):
        return PathTrouble(say.store_of_another_user(path=str(path)), say.give_to_agent())
    return None


def _folder_trouble(folder: Path) -> PathTrouble | None:
    if not folder.exists():
        return PathTrouble(say.store_folder_missing(path=str(folder)), say.make_folder())
    if not folder.is_dir():
        return PathTrouble(say.store_folder_is_file(path=str(folder)), say.name_file_in_folder())
    if _is_read_only(folder):
        return PathTrouble(say.store_folder_read_only(path=str(folder)), say.mount_for_writing())
    if not os.access(folder, os.W_OK | os.X_OK):
        return PathTrouble(say.store_folder_of_another_user(path=str(folder)), say.give_to_agent())
    free = free_bytes(folder)
    if free < LEAST_FREE_BYTES:
        megabytes = f"{free / 1e6:.1f} MB"
        return PathTrouble(f"is in {folder}, whose disk has only {megabytes} left", "make room on it", lasting=False)
    return None


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
