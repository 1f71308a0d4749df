"""A disk that answers a write or a sync with an error: injected into the system calls of a real process by strace."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.catalogue import Outcome, fault
from tests.faults.store_writer import COMMITS

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace")
POINTS = [(call, first) for call in ("pwrite64", "fdatasync") for first in (2, 9, 17, 26)]
needs_strace = pytest.mark.skipif(STRACE is None, reason="strace, which injects the errors, is not installed here")


def _written(path: Path, injection: str) -> list[str]:
    """The lines of a writer whose system calls fail as ``injection`` says."""
    assert STRACE is not None
    calls = injection.partition(":")[0]
    traced = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={injection}"]
    command = [*traced, sys.executable, "-m", "tests.faults.store_writer", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60.0)
    if "attach" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip("this machine does not let strace trace")
    assert done.stdout.endswith("done\n"), done.stdout + done.stderr
    return done.stdout.splitlines()


def _events(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*), count(DISTINCT at) FROM minute").fetchone() == (COMMITS, COMMITS)
        return [row[0] for row in connection.execute("SELECT text FROM event ORDER BY seq")]


@needs_strace
@pytest.mark.parametrize(("call", "first"), POINTS)
@fault(10, injected="EIO at the n-th write or sync of the database (strace), eight points", rows_lost=0)
def test_one_error_costs_one_commit_that_is_tried_again(
    tmp_path: Path, outcome: Outcome, call: str, first: int
) -> None:
    path = tmp_path / "site.db"
    said = _written(path, f"{call}:error=EIO:when={first}")
    failed = [line for line in said if line.startswith("failed")]
    assert len(failed) <= 1
    assert not [line for line in said if line.startswith("remark")]
    found = _events(path)
    outcome.lost(COMMITS - len(found))
    assert found == [f"event {index}" for index in range(COMMITS)], "none twice, and in their order"


@needs_strace
@fault(10, injected="EIO at every sync of three commits in a row (strace)", rows_lost=0)
def test_after_three_in_a_row_the_file_is_moved_aside(tmp_path: Path, outcome: Outcome) -> None:
    folder, said, moved = _first_moved(tmp_path)
    assert len([line for line in said if line.startswith("failed")]) == 3
    assert "failed 3 times in a row (disk I/O error)" in moved
    assert len(list(folder.glob("site.db.failed-*Z"))) == 1
    found = _events(folder / "site.db")
    assert sorted(found) == sorted({f"event {index}" for index in range(COMMITS)})
    outcome.lost(COMMITS - len(found))


def _first_moved(tmp_path: Path) -> tuple[Path, list[str], str]:
    """How many syncs three commits make depends on SQLite's version: the fewest that fail so that a file is moved."""
    for last in range(14, 24):
        folder = tmp_path / str(last)
        folder.mkdir()
        said = _written(folder / "site.db", f"fdatasync:error=EIO:when=12..{last}")
        for line in said:
            if line.startswith("remark"):
                return folder, said, line
    raise AssertionError("no file was moved aside")


@needs_strace
@fault(10, injected="EIO at every sync (strace)", rows_lost=0)
def test_a_disk_that_refuses_everything_loses_nothing_that_was_said(tmp_path: Path, outcome: Outcome) -> None:
    """Nothing is acknowledged; the one file that is moved aside is not pushed out by empty ones."""
    path = tmp_path / "site.db"
    first = _written(path, "fdatasync:error=EIO:when=1000")
    assert len([line for line in first if line.startswith("commit")]) == COMMITS
    said = _written(path, "fdatasync,fsync:error=EIO:when=1+")
    assert not [line for line in said if line.startswith("commit")]
    kept = [path, *tmp_path.glob("site.db.*-*Z")]
    rows = 0
    for file in kept:
        with closing(sqlite3.connect(file)) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone():
                rows = max(rows, connection.execute("SELECT count(DISTINCT text) FROM event").fetchone()[0])
    assert len(kept) <= 2
    outcome.lost(COMMITS - rows)
