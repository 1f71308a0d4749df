"""`make update`: resolves all that pyproject.toml names at once, and writes a file a set with the hashes of its wheels.

A file holds what its set needs beyond the file it begins with (``-r``); together they are one resolution, for every
CPython from 3.11 on and every processor that a package has wheels for. Only wheels are locked in: nothing is built.
The uv that resolves is itself one of the sets.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent / "pyproject.toml"
UV = HERE.parent / ".venv" / "uv" / "bin" / "uv"
OLDEST_PYTHON = "3.11"

DEV = ("--extra", "console", "--extra", "demo", "--extra", "dev")
# Each set: the set it begins with, and what uv is asked for.
SETS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "build": (None, ("--group", "build")),
    "uv": (None, ("--group", "lock")),
    "audit": (None, ("--group", "audit")),
    "runtime": (None, (str(PROJECT),)),
    "console": ("runtime", (str(PROJECT), "--extra", "console")),
    "demo": ("console", (str(PROJECT), "--extra", "console", "--extra", "demo")),
    "train": ("runtime", (str(PROJECT), "--extra", "train")),
    "peers": ("train", (str(PROJECT), "--extra", "train", "--extra", "peers")),
    "cluster": ("train", (str(PROJECT), "--extra", "train", "--extra", "cluster")),
    "mlflow": ("train", (str(PROJECT), "--extra", "train", "--extra", "mlflow")),
    "dev": ("demo", (str(PROJECT), *DEV)),
    "test-training": (
        "dev",
        (str(PROJECT), *DEV, "--extra", "cluster", "--extra", "mlflow", "--group", "mlflow-server"),
    ),
}
GROUPS = ("build", "lock", "audit")
# Nothing here runs on PyPy. Which of its packages ask for "not PyPy" differs by set, and a release would stand twice.
PYPY = r"(?:platform_python_implementation|implementation_name) != 'PyPy'"
NOT_PYPY = re.compile(rf" and {PYPY}(?= and | \\\n)|(?<= ; ){PYPY} and | ; {PYPY}(?= \\\n)")
HEAD = "# Made by `make update` from pyproject.toml; not edited by hand.\n"
OPTIONS = "--require-hashes\n--only-binary :all:\n"


def resolve(out: Path, *what: str) -> None:
    """Write the resolution of ``what`` to ``out``. Ends the programme with uv's own words when there is none."""
    asked = (UV, "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON)
    form = ("--generate-hashes", "--only-binary", ":all:", "--no-header", "--no-annotate", "--no-emit-index-url")
    answer = subprocess.run((*asked, *form, "--output-file", out, *what), cwd=PROJECT.parent, check=False)
    if answer.returncode:
        sys.exit("the lock is as it was: uv found no set of releases for pyproject.toml, its reason stands above")


def without_pypy(resolution: str) -> str:
    """The resolution without the condition that this is not PyPy, where it stands alone or beside others by "and"."""
    before = None
    while before != resolution:
        before, resolution = resolution, NOT_PYPY.sub("", resolution)
    return resolution


def blocks(resolution: str) -> list[str]:
    """A requirement with the lines of its hashes, each."""
    found: list[str] = []
    for line in without_pypy(resolution).splitlines(keepends=True):
        if line.startswith(" "):
            found[-1] += line
        else:
            found.append(line)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.txt"
        resolve(whole, str(PROJECT), "--all-extras", *(word for group in GROUPS for word in ("--group", group)))
        found: dict[str, list[str]] = {}
        for name, (_, what) in SETS.items():
            out = Path(folder) / f"{name}.txt"
            resolve(out, *what, "--constraint", str(whole))
            found[name] = blocks(out.read_text("utf-8"))
    for name, (parent, _) in SETS.items():
        begun = set(found[parent]) if parent else set()
        rest = "".join(block for block in found[name] if block not in begun)
        start = f"-r {parent}.txt\n" if parent else OPTIONS
        file, text = HERE / f"{name}.txt", HEAD + start + rest
        changed = not file.exists() or file.read_text("utf-8") != text
        if changed:  # an untouched file keeps its time, and make the environment
            file.write_text(text, "utf-8")
        print(f"lock/{name}.txt: {len(found[name])} releases, {'renewed' if changed else 'as before'}")


if __name__ == "__main__":
    main()
