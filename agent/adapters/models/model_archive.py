"""Whole copies of models by the hash of their files, and files that are whole after a power cut."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from agent.adapters.models.deployed_models import fingerprint_of_bytes
from agent.adapters.models.model_file import FILES, ModelFiles, read_files
from agent.adapters.store.set_aside import sync_folder
from agent.forecasting.forecaster import ModelUnusable

_SHELF = "kept"
_STAGING = ".staging-"


def fingerprint(files: ModelFiles) -> str:
    """SHA-256 over both files of a model: another card makes another model."""
    return fingerprint_of_bytes(files.card, files.model)


def fingerprint_of(folder: Path) -> str | None:
    """That of the model in ``folder``; None where there is no whole model."""
    try:
        return fingerprint(read_files(folder))
    except ModelUnusable:
        return None


def folder_of(models: Path, digest: str, name: str) -> Path:
    """Where the copy of a model is kept. Its folder bears its name, as its card does."""
    return models / _SHELF / digest[:32] / name


def keep(models: Path, files: ModelFiles) -> Path:
    """Put a copy on the shelf, whole or not at all; its folder, on the disk on return. Raises OSError."""
    import shutil  # costs time that a planner, which only looks here, does not have
    import tempfile

    digest = fingerprint(files)
    folder = folder_of(models, digest, files.name)
    if fingerprint_of(folder) == digest:
        return folder
    shelf = models / _SHELF
    make_folder(shelf)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=shelf))
    try:
        give_to_owner(staging, shelf)
        copy = staging / files.name
        make_folder(copy)
        for file, content in zip(FILES, (files.card, files.model), strict=True):
            write_synced(copy / file, content)
        sync_folder(copy)
        staging.chmod(0o755)
        sync_folder(staging)
        with suppress(FileNotFoundError):  # a copy that was damaged
            shutil.rmtree(folder.parent)
        staging.rename(folder.parent)
        sync_folder(shelf)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return folder


def clear_shelf(models: Path, wanted: Collection[str]) -> None:
    """Remove the copies whose fingerprints are not ``wanted``. Raises OSError."""
    import shutil

    shelf = models / _SHELF
    names = {digest[:32] for digest in wanted}
    with suppress(FileNotFoundError):
        for entry in shelf.iterdir():
            if entry.name not in names:
                shutil.rmtree(entry)


def make_folder(folder: Path) -> None:
    """Make it where it is not there, durable on return. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o755)
        give_to_owner(folder, folder.parent)
    sync_folder(folder.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Replace ``path``: after a power cut it holds the old bytes or the new ones. Raises OSError."""
    staging = path.with_name(f".{path.name}.new")
    write_synced(staging, content)
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
