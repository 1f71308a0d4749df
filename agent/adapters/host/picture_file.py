"""A picture reaches its place whole or not at all: an interrupt leaves no half of one."""

import errno
import os
from pathlib import Path
from typing import Any

DOTS_PER_INCH = 110
ENDINGS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")


def refused(path: Path) -> str | None:
    """Why no picture can stand at ``path``, known before hours of work are put into it; None where nothing is known."""
    if path.suffix.lower() not in ENDINGS:
        return f"{path} is no name of a picture: it ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
    if path.is_dir():
        return unwritable(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    if not path.parent.is_dir():
        return unwritable(path, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    return None


def unwritable(path: Path, error: OSError) -> str:
    """The same sentence, known before or found when ``save`` raised ``error``."""
    return f"{path} cannot be written: {error.strerror or error}"


def save(figure: Any, path: Path) -> None:
    """Write a matplotlib ``figure`` to ``path``, in the format of its ending. Raises OSError, and ValueError for an
    ending that is no picture's.
    """
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        figure.savefig(aside, dpi=DOTS_PER_INCH)
        aside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        aside.unlink(missing_ok=True)
