"""A fresh environment with the lowest or the newest release of every direct dependency."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.versions.proofs import ROOT

ENDS = {"lowest": "lowest-direct", "newest": "highest"}
PLACE = ROOT / ".venv" / "versions"
_PROJECT = ROOT / "pyproject.toml"
_UV = ROOT / ".venv" / "uv" / "bin" / "uv"
_PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


class NotInstalled(Exception):
    """There is no such environment. ``str()`` says why in one sentence; uv's own words are on standard error."""


@dataclass(frozen=True, slots=True)
class Environment:
    """``bin`` holds its programmes, ``releases`` say which release of each package it has."""

    bin: Path
    releases: dict[str, str]


def install(end: str) -> Environment:
    """Make the environment for one of ENDS anew, for this Python and machine, with the agent in it.

    What the agent depends on indirectly is the newest that fits. Raises NotInstalled.
    """
    PLACE.mkdir(parents=True, exist_ok=True)
    folder, wanted = PLACE / end, PLACE / f"{end}.txt"
    python = ("--python", str(folder))
    compile_ = ("pip", "compile", "--only-binary", ":all:", "--resolution", ENDS[end], "--all-extras", "--no-annotate")
    groups = (
        "--group",
        "build",
        "--group",
        "mlflow-server",
        "--python",
        sys.executable,
        "--upgrade",
        "--output-file",
        str(wanted),
    )
    _uv("venv", "--clear", "--python", sys.executable, str(folder))
    _uv(*compile_, *groups, str(_PROJECT))
    _uv("pip", "install", *python, "--only-binary", ":all:", "-r", str(wanted))
    _uv("pip", "install", *python, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    return Environment(folder / "bin", dict(_PINNED.findall(wanted.read_text("utf-8"))))


def _uv(*words: str) -> None:
    answer = subprocess.run((_UV, "--quiet", *words), cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    if answer.returncode:
        raise NotInstalled(f"uv {' '.join(words[:2])} ended with code {answer.returncode}")
