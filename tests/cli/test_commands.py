"""The table of commands: each has its arguments, and those that systemd starts load nothing before they must."""

import subprocess
import sys
import tomllib
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
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


def words_below(parser: ArgumentParser) -> Iterator[tuple[str, ...]]:
    """The words of each action that has none below it, as they are typed after the command."""
    below = [action.choices for action in parser._actions if isinstance(action, _SubParsersAction)]
    if not below:
        yield ()
    for name, inner in (below[0] if below else {}).items():
        yield from ((name, *words) for words in words_below(inner))


def words_of(name: str) -> list[tuple[str, ...]]:
    """The command ``name`` with each of its actions."""
    (commands,) = (one for one in parser_for([name])._actions if isinstance(one, _SubParsersAction))
    return [(name, *words) for words in words_below(commands.choices[name])]


ACTIONS = [words for name in COMMANDS for words in words_of(name) if len(words) > 1]
NEEDED = {  # what an action cannot be without
    ("console", "keys", "add"): "evcc",
    ("console", "keys", "remove"): "1",
    ("models", "verify"): "folder",
    ("models", "promote"): "name",
    ("models", "rollback"): "load_w",
    ("models", "pack"): "folder --version 1 --url u --key k --key-id i",
    ("advice", "acknowledge"): "key",
    ("advice", "dismiss"): "key",
    ("advice", "schedule"): "key",
    ("devices", "dump"): "--out dump.json",
}
OF_NO_SITE = {("devices", "scan"), ("devices", "list")}


@pytest.mark.parametrize("words", ACTIONS, ids=" ".join)
def test_the_site_file_is_taken_before_between_and_after_the_words_of_an_action(words: tuple[str, ...]) -> None:
    more = NEEDED.get(words, "").split()
    assert parser_for(words).parse_args([*words, *more]).config == SITE_FILE
    places = range(1, len(words)) if words in OF_NO_SITE else (*range(1, len(words) + 1), len(words) + len(more))
    for place in places:
        typed = [*words, *more]
        typed[place:place] = ["--config", "a.toml"]
        assert parser_for(typed).parse_args(typed).config == Path("a.toml"), typed
