"""Files and folders that are on the disk when a call returns, and whole after a power cut."""

import os
from contextlib import suppress
from pathlib import Path

READABLE = 0o644  # of a site file: it holds no secret


def make_folder(folder: Path) -> None:
    """Make it where it is not there, durable on return. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o755)
        give_to_owner(folder, folder.parent)
    sync_folder(folder.parent)


def write_whole(path: Path, content: bytes, mode: int | None = None) -> None:
    """Replace ``path``: after a power cut it holds the old bytes or the new ones. Raises OSError.

    With ``mode`` the rights are these, whatever the umask of the person: the service is another user.
    """
    staging = path.with_name(f".{path.name}.new")
    write_synced(staging, content)
    if mode is not None:
        staging.chmod(mode)
    staging.replace(path)
    sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Durable on return; after a power cut it may be there in part. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    give_to_owner(path, path.parent)


def give_to_owner(path: Path, folder: Path) -> None:
    """What root makes by a command belongs to the owner of the folder, or the daemon could not replace it."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def sync_file(path: Path) -> None:
    """Make what was written to ``path`` durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
