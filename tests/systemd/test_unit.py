"""The unit as systemd itself judges it: no warning, and hardly anything exposed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.adapters.devices.device_lock import SHARED_FOLDERS
from tests.security.items import security

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "enalysis-edge.service"
DROP_INS = sorted((SYSTEMD / "drop-ins").glob("*.conf"))
PROGRAM = "/opt/enalysis-edge/bin/enalysis-edge"

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine: the unit cannot be judged"
)


def installed(folder: Path, drop_in: Path | None = None, text: str | None = None) -> Path:
    """The unit in a folder of its own; the program, which is not installed here, is replaced by one that is."""
    unit = folder / UNIT.name
    unit.write_text((text or UNIT.read_text()).replace(PROGRAM, "/bin/true"))
    if drop_in is not None:
        beside = folder / f"{UNIT.name}.d"
        beside.mkdir()
        shutil.copy(drop_in, beside)
    return unit


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("systemd-analyze", *arguments), capture_output=True, text=True, timeout=30, check=False)


@with_systemd
@pytest.mark.parametrize("drop_in", [None, *DROP_INS], ids=lambda path: "alone" if path is None else path.stem)
def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path, drop_in: Path | None) -> None:
    verdict = analyze("verify", "--man=no", str(installed(tmp_path, drop_in)))
    assert verdict.stderr == ""  # an unknown key is only a warning, with exit code 0
    assert verdict.returncode == 0


@with_systemd
def test_systemd_would_have_something_to_say(tmp_path: Path) -> None:
    verdict = analyze("verify", "--man=no", str(installed(tmp_path, text=UNIT.read_text() + "\nNoSuchKey=1\n")))
    assert "NoSuchKey" in verdict.stderr


@security(16, shows="systemd-analyze security: exposure of the unit at most 1.5, with every drop-in")
@with_systemd
@pytest.mark.parametrize("drop_in", [None, *DROP_INS], ids=lambda path: "alone" if path is None else path.stem)
def test_hardly_anything_is_exposed(tmp_path: Path, drop_in: Path | None) -> None:
    unit = installed(tmp_path, drop_in)
    verdict = analyze("security", "--offline=true", "--threshold=15", "--no-pager", str(unit))
    assert verdict.returncode == 0, verdict.stdout


@with_systemd
def test_a_bare_unit_would_fail_the_threshold(tmp_path: Path) -> None:
    unit = installed(tmp_path, text=f"[Service]\nExecStart={PROGRAM}\n")
    assert analyze("security", "--offline=true", "--threshold=15", "--no-pager", str(unit)).returncode != 0


def keys(section: str) -> dict[str, str]:
    body = UNIT.read_text().split(f"[{section}]")[1].split("\n[")[0]
    return dict(re.findall(r"^(\w+)=(.*)$", body, re.MULTILINE))


def test_the_battery_is_released_however_the_daemon_ends() -> None:
    service = keys("Service")
    assert service["ExecStopPost"] == f"{PROGRAM} release --config /etc/enalysis-edge/site.toml"
    assert service["ExecStart"] == f"{PROGRAM} run --config /etc/enalysis-edge/site.toml"
    assert float(service["TimeoutStopSec"]) >= 10  # the release may take eight seconds


def test_the_locks_of_the_devices_can_be_seen_by_every_agent_of_the_machine() -> None:
    """Everything else is read-only to the unit, and its /tmp is its own."""
    assert keys("Service")["ReadWritePaths"] == f"-{SHARED_FOLDERS[0]}"


def test_it_is_always_started_again() -> None:
    assert keys("Service")["Restart"] == "always"
    assert keys("Unit")["StartLimitIntervalSec"] == "0"


def test_controller_and_planner_fit_into_the_memory_of_the_unit() -> None:
    from agent.settings.sections import Planning

    limit_mb = int(keys("Service")["MemoryMax"].removesuffix("M"))
    assert limit_mb >= Planning().memory_mb + 200
    assert keys("Service")["OOMPolicy"] == "continue"


def test_control_does_not_wait_for_the_internet() -> None:
    assert keys("Unit")["After"] == "network.target"


def test_no_socket_families_beyond_ip_and_unix() -> None:
    assert keys("Service")["RestrictAddressFamilies"] == "AF_INET AF_INET6 AF_UNIX"


def test_the_user_of_the_unit_is_made() -> None:
    made = (SYSTEMD / "enalysis-edge.sysusers.conf").read_text()
    assert re.search(rf"^u {keys('Service')['User']} ", made, re.MULTILINE)
