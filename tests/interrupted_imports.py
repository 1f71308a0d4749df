"""A library whose import Ctrl-C meets in the middle, as pybind11 tells of it."""

import os
from pathlib import Path

INTERRUPTED = """
import os
import signal

try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt as interrupt:
    raise ImportError("initialization failed") from interrupt
"""


def environment(folder: Path, library: str) -> dict[str, str]:
    """In which ``library`` is one that is made in ``folder``."""
    (folder / library).mkdir()
    (folder / library / "__init__.py").write_text(INTERRUPTED)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.getcwd()])}
