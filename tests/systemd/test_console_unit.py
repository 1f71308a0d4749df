"""The unit of the console as systemd itself judges it, and what it may touch."""

from pathlib import Path

from agent.adapters.host.inbox import inbox_of
from agent.console.source import own_folder
from agent.settings.sections import Store
from tests.systemd.test_unit import PROGRAM, SYSTEMD, analyze, with_systemd

UNIT = SYSTEMD / "enalysis-edge-console.service"


def installed(folder: Path, more: str = "") -> str:
    unit = folder / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true") + more)
    return str(unit)


def values(key: str) -> list[str]:
    return [line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith(f"{key}=")]


@with_systemd
def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    verdict = analyze("verify", "--man=no", installed(tmp_path))
    assert (verdict.returncode, verdict.stderr) == (0, "")


@with_systemd
def test_systemd_would_have_something_to_say(tmp_path: Path) -> None:
    assert "NoSuchKey" in analyze("verify", "--man=no", installed(tmp_path, "\nNoSuchKey=1\n")).stderr


@with_systemd
def test_hardly_anything_is_exposed(tmp_path: Path) -> None:
    verdict = analyze("security", "--offline=true", "--threshold=20", "--no-pager", installed(tmp_path))
    assert verdict.returncode == 0, verdict.stdout


def test_it_writes_its_own_folder_and_the_inbox_alone() -> None:
    store = Path(Store().path)
    assert values("ReadOnlyPaths") == [f"-{store.parent}"]
    assert values("ReadWritePaths") == [f"-{own_folder(store)} -{inbox_of(store)}"]
    assert values("ProtectSystem") == ["strict"]


def test_it_gives_way_to_control() -> None:
    assert (values("Nice"), values("MemoryMax"), values("OOMScoreAdjust")) == (["5"], ["160M"], ["500"])
