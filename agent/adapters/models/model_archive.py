"""Whole copies of models by the hash of their files."""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from agent.adapters.host.durable_files import give_to_owner, make_folder, sync_folder, write_synced
from agent.adapters.models.fingerprint import fingerprint_of_bytes
from agent.adapters.models.model_file import FILES, ModelFiles, read_files
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
