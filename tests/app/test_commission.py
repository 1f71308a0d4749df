"""`enalysis-edge commission` as a process on a simulated inverter: who may start it, and what ends it."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.adapters.store.store_reader import kept
from agent.cli.commission import handed_over
from agent.cli.ending import ALREADY_RUNNING, FAILED, GOOD, INTERRUPTED, WRONG
from agent.domain.documents import COMMISSIONING
from agent.settings.permit import permit_file, read_permit
from tests import site_files
from tests.app.processes import ROOT, Inverter, daemon, enalysis_edge, quick_site, simulator, until

COMMISSION = (sys.executable, "-m", "agent", "commission", "--config")


@pytest.fixture
def uncommissioned(tmp_path: Path) -> Iterator[tuple[Path, Inverter]]:
    """A site file without a permit, and the inverter that runs there."""
    inverter_port, meter_port = site_files.free_ports(2)
    with simulator(inverter_port, meter_port):
        path = quick_site(tmp_path, inverter_port, meter_port, charge_w=5000, discharge_w=5000)
        permit_file(path).unlink()
        inverter = Inverter(inverter_port)
        yield path, inverter
        inverter.close()


@contextmanager
def commissioning(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [*COMMISSION, str(path), "--yes"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_an_order_releases_the_battery(
    uncommissioned: tuple[Path, Inverter], sign: signal.Signals
) -> None:
    path, inverter = uncommissioned
    with commissioning(path) as process:
        until(inverter.is_steered, "the first order")
        process.send_signal(sign)
        said, _ = process.communicate(timeout=20.0)
        assert process.returncode == INTERRUPTED, said
    assert not inverter.is_steered()
    assert "it was stopped by hand" in said
    assert "inverter is released, its" in said
    assert "Traceback" not in said
    assert not permit_file(path).exists()
    document = kept(path.with_name("site.sqlite3"), COMMISSIONING.name)
    assert document is not None
    assert not COMMISSIONING.read(document).passed
    report = enalysis_edge("report", "--config", path, "--commissioning")
    assert "NOT passed: it was stopped by hand" in report.stdout


def test_release_gives_back_what_a_killed_one_left_behind(uncommissioned: tuple[Path, Inverter]) -> None:
    path, inverter = uncommissioned
    with commissioning(path) as process:
        until(inverter.is_steered, "the first order")
        process.kill()
        process.wait()
    assert inverter.is_steered()
    released = enalysis_edge("release", "--config", path)
    assert released.returncode == GOOD, released.stderr
    assert "released to its own self-consumption" in released.stdout
    assert not inverter.is_steered()
    again = enalysis_edge("release", "--config", path)
    assert "nothing is to be given back" in again.stdout


def test_the_agent_gives_back_what_a_killed_one_left_behind(uncommissioned: tuple[Path, Inverter]) -> None:
    path, inverter = uncommissioned
    with commissioning(path) as process:
        until(inverter.is_steered, "the first order")
        process.kill()
        process.wait()
    assert inverter.is_steered()
    with daemon(path):
        until(lambda: not inverter.is_steered(), "the battery free")


def test_it_is_refused_while_the_agent_runs(uncommissioned: tuple[Path, Inverter]) -> None:
    path, inverter = uncommissioned
    with daemon(path) as running:
        until(lambda: "started" in running.said(), "a start")
        asked = enalysis_edge("commission", "--config", path, "--yes")
    assert asked.returncode == ALREADY_RUNNING
    assert "systemctl stop enalysis-edge" in asked.stderr
    assert not inverter.is_steered()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ((), "nobody watches"),
        (("--accept",), "--accept needs --name NAME and --reason REASON"),
        (("--accept", "--name", "  ", "--reason", "x"), "--accept needs --name NAME and --reason REASON"),
        (("--yes", "--reason", "x"), "--reason belongs to --accept"),
    ],
)
def test_a_command_line_that_is_wrong_says_so(tmp_path: Path, more: tuple[str, ...], sentence: str) -> None:
    path = quick_site(tmp_path, 1, 2)
    permit_file(path).unlink()
    asked = enalysis_edge("commission", "--config", path, *more)
    assert asked.returncode == WRONG
    assert asked.stderr.startswith(sentence)
    assert not permit_file(path).exists()


def test_what_a_person_accepts_is_shown_by_status(uncommissioned: tuple[Path, Inverter]) -> None:
    path, _ = uncommissioned
    words = ("--accept", "--name", "A. Fitter", "--reason", "the battery is full until Sunday")
    accepted = enalysis_edge("commission", "--config", path, *words)
    assert accepted.returncode == GOOD, accepted.stderr
    assert "without a test" in accepted.stdout
    permit = read_permit(path)
    assert permit is not None
    assert (permit.by, permit.reason, permit.passed) == ("A. Fitter", "the battery is full until Sunday", False)
    with daemon(path) as running:
        until(lambda: "started" in running.said(), "a start")
        status = enalysis_edge("status", "--config", path)
    assert "A. Fitter has accepted it (the battery is full until Sunday)" in " ".join(status.stdout.split())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_beside_the_store_belongs_to_the_service(tmp_path: Path) -> None:
    service = 12_345
    os.chown(tmp_path, service, service)
    store = tmp_path / "site.sqlite3"
    with handed_over(store):
        for name in ("site.sqlite3", "site.sqlite3-wal", "site.sqlite3.lock", "another"):
            (tmp_path / name).touch()
    owners = {file.name: file.stat().st_uid for file in tmp_path.iterdir()}
    assert owners == {"site.sqlite3": service, "site.sqlite3-wal": service, "site.sqlite3.lock": service, "another": 0}


@pytest.mark.parametrize("answer", [b"no\n", b"\n", b"\x03"])
def test_nothing_is_written_before_somebody_says_yes(uncommissioned: tuple[Path, Inverter], answer: bytes) -> None:
    path, inverter = uncommissioned
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMISSION, str(path)],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=_own_terminal,  # noqa: PLW1509 it makes two system calls and takes no lock
    )
    os.close(terminal)
    said = b""
    while b"[yes/no]" not in said:
        said += os.read(master, 4096)
    os.write(master, answer)
    try:
        while more := os.read(master, 4096):
            said += more
    except OSError:  # the terminal's other end is closed
        pass
    assert process.wait(20.0) == (INTERRUPTED if answer == b"\x03" else FAILED), said
    assert b"was stopped before anything" in said or b"nobody has agreed" in said
    assert not inverter.is_steered()
    os.close(master)


def _own_terminal() -> None:
    """Ctrl-C on this terminal is a signal to the process."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
