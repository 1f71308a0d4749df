"""A disk whose every sync takes two seconds: the real daemon under strace, which delays its system calls."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.processes import ROOT, Inverter, quick_site, simulator, until
from tests.faults.catalogue import Outcome, fault
from tests.site_files import free_ports

STRACE = shutil.which("strace")
CALL = re.compile(r"^(\d+) +([\d.]+) (?:<\.\.\. )?(\w+)")
BEGUN = re.compile(r"^(\d+) +([\d.]+) (\w+)\(")
DELAY_S, WATCHED_S, STEP_S = 2.0, 20.0, 0.5


@pytest.mark.skipif(STRACE is None, reason="strace, which delays the syncs, is not installed here")
@fault(13, injected="every fdatasync and fsync of the daemon delayed by 2 s (strace)", neutral_s=10)
def test_control_goes_on_while_a_sync_takes_two_seconds(tmp_path: Path, outcome: Outcome) -> None:
    ports = free_ports(2)
    inverter_port, meter_port = ports
    trace = tmp_path / "trace"
    config = quick_site(tmp_path, inverter_port, meter_port)
    delay = f"inject=fdatasync,fsync:delay_enter={int(DELAY_S * 1e6)}"
    assert STRACE is not None
    command = [STRACE, "-f", "-qq", "-ttt", "-o", str(trace), "-e", "trace=fdatasync,fsync,sendto", "-e", delay]
    with simulator(inverter_port, meter_port):
        inverter = Inverter(inverter_port)
        began = time.time()
        with (tmp_path / "log").open("wb") as log:
            daemon = subprocess.Popen(
                [*command, sys.executable, "-m", "agent", "run", "--config", str(config)],
                cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            until(inverter.is_steered, "a setpoint", 30.0)
            steered = time.time()
            time.sleep(WATCHED_S)
            assert inverter.is_steered()
        finally:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
            inverter.close()
    lines = trace.read_text().splitlines()
    calls = [match.groups() for match in map(CALL.match, lines) if match is not None]
    if not calls:
        pytest.skip("this machine does not let strace trace")
    sends = [float(at) for _, at, name in calls if name == "sendto" and float(at) > steered]
    assert len(sends) > WATCHED_S / STEP_S
    outcome.neutral_after(min(float(at) for _, at, name in calls if name == "sendto") - began)
    syncs: dict[str, list[float]] = {}  # by thread; only where a call begins
    for thread, at, name in (match.groups() for match in map(BEGUN.match, lines) if match is not None):
        if name in ("fsync", "fdatasync") and float(at) > steered:
            syncs.setdefault(thread, []).append(float(at))
    [commits, *others] = sorted(syncs.values(), key=len, reverse=True)
    assert len(commits) >= 2
    during = sum(at + DELAY_S / 2 < sent < at + DELAY_S for at in commits for sent in sends)
    assert during >= len(commits), "control that waits for a sync asks nothing in its second half"
    assert all(after - before >= DELAY_S for before, after in itertools.pairwise(commits)), "one commit after the other"
    assert [len(one) for one in others] in ([], [1]), "the copy of the site file, once"
