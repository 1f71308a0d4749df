"""A delivered file becomes a candidate: hash, both parts, every check, and then its place in the models folder."""

import hashlib
import shutil
from pathlib import Path

from agent.adapters.host.durable_files import make_folder, sync_folder, write_synced
from agent.adapters.models.model_archive import fingerprint, fingerprint_of
from agent.adapters.models.model_check import DEADLINE_S, check_model
from agent.adapters.models.model_file import FILES, ModelFiles
from agent.adapters.models.model_registry import change_registry
from agent.adapters.models.part_file import PartFile
from agent.domain.model_delivery import ModelManifest
from agent.domain.model_registry import ModelRegistry
from agent.forecasting.forecaster import ModelUnusable


class FileGone(Exception):
    """What was fetched is not there any more, or not as it was. ``str()`` says so."""


def admit(manifest: ModelManifest, models: Path, check_s: float = DEADLINE_S) -> None:
    """Put the fetched model of ``manifest`` among the candidates in ``models``, in place of the one of its name.

    The process that opens it has ``check_s`` seconds. Raises FileGone, ModelUnusable, StoreFailure and OSError. After
    a power cut its place holds a whole model, or for an instant none.
    """
    part = PartFile(models, manifest.sha256)
    files = _split(manifest, part)
    if part.staging.exists():  # of an admission that was interrupted
        shutil.rmtree(part.staging)
    if fingerprint_of(models / manifest.name) == fingerprint(files):
        part.drop()
        return
    staging = part.staging / manifest.name
    make_folder(staging)
    for file, content in zip(FILES, (files.card, files.model), strict=True):
        write_synced(staging / file, content)
    sync_folder(staging)
    try:
        check_model(staging, check_s)
        _take_place(staging, models)
        part.drop()
    except ModelUnusable:
        part.drop()
        raise
    finally:
        shutil.rmtree(part.staging, ignore_errors=True)


def _split(manifest: ModelManifest, part: PartFile) -> ModelFiles:
    """Both files, of bytes that have the signed hash. Raises FileGone, OSError."""
    try:
        with part.path.open("rb") as file:
            content = file.read(manifest.size + 1)
    except FileNotFoundError:
        raise FileGone("what was fetched is not there any more; it is fetched anew") from None
    if len(content) != manifest.size or hashlib.sha256(content).hexdigest() != manifest.sha256:
        part.drop()
        raise FileGone("what was fetched has changed on the disk; it is fetched anew")
    return ModelFiles(manifest.name, content[: manifest.card_size], content[manifest.card_size :])


def _take_place(staging: Path, models: Path) -> None:
    """While nobody else looks at the folder. Raises StoreFailure."""

    def replace(registry: ModelRegistry) -> ModelRegistry:
        place, old = models / staging.name, staging.parent / "old"
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.exists():
            place.rename(old)
        staging.rename(place)
        sync_folder(models)
        return registry

    change_registry(models, replace)
