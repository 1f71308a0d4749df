"""Files that go with the work to machines that do not have them."""

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

Files = tuple[tuple[str, bytes], ...]
"""Paths below one folder, and what is in them."""


def packed(folder: Path, names: Sequence[str]) -> Files:
    """Raises OSError."""
    return tuple((name, (folder / name).read_bytes()) for name in names)


def unpack(files: Files, folder: Path) -> None:
    """Raises OSError."""
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@lru_cache(maxsize=64)
def unpacked(files: Files) -> Path:
    """A folder with these files, once a worker process, in what the worker clears up when it ends. Raises OSError."""
    from distributed import get_worker  # only a worker of a cluster has to

    folder = Path(tempfile.mkdtemp(prefix="enalysis-", dir=get_worker().local_directory))
    unpack(files, folder)
    return folder
