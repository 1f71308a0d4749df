"""A folder of deployed models: each replaced whole, at once, with the earlier ones kept beside it.

``NAME/`` is in charge, ``kept/`` has the last ones by their fingerprints, ``nightly.jsonl`` a line a night and model.
"""

import ctypes
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.adapters.host.durable_files import make_folder, sync_folder, write_whole
from agent.adapters.models.model_archive import clear_shelf, fingerprint, keep
from agent.adapters.models.model_file import FILES, ModelFiles, read_files

HISTORY = "nightly.jsonl"
KEPT = 10
"""How many models of the past stay, of all names together."""

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


class AtWork(Exception):
    """Another night is at work on the folder. ``str()`` says so in one sentence."""


@dataclass(frozen=True, slots=True)
class Night:
    """What was decided of one model. ``at`` is UTC, ISO 8601; the fingerprints are those of the model in charge."""

    at: str
    name: str
    deployed: bool
    sentence: str
    before: str | None
    now: str | None
    gain: float | None = None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else deploys here meanwhile. What a killed run left half made is removed. Raises AtWork, OSError."""
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AtWork(f"another nightly run is at work in {folder}") from error
        for left in folder.glob(".making-*"):
            shutil.rmtree(left)
        yield
    finally:
        os.close(descriptor)


def deploy(folder: Path, files: ModelFiles) -> str:
    """Put a model in charge in ``folder``: after a power cut it is the old one or the new one. Its fingerprint.

    Raises OSError, and ModelUnusable for what is deployed and cannot be kept.
    """
    place, making = folder / files.name, folder / f".making-{files.name}"
    if place.exists():
        keep(folder, read_files(place))
    keep(folder, files)
    make_folder(making)
    for file, content in zip(FILES, (files.card, files.model), strict=True):
        write_whole(making / file, content)
    if place.exists():
        _exchange(making, place)
    else:
        making.rename(place)
    sync_folder(folder)
    with suppress(FileNotFoundError):
        shutil.rmtree(making)  # what was in charge, of which there is a copy
    return fingerprint(files)


def note(folder: Path, night: Night) -> None:
    """Append to the history, and let go of the models that KEPT newer ones have followed. Raises OSError."""
    path = folder / HISTORY
    before = path.read_bytes() if path.exists() else b""
    whole = before[: before.rfind(b"\n") + 1]
    write_whole(path, whole + json.dumps(asdict(night)).encode() + b"\n")
    wanted: dict[str, None] = {}
    for line in reversed(path.read_text(encoding="utf-8").splitlines()):
        noted = json.loads(line)
        wanted |= dict.fromkeys(noted[which] for which in ("now", "before") if noted[which])
    clear_shelf(folder, list(wanted)[:KEPT])


def _exchange(one: Path, other: Path) -> None:
    """Both folders change their names at once: renameat2(2). Raises OSError where the file system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    failed = library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(other))
