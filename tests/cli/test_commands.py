"""The table of commands: each has its arguments, and those that systemd starts load nothing before they must."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.cli.commands import COMMANDS, parser_for
from agent.cli.site_command import SITE_FILE

HEAVY = {"asyncio", "highspy", "numpy", "pydantic", "rich", "sqlite3", "structlog"}
LOADED = """
import sys
from agent.__main__ import main
try:
    main([sys.argv[1], "--help"])
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: enalysis-edge {name} ")


def test_the_help_of_all_names_each_command_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    for name, command in COMMANDS.items():
        assert f"{name} {command.help}" in said


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    pyproject = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert capsys.readouterr().out == f"enalysis-edge {pyproject['project']['version']}\n"


def test_a_value_that_is_called_like_a_command_is_a_value() -> None:
    asked = parser_for(["models", "promote", "run"]).parse_args(["models", "promote", "run"])
    assert (asked.command, asked.action, asked.name) == ("models", "promote", "run")


@pytest.mark.parametrize("name", ["check", "run", "release", "backtest"])
def test_arguments_are_read_before_anything_heavy_is_loaded(name: str) -> None:
    command = [sys.executable, "-c", LOADED, name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stderr.split())
    assert f"agent.cli.{name}" in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize("words", ["keys list", "keys add evcc", "keys remove 1", "set-password"])
def test_the_console_takes_the_site_file_before_and_after_its_words(words: str) -> None:
    before, after = ["console", "--config", "a.toml", *words.split()], ["console", *words.split(), "--config", "a.toml"]
    for arguments in (before, after):
        assert parser_for(arguments).parse_args(arguments).config == Path("a.toml")
    between = ["console", "keys", "--config", "a.toml", "list"]
    assert parser_for(between).parse_args(between).config == Path("a.toml")
    without = ["console", *words.split()]
    assert parser_for(without).parse_args(without).config == SITE_FILE
