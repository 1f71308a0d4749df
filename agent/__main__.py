"""The command line: run, check, status, release."""

import argparse
import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.settings.schema import Settings

# Before pydantic is imported: no other package's plugin has any business in here, and looking for them takes time.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

BAD_SETTINGS = 2
INTERRUPTED = 130
ALREADY_RUNNING = 75  # EX_TEMPFAIL of sysexits.h


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 good, 1 failed, 2 bad site file or command line, 75 another instance runs, 130 interrupted."""
    asked = _parser().parse_args(arguments)
    try:
        return _obey(asked)
    except KeyboardInterrupt:  # before the daemon listens to signals, or in a command that does not
        return INTERRUPTED


def _obey(asked: argparse.Namespace) -> int:
    if asked.command == "check":
        return _check(asked.file)
    from agent.settings.load import SettingsError, load

    try:
        settings = load(asked.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    commands = {"run": _run, "status": _status, "release": _release}
    return commands[asked.command](settings, asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="enalysis-edge", description="Edge agent for on-site battery controllers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="say what is wrong with a site file, and where")
    check.add_argument("file", type=Path)
    for name, what in (
        ("run", "run the daemon"),
        ("status", "show what the running agent knows and does"),
        ("release", "give the battery back to its own device, once"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("--config", type=Path, default=Path("/etc/enalysis-edge/site.toml"), metavar="FILE")
        if name == "status":
            command.add_argument("--rows", type=int, default=16, help="how many steps of the plan to show")
    return parser


def _check(file: Path) -> int:
    from agent.settings.check import report

    text, code = report(file)
    print(text, file=sys.stdout if code == 0 else sys.stderr)
    return code


def _run(settings: "Settings", _: argparse.Namespace) -> int:
    from agent.edges import logs
    from agent.edges.lock import AlreadyRunning, SiteLock

    logs.configure(settings.log.level)
    gc.disable()  # until everything is built: nothing of it is garbage
    from agent.commands.run import serve
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)):
            return asyncio.run(serve(settings))
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return ALREADY_RUNNING
    except StoreFailure as error:
        print(error, file=sys.stderr)
        return 1


def _status(settings: "Settings", asked: argparse.Namespace) -> int:
    from rich.console import Console

    from agent.commands.status import show

    return show(settings, Console(), asked.rows)


def _release(settings: "Settings", _: argparse.Namespace) -> int:
    from agent.commands.release import release
    from agent.edges.lock import AlreadyRunning, SiteLock
    from agent.ports import StoreFailure

    try:
        with SiteLock(Path(settings.store.path)):
            code, sentence = asyncio.run(release(settings))
    except (AlreadyRunning, StoreFailure) as error:
        # The daemon that runs steers the battery; taking it away would only start a quarrel.
        print(f"the battery is left alone: {error}", file=sys.stderr)
        return ALREADY_RUNNING if isinstance(error, AlreadyRunning) else 1
    print(sentence, file=sys.stdout if code == 0 else sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
