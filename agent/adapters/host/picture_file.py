"""A picture reaches its place whole or not at all: an interrupt leaves no half of one."""

from pathlib import Path
from typing import Any

DOTS_PER_INCH = 110


def save(figure: Any, path: Path) -> None:
    """Write a matplotlib ``figure`` to ``path``, in the format of its ending. Raises OSError, and ValueError for an
    ending that is no picture's.
    """
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        figure.savefig(aside, dpi=DOTS_PER_INCH)
        aside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        aside.unlink(missing_ok=True)
