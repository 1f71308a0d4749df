"""lock/ is in step with pyproject.toml, and nothing can be installed from it whose hash is not known. No network."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.security.items import security

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUNTIME = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
# What each file must satisfy; every direct dependency stands here once at least.
WANTED = {
    "runtime": RUNTIME,
    "console": [*RUNTIME, *EXTRAS["console"]],
    "demo": [*RUNTIME, *EXTRAS["console"], *EXTRAS["demo"]],
    "train": [*RUNTIME, *EXTRAS["train"]],
    "peers": [*RUNTIME, *EXTRAS["train"], *EXTRAS["peers"]],
    "dev": [*RUNTIME, *EXTRAS["console"], *EXTRAS["demo"], *EXTRAS["train"], *EXTRAS["dev"]],
    "cluster": [*RUNTIME, *EXTRAS["train"], *EXTRAS["cluster"]],
    "mlflow": [*RUNTIME, *EXTRAS["train"], *EXTRAS["mlflow"]],
    "test-training": [*EXTRAS["dev"], *EXTRAS["cluster"], *EXTRAS["mlflow"], *GROUPS["mlflow-server"]],
    "build": [*GROUPS["build"], *PROJECT["build-system"]["requires"]],
    "uv": GROUPS["lock"],
    "audit": GROUPS["audit"],
}
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
HASHES = re.compile(r"(?: --hash=sha256:[0-9a-f]{64})+")
RELEASE = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([^\s;]+)(?: ; ([^\\]+?))?(?= --hash=)")


@cache
def lines(name: str) -> tuple[str, ...]:
    """The file's lines without comments, continuations joined, the file that it begins with read into its place."""
    text = re.sub(r"\s*\\\n\s*", " ", (LOCK / f"{name}.txt").read_text("utf-8"))
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith("-r "):
            found += lines(line.removeprefix("-r ").removesuffix(".txt"))
        elif not line.startswith("#"):
            found.append(line)
    return tuple(found)


def locked(name: str, python: str, machine: str) -> dict[str, set[Version]]:
    """Which versions of each package the file brings to a Linux machine."""
    where = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found: dict[str, set[Version]] = {}
    for line in lines(name):
        match = RELEASE.match(line)
        if match and (match[3] is None or Marker(match[3]).evaluate(where)):
            found.setdefault(match[1], set()).add(Version(match[2]))
    return found


def test_the_files_are_those_that_are_checked_here() -> None:
    assert {file.stem for file in LOCK.glob("*.txt")} == set(WANTED)
    assert set(EXTRAS) == {"console", "demo", "train", "cluster", "mlflow", "peers", "dev"}


@security(18, shows="every line of the lock is one release with its hashes")
@pytest.mark.parametrize("name", WANTED)
def test_every_line_is_one_release_with_its_hashes_or_makes_pip_stricter(name: str) -> None:
    assert lines(name)[:2] == ("--require-hashes", "--only-binary :all:")
    for line in lines(name)[2:]:
        release = RELEASE.match(line)
        assert release, line[:80]
        assert HASHES.fullmatch(line[release.end() :]), line[:80]


@pytest.mark.parametrize("name", WANTED)
def test_no_release_stands_twice_with_the_files_that_it_begins_with(name: str) -> None:
    releases = [match.group(1, 2, 3) for line in lines(name) if (match := RELEASE.match(line))]
    assert len(releases) == len(set(releases))
    assert not any("PyPy" in line for line in lines(name)), "sets differ in it, and a release would stand twice"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", WANTED)
def test_every_direct_dependency_is_locked_within_its_range(name: str, python: str, machine: str) -> None:
    found = locked(name, python, machine)
    for text in WANTED[name]:
        asked = Requirement(text)
        versions = found.get(canonicalize_name(asked.name), set())
        assert len(versions) == 1, text
        assert asked.specifier.contains(min(versions)), f"{text}: {min(versions)} is locked; `make update` renews that"


@pytest.mark.parametrize("python", PYTHONS)
def test_all_files_are_one_resolution(python: str) -> None:
    together: dict[str, set[Version]] = {}
    for name in WANTED:
        for package, versions in locked(name, python, "x86_64").items():
            together.setdefault(package, set()).update(versions)
    assert {package: versions for package, versions in together.items() if len(versions) != 1} == {}


def test_every_runtime_dependency_ends_before_a_release_that_nobody_has_tried() -> None:
    """Time zones must stay current, and hold no code."""
    endless = [text for text in RUNTIME if "<" not in text]
    assert endless == ["tzdata>=2025.1"]


def test_every_direct_dependency_has_something_that_shows_that_it_works() -> None:
    from tests.versions.proofs import COMMANDS, TESTS

    direct = {canonicalize_name(Requirement(text).name) for texts in (RUNTIME, *EXTRAS.values()) for text in texts}
    assert direct == {*TESTS, *COMMANDS}
    for proof in (proof for proofs in TESTS.values() for proof in proofs):
        file, _, name = proof.partition("::")
        assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text("utf-8")
