"""The command line: exit codes, and one sentence where a file is wrong."""

from pathlib import Path

import pytest

from agent.__main__ import main
from tests import site_files


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return site_files.write_home(tmp_path, inverter_port=1, meter_port=2)


def test_a_good_file_is_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(config)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"good: {config}\n")
    assert said.err == ""


BAD = [
    ("", "site.toml"),
    ("this is no TOML", "site.toml:1: this is not TOML"),
    ("[site]\nid = 7\n", "id"),
]


@pytest.mark.parametrize(("text", "place"), BAD)
def test_a_bad_file_is_exit_2_and_names_the_place(
    tmp_path: Path, text: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert place in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["run", "status", "release"])
@pytest.mark.parametrize(("text", "place"), [(None, "site.toml"), *BAD])
def test_no_command_runs_with_a_bad_or_missing_file(
    tmp_path: Path, command: str, text: str | None, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.toml"
    if text is not None:
        path.write_text(text)
    assert main([command, "--config", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert place in said.err


def test_check_of_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "absent.toml")]) == 2
    assert "absent.toml" in capsys.readouterr().err


def test_status_before_the_first_run(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--config", str(config)]) == 1
    assert "the agent has not run with this site file yet" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("arguments", [[], ["fly"], ["check"], ["run", "--speed", "9"]])
def test_a_wrong_command_line_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: enalysis-edge")
