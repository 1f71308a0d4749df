"""Two packages of one tree, the later with the project's version, and the root that they are installed in."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from systemd.package.deb import build, project_version
from systemd.package.target import Target, of_this_machine
from tests.package.gateway import MADE, made_root
from tests.package.tools import missing

PYTHON = os.environ.get("PACKAGE_PYTHON")  # the release's Python, where this machine's Debian is another
BEFORE = "0.0.9"  # older than any release


@dataclass(frozen=True, slots=True)
class Packages:
    target: Target
    old: Path
    new: Path

    @property
    def versions(self) -> tuple[str, str]:
        return self.target.version(BEFORE), self.target.version(project_version())


@pytest.fixture(scope="session")
def packages() -> Packages:
    if os.geteuid() != 0:
        pytest.skip("a container is booted by root")
    if gone := [program for program in missing() if not program.startswith(("qemu", "update"))]:
        pytest.skip(f"{', '.join(gone)} cannot be installed here")
    target = of_this_machine(os.environ.get("SUITE"))
    built = [build(target, version, MADE / "debs", PYTHON, "none") for version in (BEFORE, project_version())]
    return Packages(target, built[0].package, built[1].package)


@pytest.fixture(scope="session")
def base(packages: Packages) -> Path:
    return made_root(packages.target.suite, packages.target.python, packages.target.architecture)
