"""`enalysis-edge check`: what is wrong with a site file, and with ``--self-test`` what the installation does not do."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from agent.cli.ending import FAILED, GOOD, ending_at_once
from agent.cli.folded import say

NOTHING_SIGNED = "no command, configuration or model of the platform is believed"


def add_arguments(parser: ArgumentParser) -> None:
    """A site file, and whether to try what it describes."""
    parser.add_argument("file", type=Path)
    tried = "also make a plan on made-up data, try the store, the models and what is kept; safe beside a running daemon"
    parser.add_argument("--self-test", action="store_true", help=tried)


def run(asked: Namespace) -> int:
    """0 where the file is good and what was tried works."""
    with ending_at_once():
        from agent.settings.check import report

        text, code = report(asked.file)
    trouble = _keys_trouble(asked.file) if code == GOOD else None
    if trouble is not None:
        say(text.removeprefix("good: "))
        say(f"bad: {NOTHING_SIGNED}: {trouble}", sys.stderr)
        return FAILED
    say(text, sys.stdout if code == GOOD else sys.stderr)
    if code != GOOD or not asked.self_test:
        return code
    from agent.cli.self_test import self_test
    from agent.settings.load import load

    return self_test(load(asked.file), say)


def _keys_trouble(file: Path) -> str | None:
    """Why the keys that the site file names cannot be used; one that is not there is named among what is missing."""
    from agent.adapters.host.signing_keys import KeysRefused, read_signing_keys
    from agent.settings.load import load

    cloud = load(file).cloud
    if cloud is None or cloud.keys_file is None:
        return None
    try:
        read_signing_keys(Path(cloud.keys_file))
    except FileNotFoundError:
        return None
    except KeysRefused as error:
        return str(error)
    except OSError as error:
        return f"{cloud.keys_file} cannot be read: {error.strerror}"
    return None
