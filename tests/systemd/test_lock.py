"""One instance a site, with real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.adapters.host.lock import AlreadyRunning, SiteLock, lock_path
from agent.ports import StoreFailure

HOLD = """
import sys, time
from pathlib import Path
from agent.adapters.host.lock import SiteLock
with SiteLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(store: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen((sys.executable, "-c", HOLD, str(store)), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_instance_is_told_who_runs_and_may_start_when_that_was_killed(tmp_path: Path) -> None:
    store = tmp_path / "site.sqlite3"
    with holder(store) as first:
        try:
            with pytest.raises(AlreadyRunning) as refused, SiteLock(store):
                pass
            assert refused.value.pid == first.pid
            assert f"process {first.pid}" in str(refused.value)
            assert str(store) in str(refused.value)
        finally:
            first.send_signal(signal.SIGKILL)
    with SiteLock(store):
        assert lock_path(store).read_text() == f"{os.getpid()}\n"


def test_the_lock_is_let_go_at_the_end(tmp_path: Path) -> None:
    store = tmp_path / "site.sqlite3"
    with SiteLock(store), pytest.raises(AlreadyRunning), SiteLock(store):
        pass
    with SiteLock(store):
        pass


def test_two_sites_do_not_hinder_each_other(tmp_path: Path) -> None:
    with SiteLock(tmp_path / "one.sqlite3"), SiteLock(tmp_path / "two.sqlite3"):
        pass


def test_a_child_process_does_not_keep_the_lock(tmp_path: Path) -> None:
    store = tmp_path / "site.sqlite3"
    wait = "import time; print('up', flush=True); time.sleep(60)"
    with SiteLock(store):
        child = subprocess.Popen((sys.executable, "-c", wait), stdout=subprocess.PIPE, text=True, close_fds=False)
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
    with child, SiteLock(store):
        child.kill()


def test_a_pid_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    store = tmp_path / "site.sqlite3"
    with SiteLock(store):
        lock_path(store).write_text("nonsense")
        with pytest.raises(AlreadyRunning, match="another instance runs") as refused, SiteLock(store):
            pass
        assert refused.value.pid is None


def test_a_folder_that_does_not_exist_is_locked_by_name(tmp_path: Path) -> None:
    """Control goes on without a store, and is alone nevertheless."""
    store = tmp_path / "no" / "site.sqlite3"
    with SiteLock(store), pytest.raises(AlreadyRunning, match="another instance runs"), SiteLock(store):
        pass
    with SiteLock(tmp_path / "other" / "site.sqlite3"), SiteLock(store):
        pass


def test_a_lock_that_may_not_be_written_is_taken_as_it_is(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root and a machine that allows it")
    try:
        store = tmp_path / "site.sqlite3"
        with SiteLock(store):
            pass
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with SiteLock(store), pytest.raises(AlreadyRunning), SiteLock(store):
            pass
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    store = tmp_path / "site.sqlite3"
    lock_path(store).symlink_to(victim)
    with pytest.raises(StoreFailure, match="cannot be made"), SiteLock(store):
        pass
    assert victim.read_text() == "precious"
