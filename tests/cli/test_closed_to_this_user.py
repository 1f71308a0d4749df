"""What this user may not read or write is one sentence, in every command that meets it; so is a full disk."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.adapters.store.store_reader import kept
from agent.cli.ending import FAILED, ended
from agent.ports import StoreFailure
from tests.site_files import write_home

# Root may read everything unless it gives that right up, before the command begins.
WITHOUT_THE_RIGHT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*WITHOUT_THE_RIGHT, sys.executable, "-m", "agent", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site file whose store is in a folder that is closed, as that of the service is."""
    folder = tmp_path / "state"
    folder.mkdir()
    found = write_home(tmp_path, inverter_port=1, meter_port=2)
    found.write_text(found.read_text().replace(str(tmp_path / "site.sqlite3"), str(folder / "site.sqlite3")))
    (folder / "site.sqlite3").touch()
    folder.chmod(0)
    if subprocess.run([*WITHOUT_THE_RIGHT, "ls", str(folder)], capture_output=True, check=False).returncode in (0, 127):
        pytest.skip("this user reads everything, or setpriv is missing")
    return found


@pytest.mark.parametrize("command", ["status", "report", "ab status", "export"])
def test_a_folder_of_the_agent_alone_is_one_sentence(command: str, config: Path, tmp_path: Path) -> None:
    more = ["--to", str(tmp_path / "a.zip")] if command == "export" else []
    done = run(*command.split(), "--config", str(config), *more)
    assert done.returncode == FAILED
    assert done.stderr.count("\n") == 1
    assert "ermission denied" in done.stderr
    if command == "status":
        assert done.stderr == (
            f"{tmp_path / 'state' / 'site.sqlite3'} is closed to this user: Permission denied; "
            "ask as the agent's own user (sudo -u enalysis-edge) or as root\n"
        )


def test_a_self_test_goes_on_where_the_folder_is_closed(config: Path) -> None:
    done = run("check", "--self-test", str(config))
    store, denied = config.parent / "state" / "site.sqlite3", "Permission denied"
    assert (done.returncode, done.stderr) == (FAILED, "")
    assert f"FAILED: nothing can be written beside the store {store}: {denied}\n" in done.stdout
    assert f"FAILED: the store {store} cannot be looked at: {denied}\n" in done.stdout
    assert done.stdout.endswith("self-test: 2 of 5 failed\n"), "the plan was tried, too"


def test_a_full_disk_below_standard_output_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "agent", "devices", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == FAILED
    assert done.stderr == "what was asked cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "<&- >&-"])
def test_a_closed_standard_output_is_one_sentence(closed: str) -> None:
    line = f"{sys.executable} -m agent check config/site.example.toml {closed}"
    done = subprocess.run(["/bin/sh", "-c", line], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == FAILED
    assert done.stderr == "what was asked cannot be written: standard output is closed\n"


def test_what_is_no_file_keeps_its_traceback() -> None:
    def port_below_1024() -> int:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        ended(port_below_1024)


def test_a_store_that_is_closed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "site.sqlite3"
    store.write_bytes(b"no database" * 100)
    monkeypatch.setattr("agent.adapters.store.store_reader.os.access", lambda *_: False)
    with pytest.raises(StoreFailure, match="cannot be read: Permission denied; it is the agent's user's"):
        kept(store, "plan")
