"""The commands by name. Only the file of the command that is asked for is loaded."""

from argparse import Action, ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from agent.cli.ending import ending_at_once


class Version(Action):
    """Says the version of the installed package; where none is installed, that."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002 - argparse's own name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version  # the daemon starts without it

        try:
            print(f"enalysis-edge {version('enalysis-edge')}")
        except PackageNotFoundError:
            print("enalysis-edge, not installed as a package")
        parser.exit()


class Command(NamedTuple):
    """``module`` has ``add_arguments(parser)`` and ``run(asked)``, which returns the exit code."""

    help: str
    module: str


COMMANDS = {
    "check": Command("say what is wrong with a site file, and where", "agent.cli.check"),
    "commission": Command("test the real devices, and let the agent steer them", "agent.cli.commission"),
    "run": Command("run the daemon", "agent.cli.run"),
    "status": Command("show what the running agent knows and does", "agent.cli.status"),
    "explain": Command("say why the battery does what it does", "agent.cli.explain"),
    "release": Command("give the battery back to its own device, once", "agent.cli.release"),
    "hold": Command("let the battery rest for a while", "agent.cli.override"),
    "charge": Command("charge the battery for a while", "agent.cli.override"),
    "discharge": Command("discharge the battery for a while", "agent.cli.override"),
    "auto": Command("let the agent decide again", "agent.cli.override"),
    "backtest": Command("play measured sites and say what the battery would have saved", "agent.cli.backtest"),
    "frontier": Command("play a measured site at several weights of carbon, and draw it", "agent.cli.frontier"),
    "report": Command("say what the battery saved, and what it could have saved", "agent.cli.report"),
    "models": Command("which models are in charge, on trial or refused; change it by hand", "agent.cli.models"),
    "ab": Command("let optimiser and rule take turns, to see what the optimiser is worth", "agent.cli.paired_trial"),
    "console": Command("serve the local web page and API; set its password and keys", "agent.cli.console"),
    "home-assistant": Command("take the device out of Home Assistant", "agent.cli.home_assistant"),
    "enrol": Command("get the site's certificate by the platform's token, or renew it", "agent.cli.enrol"),
    "configure": Command("make a site file: devices are found, the rest is asked", "agent.cli.configure"),
    "devices": Command("find devices and look at them without writing to them", "agent.cli.devices"),
    "export": Command("give all data of the site to its owner, in one archive", "agent.cli.export"),
    "reset": Command("remove keys, data, history, accounts and the permit to steer", "agent.cli.reset"),
    "advice": Command("what the agent recommends, and what you say to it", "agent.cli.advice"),
}


def obey(arguments: Sequence[str]) -> int:
    """Exit code of the command line. Raises SystemExit after help, and with 2 where it cannot be parsed."""
    asked = parser_for(arguments).parse_args(arguments)
    code: int = asked.run(asked)
    return code


def parser_for(arguments: Sequence[str]) -> ArgumentParser:
    """All commands with their help; of the command that ``arguments`` ask for the arguments, too."""
    parser = ArgumentParser(prog="enalysis-edge", description="Edge agent for on-site battery controllers.")
    parser.add_argument("--version", action=Version, help="say which version this is")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # No option before the command takes a value, so the first word that names a command is the command.
    named = next((word for word in arguments if word in COMMANDS), None)
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help)
        if name == named:
            with ending_at_once():  # native code that is loaded would take Ctrl-C for a failure of its own
                module = import_module(command.module)
                module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return parser
