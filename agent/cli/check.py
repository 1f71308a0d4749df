"""`enalysis-edge check`: what is wrong with a site file, and with ``--self-test`` what the installation does not do."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from agent.cli.ending import GOOD, ending_at_once


def add_arguments(parser: ArgumentParser) -> None:
    """A site file, and whether to try what it describes."""
    parser.add_argument("file", type=Path)
    tried = "also make a plan on made-up data, try the store, the models and what is kept; safe beside a running daemon"
    parser.add_argument("--self-test", action="store_true", help=tried)


def run(asked: Namespace) -> int:
    """0 where the file is good and what was tried works."""
    from agent.settings.check import report

    with ending_at_once():
        text, code = report(asked.file)
    print(text, file=sys.stdout if code == GOOD else sys.stderr)
    if code != GOOD or not asked.self_test:
        return code
    from agent.cli.self_test import self_test
    from agent.settings.load import load

    return self_test(load(asked.file), print)
