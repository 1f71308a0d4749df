"""`enalysis-edge devices`: what can be done with devices without writing to them, each in a file of its own."""

from argparse import ArgumentParser, Namespace
from importlib import import_module

from agent.cli.site_command import add_config

ACTIONS = {
    "scan": ("look for devices on networks and serial lines", "agent.cli.device_scan"),
    "list": ("show the families that are known", "agent.cli.device_list"),
    "dump": ("record what a device answers into a file, for a report or a test", "agent.cli.device_dump"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Which of them, with its own arguments."""
    add_config(parser, "the site file, whose devices dump knows by name")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, (what, place) in ACTIONS.items():
        module = import_module(place)
        module.add_arguments(actions.add_parser(name, help=what, description=module.__doc__))


def run(asked: Namespace) -> int:
    """The exit code of the action."""
    code: int = import_module(ACTIONS[asked.action][1]).run(asked)
    return code
