"""The package for arm64 under qemu: its libraries load and it makes one plan. `make test-package` runs this."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from systemd.package.deb import build, project_version
from systemd.package.target import of_this_machine
from tests.package.conftest import PYTHON
from tests.package.gateway import MADE, made_root, unpacked
from tests.package.simulated_site import write_site
from tests.package.tools import missing, qemu_runs

PATIENCE_S = 600.0
SLOW = "deadline_s = 240\nmemory_mb = 4000\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A Debian for arm64 with the package in it."""
    if os.geteuid() != 0 or missing():
        pytest.skip("this needs root, mmdebstrap and qemu-user-static")
    if not qemu_runs():
        pytest.skip("this kernel starts no program of arm64 by qemu (binfmt_misc)")
    target = of_this_machine(os.environ.get("SUITE"), "arm64")
    package = build(target, project_version(), MADE / "debs", PYTHON, "none").package
    place = unpacked(made_root(target.suite, target.python, "arm64", "libstdc++6,systemd"), tmp_path / "root")
    shutil.copy(package, place / "package.deb")
    container = ["systemd-nspawn", "--quiet", f"--directory={place}", "--register=no", "--keep-unit", "--pipe"]
    subprocess.run([*container, "dpkg", "--install", "/package.deb"], check=True, timeout=PATIENCE_S)
    write_site(tmp_path / "site", place)
    site = place / "etc/enalysis-edge/site.toml"  # qemu is slow, and its own memory counts as the planner's
    text = site.read_text("utf-8").replace("interval_s = 60\n", "interval_s = 900\n")
    site.write_text(text.replace("[planning]\n", "[planning]\n" + SLOW))
    return place


def inside(root: Path, *command: str) -> str:
    """Without /sys: under qemu onnxruntime does not survive what it reads of this machine's processors there.

    qemu has matrix registers (SME), which no gateway has, and there OpenBLAS multiplies wrongly with them.
    """
    words = ["chroot", str(root), *command]
    around = {**os.environ, "OPENBLAS_CORETYPE": "ARMV8"}
    done = subprocess.run(words, env=around, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_loads_and_plans(root: Path) -> None:
    machine = "import highspy, numpy, onnxruntime, cryptography, platform; print(platform.machine())"
    assert "aarch64" in inside(root, "/opt/enalysis-edge/bin/python", "-c", machine).split()
    said = inside(root, "/usr/bin/enalysis-edge", "check", "/etc/enalysis-edge/site.toml", "--self-test")
    words = " ".join(said.split())
    assert "a plan on made-up data ok" in words, said
    assert "the solver ok" in words
    assert "the models ok" in words
