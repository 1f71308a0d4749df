"""Bytecode is made with the package: a gateway whose program folder is read-only would compile at every start."""

import shutil
import subprocess
from pathlib import Path

from systemd.package.target import Target


class NoInterpreter(Exception):
    """The target's Python is not on this machine. ``str()`` says what is needed."""


def interpreter(target: Target, named: str | None = None) -> str:
    """A Python of the target's minor release, on whatever architecture. Raises NoInterpreter."""
    name = f"python{target.python}"
    for one in (named,) if named else (f"/usr/bin/{name}", shutil.which(name)):
        if one is not None and _says(one) == target.python:
            return one
    raise NoInterpreter(f"{name} is needed to compile for {target.suite}: install it, or name it by --python")


def compile_all(tree: Path, program: str) -> None:
    """Beside each module below ``tree``, in one order and without times: the same bytes every time.

    Files that a package ships for another Python are left uncompiled.
    """
    command = [program, "-I", "-m", "compileall", "-q", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(tree), "-p", "/", str(tree)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"})


def _says(program: str) -> str:
    try:
        asked = [program, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
