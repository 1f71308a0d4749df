"""What must be the same on two machines for the same bytes of a model: Python, processor, libraries, our own code."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_OURS = ("agent", "site_data", "training")
PYTHON, PROCESSOR, CODE = "Python", "the processor", "the code of Enalysis Edge"


def releases(libraries: Sequence[str]) -> dict[str, str]:
    """What is here, by name; a library that is not installed is ``none``."""
    return {name: _release(name) for name in (PYTHON, PROCESSOR, CODE, *libraries)}


def differences(wanted: Mapping[str, str]) -> str:
    """Where this machine is not as another wants it, in that one's words; "" where it is."""
    there = {name: _release(name) for name in wanted}
    other = [name for name in wanted if there[name] != wanted[name]]
    return ", ".join(f"{name} is {there[name]} there and {wanted[name]} here" for name in other)


def _release(name: str) -> str:
    if name == PYTHON:
        return ".".join(platform.python_version_tuple()[:2])
    if name == PROCESSOR:
        return platform.machine()
    return _code_sha256()[:12] if name == CODE else _version(name)


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


@cache
def _code_sha256() -> str:
    """Over every module of the packages that fit and score, in the order of their names."""
    above = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(path for package in _OURS for path in (above / package).rglob("*.py")):
        digest.update(path.relative_to(above).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
