"""A daemon that crashes at every start, as systemd would start it: by the unit's own lines, with real processes."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.app.processes import ROOT, Inverter, daemon, quick_site, simulator, until
from tests.faults.catalogue import Outcome, fault
from tests.site_files import free_ports

UNIT = ROOT / "systemd" / "enalysis-edge.service"
INSTALLED, CONFIGURED = "/opt/enalysis-edge/bin/enalysis-edge", "/etc/enalysis-edge/site.toml"
STARTS = 3
CRASHES = {
    "before the battery is touched": "agent/cycles/control",
    "after its release": "agent/adapters/host/timetable",
}
# Loaded by every Python on its path; the daemon alone dies, at the moment when it imports the named module.
CRASH = """
import sys

class Crash:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise MemoryError("made up")

if "run" in sys.orig_argv:
    sys.meta_path.insert(0, Crash())
"""


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    inverter_port, meter_port = free_ports(2)
    with simulator(inverter_port, meter_port):
        yield inverter_port, meter_port


def unit(key: str) -> str:
    (line,) = re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(line)


def started(key: str, config: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """The program of a line of the unit, run to its end."""
    words = unit(key).replace(CONFIGURED, str(config)).split()
    assert words[0] == INSTALLED
    command = [sys.executable, "-m", "agent", *words[1:]]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, timeout=30.0)


@pytest.mark.parametrize("when", CRASHES)
@fault(7, injected="the daemon dies at every start, before or after it has released the battery", neutral_s=10.0)
def test_each_crash_at_start_leaves_the_battery_neutral_and_starts_go_on(
    tmp_path: Path, ports: tuple[int, int], when: str, outcome: Outcome
) -> None:
    assert (unit("Restart"), unit("StartLimitIntervalSec")) == ("always", "0")
    config = quick_site(tmp_path, *ports)
    module = CRASHES[when].replace("/", ".")
    (tmp_path / "sitecustomize.py").write_text(CRASH.format(module=module))
    with closing(Inverter(ports[0])) as inverter:
        for _ in range(STARTS):
            inverter.steer(2000, 600)  # what the life before has left behind
            assert inverter.is_steered()
            died = started("ExecStart", config, {"PYTHONPATH": str(tmp_path)})
            dead_at = time.monotonic()
            assert died.returncode == 1, died.stderr
            if when == "after its release":
                inverter.steer(2000, 600)  # and what it wrote before it died
            released = started("ExecStopPost", config, {"PYTHONPATH": str(tmp_path)})
            assert released.returncode == 0, released.stderr
            assert not inverter.is_steered()
            outcome.neutral_after(time.monotonic() - dead_at)


@fault(7, injected="the same, and the daemon comes back as soon as the cause is gone")
def test_after_the_crashes_it_runs_again(tmp_path: Path, ports: tuple[int, int], outcome: Outcome) -> None:
    config = quick_site(tmp_path, *ports)
    (tmp_path / "sitecustomize.py").write_text(CRASH.format(module="agent.adapters.host.timetable"))
    for _ in range(STARTS):
        assert started("ExecStart", config, {"PYTHONPATH": str(tmp_path)}).returncode == 1
    with daemon(config) as running, closing(Inverter(ports[0])) as inverter:
        until(inverter.is_steered, "a setpoint")
        assert running.stop() == 0
        assert not inverter.is_steered()
