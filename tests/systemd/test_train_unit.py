"""The unit of the nightly training as systemd itself judges it, and what it may touch."""

import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
NAMES = ("enalysis-edge-train.service", "enalysis-edge-train.timer", "enalysis-edge.service")

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine: the unit cannot be judged"
)


def installed(folder: Path, more: str = "") -> list[str]:
    """The units in a folder of their own; the programs, which are not installed here, are replaced by one that is."""
    for name in NAMES:
        text = (SYSTEMD / name).read_text()
        for program in ("python", "enalysis-edge"):
            text = text.replace(f"/opt/enalysis-edge/bin/{program} ", "/bin/true ")
        (folder / name).write_text(text + (more if name.endswith(".timer") else ""))
    return [str(folder / name) for name in NAMES[:2]]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("systemd-analyze", *arguments), capture_output=True, text=True, timeout=30, check=False)


@with_systemd
def test_systemd_has_nothing_to_say_about_the_service_and_its_timer(tmp_path: Path) -> None:
    verdict = analyze("verify", "--man=no", *installed(tmp_path))
    assert (verdict.returncode, verdict.stderr) == (0, "")


@with_systemd
def test_systemd_would_have_something_to_say(tmp_path: Path) -> None:
    assert "NoSuchKey" in analyze("verify", "--man=no", *installed(tmp_path, "\nNoSuchKey=1\n")).stderr


@with_systemd
def test_hardly_anything_is_exposed(tmp_path: Path) -> None:
    service, _ = installed(tmp_path)
    verdict = analyze("security", "--offline=true", "--threshold=15", "--no-pager", service)
    assert verdict.returncode == 0, verdict.stdout


def test_it_gives_way_to_control_and_writes_candidates_alone() -> None:
    lines = (SYSTEMD / NAMES[0]).read_text().splitlines()
    assert {"Nice=19", "IOSchedulingClass=idle", "MemoryMax=600M", "PrivateNetwork=yes"} <= set(lines)
    assert [line for line in lines if line.startswith("ReadWritePaths")] == [
        "ReadWritePaths=-/var/lib/enalysis-edge/models"
    ]
    assert {"ProtectSystem=strict", "ReadOnlyPaths=-/var/lib/enalysis-edge"} <= set(lines)
