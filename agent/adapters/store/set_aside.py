"""A database file that is not used any more is moved aside with all its parts, and never deleted at once."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.host.durable_files import sync_folder

PARTS = ("", "-wal", "-shm")
KEPT_DAMAGED_FILES = 2


def set_aside(path: Path, label: str, now: datetime) -> Path:
    """Rename the database at ``path`` to ``<name>.<label>-<time>``, durable on return. Raises OSError.

    Of the label ``corrupt`` the newest two stay; of others, which hold what may still be wanted, all do.
    """
    aside = path.with_name(f"{path.name}.{label}-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}")
    for part in PARTS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(aside.with_name(aside.name + part))
    if label == "corrupt":
        for old in _aside(path, label)[:-KEPT_DAMAGED_FILES]:
            for part in PARTS:
                old.with_name(old.name + part).unlink(missing_ok=True)
    sync_folder(path.parent)
    return aside


def new_file(path: Path) -> Path:
    """Where a new database is made that is to replace ``path``."""
    return path.with_name(f"{path.name}.new")


def finish_setting_aside(path: Path) -> None:
    """After a power cut between two renames: the log follows its database, or SQLite would delete it, and a new file
    that was made to replace it takes its place. Raises OSError.
    """
    if path.exists():
        return
    log, new = path.with_name(f"{path.name}-wal"), new_file(path)
    asides = sorted(path.parent.glob(f"{path.name}.*-*Z"), key=lambda aside: aside.name.rpartition("-")[2])
    if log.exists() and asides and not asides[-1].with_name(f"{asides[-1].name}-wal").exists():
        log.rename(asides[-1].with_name(f"{asides[-1].name}-wal"))
    if new.exists() and asides:
        new.rename(path)
    sync_folder(path.parent)


def _aside(path: Path, label: str) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.{label}-*Z"))
