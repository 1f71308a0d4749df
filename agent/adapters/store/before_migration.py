"""A copy of the store as it was before a version with another schema took it up: the way back to the version before."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from agent.adapters.host.durable_files import sync_file, sync_folder
from agent.domain.sentences import store as say
from agent.settings.store_path import LEAST_FREE_BYTES, free_bytes

LABEL = "before-schema"
PAGES_AT_ONCE = 1000


def copy_before(path: Path, newer: int) -> Path:
    """Where the copy is that was made before the schema became ``newer``."""
    return path.with_name(f"{path.name}.{LABEL}{newer}")


def keep_copy(connection: sqlite3.Connection, path: Path, newer: int) -> str | None:
    """Copy what ``connection`` has open, durable on return; earlier copies go. A sentence where there is no room.

    Raises sqlite3.Error and OSError; then nothing has been changed.
    """
    pages, page_bytes = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    earlier = sorted(path.parent.glob(f"{path.name}.{LABEL}*"))
    if free_bytes(path.parent) < pages * page_bytes + LEAST_FREE_BYTES:
        return say.no_room_for_copy(path=str(path), newest=newer)
    final = copy_before(path, newer)
    making = final.with_name(f".{final.name}")
    making.unlink(missing_ok=True)
    with closing(sqlite3.connect(making)) as copy:
        connection.backup(copy, pages=PAGES_AT_ONCE)
    making.chmod(0o600)
    sync_file(making)
    making.rename(final)
    for one in earlier:
        if one != final:
            with suppress(OSError):
                one.unlink()
    sync_folder(path.parent)
    return None
